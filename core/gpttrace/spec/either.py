"""Two values of one field, of which either will do: `signal 9 or 15`, `by nginx and apache2`, `ENOENT or EACCES`.

The parts of the reader take the first value; what is joined to it is read here as a value of the same field.
"""

from __future__ import annotations

import errno
import signal
from dataclasses import replace

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import text_at
from gpttrace.spec.catalogue import Event
from gpttrace.spec.exclusions import is_literal, is_of
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import unit
from gpttrace.spec.who import is_device_name, is_program
from gpttrace.spec.words import stems

_JOINS = ("or", "and", "&", "/")
# Of a row there may be several, of a measured value there is one.
_PLAIN = frozenset(
    [
        "comm",
        "target_comm",
        "pid",
        "tid",
        "uid",
        "target_pid",
        "sig",
        "ret",
        "errno",
        "dport",
        "sport",
        "filename",
        "irq",
        "vec",
        "cpu",
        "family",
        "syscall_number",
    ]
)
_COUNTED = ("rows", "lines", "times", "most", "largest", "top", "others", "more")
_ENDS = (",", ".", "?", ";", ":", ")")


def take_either(
    sentence: Sentence, event: Event, conditions: list[Condition]
) -> tuple[list[Condition], tuple[str, ...]]:
    """Return the conditions with the further values that are joined to one, and the fields that have several."""
    found = list(conditions)
    fields: list[str] = []
    for index in range(1, len(sentence.tokens)):
        at = _after_join(sentence, index)
        first = at and next((c for c in found if _is_first(sentence, index - 1, c)), None)
        if not at or not first:
            continue
        if (value := _value_at(sentence, event, at, first)) is not None:
            found.append(replace(first, value=value))
            fields += [first.field] if first.op == "==" else []  # `not by nginx or mysqld`: by neither
            last = sentence.chunk(at)[1] if isinstance(value, str) else at
            sentence.take(index, last, f"or {value}")
    return found, tuple(dict.fromkeys(fields))


def _after_join(sentence: Sentence, index: int) -> int | None:
    """Return where the next value stands behind a comma or a joining word at a token, None where none does."""
    gap = sentence.text[sentence.tokens[index - 1].end : sentence.tokens[index].start]
    if sentence.stem(index) in _JOINS and sentence.is_free(index + 1):
        return index + 1
    listed = gap.strip() in (",", "/") and sentence.is_free(index)
    return index if listed and is_literal(sentence, index) else None


def _is_first(sentence: Sentence, at: int, condition: Condition) -> bool:
    meaning = sentence.tokens[at].meaning or ""
    taken = meaning.startswith(("only ", "or ", "not ", f"{condition.field} "))
    compared = condition.op in ("==", "!=") and condition.field in _PLAIN
    return compared and taken and _denotes(sentence, at, condition)


def _denotes(sentence: Sentence, at: int, condition: Condition) -> bool:
    token = sentence.tokens[at]
    named = isinstance(condition.value, str) and condition.value.lower() in (
        token.text.lower(),
        f"sig{token.text.lower()}",
    )
    first = at
    while first > 0 and sentence.chunk(first - 1)[1] >= at:
        first -= 1  # the last of the tokens of `redis-server`
    return named or is_of(sentence, at, condition) or is_of(sentence, first, condition)


def _value_at(sentence: Sentence, event: Event, at: int, first: Condition) -> int | str | None:
    """Return the value that a token stands for in the field of a condition, None where it is none."""
    token = sentence.tokens[at]
    if first.field == "sig" and (name := _signal(token.text)) is not None:
        return name if name in event.fields["sig"].values else int(getattr(signal, name.upper()))
    if first.field in ("ret", "errno") and isinstance(code := getattr(errno, token.text, None), int):
        return -code if first.field == "ret" else code
    if isinstance(first.value, int):
        plain = token.kind == "number" and token.text.isdigit() and first.field not in ("ret", "errno")
        after = text_at(sentence, at + 1)
        plain = plain and unit(after) is None and after.lower() not in _COUNTED
        return int(token.text) if plain else None
    if first.field == "filename":
        return token.text if token.kind == "path" else None
    if first.field in ("comm", "target_comm") and _is_name(sentence, at):
        return sentence.chunk(at)[0]
    return None


def _signal(text: str) -> str | None:
    name = text.lower() if text[:3] == "SIG" else f"sig{text.lower()}" * text.isupper()
    return name if name and hasattr(signal, name.upper()) else None


def _is_name(sentence: Sentence, at: int) -> bool:
    token = sentence.tokens[at]
    if token.kind == "quoted" or is_program(token.text):
        return True
    name, last = sentence.chunk(at)
    ends = last + 1 == len(sentence.tokens) or sentence.text[sentence.tokens[last].end :][:1] in _ENDS
    ends = ends or sentence.stem(last + 1) in _AFTER_NAME
    plain = token.kind == "word" and token.stem not in words.NO_EVENT | words.OTHER | words.COMM_WORDS
    return ends and plain and not token.text[:1].isupper() and not is_device_name(name)


_AFTER_NAME = stems("by per every for with in over during only")
