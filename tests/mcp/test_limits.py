"""The limits that all clients share, on a clock that the test moves, and a reply's budget."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from tests.mcp.serving import stdio, talking
from tests.trace.conftest import until

from gpttrace_mcp.answering import as_result
from gpttrace_mcp.budget import MOST_OF_AN_ERROR, MOST_TOKENS, compact, dumped, fit, tokens, within
from gpttrace_mcp.safety import Allowance, Bounds, Limited
from gpttrace_mcp.shapes import ColumnPart, FindingPart, ProbePart, ProbesReply, Reply, RunReply, TablePart
from gpttrace_mcp.words import text_of

DICE = random.Random(7)


class Clock:
    """A clock that stands still until it is moved."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


def use(allowance: Allowance, clock: Clock, seconds: float) -> None:
    """Run one trace of so many seconds to its end."""
    with allowance.taken(seconds):
        clock.now += seconds


def test_no_more_traces_begin_in_a_minute_than_are_allowed(clock: Clock) -> None:
    allowance = Allowance(Bounds(runs_a_minute=3), clock)
    for _ in range(3):
        use(allowance, clock, 1)
    with pytest.raises(Limited) as caught, allowance.taken(1):
        pass
    assert caught.value.hint
    assert "wait 57 s" in caught.value.hint
    clock.now += 57
    use(allowance, clock, 1)


def test_no_more_traces_run_at_once_than_are_allowed(clock: Clock) -> None:
    allowance = Allowance(Bounds(at_once=2), clock)
    with (
        allowance.taken(1),
        allowance.taken(1),
        pytest.raises(Limited, match="2 traces are running"),
        allowance.taken(1),
    ):
        pass
    use(allowance, clock, 1)


def test_the_seconds_of_an_hour_are_shared_and_what_is_not_used_comes_back(clock: Clock) -> None:
    allowance = Allowance(Bounds(seconds_an_hour=100), clock)
    with allowance.taken(90):
        with pytest.raises(Limited, match="only 10 s"), allowance.taken(20):
            pass
        clock.now += 5  # stopped early
    use(allowance, clock, 90)
    with pytest.raises(Limited, match="only 5 s"), allowance.taken(6):
        pass
    clock.now += 3_600
    use(allowance, clock, 90)


def test_a_failed_trace_is_given_back(clock: Clock) -> None:
    allowance = Allowance(Bounds(at_once=1), clock)
    with pytest.raises(ValueError), allowance.taken(1):
        raise ValueError
    use(allowance, clock, 1)


@pytest.mark.kernel
@pytest.mark.usefixtures("kernel")
def test_a_client_is_told_when_a_limit_is_reached(
    portal: BlockingPortal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    state = tmp_path_factory.mktemp("limited")
    waiting = "BEGIN { @a = 1; } interval:s:100 { exit(); }"
    with talking(portal, stdio(state, "--at-once", "1", "--max-seconds", "20"), "auto") as talk:
        handle = talk.call("start", program=waiting, seconds=20).data["handle"]
        reply = talk.call("run", program=waiting, seconds=1)
        assert (reply.is_error, reply.data["status"]) == (True, "limited")
        assert "stop one" in reply.data["hint"]
        assert talk.call("stop", run=handle).data["status"] == "stopped"
        reply = talk.call("start", program=waiting, seconds=21)
        assert (reply.data["status"], "seconds=20" in reply.data["hint"]) == ("invalid", True)
        ended = talk.call("start", program=waiting, seconds=1).data["handle"]
        until(lambda: talk.call("read", run=ended).data["status"] == "time_limit", "it ended by itself")


# ---------------------------------------------------------------------------------------------- budget


def table(name: str, rows: int, width: int) -> TablePart:
    """Return a table of random words."""
    words = [
        "".join(DICE.choices(string.ascii_letters + string.digits + "/_-é漢", k=width)) for _ in range(rows)
    ]
    columns = [ColumnPart(name="comm"), ColumnPart(name="count")]
    return TablePart(
        name=name, kind="map", columns=columns, rows=[[word, n] for n, word in enumerate(words)], total=rows
    )


def replies() -> Iterator[Reply]:
    """Return replies that are too long in every way that they can be."""
    yield RunReply(run_id="r", tables=[table("@a", 5_000, 30)])
    yield RunReply(run_id="r", tables=[table("@a", 3, 10), table("@b", 5_000, 100), table("@c", 300, 256)])
    yield RunReply(run_id="r", tables=[table(f"@{n}", 500, 100) for n in range(40)])
    yield RunReply(run_id="r", explanation="漢" * 30_000, output="x y " * 30_000)
    yield RunReply(
        status="program_error", findings=[FindingPart(message="m" * 500, line=n) for n in range(200)]
    )
    yield ProbesReply(probes=[ProbePart(probe=f"kprobe:{n}" + "x" * 100) for n in range(3_000)], more=True)
    yield Reply(status="denied", summary="why " * 5_000, hint="do " * 5_000)
    yield RunReply(warnings=["w" * 300] * 200)


@pytest.mark.parametrize("reply", list(replies()))
def test_a_reply_is_made_to_fit_whatever_is_in_it(reply: Reply) -> None:
    most = MOST_TOKENS if reply.status == "ok" else MOST_OF_AN_ERROR
    result = as_result(reply)
    assert result.structured_content is not None
    assert tokens(compact(result.structured_content)) <= most
    assert tokens(result.content[0].text) <= most  # type: ignore[union-attr]
    type(reply).model_validate(result.structured_content)


def test_rows_go_from_the_end_and_the_reply_says_how_to_get_them() -> None:
    reply = RunReply(run_id="abc", tables=[table("@small", 3, 10), table("@large", 5_000, 40)])
    whole = [list(each.rows) for each in reply.tables]
    as_result(reply)
    assert reply.tables[0].rows == whole[0]
    shown = len(reply.tables[1].rows)
    assert 0 < shown < 5_000
    assert reply.tables[1].rows == whole[1][:shown]
    assert f"read(run='abc', table='@large', offset={shown}) gives the next" in " ".join(reply.warnings)
    assert tokens(compact(dumped(reply))) > MOST_TOKENS // 2  # the budget is used


def test_what_fits_is_left_as_it_is() -> None:
    reply = RunReply(run_id="r", tables=[table("@a", 20, 10)])
    before = reply.model_copy(deep=True)
    assert fit(reply) == before
    assert reply.warnings == []


def test_text_is_cut_at_the_end_of_a_line() -> None:
    lines = [f"line {n} of many" for n in range(5_000)]
    cut = within("\n".join(lines)).splitlines()
    assert cut[:-1] == lines[: len(cut) - 1]
    assert "cut" in cut[-1]
    assert tokens("\n".join(cut)) <= MOST_TOKENS


def test_the_text_of_a_reply_stands_alone() -> None:
    reply = RunReply(
        status="program_error",
        summary="1 error",
        hint="mend it",
        findings=[
            FindingPart(line=3, column=7, severity="error", code="x", message="no such field", hint="use pid")
        ],
        next=["check(program=…)"],
    )
    assert text_of(reply).splitlines() == [
        "program_error: 1 error",
        "hint: mend it",
        "3:7: error: no such field (hint: use pid) [x]",
        "next: check(program=…)",
    ]
