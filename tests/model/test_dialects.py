"""Servers that know less: each feature is left out after one refusal, for good, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from tests.model.asked import HELLO, ask, error_of, with_model
from tests.model.scripted import Script, answer, say, serving, status

from gpttrace.model import Model, Reply, Tool

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
TOOLS = [Tool("look", "looks", {"type": "object"})]


def ask_twice(script: Script, **more: Any) -> list[Reply]:
    async def twice(model: Model) -> list[Reply]:
        return [await model.ask(HELLO, **more), await model.ask(HELLO, **more)]

    with serving(script) as served:
        replies = with_model(served, twice)
    assert isinstance(replies, list)
    return replies


ROWS = [
    ({"json_schema"}, 1, {"response_format": {"type": "json_object"}}),
    ({"response_format"}, 2, {"response_format": None}),
    ({"tools"}, 1, {"tools": None}),
    ({"temperature"}, 1, {"temperature": None}),
    ({"max_completion_tokens"}, 1, {"max_tokens": 50, "max_completion_tokens": None}),
    ({"max_completion_tokens", "max_tokens"}, 2, {"max_tokens": None, "max_completion_tokens": None}),
    ({"stream_options"}, 1, {"stream_options": None, "stream": True}),
    ({"stream"}, 1, {"stream_options": None, "stream": None}),
    ({"tools", "temperature", "json_schema"}, 3, {"tools": None, "temperature": None}),
]


@pytest.mark.parametrize("code", [400, 422, 501, 404])
@pytest.mark.parametrize(
    ("refuses", "more", "body"),
    ROWS,
    ids=lambda each: "+".join(sorted(each)) if isinstance(each, set) else None,
)
def test_what_is_refused_is_left_out_at_the_cost_of_one_request(
    refuses: set[str], more: int, body: dict[str, Any], code: int
) -> None:
    script = Script([answer({"a": 1}), answer({"a": 2})], refuses=frozenset(refuses), refusal_status=code)
    replies = ask_twice(script, schema=SCHEMA, tools=TOOLS, most=50)
    assert [each.text for each in replies] == ['{"a": 1}', '{"a": 2}']
    assert len(script.chats) == more + 2
    assert {name: script.chats[-1].body.get(name) for name in body} == body
    kept = {"messages", "model", "temperature", "tools", "response_format", "stream"} - set(body) - refuses
    assert kept - {"response_format"} <= set(script.chats[-1].body)


@pytest.mark.parametrize(
    "part", ["temperature", "stream_options", "max_completion_tokens", "response_format", "tools"]
)
def test_a_refusal_that_names_nothing_is_found_out_once(part: str) -> None:
    script = Script([answer({"a": 1}), answer({"a": 2})], refuses=frozenset({part}), silently=True)
    assert [each.text for each in ask_twice(script, schema=SCHEMA, tools=TOOLS)] == ['{"a": 1}', '{"a": 2}']
    assert part not in script.chats[-1].body
    assert len(script.chats) <= 8
    bodies = [set(each.body) for each in script.chats]
    assert all(part in each for each in bodies[:-2])


def test_what_was_not_the_reason_is_not_left_out() -> None:
    refuse = status(400, message="bad request")
    script = Script([*[refuse] * 8, say("ok")])

    async def twice(model: Model) -> Reply:
        with pytest.raises(Exception, match="bad request"):
            await model.ask(HELLO, schema=SCHEMA, tools=TOOLS)
        return await model.ask(HELLO, schema=SCHEMA, tools=TOOLS)

    with serving(script) as served:
        assert with_model(served, twice).text == "ok"
    assert set(script.chats[-1].body) == set(script.chats[0].body)
    assert len(script.chats) <= 9


def test_a_schema_is_sent_strictly_and_told_in_words_where_it_cannot_be() -> None:
    script = Script([answer({"a": 1})], refuses=frozenset({"json_schema"}))
    ask(script, schema=SCHEMA, name="thing")
    first, second = script.chats
    assert first.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "thing", "strict": True, "schema": SCHEMA},
    }
    assert "JSON schema" not in first.prompt
    assert "JSON schema" in second.prompt
    assert '"additionalProperties"' in second.prompt


def test_a_refusal_of_what_was_not_sent_is_the_end() -> None:
    script = Script([status(400, message="tools are not supported")] * 9)
    assert "tools are not supported" in error_of(script).message
    assert len(script.chats) == 1
