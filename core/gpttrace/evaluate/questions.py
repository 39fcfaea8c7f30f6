"""Questions with what a right answer must have. The form of the files is told in `gpttrace_corpus/evaluation/README.md`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gpttrace_corpus
from gpttrace.errors import UsageError

_FOLDER = Path(gpttrace_corpus.__file__).parent / "evaluation"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `hooks` are patterns of acceptable attach points, `all` one list of them for each of several events.

    Times are nanoseconds. `keys_any` leaves the rows open; `refuse` says that the only right answer is none.
    """

    ask: str
    area: str
    difficulty: str
    hooks: tuple[str, ...] = ()
    all: tuple[tuple[str, ...], ...] = ()
    shape: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    keys_any: bool = False
    value: str | None = None
    conditions: tuple[str, ...] = ()
    every: int | None = None
    top: int | None = None
    duration: int | None = None
    hz: int | None = None
    refuse: bool = False


def question_sets() -> Mapping[str, Path]:
    """Return the sets that come with GPTtrace, by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def load_questions(name: str) -> list[Question]:
    """Read a set by its name or its path; UsageError says what is wrong with it."""
    path = question_sets().get(name) or Path(name)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
        return [_question(each) for each in given]
    except OSError as error:
        known = ", ".join(question_sets())
        raise UsageError(
            f"cannot read {path}: {error.strerror}", hint=f"sets that come along: {known}"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is no set of questions: {error}", hint="see the README beside our own sets"
        ) from error


def _question(given: dict[str, Any]) -> Question:
    known = {field.name for field in fields(Question)}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"{given.get('ask')!r} has unknown keys: {', '.join(unknown)}")
    return Question(**{key: _frozen(value) for key, value in given.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
