"""`new processes with their arguments`: the words of a command line, each a column of its own."""

from __future__ import annotations

import re

from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.facts import Facts
from gpttrace.spec.sentence import Sentence

_ARGUMENTS = re.compile(
    r"\b(?:full |whole |complete |entire |all |their |its |the )*"
    r"(?:command[- ]?lines?(?: (?:arguments?|args|parameters?|options?))?|cmdlines?|arg(?:ument)?s|argv|parameters)\b",
    re.IGNORECASE,
)

_OF_EACH = re.compile(r" (?:of|for) (?:each|every) ", re.IGNORECASE)


# bpftrace 0.17 keeps each string on the stack of 512 bytes that the kernel gives; 0.23 does not.
_ROOMY = (0, 20)


def take_command_line(sentence: Sentence, asked: Asked, event: Event, host: Facts | None) -> None:
    """Ask for the arguments of programs that are started, where the event has them: four, or the one that there is room for."""
    columns = [name for name in event.fields if re.fullmatch(r"arg[1-9]", name)]
    meaning = "with its arguments"
    if columns and host is not None and host.version[:2] < _ROOMY:
        columns, meaning = columns[:1], "with its first argument (this bpftrace has no room for more)"
    found = _ARGUMENTS.search(sentence.text) if columns else None
    if found is None:
        return
    asked.columns += columns
    if (
        _OF_EACH.match(sentence.text, found.end()) is not None
    ):  # rows by command would be one for each program
        asked.keys[:] = [key for key in asked.keys if key != "comm"]
        asked.grouped[:] = [key for key in asked.grouped if key != "comm"]
    for token in sentence.tokens:
        if found.start() <= token.start < found.end() and token.meaning in (None, "", sentence.event):
            token.meaning = meaning
