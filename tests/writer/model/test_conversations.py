"""Conversations and how each ends: right at once, right after a repair, never right, refused, and all that is no answer."""

from __future__ import annotations

import pytest
from tests.model.scripted import (
    GARBAGE,
    HUGE,
    NO_CHOICE,
    WEB_PAGE,
    Script,
    Turn,
    answer,
    call,
    raw,
    say,
    status,
)

from gpttrace.errors import NotPermitted, Unavailable
from gpttrace.host import Host
from gpttrace.model import Budget
from gpttrace.settings import Settings
from gpttrace.writer import Options, refusal_error
from gpttrace.writer.model import MOST_ROUNDS

from .conversing import (
    BY_PID,
    DENIED,
    GOOD,
    NO,
    SPEC,
    WRONG_PROBE,
    YES,
    Played,
    as_text,
    feedback,
    levels,
    program_of,
    write,
    writes,
)

Step = Turn


def test_a_good_answer_ends_it_at_once(reading_host: Host, settings: Settings) -> None:
    played, said = Played(writes()), list[str]()
    draft = write(played, reading_host, settings, said=said)

    assert (program_of(draft), draft.writer, draft.attempts) == (GOOD, "model", 1)
    assert draft.judged is not None
    assert draft.judged.agreement == "certain"
    assert {name: levels(draft)[name] for name in ("static", "meaning", "comprehension")} == {
        "static": "passed", "meaning": "passed", "comprehension": "passed",
    }  # fmt: skip
    assert draft.judged.levels["load"] == "not done: a host file has no kernel to load into"
    assert draft.hooks == ("tracepoint:syscalls:sys_exit_read",)
    assert draft.spec is not None
    assert draft.spec.value == "bytes"
    assert "certain" in draft.why
    assert draft.judged.cost is not None
    assert draft.judged.cost.calls == len(played.script.chats) == 3
    assert said[0] == f"m, round 1 of {MOST_ROUNDS}: asking"


def test_a_wrong_probe_is_told_with_its_place_and_mended(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(WRONG_PROBE), writes())
    draft = write(played, reading_host, settings)

    assert (program_of(draft), draft.attempts) == (GOOD, 2)
    told = feedback(played.asked()[1])
    assert "error 1:1 " in told
    assert "sys_exit_read" in told
    assert WRONG_PROBE.strip() in played.asked()[1].prompt.replace("\\n", "\n")


def test_a_program_that_means_something_else_than_its_spec_is_told_in_words(
    reading_host: Host, settings: Settings
) -> None:
    played = Played(writes(BY_PID), writes())
    draft = write(played, reading_host, settings)

    assert (program_of(draft), draft.attempts) == (GOOD, 2)
    assert "your spec" in feedback(played.asked()[1])
    assert "comm" in feedback(played.asked()[1])
    assert len(played.asked("reading")) == 1  # what is known to be wrong is not read by anybody


def test_a_model_that_is_never_right_ends_after_five_rounds_with_its_best(
    reading_host: Host, settings: Settings
) -> None:
    played = Played(*[writes(f"{WRONG_PROBE}// {number}\n") for number in range(7)])
    draft = write(played, reading_host, settings)

    assert len(played.asked()) == draft.attempts == MOST_ROUNDS
    assert draft.program is None
    assert draft.refused is not None
    assert "after 5 rounds" in draft.refused.why
    assert "static check" in draft.refused.why
    assert draft.refused.would_be is not None
    assert "sys_exit_raed" in draft.refused.would_be
    assert refusal_error(draft).exit_code == 1


def test_of_several_wrong_programs_the_one_that_got_furthest_is_kept(
    reading_host: Host, settings: Settings
) -> None:
    played = Played(writes(WRONG_PROBE), writes(BY_PID), writes(WRONG_PROBE))
    draft = write(played, reading_host, settings)

    assert draft.refused is not None
    assert draft.refused.would_be == BY_PID
    assert "does not do what its own description says" in draft.refused.why


def test_the_same_wrong_program_again_is_said_and_not_checked_again(
    reading_host: Host, settings: Settings
) -> None:
    played, said = Played(writes(WRONG_PROBE)), list[str]()
    write(played, reading_host, settings, said=said)

    assert sum("checking" in line for line in said) == 1
    assert "the same program as before" in feedback(played.asked()[2])


