"""The doctor names each thing that does not work with what mends it; a description's example compiles."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gpttrace.errors import UsageError
from gpttrace.host import Host
from gpttrace.host.describe import describe
from gpttrace.host.doctor import examine
from gpttrace.host.kinds import KINDS
from gpttrace.host.privileges import find_privileges, lockdown, sudo_runs
from gpttrace.process import run_tool
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace, require


def test_every_check_that_fails_says_why_and_what_mends_it() -> None:
    checks = examine(Host.local())

    assert {check.name for check in checks} >= {
        "bpftrace",
        "rights",
        "tracefs",
        "kernel types",
        "kind kprobe",
        "folder of runs",
    }
    for check in checks:
        assert check.says
        assert check.mend or check.ok
        assert check.to_json()["name"] == check.name


def test_a_machine_without_bpftrace_and_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    settings = Settings(str(tmp_path / "nowhere"), tmp_path / "file" / "state", tmp_path / "cache")
    checks = {check.name: check for check in examine(Host.local(settings), settings)}

    assert checks["bpftrace"].ok is False
    assert "GPTTRACE_BPFTRACE" in (checks["bpftrace"].mend or "")
    assert checks["folder of runs"].ok is False
    assert "GPTTRACE_STATE" in (checks["folder of runs"].mend or "")
    assert checks["folder of cache"].ok


def test_of_a_host_file_only_its_own_facts_are_told(made_host: Callable[..., Host]) -> None:
    host = made_host(version=(0, 23, 2), broken={"hardware": ("no counters there", "use software")})
    checks = {check.name: check for check in examine(host)}

    assert "rights" not in checks
    assert "0.23.2" in checks["bpftrace"].says
    assert checks["strings of tracepoints"].ok is False
    assert (checks["kind hardware"].ok, checks["kind hardware"].mend) == (False, "use software")
    assert "strings of tracepoints" not in {check.name for check in examine(made_host(version=(0, 27, 1)))}


def test_privileges_are_those_of_the_process() -> None:
    rights = find_privileges("/usr/bin/bpftrace")
    status = Path("/proc/self/status").read_text(encoding="utf-8")

    assert rights.root == ("Uid:\t0" in status)
    assert set(rights.to_json()) >= {"root", "sudo", "namespaces", "lockdown", "container"}
    assert not sudo_runs("/no/such/program")


def test_the_lockdown_mode_is_the_word_in_brackets(tmp_path: Path) -> None:
    path = tmp_path / "lockdown"
    path.write_text("none integrity [confidentiality]\n", encoding="utf-8")

    assert lockdown(path) == "confidentiality"
    assert lockdown(tmp_path / "none") is None


@pytest.mark.kernel
def test_namespaces_are_said_to_work_when_they_do() -> None:
    require(shutil.which("unshare"), "there is no unshare")

    assert find_privileges(None).namespaces == (run_tool(shlex.split("unshare -Urm true")).exit == 0)


PROBES = (
    "tracepoint:sched:sched_switch", "tracepoint:syscalls:sys_enter_openat", "tracepoint:block:block_rq_issue",
    "tracepoint:irq:irq_handler_entry", "tracepoint:skb:kfree_skb", "software:page-faults", "uprobe:libc:malloc", "interval:s:1",
    "profile:hz:99", "BEGIN", "hardware:cycles",
)  # fmt: skip


@pytest.mark.kernel
@pytest.mark.parametrize("probe", PROBES)
def test_the_example_compiles_on_every_version(
    any_bpftrace: InstalledBpftrace, probe: str, tmp_path: Path
) -> None:
    settings = Settings(any_bpftrace.path, tmp_path / "state", Settings.load().cache_dir)
    described = describe(Host.local(settings), probe)
    program = described.example.replace("uprobe:libc:", "uprobe:/lib/x86_64-linux-gnu/libc.so.6:")
    said = run_tool([any_bpftrace.path, *any_bpftrace.compile_only, "-e", program], timeout=60)

    assert said.exit == 0, (program, said.stderr)
    assert b"ERROR" not in said.stderr.replace(b"ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK", b"")


def test_fields_prototype_and_words_are_described(made_host: Callable[..., Host]) -> None:
    host = made_host(
        version=(0, 27, 1),
        tracepoints={
            "net:drop": {
                "reason": "unsigned int",
                "name": "__data_loc char[]",
                "path": "const char *",
                "id": "u64",
            },
            "net:raw": {"blob": "__data_loc u8[]", "id": "u64"},
        },
        functions=["int do_open(int dfd, const char *name, enum how how)"],
        enums={"how": {"HOW_READ": 0, "HOW_WRITE": 1}},
    )
    drop, opened = describe(host, "t:net:drop"), describe(host, "f:do_open")

    assert [(each.name, each.size, each.expression) for each in drop.fields] == [
        ("reason", 4, "args->reason"),
        ("name", 4, "str(args->name)"),
        ("path", 8, "str(args->path)"),
        ("id", 8, "args->id"),
    ]
    assert drop.example == (
        'tracepoint:net:drop { printf("reason=%d name=%s path=%s\\n", args->reason, str(args->name), str(args->path)); }'
    )
    assert "blob" not in describe(host, "tracepoint:net:raw").example
    assert opened.prototype == "int do_open(int dfd, const char *name, enum how how)"
    assert opened.fields[2].words == {0: "HOW_READ", 1: "HOW_WRITE"}
    assert opened.to_json()["fields"][0]["type"] == "int"
    assert opened.example.startswith("fentry:do_open {")
    assert describe(made_host(version=(0, 17, 0), functions=["int f(int a)"]), "kfunc:f").example.startswith(
        "kfunc:f {"
    )


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ("tracepoint:net:dorp", "net:drop"),
        ("net:drop", "tracepoint:net:drop"),
        ("qqq:zzz", "gpttrace probes"),
        ("", "gpttrace"),
    ],
)
def test_a_probe_that_is_not_there_is_said_with_what_is(
    made_host: Callable[..., Host], probe: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        describe(made_host(tracepoints={"net:drop": {"reason": "int"}}), probe)

    assert words in (caught.value.hint or "")


def test_every_kind_can_be_described(made_host: Callable[..., Host]) -> None:
    host = made_host(
        tracepoints={"a:b": {"x": "int"}},
        functions=["int f(int a)"],
        rawtracepoints={"r": "int a"},
        iterators={"task": {"task": "void *"}},
    )
    names = {
        "tracepoint": "a:b",
        "rawtracepoint": "r",
        "iter": "task",
        "software": "page-faults",
        "hardware": "cycles",
    }
    examples = {kind: describe(host, f"{kind}:{names.get(kind, 'f')}").example for kind in KINDS}

    assert all("{" in example for example in examples.values())
    assert examples["kretprobe"] == "kretprobe:f { @[comm] = hist(retval); }"
