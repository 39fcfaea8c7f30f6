"""Exchanges are kept when asked for, for the owner alone, and can be played again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.model.asked import HELLO, ask, error_of, with_model
from tests.model.scripted import Script, Turn, answer, call, say, serving

from gpttrace.errors import StoreError
from gpttrace.model import Message, Model, Reply, Tool

TOOL = Tool("look", "looks", {"type": "object"})


def converse(script: Script, record: Path | None = None) -> list[Reply]:
    async def run(model: Model) -> list[Reply]:
        return [
            await model.ask([Message("user", "one \udcff")], tools=[TOOL]),
            await model.ask(HELLO, schema={"type": "object"}),
            await model.ask(HELLO),
        ]

    with serving(script) as served:
        replies = with_model(served, run, record=record)
    assert isinstance(replies, list)
    return replies


def test_a_recording_plays_as_it_was(tmp_path: Path) -> None:
    turns = [
        call(("look", {"a": 1})),
        answer({"b": "ü"}, usage=None),
        Turn(text="cut", finish="length", refusal="partly"),
    ]
    told = converse(Script(turns), tmp_path / "made")
    (path,) = (tmp_path / "made").iterdir()
    assert path.name.startswith("conversation-")
    assert path.suffix == ".jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert converse(Script.from_recording(path)) == told


def test_a_line_holds_the_exchange_and_not_where_it_went(tmp_path: Path) -> None:
    ask([say("hello")], tools=[TOOL], schema={"type": "object"}, settings={"record": tmp_path})
    (path,) = tmp_path.iterdir()
    line = json.loads(path.read_text())
    assert set(line) == {"request", "reply", "usage", "model"}
    assert set(line["request"]) == {"messages", "tools", "schema"}
    assert line["model"] == "m"
    assert line["usage"] == {"input": 100, "output": 10, "estimated": False}
    assert "127.0.0.1" not in path.read_text()
    assert "uthorization" not in path.read_text()


def test_nothing_is_kept_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ask([say("hello")])
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_kept_is_told_before_it_is_paid_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    script = Script([say("hello")])
    assert type(error_of(script, settings={"record": tmp_path / "file"})) is StoreError
    assert script.asked == []
