"""What clients see of the tools: golden snapshots of every schema, honest annotations, and as few tokens as that can cost.

`python -m tests.mcp.renew_schemas` writes the snapshot anew after a change that was meant.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from anyio.from_thread import BlockingPortal
from tests.mcp.serving import Talk, talking

from gpttrace.settings import Settings
from gpttrace_mcp.budget import tokens
from gpttrace_mcp.instructions import MOST, instructions_for
from gpttrace_mcp.server import make_server
from gpttrace_mcp.shapes import ALWAYS
from gpttrace_mcp.state import Mode

GOLDEN = Path(__file__).with_name("schemas.json")


@pytest.fixture(scope="module")
def talk(portal: BlockingPortal) -> Any:
    """A client of a server in memory."""
    with talking(portal, make_server(Settings.load()), "auto") as talk:
        yield talk


def seen_by(talk: Talk) -> dict[str, Any]:
    """Return all that a client can list, as plain JSON."""
    lists = {
        "tools": talk.ask("list_tools").tools,
        "resources": talk.ask("list_resources").resources,
        "templates": talk.ask("list_resource_templates").resource_templates,
        "prompts": talk.ask("list_prompts").prompts,
    }
    plain = {
        name: {each.name: each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in found}
        for name, found in lists.items()
    }
    return {**plain, "instructions": {mode: instructions_for(mode) for mode in get_args(Mode)}}


def test_every_schema_is_as_it_was(talk: Talk) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert seen_by(talk) == golden, "if that is meant: python -m tests.mcp.renew_schemas"


def test_every_tool_says_what_it_does_to_the_machine(talk: Talk) -> None:
    tools = {each.name: each for each in talk.ask("list_tools").tools}
    for tool in tools.values():
        hints = tool.annotations
        assert None not in (
            hints.read_only_hint,
            hints.destructive_hint,
            hints.idempotent_hint,
            hints.open_world_hint,
        )
        assert tool.title
        assert tool.description
    doing = {name for name, each in tools.items() if not each.annotations.read_only_hint}
    assert doing == {"run", "start", "stop"}


def test_inputs_are_flat_and_bounded(talk: Talk) -> None:
    for tool in talk.ask("list_tools").tools:
        schema = tool.input_schema
        assert "$defs" not in schema
        assert schema["additionalProperties"] is False
        for name, each in schema.get("properties", {}).items():
            assert each["type"] in ("string", "integer", "number", "boolean"), (tool.name, name)
            bounds = {
                "string": ("maxLength", "enum"),
                "integer": ("maximum",),
                "number": ("maximum",),
                "boolean": ("type",),
            }
            assert any(bound in each for bound in bounds[each["type"]]), (tool.name, name)
            assert each.get("description"), (tool.name, name)


def test_every_result_has_what_a_model_needs_inside_its_structure(talk: Talk) -> None:
    for tool in talk.ask("list_tools").tools:
        schema = tool.output_schema
        assert set(schema["required"]) == set(ALWAYS)
        assert set(ALWAYS) <= set(schema["properties"])


def test_what_a_model_is_told_of_the_tools_is_short(talk: Talk) -> None:
    tools = talk.ask("list_tools").tools
    said = [f"{each.name} {each.description} {json.dumps(each.input_schema)}" for each in tools]
    assert tokens("\n".join(said)) < 5_000
    for mode in get_args(Mode):
        assert len(instructions_for(mode).encode()) <= MOST


def test_the_model_of_the_settings_changes_what_generate_says_of_itself(portal: BlockingPortal) -> None:
    settings = Settings.load({"OPENAI_API_KEY": "a-key-for-tests"})
    with talking(portal, make_server(settings), "auto") as talk:
        generate = next(each for each in talk.ask("list_tools").tools if each.name == "generate")
        assert generate.annotations.open_world_hint is True
