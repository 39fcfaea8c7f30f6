"""Marks kept in a file while a set is asked, one JSON line each, so that an interrupted run goes on where it was.

The first line says what is measured; marks of something else are not mixed with it. A line that was cut off is asked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from gpttrace.errors import StoreError, UsageError
from gpttrace.evaluate.questions import Question
from gpttrace.evaluate.score import Mark, Verdict
from gpttrace.writer import Draft


class Kept:
    """The file of one evaluation; `about` says what is measured. UsageError when the file is of another one."""

    def __init__(self, path: Path, about: Mapping[str, Any], questions: Iterable[Question]) -> None:
        self._path = path
        self.marks: dict[str, Mark] = {}
        lines = self._lines()
        if not lines:
            self._append({"about": dict(about)})
            return
        if lines[0].get("about") != dict(about):
            raise UsageError(
                f"{path} holds marks of something else: {json.dumps(lines[0].get('about'))[:300]}",
                hint="give another file to --resume",
            )
        asked = {each.ask: each for each in questions}
        for line in lines[1:]:
            if (question := asked.get(str(line.get("question")))) is not None and "verdict" in line:
                self.marks[question.ask] = _mark(question, line)

    def keep(self, mark: Mark) -> None:
        """Append a mark."""
        self._append(
            {
                "question": mark.question.ask,
                "verdict": mark.verdict,
                "why": mark.why,
                "seconds": round(mark.seconds, 3),
                "elsewhere": mark.elsewhere,
                "rounds": mark.rounds,
                "tokens": mark.tokens,
                "money": mark.money,
                "program": mark.draft.program,
                "model": mark.draft.judged.to_json() if mark.draft.judged else None,
            }
        )

    def _lines(self) -> list[dict[str, Any]]:
        try:
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self._path} cannot be read: {error}", hint="give another file") from error
        found = [_json(line) for line in text.splitlines() if line.strip()]
        if found and (found[0] is None or "about" not in found[0]):
            raise UsageError(f"{self._path} is no file of marks", hint="give another file to --resume")
        if text and not text.endswith("\n"):
            self._append_text("\n")  # what was cut off ends here
        return [each for each in found if each is not None]

    def _append(self, value: Mapping[str, Any]) -> None:
        self._append_text(json.dumps(value, ensure_ascii=False) + "\n")

    def _append_text(self, text: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be written: {error.strerror}",
                hint="give a file of your own to --resume",
            ) from error


def _json(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _mark(question: Question, line: Mapping[str, Any]) -> Mark:
    verdict: Verdict = line["verdict"] if line["verdict"] in get_args(Verdict) else "wrong"
    program = line.get("program")
    return Mark(
        question,
        verdict,
        str(line.get("why") or ""),
        float(line.get("seconds") or 0.0),
        Draft(program if isinstance(program, str) else None),
        bool(line.get("elsewhere")),
        rounds=int(line.get("rounds") or 0),
        tokens=int(line.get("tokens") or 0),
        money=line.get("money"),
    )
