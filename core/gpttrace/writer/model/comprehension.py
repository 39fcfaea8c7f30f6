"""Comprehension: a second call that is shown only the program and says what it does, held against the question by a third.

The reader sees neither the question nor the program's comments, which would give it away. Its spec is compared with the asked
one by our own comparison; its sentence is held against the question by a yes, no or unsure with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.language import Program
from gpttrace.meaning.reference import events_at
from gpttrace.model import FENCE_RULE, Message, Model, fenced, read_json
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.model import TraceSpec
from gpttrace.writer.model.answer import spec_of_json
from gpttrace.writer.model.candidates import event_text
from gpttrace.writer.model.form import HELD, SAYS, SPEC_IN_WORDS
from gpttrace.writer.model.meant import hold_specs, hooks_of, words_for
from gpttrace.writer.model.prompt import MOST_QUESTION, without_comments

_MOST_EVENTS = 3
_MOST_ANSWER = 2_048  # tokens
_MOST_SAID = 600
_READER = f"""\
You read bpftrace programs. Say what the program below measures, as it stands, not what it may have been meant to do. Look at \
the probes, at every condition, at what the rows are told apart by and at what is added up.

Your answer is one JSON object and nothing else: {{"spec": SPEC or null, "says": "one sentence"}}

{SPEC_IN_WORDS}

{FENCE_RULE}"""
_HOLDER = f"""\
Somebody asked a question about a running machine and got a measurement. You are told the question and what is measured. Does \
the measurement answer the question? "no" when something else is measured, something asked for is missing, or rows or numbers \
would mislead; "unsure" when it cannot be told.

Your answer is one JSON object and nothing else: {{"answer": "yes" or "no" or "unsure", "reason": "one sentence"}}

{FENCE_RULE}"""


@dataclass(frozen=True, slots=True)
class Read:
    """`level` is passed, failed or not done, with why; `feedback` is for the model that wrote the program."""

    level: str
    feedback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads programs of one question."""

    model: Model
    host: Host
    catalogue: Catalogue
    question: str
    options: str

    async def read(self, tree: Program, asked: TraceSpec | None, *, meaning_passed: bool) -> Read:
        """Say whether a program, read by one who does not know the question, answers it; never raises for the model's part."""
        try:
            return await self._read(tree, asked, meaning_passed)
        except GpttraceError as error:
            return Read(f"not done: {error.message}")

    async def _read(self, tree: Program, asked: TraceSpec | None, meaning_passed: bool) -> Read:
        said, trouble = await self._ask(_READER, self._shown(tree), SAYS, "reading", "says")
        if said is None:
            return Read(f"not done: {trouble}")
        sentence = str(said["says"])[:_MOST_SAID]
        text = f"The question: {self.question[:MOST_QUESTION]}\n"
        text += f"Given beside it:\n{self.options}\n" if self.options else ""
        text += f"What is measured:\n{fenced(sentence, 'what is measured')}"
        held, trouble = await self._ask(_HOLDER, text, HELD, "held", "answer")
        if held is None:
            return Read(f"not done: {trouble}")
        return self._weighed(
            str(held["answer"]).lower(), str(held.get("reason") or ""), said, asked, meaning_passed
        )

    def _weighed(
        self, answer: str, reason: str, said: dict[str, Any], asked: TraceSpec | None, meaning_passed: bool
    ) -> Read:
        reason = " ".join(reason.split())[:300]
        differences = self._differences(said, asked)
        if answer == "no":
            lines = [f"one who saw only the program says: {str(said['says'])[:300]}"]
            lines.append(
                f"that does not answer the question: {reason}"
                if reason
                else "that does not answer the question"
            )
            return Read(f"failed: {reason or 'the program does not answer the question'}", tuple(lines))
        if answer != "yes":
            return Read(
                f"not done: the reader is not sure: {reason}"
                if reason
                else "not done: the reader is not sure"
            )
        # Our own comparison of program and spec is exact; a reader's spec weighs only where there was none.
        if differences and not meaning_passed:
            lines = [
                f"one who saw only the program reads it otherwise than your spec: {each}"
                for each in differences
            ]
            return Read(f"failed: {differences[0]}", tuple(lines))
        return Read("passed")

    def _differences(self, said: dict[str, Any], asked: TraceSpec | None) -> tuple[str, ...]:
        read, _ = spec_of_json(said.get("spec"), self.catalogue)
        if read is None or asked is None:
            return ()
        found = hold_specs(asked, read, self.host, self.catalogue)
        if found is None or found.answer in ("same", "unknown"):
            return ()
        return words_for(found, asked, self.catalogue)[:3]

    def _shown(self, tree: Program) -> str:
        ids = events_at(hooks_of(tree, self.host), self.catalogue)[:_MOST_EVENTS]
        events = "\n\n".join(event_text(self.catalogue[id], self.host) for id in ids)
        shown = fenced(events, "events of the catalogue") + "\n" if events else ""
        return f"{shown}{fenced(without_comments(tree), 'program', most=20_000)}"

    async def _ask(
        self, system: str, text: str, schema: dict[str, Any], name: str, wanted: str
    ) -> tuple[dict[str, Any] | None, str]:
        messages = (Message("system", system), Message("user", text))
        reply = await self.model.ask(messages, schema=schema, name=name, most=_MOST_ANSWER)
        if reply.refused is not None:
            return None, f"the reader would not: {reply.refused[:200]}"
        given, trouble = read_json(reply.text, wanted=(wanted,), finish=reply.finish)
        return given, f"the reader's answer cannot be read: {trouble}"