def test_one_who_sees_only_the_program_can_say_no(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(), writes(GOOD + "\n"), held=[answer(NO), answer(YES)])
    draft = write(played, reading_host, settings)

    assert (draft.attempts, levels(draft)["comprehension"]) == (2, "passed")
    assert NO["reason"] in feedback(played.asked()[1])
    [blind, _] = played.asked("reading")
    assert "bytes read by process" not in blind.prompt
    assert GOOD.strip() in blind.prompt
    assert "bytes read by process" in played.asked("held")[0].prompt


def test_comments_do_not_reach_the_blind_reader(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(f"// counts bytes read by process, as was asked\n{GOOD}/* ignore this */"))
    write(played, reading_host, settings)

    assert "as was asked" not in played.asked("reading")[0].prompt
    assert "ignore this" not in played.asked("reading")[0].prompt


def test_a_reader_that_is_never_content_leaves_a_refusal(reading_host: Host, settings: Settings) -> None:
    draft = write(Played(writes(), held=[answer(NO)]), reading_host, settings)

    assert draft.refused is not None
    assert "does not answer the question" in draft.refused.why
    assert draft.refused.would_be == GOOD


@pytest.mark.parametrize("said", [say("no idea"), answer({"answer": "unsure", "reason": "x"}), status(500)])
def test_a_reader_that_cannot_tell_is_no_judge(said: Turn, reading_host: Host, settings: Settings) -> None:
    draft = write(Played(writes(), held=[said]), reading_host, settings)

    assert program_of(draft) == GOOD
    assert levels(draft)["comprehension"] == "not done"
    assert "Comprehension: not done" in draft.why


# ------------------------------------------------------------------------------------- two writers judge each other


def test_where_the_offline_reading_differs_the_model_is_asked_once_and_may_keep_to_it(
    reading_host: Host, settings: Settings
) -> None:
    other = {**SPEC, "keys": ["pid"]}
    played = Played(writes(BY_PID, other))
    draft = write(played, reading_host, settings)

    assert (program_of(draft), draft.attempts) == (BY_PID, 2)
    assert draft.judged is not None
    assert draft.judged.agreement == "differs"
    assert draft.judged.differences
    assert "another reading of the question" in feedback(played.asked()[1])
    assert any(each.source == "meaning" and each.severity == "warning" for each in draft.findings)
    assert draft.judged.differences[0] in draft.why
    assert draft.confidence < 0.6


def test_where_the_model_gives_in_both_agree(reading_host: Host, settings: Settings) -> None:
    draft = write(Played(writes(BY_PID, {**SPEC, "keys": ["pid"]}), writes()), reading_host, settings)

    assert draft.judged is not None
    assert (program_of(draft), draft.judged.agreement) == (GOOD, "certain")


def test_a_question_that_the_offline_writer_refuses_leaves_the_model_alone(
    reading_host: Host, settings: Settings
) -> None:
    question = "blorf bytes read by process"
    draft = write(Played(writes()), reading_host, settings, question=question)

    assert draft.judged is not None
    assert draft.judged.agreement == "alone"
    assert "blorf" in draft.judged.differences[0]
    assert program_of(draft) == GOOD


def test_without_an_event_in_the_catalogue_only_the_reader_judges(
    reading_host: Host, settings: Settings
) -> None:
    program = "tracepoint:syscalls:sys_enter_read { @buffer[args->buf] = count(); }\n"
    question = "which buffers are read into, by address"
    reads = [answer({"spec": None, "says": "It counts reads by the address of the buffer."})]
    draft = write(Played(writes(program, None), reads=reads), reading_host, settings, question=question)

    assert program_of(draft) == program
    assert draft.judged is not None
    assert draft.judged.levels["meaning"] == "not done: the catalogue has no event for it"
    assert levels(draft)["comprehension"] == "passed"
    assert "Meaning: not done" in draft.why


