"""The kernel's verifier, live: the right probe, the right statement, and nothing that runs or stays attached."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import anyio
import pytest

from gpttrace.check.loader import Loaded, load_findings
from gpttrace.host import Host
from gpttrace.process import run_tool
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace

pytestmark = pytest.mark.kernel
LOOP = "while (1) { $i++; }"
TWO_BAD = """\
tracepoint:syscalls:sys_enter_openat { @a = count(); }
tracepoint:syscalls:sys_enter_close { $i = 0; while (1) { $i++; } @b = $i; }
BEGIN { $i = 0; while (1) { $i++; } @c = $i; }
END { print(@b); }
"""
INSIDE = """\
tracepoint:syscalls:sys_enter_close {
  @n = count();
  $i = 0;
  if (pid > 1) {
    @m = 1;
    while (1) { $i++; }
  }
  @b = $i;
}
"""
TREE = """\
BEGIN {
  @a = 1; $i = 0;
  while ($i < 100) {
    $j = 0;
    while ($j < 100) { $k = 0; while ($k < 100) { @[$i, $j, $k] = 1; $k++; } $j++; }
    $i++;
  }
}
"""


def loaded(program: str, tool: InstalledBpftrace, state: Path, **options: object) -> Loaded:
    settings = Settings.load({**os.environ, "GPTTRACE_BPFTRACE": tool.path, "GPTTRACE_STATE": str(state)})

    async def whole() -> Loaded:
        return await load_findings(program, Host.local(settings), settings=settings, **options)  # type: ignore[arg-type]

    return anyio.run(whole)


def found_in(program: str, result: Loaded) -> list[tuple[str, str]]:
    return [(each.code, program[each.start : each.end]) for each in result.findings]


def test_a_good_program_loads_and_leaves_nothing(any_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    with tempfile.NamedTemporaryFile() as mark:
        os.unlink(mark.name)
        program = (
            f'BEGIN {{ @x = 1; printf("ran\\n"); }} tracepoint:syscalls:sys_enter_* {{ @ = count(); }} '
            f'interval:ms:1 {{ @y = 2; printf("ran\\n"); }} END {{ printf("ran {mark.name}\\n"); }}'
        )
        result = loaded(program, any_bpftrace, tmp_path)
        Path(mark.name).touch()

    assert (result.findings, result.ran, result.loads) == ((), "root", 1)
    assert [each.state for each in result.verdicts] == ["loaded"] * 4
    assert _running("bpftrace") == []


def test_a_pointer_in_a_map_is_a_predicate_for_every_release(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    program = (
        "tracepoint:syscalls:sys_enter_openat { @f[tid] = args->filename; } "
        "tracepoint:syscalls:sys_exit_openat /@f[tid]/ { @[str(@f[tid])] = count(); delete(@f[tid]); }"
    )
    result = loaded(program, any_bpftrace, tmp_path)

    assert (result.findings, [each.state for each in result.verdicts]) == ((), ["loaded", "loaded"])


def _running(word: str) -> list[str]:
    # Only ours: another test's tracer may live at the same time.
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in children if word in Path(f"/proc/{pid}/comm").read_text()]


def test_each_refused_probe_is_told_and_the_others_are_judged(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    result = loaded(TWO_BAD, any_bpftrace, tmp_path)

    assert sorted(found_in(TWO_BAD, result)) == [
        ("verifier-loop", "BEGIN"),
        ("verifier-loop", "tracepoint:syscalls:sys_enter_close"),
    ]
    assert [each.state for each in result.verdicts] == ["loaded", "refused", "refused", "loaded"]
    assert {each.source for each in result.findings} == {"verifier"}
    assert all("infinite loop" in each.message and each.hint for each in result.findings)
    assert "infinite loop detected" in result.log


def test_bisection_finds_the_statement_inside_an_if(any_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    steps: list[tuple[int, int, str]] = []

    def progress(done: int, at_most: int, what: str) -> None:
        steps.append((done, at_most, what))

    result = loaded(INSIDE, any_bpftrace, tmp_path, bisect=True, progress=progress)

    assert found_in(INSIDE, result) == [("verifier-loop", LOOP)]
    assert [INSIDE[each.start : each.end] for each in result.findings[0].related] == ["$i = 0"]
    assert [done for done, _, _ in steps] == list(range(result.loads))
    assert all(done <= at_most for done, at_most, _ in steps)


def test_too_many_branches_are_the_innermost_loop_that_still_fails(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    # A refusal costs 6 s with the code that 0.17 makes: there the probe is enough.
    bisect = any_bpftrace.version >= (0, 22)
    (found,) = loaded(TREE, any_bpftrace, tmp_path, bisect=bisect).findings

    assert found.code == "verifier-too-large"
    if not bisect:
        assert TREE[found.start : found.end] == "BEGIN"
        return
    assert TREE[found.start : found.end].startswith("while")
    assert "@a = 1" not in TREE[found.start : found.end]


def test_strings_of_different_length_behind_a_question_mark(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    program = 'BEGIN { @a = 1; $x = pid > 1 ? "a longer string" : "s"; @m[$x] = 1; print(@a); }'
    result = loaded(program, any_bpftrace, tmp_path, bisect=True)

    if (0, 23) <= any_bpftrace.version < (0, 24):  # the only one of the three that makes such code
        assert found_in(program, result) == [("verifier-bounds", '$x = pid > 1 ? "a longer string" : "s"')]
    else:
        assert result.findings == ()


def test_a_stack_that_is_too_large_is_told_at_its_probe(
    host_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    names = ", ".join(["comm"] * 10 + ["str(0)"] * 10)
    program = f"END {{ @z = 1; }} BEGIN {{ @a[{names}] = 1; }}"

    # Newer releases keep large values elsewhere (seen with 0.23).
    limited = host_bpftrace.version < (0, 20)
    expected = [("stack-limit", "BEGIN")] if limited else []
    assert found_in(program, loaded(program, host_bpftrace, tmp_path)) == expected


def test_what_cannot_be_attached_is_told_at_its_attach_point(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    program = "interval:s:1 { @a = 1; } profile:hz:1000000 { @ = 1; }"
    result = loaded(program, any_bpftrace, tmp_path)

    assert found_in(program, result) == [("attach-failed", "profile:hz:1000000")]
    assert result.verdicts[1].state == "unattached"


def test_a_program_of_which_nothing_attaches_is_wrong_even_when_bpftrace_ends_well(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    program = "kprobe:no_such_function_a, kprobe:no_such_function_b { @ = 1; }"
    result = loaded(program, any_bpftrace, tmp_path)

    assert any(each.severity == "error" for each in result.findings)
    assert {each.code for each in result.findings} <= {
        "nothing-attached",
        "attach-skipped",
        "unknown-probe-name",
    }


def test_the_guard_does_not_change_the_verdict(any_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    # Programs that end by themselves at once: a plain run is the judge of what the kernel says.
    programs = [
        "BEGIN { $i = 0; while ($i < 100) { $i++; } @ = $i; exit(); }",
        f"BEGIN {{ $i = 0; {LOOP} @ = $i; exit(); }}",
        "BEGIN { $t = (struct task_struct *)curtask; @[$t->pid] = count(); exit(); }",
        'BEGIN { @[str(0, 32), comm] = hist(nsecs); printf("%s\\n", comm); exit(); }',
        'BEGIN { $x = pid > 1 ? "longer" : "s"; @m[$x] = 1; exit(); }',
    ]
    for program in programs:
        plain = run_tool([any_bpftrace.path, "-"], stdin=program.encode(), timeout=20)
        result = loaded(program, any_bpftrace, tmp_path)
        assert (plain.exit == 0) == (result.findings == ()), program


def test_cancelling_a_bisection_leaves_nothing(host_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    settings = Settings.load({**os.environ, "GPTTRACE_STATE": str(tmp_path)})

    async def cancelled() -> bool:
        with anyio.move_on_after(0.4) as scope:
            await load_findings(INSIDE, Host.local(settings), settings=settings, bisect=True)
        return scope.cancelled_caught

    assert anyio.run(cancelled)
    assert _running("bpftrace") == []


def test_when_the_time_is_over_it_is_said(host_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    result = loaded(TWO_BAD, host_bpftrace, tmp_path, seconds=0.01)

    assert result.findings == ()
    assert {each.state for each in result.verdicts} == {"unknown"}
    assert "time" in (result.why or "")
