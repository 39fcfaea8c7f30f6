"""Other hosts than this machine: made ones, none at all, and one whose bpftrace is not known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gpttrace.check.static import static_findings
from gpttrace.host import Host
from gpttrace.language import Finding, parse
from gpttrace.testing import require

from .hosts import here, host_with

Maker = Callable[..., Host]
READ = "ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)"
SWITCH = {"sched:sched_switch": {"prev_comm": "char[16]", "prev_pid": "pid_t", "prev_state": "long"}}


def found(text: str, host: Host | None) -> dict[str, Finding]:
    return {each.code: each for each in static_findings(parse(text), host)}


def test_without_a_host_only_the_language_speaks() -> None:
    assert found("tracepoint:no:such { @ = count(); }", None) == {}
    assert found("begin { @ = count(); }", None) == {}
    assert set(found("BEGIN { $x = count(); }", None)) == {"misplaced-aggregation", "unused-variable"}
    assert found("BEGIN { print(SOME_NUMBER); }", None)["unknown-name"].severity == "warning"


def test_a_host_whose_bpftrace_is_not_known_says_nothing_of_versions(made_host: Maker) -> None:
    host = made_host(version=(), tracepoints=SWITCH)
    text = (
        'begin { let $x = 5ms; printf("%s", pid); } tracepoint:sched:sched_switch { print(args.prev_pid); }'
    )
    assert [each.message for each in static_findings(parse(text), host) if each.severity == "error"] == []


@pytest.mark.parametrize("version", [(0, 17, 0), (0, 23, 2), (0, 27, 1)], ids=str)
def test_a_function_that_the_kernel_lacks_is_named_with_the_one_it_has(
    made_host: Maker, version: tuple[int, ...]
) -> None:
    host = made_host(version=version, functions=[READ])
    finding = found("kprobe:vfs_reed { @ = count(); }", host)["unknown-probe-name"]
    assert "vfs_read" in finding.message
    assert finding.severity == "error"
    listed = found("kprobe:vfs_reed, kprobe:vfs_read { @ = count(); }", host)["unknown-probe-name"]
    assert listed.severity == ("error" if version >= (0, 24) else "warning")
    assert "unknown-probe-name" not in found("kprobe:vfs_read { @ = count(); }", host)


def test_a_function_that_has_another_name_now_is_pointed_to_it(made_host: Maker) -> None:
    host = made_host(functions=["void *__kmalloc_noprof(size_t size, gfp_t flags)"])
    hint = found("kprobe:__kmalloc { @ = count(); }", host)["unknown-probe-name"].hint
    assert hint is not None
    assert "__kmalloc_noprof" in hint


def test_a_function_that_is_inlined_now_is_pointed_to_its_tracepoint(made_host: Maker) -> None:
    host = made_host(functions=[READ], tracepoints={"block:block_io_start": {"dev": "dev_t"}})
    hint = found("kprobe:blk_account_io_start { @ = count(); }", host)["unknown-probe-name"].hint
    assert hint is not None
    assert "tracepoint:block:block_io_start" in hint


def test_a_member_that_has_another_name_now_is_pointed_to_it(made_host: Maker) -> None:
    host = made_host(structs={"cfs_rq": {"nr_queued": "unsigned int", "curr": "void *"}})
    message = found("BEGIN { print(((struct cfs_rq *)0)->nr_running); }", host)["unknown-member"].message
    assert "did you mean `nr_queued`?" in message


def test_fields_of_fentry_come_from_the_functions_own_types(made_host: Maker) -> None:
    host = made_host(version=(0, 27, 1), functions=[READ], structs={"file": {"f_flags": "unsigned int"}})
    assert "unknown-field" in found("fentry:vfs_read { print(args.fle); }", host)
    assert "unknown-field" not in found("fentry:vfs_read { print(args.file->f_flags); }", host)
    assert "unknown-member" in found("fentry:vfs_read { print(args.file->f_flag); }", host)


def test_a_kind_that_does_not_work_there_is_one_finding_with_its_reason(made_host: Maker) -> None:
    why = ("this kernel was built without CONFIG_KPROBES", "use a tracepoint")
    host = made_host(version=(0, 23, 2), functions=[READ], broken={"kprobe": why})
    text = "kprobe:a { @ = count(); } kprobe:b { @ = count(); } kprobe:vfs_read { @ = count(); }"
    findings = [each for each in static_findings(parse(text), host) if each.code == "probe-type-unavailable"]
    assert len(findings) == 1
    assert why[0] in findings[0].message
    assert findings[0].hint == why[1]
    assert len(findings[0].related) == 2
    assert "unknown-probe-name" not in found(text, host)


@pytest.mark.parametrize(("version", "severity"), [((0, 17, 0), "warning"), ((0, 23, 2), "error")], ids=str)
def test_a_wildcard_over_a_thousand_tracepoints_is_more_than_bpftrace_takes(
    made_host: Maker, version: tuple[int, ...], severity: str
) -> None:
    many = {f"many:event_{number}": {"value": "int"} for number in range(1100)}
    host = made_host(version=version, tracepoints=many)
    finding = found("tracepoint:many:* { @ = count(); }", host)["too-many-probes"]
    assert "1100" in finding.message
    assert finding.severity == severity


def test_a_wildcard_over_a_few_hundred_says_how_long_it_takes(made_host: Maker) -> None:
    many = {f"many:event_{number}": {"value": "int"} for number in range(300)}
    host = made_host(tracepoints=many)
    assert "24 s" in found("tracepoint:many:* { @ = count(); }", host)["many-probes"].message


def test_a_raised_limit_is_believed(made_host: Maker) -> None:
    many = {f"many:event_{number}": {"value": "int"} for number in range(1100)}
    host = made_host(tracepoints=many)
    text = "config = { max_probes = 2000; max_bpf_progs = 2000 }\ntracepoint:many:* { @ = count(); }"
    assert "too-many-probes" not in found(text, host)


def test_missing_probes_that_are_allowed_are_no_error(made_host: Maker) -> None:
    host = made_host(version=(0, 27, 1), tracepoints=SWITCH)
    text = "config = { missing_probes = warn }\ntracepoint:sched:sched_swich { @ = count(); }"
    assert found(text, host)["unknown-probe-name"].severity == "warning"


def test_an_include_or_import_may_bring_any_name(made_host: Maker) -> None:
    host = made_host(version=(0, 27, 1), structs={"file": {"f_flags": "int"}})
    for head in ("#include <linux/fs.h>\n", 'import "mine.bt";\n'):
        assert found(head + "BEGIN { print(((struct mine *)0)->x); print(MINE); }", host) == {}


@pytest.mark.kernel
def test_bit_fields_are_named_on_the_version_that_cannot_read_them() -> None:
    require(here().struct("iphdr"), "needs the kernel's types, with struct iphdr")
    text = "BEGIN { print(((struct iphdr *)0)->ihl); }"
    assert "bit-field" in found(text, host_with((0, 17, 0)))
    assert "bit-field" not in found(text, host_with((0, 23, 2)))
