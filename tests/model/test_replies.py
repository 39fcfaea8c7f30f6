"""What a model says arrives, streamed or not, whatever the server leaves out, and clean."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.model.asked import ask, error_of, with_model
from tests.model.scripted import KEY, Asked, Script, Turn, answer, call, raw, say, serving

from gpttrace.errors import Unavailable
from gpttrace.model import Message, Tool, ToolCall, Usage

LONG = "words and more words, ü and 漢字; " * 300
LOOK = Tool("look", "looks", {"type": "object", "properties": {"at": {"type": "string"}}})
both = pytest.mark.parametrize("refuses", [frozenset(), frozenset({"stream"})], ids=["streamed", "whole"])


@both
@pytest.mark.parametrize(
    ("turn", "text", "finish", "refused"),
    [
        (say("hello"), "hello", "stop", None),
        (say(LONG), LONG, "stop", None),
        (say(None), "", "stop", None),
        (say(""), "", "stop", None),
        (say("half a sen", finish="length"), "half a sen", "length", None),
        (Turn(text=None, refusal="I will not."), "", "stop", "I will not."),
        (
            say("", finish="content_filter"),
            "",
            "content_filter",
            "the endpoint's content filter held the answer back",
        ),
        (
            say("\x1b[31mred\x1b[0m\tand\n\x1b]0;title\x07\x9b2Jblue\x00\x08\x7f"),
            "red\tand\nblue",
            "stop",
            None,
        ),
        (say("a\u202eb\u2066c\ud800d\r\ne"), "abc\ufffdd\ne", "stop", None),
        (answer({"a": [1, 2]}), '{"a": [1, 2]}', "stop", None),
    ],
)
def test_what_is_said_arrives(
    refuses: frozenset[str], turn: Turn, text: str, finish: str, refused: str | None
) -> None:
    reply = ask(Script([turn], refuses=refuses))
    assert (reply.text, reply.calls, reply.finish, reply.refused) == (text, (), finish, refused)


@both
def test_calls_arrive_as_the_model_wrote_them(refuses: frozenset[str]) -> None:
    reply = ask(
        Script([call(("look", {"at": "this"}), ("look", '{"broken": '))], refuses=refuses), tools=[LOOK]
    )
    assert reply.calls == (
        ToolCall("call-0", "look", '{"at": "this"}'),
        ToolCall("call-1", "look", '{"broken": '),
    )
    assert (reply.text, reply.finish) == ("", "tool_calls")


@both
@pytest.mark.parametrize(
    ("usage", "wanted"),
    [
        ((100, 10), Usage(100, 10, False)),
        (None, Usage(10, 3, True)),
        ((0, 0), Usage(10, 3, True)),
        ((-5, 10), Usage(10, 3, True)),
    ],
)
def test_usage_is_told_or_estimated(refuses: frozenset[str], usage: Any, wanted: Usage) -> None:
    reply = ask(Script([say("a" * 12, usage=usage)], refuses=refuses), [Message("user", "q" * 40)])
    assert reply.usage == wanted


def body(**message: Any) -> bytes:
    return json.dumps({"choices": [{"message": message}]}).encode()


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (body(content=[{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}, 7]), "in parts"),
        (body(content=7), ""),
        (body(content="a", tool_calls=[7, {}, {"function": 1}, {"function": {"name": ""}}]), "a"),
        (b"\xef\xbb\xbf" + body(content="with a mark"), "with a mark"),
        (b'{"choices": [{"message": {"content": "not \xff UTF-8"}}]}', "not \ufffd UTF-8"),
        (b'data: {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}', "x"),
        (b': hi\r\n\r\ndata:{"choices": [{"delta": {"content": "a"}}]}\r\n\r\ndata: [DONE]\r\n\r\n', "a"),
    ],
)
def test_other_spellings_are_read(sent: bytes, text: str) -> None:
    assert ask([raw(sent)]).text == text


def test_calls_without_numbers_or_with_one_number_stay_apart() -> None:
    def part(**more: Any) -> bytes:
        return b"data: " + json.dumps({"choices": [{"delta": {"tool_calls": [more]}}]}).encode() + b"\n\n"

    for index in ({}, {"index": 0}):
        sent = (
            part(id="a", function={"name": "f", "arguments": "1"}, **index)
            + part(function={"arguments": "2"}, **index)
            + part(id="b", function={"name": "g", "arguments": "3"}, **index)
            + b"data: [DONE]\n\n"
        )
        calls = ask([raw(sent, "text/event-stream")]).calls
        assert calls == (ToolCall("a", "f", "12"), ToolCall("b", "g", "3"))


def test_a_server_that_stays_after_the_end_is_left() -> None:
    assert ask([say("done", stays=True)]).text == "done"


def test_a_conversation_goes_out_whole() -> None:
    script = Script([say("ok")])
    ask(
        script,
        [
            Message("system", "rules"),
            Message("user", "bytes \udcff"),
            Message("assistant", "", calls=(ToolCall("id1", "look", "{}"),)),
            Message("tool", "seen", call_id="id1"),
        ],
        tools=[LOOK],
    )
    sent = script.chats[0].body
    assert sent["messages"] == [
        {"role": "system", "content": "rules"},
        {"role": "user", "content": "bytes \ufffd"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "id1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "content": "seen", "tool_call_id": "id1"},
    ]
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {"name": "look", "description": "looks", "parameters": LOOK.parameters},
        }
    ]


@pytest.mark.parametrize(("given", "header"), [({}, f"Bearer {KEY}"), ({"key": None}, "Bearer none")])
def test_the_key_or_none_is_sent(given: dict[str, Any], header: str) -> None:
    script = Script([say("ok")])
    ask(script, settings=given)
    assert [each.headers["authorization"] for each in script.asked] == [header]


def test_a_turn_may_look_at_the_prompt() -> None:
    def look(asked: Asked) -> Turn:
        return say("yes" if "hello" in asked.prompt else "no")

    assert ask([look]).text == "yes"


def test_the_only_model_is_taken() -> None:
    script = Script([say("a"), say("b")], models=("lonely",))
    with serving(script) as served:

        async def twice(model: Any) -> None:
            await model.ask([Message("user", "1")])
            await model.ask([Message("user", "2")])

        with_model(served, twice, name=None)
    assert [each.path for each in script.asked] == ["/v1/models", *["/v1/chat/completions"] * 2]
    assert [each.body["model"] for each in script.chats] == ["lonely"] * 2


@pytest.mark.parametrize(
    ("models", "hint"),
    [
        (("one", "two"), "set GPTTRACE_MODEL to one of: one, two"),
        (tuple("abcdefghij"), "set GPTTRACE_MODEL to one of: a, b, c, d, e, f, g, h … (10 in all)"),
        ((), "set GPTTRACE_MODEL to the model's name"),
        (None, "set GPTTRACE_MODEL to the model's name"),
    ],
)
def test_among_several_models_the_user_chooses(models: tuple[str, ...] | None, hint: str) -> None:
    script = Script([say("a")], models=models)
    error = error_of(script, settings={"name": None})
    assert (type(error), error.hint) == (Unavailable, hint)
    assert script.chats == []


def test_the_room_is_light_until_a_model_is_asked() -> None:
    code = "import sys, gpttrace.model as m; m.Model, m.Budget, m.fenced; print({'openai', 'httpx2'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"
