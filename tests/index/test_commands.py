"""What `gpttrace examples` and `gpttrace index` print, through the functions behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpttrace.cli import indexing
from gpttrace.errors import UsageError
from gpttrace.index.places import Places

from .conftest import OURS


@pytest.fixture(autouse=True)
def _here(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "find_places", lambda: places)


def ask(*words: str, **given: Any) -> int:
    defaults: dict[str, Any] = {
        "tags": (), "kinds": (), "sources": (), "here": False, "limit": 5, "show": None, "host_file": None, "as_json": False
    }  # fmt: skip
    return indexing.examples(words=words, **{**defaults, **given})


def test_a_search_prints_name_kind_and_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("frobs", "of", "the", "disk") == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.split(maxsplit=2) == ["frobsnoop", "tool", "Trace frobs of a disk."]
    assert ask("zzqqxx") == 1
    told = capsys.readouterr()
    assert (told.out, "nothing like that" in told.err) == ("", True)


def test_json_has_what_is_known(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert ask("files", "opened", as_json=True, sources=("user",)) == 0
    (told,) = json.loads(capsys.readouterr().out)["examples"]
    assert (told["name"], told["kind"], told["bpftrace"], told["program"]) == (
        "opens",
        "example",
        "0.17",
        OURS,
    )
    assert told["why"].startswith("words: files")


def test_without_words_everything_is_listed(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert ask(sources=("user", "bcc")) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["opens", "glorp"]
    assert ask(limit=1) == 0
    assert "shows all" in capsys.readouterr().err


def test_one_is_shown_with_nothing_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "evil.bt").write_text("// Evil \x1b[2J\nBEGIN { }\n")
    assert ask(show="evil") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert ask(show="glorp") == 0
    assert "run it: glorp-bpfcc" in capsys.readouterr().out
    with pytest.raises(UsageError, match="no example is called"):
        ask(show="no such")


def test_the_index_is_shown_built_and_given_folders(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "x.bt").write_text(OURS)
    (mine / "bad.bt").write_bytes(b"\0")
    assert indexing.add(folder=str(mine), as_json=False) == 0
    assert "1 user" in capsys.readouterr().out
    assert indexing.show_index(as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["examples"]["user"], told["skipped"], told["folders"]) == (1, {"binary": 1}, [str(mine)])
    assert indexing.show_index(as_json=False) == 0
    assert "left out     1 file: binary" in capsys.readouterr().out
    assert indexing.build(as_json=True) == 0
    assert indexing.remove(folder=str(mine), as_json=True) == 0
    with pytest.raises(UsageError, match="not among"):
        indexing.remove(folder=str(mine), as_json=True)
    with pytest.raises(UsageError, match="no such folder"):
        indexing.add(folder=str(mine / "x.bt"), as_json=True)