def test_a_model_that_gives_up_when_it_is_asked_again_keeps_its_good_program(
    reading_host: Host, settings: Settings
) -> None:
    by_pid = writes(BY_PID, {**SPEC, "keys": ["pid"]})
    draft = write(Played(by_pid, Turn(text=None, refusal="no more")), reading_host, settings)

    assert program_of(draft) == BY_PID
    assert draft.judged is not None
    assert (draft.judged.agreement, levels(draft)["comprehension"]) == ("differs", "passed")


# --------------------------------------------------------------------------------------------- what is no good answer

NO_ANSWERS = {
    "empty": (say(""), "the answer is empty"),
    "prose": (say("I would look at reads."), "no JSON object"),
    "wrong json": (say('{"program": "BEGIN { }",, }'), "not valid at line 1"),
    "truncated": (say(as_text({"program": "x" * 50})[:30], finish="length"), "cut off"),
    "no program": (answer({"spec": None, "program": "", "assumptions": [], "refusal": None}), "is empty"),
    "a list": (say("[1, 2]"), "no JSON object"),
    "several programs": (say(f"```\n{GOOD}```\nor\n```\n{BY_PID}```"), "holds 2 programs"),
    "too long": (writes(GOOD + "//" + "x" * 20_000), "characters"),
    "two in one": (writes(f"```\n{GOOD}```\n```\n{BY_PID}```"), "one bpftrace program alone"),
    "a tool when none is there": (call(("run_program", {"x": 1})), "There is no tool of this name"),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_said_and_mended(name: str, reading_host: Host, settings: Settings) -> None:
    bad, told = NO_ANSWERS[name]
    played = Played(bad, writes())
    draft = write(played, reading_host, settings)

    assert program_of(draft) == GOOD
    assert told in feedback(played.asked()[1])


UNUSABLE = {
    "of another form": ({"event": "read"}, "the spec is not of its form"),
    "unknown event": ({**SPEC, "event": "reed"}, "there is no event 'reed'"),
    "unknown field": ({**SPEC, "value": "octets"}, "has no field 'octets'"),
    "without a value": ({**SPEC, "value": None}, "needs a value"),
    "conditions of another kind": ({**SPEC, "conditions": "bytes > 0"}, "the spec is not of its form"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_spec_that_cannot_be_used_is_asked_for_once_where_nothing_else_speaks_for_the_program(
    name: str, reading_host: Host, settings: Settings
) -> None:
    spec, told = UNUSABLE[name]
    played = Played(writes(GOOD, spec))
    draft = write(played, reading_host, settings, question="blorf bytes read by process")

    assert (program_of(draft), draft.attempts) == (GOOD, 2)
    assert told in feedback(played.asked()[1])
    assert levels(draft)["meaning"] == "not done"
    assert write(Played(writes(GOOD, spec)), reading_host, settings).attempts == 1


FORMS = {
    "with prose around": say(f"Here it is:\n```json\n{as_text({'spec': SPEC, 'program': GOOD})}\n```\nEnjoy!"),
    "fenced inside": writes(f"```bpftrace\n{GOOD}```"),
    "as a command": writes(f"sudo bpftrace -e '{GOOD.strip()}'"),
    "without a closing newline": writes(GOOD.strip()),
    "with escapes of a terminal": writes(f"\x1b[31m{GOOD.strip()}\x1b[0m\u202e"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_program_is_found_however_it_is_wrapped(name: str, reading_host: Host, settings: Settings) -> None:
    draft = write(Played(FORMS[name]), reading_host, settings)

    assert program_of(draft).strip() == GOOD.strip()
    assert draft.attempts == 1


def test_a_single_program_in_prose_is_taken_without_its_spec(reading_host: Host, settings: Settings) -> None:
    played = Played(say(f"Use this:\n```\n{GOOD}```"))
    draft = write(played, reading_host, settings)

    assert program_of(draft) == GOOD
    assert draft.judged is not None
    assert draft.judged.levels["meaning"].startswith("not done: there is no spec")
    assert draft.judged.agreement == "certain"


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (writes("", None, refusal="the past cannot be traced"), "the past cannot be traced"),
        (Turn(text=None, refusal="I can't help with that."), "I can't help with that."),
        (Turn(text="", finish="content_filter"), "content filter"),
        (status(400, message="blocked", code="content_filter"), "blocked"),
    ],
)
def test_a_refusal_ends_it_with_the_models_words(
    turn: Turn, words: str, reading_host: Host, settings: Settings
) -> None:
    played = Played(turn)
    draft = write(played, reading_host, settings)

    assert draft.refused is not None
    assert words in draft.refused.why
    assert "--writer offline" in str(draft.refused.hint)
    assert len(played.asked()) == 1
    assert refusal_error(draft).exit_code == 1


def test_what_the_policy_denies_is_offered_by_nobody(reading_host: Host, settings: Settings) -> None:
    played = Played(writes(DENIED, None))
    draft = write(played, reading_host, settings)

    assert draft.program is None
    assert draft.refused is not None
    assert (draft.refused.kind, draft.refused.would_be) == ("denied", None)
    assert refusal_error(draft).exit_code == 4
    assert "changes the machine" in feedback(played.asked()[1])
    assert played.asked("reading") == []


# ------------------------------------------------------------------------------------------------------- the endpoint


@pytest.mark.parametrize(
    "trouble",
    [
        status(429, {"Retry-After": "0"}),
        status(503),
        Turn(bare=b""),
        Turn(text="cut", hang_up=2),
    ],
    ids=["rate-limited", "overloaded", "broken", "broken while it answers"],
)
def test_trouble_that_passes_is_waited_for(trouble: Turn, reading_host: Host, settings: Settings) -> None:
    played = Played(trouble, writes())
    draft = write(played, reading_host, settings)

    assert (program_of(draft), draft.attempts) == (GOOD, 1)


@pytest.mark.parametrize("trouble", [WEB_PAGE, GARBAGE, HUGE, NO_CHOICE, status(404), raw(b"{}", code=500)])
def test_an_endpoint_that_never_answers_is_an_error(
    trouble: Turn, reading_host: Host, settings: Settings
) -> None:
    with pytest.raises(Unavailable) as caught:
        write(Played(trouble), reading_host, settings)
    assert caught.value.hint


def test_a_wrong_key_is_an_error(reading_host: Host, settings: Settings) -> None:
    with pytest.raises(NotPermitted):
        write(Played(status(401)), reading_host, settings)


def test_an_endpoint_that_goes_away_leaves_the_best_until_then(
    reading_host: Host, settings: Settings
) -> None:
    draft = write(Played(writes(BY_PID), status(401)), reading_host, settings)

    assert draft.refused is not None
    assert draft.refused.would_be == BY_PID
    assert "does not accept the key" in draft.refused.why


def test_a_server_without_structured_output_tools_and_streaming_does(
    reading_host: Host, settings: Settings
) -> None:
    def by_prompt(*turns: Turn) -> Script:
        return Script(
            turns, refuses=frozenset({"json_schema", "json_object", "tools", "stream", "temperature"})
        )

    played = Played(writes())
    played.script = by_prompt(
        writes(), answer(YES | {"spec": None, "says": "It adds up bytes."}), answer(YES)
    )
    draft = write(played, reading_host, settings)

    assert (program_of(draft), levels(draft)["comprehension"]) == (GOOD, "passed")


def test_a_prompt_that_is_too_long_is_tried_once_without_examples(
    reading_host: Host, settings: Settings
) -> None:
    too_long = status(400, message="maximum context length is 4096 tokens", code="context_length_exceeded")
    played = Played(too_long, writes())
    draft = write(played, reading_host, settings)

    assert program_of(draft) == GOOD
    first, second = played.asked()
    assert "example " in first.prompt
    assert len(second.prompt) < len(first.prompt)
    assert "<<<DATA" in second.prompt


def test_options_of_the_command_line_bind_the_model(reading_host: Host, settings: Settings) -> None:
    only = GOOD.replace("args->ret > 0", "args->ret > 0 && pid == 1")
    played = Played(writes(), writes(only))
    draft = write(played, reading_host, settings, options=Options(pid=1))

    assert "only where pid == 1" in played.asked()[0].prompt
    assert (program_of(draft), draft.attempts) == (only, 2)
    assert draft.judged is not None
    assert draft.judged.agreement == "certain"


def test_the_budget_is_the_callers(reading_host: Host, settings: Settings) -> None:
    budget = Budget()
    write(Played(writes()), reading_host, settings, budget=budget)
    assert budget.spent.calls == 3
