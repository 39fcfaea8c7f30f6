"""Pieces of the loop can be left out one by one, and then what they would have asked for is not asked."""

from __future__ import annotations

from typing import get_args

from tests.model.scripted import Asked, call

from gpttrace.cli import commands
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.writer.model import PIECES, Piece

from .conversing import (
    BY_PID,
    DENIED,
    GOOD,
    SPEC,
    WRONG_PROBE,
    Played,
    feedback,
    levels,
    program_of,
    write,
    writes,
)


def tools_of(asked: Asked) -> set[str]:
    return {each["function"]["name"] for each in asked.body.get("tools", ())}


def test_with_all_pieces_every_tool_and_call_is_there(reading_host: Host, settings: Settings) -> None:
    played = Played(writes())
    write(played, reading_host, settings)

    assert tools_of(played.asked()[0]) == {
        "search_probes",
        "describe_probe",
        "search_examples",
        "check_draft",
    }
    assert (len(played.asked("reading")), len(played.asked("held"))) == (1, 1)


def test_without_retrieval_nothing_is_looked_up(reading_host: Host, settings: Settings) -> None:
    played = Played(writes())
    write(played, reading_host, settings, without=frozenset({"retrieval"}))

    assert "<<<DATA 0" not in played.asked()[0].prompt
    assert "events of the catalogue>>>" not in played.asked()[0].prompt
    assert tools_of(played.asked()[0]) == {"check_draft"}


def test_without_checks_a_wrong_probe_is_not_noticed_but_the_policy_holds(
    reading_host: Host, settings: Settings
) -> None:
    without: frozenset[Piece] = frozenset({"check", "meaning"})
    wrong = write(Played(writes(WRONG_PROBE)), reading_host, settings, without=without)
    denied = write(Played(writes(DENIED, None)), reading_host, settings, without=without)

    assert program_of(wrong) == WRONG_PROBE
    assert {name: wrong.judged.levels[name] for name in ("static", "compile", "load")} == dict.fromkeys(  # type: ignore[union-attr]  # it has one
        ("static", "compile", "load"), "not done: left out"
    )
    assert "It was not checked." in wrong.why
    assert denied.refused is not None
    assert denied.refused.kind == "denied"


def test_without_load_it_is_compiled_only(reading_host: Host, settings: Settings) -> None:
    draft = write(Played(writes()), reading_host, settings, without=frozenset({"load"}))

    assert draft.judged is not None
    assert draft.judged.levels["load"] == "not done: left out"
    assert levels(draft)["static"] == "passed"


def test_without_meaning_another_meaning_is_not_noticed(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(BY_PID))
    draft = write(played, reading_host, settings, without=frozenset({"meaning"}))

    assert (program_of(draft), draft.attempts) == (BY_PID, 1)
    assert draft.judged is not None
    assert draft.judged.agreement == "alone"
    assert draft.judged.levels["meaning"] == "not done: left out"


def test_without_comprehension_nobody_reads_it(reading_host: Host, settings: Settings) -> None:
    played = Played(writes())
    draft = write(played, reading_host, settings, without=frozenset({"comprehension"}))

    assert len(played.script.chats) == 1
    assert levels(draft)["comprehension"] == "not done"


def test_without_everything_there_is_one_call(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(WRONG_PROBE))
    draft = write(played, reading_host, settings, without=frozenset(PIECES))

    assert len(played.script.chats) == 1
    assert tools_of(played.asked()[0]) == set()
    assert program_of(draft) == WRONG_PROBE


def test_the_command_line_knows_every_piece() -> None:
    option = next(each for each in commands.evaluate.params if each.name == "without")
    assert tuple(option.type.choices) == PIECES == get_args(Piece)  # type: ignore[attr-defined]  # a choice


def test_tools_answer_from_this_host(reading_host: Host, settings: Settings) -> None:
    played = Played(
        call(
            ("describe_probe", {"probe": "tracepoint:syscalls:sys_exit_read"}),
            ("describe_probe", {"probe": "tracepoint:syscalls:sys_exit_raed"}),
            ("search_examples", {"query": "bytes read"}),
            ("check_draft", {"program": WRONG_PROBE}),
            ("check_draft", {"program": GOOD}),
            ("check_draft", "{broken"),
            ("run_it", {}),
        ),
        writes(),
    )
    write(played, reading_host, settings)
    told = [str(each["content"]) for each in played.asked()[1].body["messages"] if each["role"] == "tool"]

    assert "ret: long, read as args->ret" in told[0]
    assert "there is no tracepoint:syscalls:sys_exit_raed" in told[1]
    assert "@" in told[2]
    assert "error 1:1" in told[3]
    assert "nothing is wrong with it" in told[4]
    assert told[5].startswith("The arguments are one JSON object")
    assert "There is no tool of this name" in told[6]
    assert all("<<<DATA" in each for each in told[:5])


def test_a_denied_draft_is_denied_to_the_tool_as_well(reading_host: Host, settings: Settings) -> None:
    played = Played(call(("check_draft", {"program": DENIED})), writes(GOOD, SPEC))
    write(played, reading_host, settings)
    assert "changes the machine" in feedback(played.asked()[1])
