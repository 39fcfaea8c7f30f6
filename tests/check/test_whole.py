"""One check from end to end: every tier says what it did, and a saved host is checked like the live one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import anyio
import pytest

from gpttrace.check import Policy, Report, check, check_static
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.spec.model import TraceSpec
from gpttrace.testing import InstalledBpftrace

pytestmark = pytest.mark.kernel

WRONG = "BEGIN { print(nosuch); }\nEND { @ = nosuchfn(); }\n"


def checked(program: str, bpftrace: InstalledBpftrace, settings: Settings, **options: object) -> Report:
    """Check a program with one bpftrace."""
    mine = Settings(bpftrace.path, settings.state_dir, settings.cache_dir)
    return anyio.run(lambda: check(program, settings=mine, **options))  # type: ignore[arg-type]  # what each test gives


def test_each_fault_is_told_once_whoever_found_it(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    report = checked(WRONG, any_bpftrace, settings)
    errors = [each for each in report.findings if each.severity == "error"]
    assert [WRONG[each.start : each.end] for each in errors] == ["nosuch", "nosuchfn"]
    assert [(step.level, step.done) for step in report.steps] == [
        ("static", True),
        ("meaning", True),
        ("compile", True),
    ]
    assert not report.ok


def test_a_good_program_passes_every_tier(any_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    program = "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }\ninterval:s:1 { print(@); }\n"
    report = checked(program, any_bpftrace, settings, level="load")
    assert [(step.level, step.done) for step in report.steps] == [
        ("static", True),
        ("meaning", True),
        ("compile", True),
        ("load", True),
    ]
    assert report.ok, report.findings
    assert [each.state for each in report.probes] == ["loaded", "loaded"]


def test_the_meaning_is_looked_at_before_bpftrace_is(
    host_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    program = "tracepoint:irq:irq_handler_entry { @s[cpu] = nsecs; } "
    program += "tracepoint:irq:irq_handler_exit { @ = hist(nsecs - @s[cpu]); }"
    report = checked(program, host_bpftrace, settings, level="meaning")
    assert [(step.level, step.done) for step in report.steps] == [("static", True), ("meaning", True)]
    assert {"stale-keys"} <= {each.code for each in report.findings if each.source == "meaning"}


def test_what_was_asked_is_held_against_the_program(
    host_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    asked = TraceSpec("context-switch", "count", keys=("comm",))
    report = checked(
        "tracepoint:sched:sched_switch /pid > 7/ { @[comm] = count(); }",
        host_bpftrace,
        settings,
        level="meaning",
        asked=asked,
    )
    (found,) = [each for each in report.findings if each.source == "meaning"]
    assert (found.code, found.severity) == ("other-condition", "warning")
    assert report.steps[1].how.endswith("held against what was asked: narrower")


def test_what_two_tiers_see_is_said_once(host_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    program = (
        "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; } "
        "tracepoint:syscalls:sys_exit_read /@start[tid]/ { @ = hist(nsecs - @start[tid]); }"
    )
    asked = TraceSpec("read", "hist", "latency")
    report = checked(program, host_bpftrace, settings, level="meaning", asked=asked)
    assert [each.code for each in report.findings if each.start == program.index("@start")] == ["growing-map"]


def test_the_refused_probe_is_told_from_the_others(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    program = "BEGIN { @ = 1; }\nEND { $i = 0; while ($i >= 0) { $i++; @x = $i; } }\n"
    report = checked(program, any_bpftrace, settings, level="load")
    assert [each.state for each in report.probes] == ["loaded", "refused"]
    (file,) = [report.to_json("x.bt")]
    assert file["probes"][1]["range"]["start"] == {"line": 2, "column": 1}


def test_what_cannot_be_parsed_is_not_given_to_bpftrace(
    host_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    report = checked("BEGIN { @x = ; }", host_bpftrace, settings)
    assert [(step.level, step.done) for step in report.steps] == [
        ("static", True),
        ("meaning", False),
        ("compile", False),
    ]
    assert "syntax errors" in report.steps[2].why


def test_what_does_not_compile_is_not_loaded(host_bpftrace: InstalledBpftrace, settings: Settings) -> None:
    report = checked(WRONG, host_bpftrace, settings, level="load")
    assert (report.steps[3].done, report.steps[3].why) == (False, "it does not compile")


def test_a_host_file_has_no_kernel_to_load_into(
    host_bpftrace: InstalledBpftrace, settings: Settings, tmp_path: Path
) -> None:
    Host.local(settings).save(tmp_path / "this.host")
    report = checked(
        "BEGIN { exit(); }", host_bpftrace, settings, level="load", host=Host.load(tmp_path / "this.host")
    )
    namespaces = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    assert [(step.level, step.done) for step in report.steps] == [
        ("static", True),
        ("meaning", True),
        ("compile", namespaces),  # a plain chroot has none
        ("load", False),
    ]
    assert "no kernel" in report.steps[3].why


def test_a_report_tells_the_policys_no_from_a_fault() -> None:
    program = "kprobe:do_exit { @ = count(); }"
    assert check_static(program, None, Policy(deny_probes=("kprobe:*",))).denied
    assert not check_static("BEGIN { @x = ; }", None, Policy(deny_probes=("kprobe:*",))).denied
