"""Real bpftraces: recorded programs give their findings, later probes are reached, bombs end, nothing runs or stays."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from gpttrace.check.compiler import Compiled, compile_findings
from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace

_SPEC = importlib.util.spec_from_file_location("compiler_samples", Path(__file__).with_name("samples.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
table = sys.modules.setdefault("compiler_samples", importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(table)

pytestmark = pytest.mark.kernel
_PLAIN = re.compile(r"bpftrace (--test|--mode) codegen \S+")
# What the recordings cannot have, or this machine decides: (program) -> why.
NOT_THE_SAME = {
    "syn_include_ok_missing_headers": "which headers are installed",
    "syn_define_bad": "an exception of the table as well",
    "ver_many_probes_ok": "a wildcard of hundreds",
    "ver_too_many_probes": "a wildcard of thousands",
}
# Programs with several faults, of which one run reports the first.
MORE = {"type_let", "type_multiple_errors", "type_undef_map_many", "ver_path_in_tp", "warn_shadow"}


def host_of(tool: InstalledBpftrace) -> tuple[Host, Settings]:
    settings = Settings.load({**os.environ, "GPTTRACE_BPFTRACE": tool.path})
    return Host.local(settings), settings


def compiled(program: str, tool: InstalledBpftrace, **options: object) -> Compiled:
    host, settings = host_of(tool)

    async def whole() -> Compiled:
        return await compile_findings(program, host, settings=settings, **options)  # type: ignore[arg-type]

    return anyio.run(whole)


def places(program: str, found: Compiled) -> list[tuple[str, str]]:
    return [(each.code, program[each.start : each.end]) for each in found.findings]


def test_recorded_programs_give_the_recorded_findings(any_bpftrace: InstalledBpftrace) -> None:
    release = str(any_bpftrace.version[1])
    chosen = {
        each.name: each
        for each in table.samples()
        if each.version == release and _PLAIN.fullmatch(each.command) and each.name not in NOT_THE_SAME
        and table.expected(each, "compile") and parse(each.program).ok
    }  # fmt: skip
    host, settings = host_of(any_bpftrace)
    different: dict[str, object] = {}

    async def one(name: str) -> None:
        sample = chosen[name]
        said = await compile_findings(sample.program, host, settings=settings)
        found = {(each.severity, each.code, each.start, each.end) for each in said.findings}
        expected = table.expected(sample, "compile")
        if release == "23" and name == "warn_deprecated_sarg":
            return  # a warning without a place
        # Later rounds find more, in other statements than the first.
        more = {each for each in found - expected if each[0] == "error"}
        if not expected <= found or (more and name not in MORE):
            different[name] = (sorted(found), sorted(expected), said.log)

    async def all_of_them() -> None:
        names = list(chosen)
        async with anyio.create_task_group() as group:
            for part in (names[::2], names[1::2]):
                group.start_soon(in_turn, part)

    async def in_turn(part: list[str]) -> None:
        for name in part:
            await one(name)

    anyio.run(all_of_them)
    assert different == {}
    assert len(chosen) > 60


LATER = """\
/* é */ BEGIN { print($b); }\ttracepoint:syscalls:sys_enter_openat { @x = 1; print(args->nope); }\r
interval:s:1 { print(@x); printf("%d %d\\n", 1); } // ü\r
END { print(@never); }\r
"""


def test_errors_of_later_probes_are_found_too_at_their_places(any_bpftrace: InstalledBpftrace) -> None:
    found = compiled(LATER, any_bpftrace)

    assert found.ran == "root"
    assert places(LATER, found) == [
        ("undefined-variable", "$b"),
        ("unknown-field", "nope"),
        ("format-count", 'printf("%d %d\\n", 1)'),
        ("undefined-map", "@never"),
    ]


def test_nothing_of_the_program_runs(any_bpftrace: InstalledBpftrace) -> None:
    mark = Path("/tmp") / f"gpttrace-{os.getpid()}"  # 0.17 takes strings of 64 bytes
    program = f'BEGIN {{ printf("%d\\n", 40 + 2); system("touch {mark}"); exit(); }}'
    refused = compiled(program, any_bpftrace)
    passed = compiled(program, any_bpftrace, unsafe=True)

    assert places(program, refused) == [("needs-unsafe", f'system("touch {mark}")')]
    assert passed.findings == ()
    assert "42" not in passed.log
    assert not mark.exists()


def test_an_unrolled_bomb_ends_and_says_why(any_bpftrace: InstalledBpftrace) -> None:
    program = "BEGIN { unroll(100) { unroll(100) { unroll(100) { @ = count(); } } } }"
    found = compiled(program, any_bpftrace, seconds=3.0)

    assert [each.code for each in found.findings] == ["too-costly"]
    assert found.findings[0].hint
    assert found.took < 5.0


def test_a_huge_string_ends_and_says_why(host_bpftrace: InstalledBpftrace) -> None:
    program = 'BEGIN { printf("' + "a" * (64 << 20) + '"); }'
    found = compiled(program, host_bpftrace, seconds=10.0)

    assert found.took < 15.0
    assert found.ran == "none" or found.findings


def test_cancelling_leaves_no_process(any_bpftrace: InstalledBpftrace) -> None:
    host, settings = host_of(any_bpftrace)
    mark = f"gpttrace-{os.getpid()}-mark"
    program = "BEGIN { unroll(100) { unroll(100) { @ = count(); } } }"

    async def cancelled() -> bool:
        with anyio.move_on_after(1.0) as scope:
            await compile_findings(program, host, settings=settings, params=(mark,))
        left = 100
        while _living(mark) and left:
            await anyio.sleep(0.02)
            left -= 1
        return scope.cancelled_caught

    assert anyio.run(cancelled)
    assert _living(mark) == []


def _living(mark: str) -> list[str]:
    lines = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(place.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if mark in line]


def test_what_our_parser_refuses_is_not_sent(host_bpftrace: InstalledBpftrace) -> None:
    found = compiled("tracepont:sched:sched_switch { }", host_bpftrace)

    assert (found.ran, found.rounds, found.findings) == ("none", 0, ())
    assert found.why is not None


def test_an_import_is_looked_for_beside_the_file(host_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    (tmp_path / "own.h").write_text("struct own { int a; };\n")
    program = '#include "own.h"\nBEGIN { print(((struct own *)0)->b); }\n'
    found = compiled(program, host_bpftrace, file=tmp_path / "it.bt")

    assert places(program, found) == [("unknown-member", "b")]


def test_without_a_bpftrace_it_is_said(host_bpftrace: InstalledBpftrace) -> None:
    host, settings = host_of(host_bpftrace)

    async def whole() -> Compiled:
        return await compile_findings("BEGIN { exit(); }", replace(host, tool=None), settings=settings)

    found = anyio.run(whole)
    assert (found.ran, found.findings) == ("none", ())
    assert "no bpftrace" in (found.why or "")
