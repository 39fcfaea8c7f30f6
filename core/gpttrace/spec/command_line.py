"""`new processes with their arguments`: the words of a command line, each a column of its own."""

from __future__ import annotations

import re

from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.sentence import Sentence

_ARGUMENTS = re.compile(
    r"\b(?:full |whole |complete |entire |all |their |its |the )*"
    r"(?:command[- ]?lines?(?: (?:arguments?|args|parameters?|options?))?|cmdlines?|arg(?:ument)?s|argv|parameters)\b",
    re.IGNORECASE,
)

_OF_EACH = re.compile(r" (?:of|for) (?:each|every) ", re.IGNORECASE)


def take_command_line(sentence: Sentence, asked: Asked, event: Event) -> None:
    """Ask for the arguments of programs that are started, where the event has them."""
    columns = [name for name in event.fields if re.fullmatch(r"arg[1-9]", name)]
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
            token.meaning = "with its arguments"
