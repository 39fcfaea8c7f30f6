"""Programs that are made to be followed for ever: each ends, none raises, and what was not looked into is said."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gpttrace.language import parse
from gpttrace.meaning import compare_programs
from gpttrace.meaning.lints import meaning_lints
from gpttrace.meaning.recognise import spec_of

AT = "tracepoint:sched:sched_switch"
COUNT = "@ = count();"
CALLS = ",".join(f"tracepoint:x:e{at}" for at in range(400))
RETURNS = " ".join(f"if (pid == {at}) {{ return; }}" for at in range(3000))
BRANCHES = " ".join(f"if (pid == {at}) {{ $x = {at}; }}" for at in range(2000))
MAPS = " ".join(f"@m{at} = count();" for at in range(2000))
ROWS = " ".join(f"print(pid + {at});" for at in range(2000))
PRODUCTS = " && ".join(f"args->prev_pid * args->next_pid * {at} != {at * 7919}" for at in range(3, 40))
CHAIN = " ".join(f"t:a:b{at} /@m{at}[tid]/ {{ @m{at + 1}[tid] = @m{at}[tid] * 2; }}" for at in range(200))
HOSTILE = {
    "a value that doubles": f"{AT} {{ $x = pid; {'$x = $x + $x; ' * 60}@[$x] = count(); }}",
    "loops in loops": f"{AT} {{ {'unroll (30) { ' * 5}{COUNT} {'} ' * 5}}}",
    "returns without end": f"{AT} {{ {RETURNS} {COUNT} }}",
    "branches without end": f"{AT} {{ $x = 0; {BRANCHES} @[$x] = count(); }}",
    "begins times ends": f"{CALLS} {{ @s[tid] = nsecs; }} {CALLS.replace(':e', ':f')} /@s[tid]/ {{ @ = sum(@s[tid]); }}",
    "maps without end": f"{AT} {{ {MAPS} }}",
    "rows without end": f"{AT} {{ {ROWS} }}",
    "a hard condition": f"{AT} /{PRODUCTS}/ {{ {COUNT} }}",
    "a chain of maps": CHAIN,
    "a circle of maps": f"{AT} /@a[tid]/ {{ @b[tid] = @a[tid]; }} t:a:b /@b[tid]/ {{ @a[tid] = @b[tid] + 1; {COUNT} }}",
    "deep brackets": f"{AT} /{'(' * 100}pid{')' * 100} > 0/ {{ {COUNT} }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends(name: str) -> None:
    program = parse(HOSTILE[name])

    assert program.ok
    assert isinstance(meaning_lints(program), list)
    assert compare_programs(program, program).answer in ("same", "unknown")
    assert isinstance(spec_of(program).whole, bool)


@pytest.mark.parametrize("name", ["a value that doubles", "loops in loops", "returns without end"])
def test_what_was_too_much_is_said(name: str) -> None:
    program = parse(HOSTILE[name])
    found = compare_programs(program, program)

    assert found.answer == "unknown"
    assert any("too" in each.what for each in found.differences)


def test_counting_twice_is_not_counting_once() -> None:
    once, twice = (parse(f"{AT} {{ {'@ = count(); ' * times}}}") for times in (1, 2))
    found = compare_programs(once, twice)

    assert (found.answer, [each.what for each in found.differences]) == (
        "wider",
        ["each event is taken 2 times, not 1"],
    )


def test_programs_are_looked_at_in_several_threads_at_once() -> None:
    # The solver's own context ends the process when two threads are in it: a server checks every document in a thread.
    program = parse(
        f"{AT} /pid == 7/ {{ @s[tid] = 1; }} t:a:b /@s[tid] && pid == 8/ {{ {COUNT} delete(@s[tid]); }}"
    )
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: [each.code for each in meaning_lints(program)], range(40)))

    assert found == [found[0]] * 40
    assert "never-reached" in found[0]
