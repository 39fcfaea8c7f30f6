"""Our sentences about a program in a model's words: what it says that the tree does not support is dropped and counted.

Each sentence must rest on statements of ours that exist; its names, amounts, comparisons and absolute words must stand in these,
or in the program and in no other statement. When no sentence stays, our own stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpttrace.explain.claims import Claims, Said, claims_of, comparisons_in
from gpttrace.explain.plain import things
from gpttrace.explain.told import Told, answer_of, extra_sentences, rejoined, sentences_of
from gpttrace.language import parse
from gpttrace.meaning.points import point_name
from gpttrace.meaning.reference import events_at
from gpttrace.model import FENCE_RULE, Message, Model, fenced
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.words import stem

SCHEMA = {
    "type": "object",
    "properties": {
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "supports": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["text", "supports"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["sentences"],
    "additionalProperties": False,
}
_RULES = (
    "You rewrite numbered statements about a bpftrace program in fewer and plainer words, for people who do not know bpftrace. "
    "Say nothing that the statements do not say: no purpose, no cause, no other names, numbers, units or conditions. Keep every "
    "condition and every number. Names stand as they are, in backticks. Leave out what a reader does not need. "
    'Answer with one JSON object: {"sentences": [{"text": "…", "supports": [numbers of the statements it rests on]}]}. '
)
_NUMBER = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|\d[\d_]*(?:\.\d+)?)")
_WORD = re.compile(r"[^\W\d_]+")
_MOST_POINTS, _MOST_EVENTS = 200, 6
_EACH = re.compile(r"\b(every|a|per|one|each) (nanosecond|microsecond|millisecond|second|minute|hour)\b")
_PERIOD = re.compile(r"\b(interval|profile|i|p):(hz|us|ms|s|m|h):(\d+)")
_BASES = {
    "ns": re.compile(r"nanosecond|\bnsecs?\b|\belapsed\b"),
    "bytes": re.compile(r"\bbytes?\b|\bsize\b|\blength\b"),
}


@dataclass(frozen=True, slots=True)
class _Facts:
    """The texts that a sentence may rest on, as one, with their amounts and numbers."""

    text: str
    amounts: tuple[Said, ...]
    numbers: frozenset[float]

    @classmethod
    def of(cls, text: str) -> _Facts:
        written = _EACH.sub(r"1 \2", text)
        written = _PERIOD.sub(lambda found: f"{found[3]} {found[2]}", written)
        numbers = frozenset(
            float(int(each, 16)) if each[:2] in ("0x", "0X") else float(each.replace("_", ""))
            for each in _NUMBER.findall(text)
            if len(each) < 30
        )
        amounts = tuple(
            each for line in written.splitlines() for each in claims_of(line.replace("`", " ")).amounts
        )
        return cls(text, amounts, numbers)


async def rephrase_program(program: str, offline_words: Sequence[str], *, model: Model) -> Told:
    """Return the words in fewer and plainer ones where a model's are supported; ours stay, with the reason, where none is."""
    ours = [line for line in offline_words if line.strip()]
    own = "\n".join(ours)
    given, why = await answer_of(
        model, _messages(program, ours), SCHEMA, wanted=("sentences",), name="rephrased"
    )
    if given is None:
        return Told(own, 0, "tree", why)
    kept, dropped = _supported(given, program, ours)
    if not kept:
        return Told(own, dropped, "tree", "the tree supports none of the model's sentences")
    return Told(rejoined(kept), dropped, "model")


def _messages(program: str, ours: Sequence[str]) -> list[Message]:
    numbered = "\n".join(f"{number}. {line}" for number, line in enumerate(ours, 1))
    asked = f"{fenced(program, 'program')}\n\n{fenced(numbered, 'statements')}\n\nRewrite the statements."
    return [Message("system", _RULES + FENCE_RULE), Message("user", asked)]


def _supported(given: Mapping[str, Any], program: str, ours: Sequence[str]) -> tuple[list[str], int]:
    kept: list[str] = []
    shown = _shown(program)
    dropped = extra_sentences(given)
    for text, told in sentences_of(given):
        rests = _numbers(told.get("supports"), len(ours))
        if text and rests and _stands(text, rests, program, ours, shown):
            kept.append(text)
        else:
            dropped += 1
    return kept, dropped


def _numbers(given: Any, most: int) -> list[int]:
    """Return the numbers of statements; [] when one of them does not exist."""
    listed = given if isinstance(given, list) else []
    right = [
        each for each in listed if isinstance(each, int) and not isinstance(each, bool) and 1 <= each <= most
    ]
    return right if len(right) == len(listed) else []


def _shown(program: str) -> frozenset[str]:
    """Return the stems of what the catalogue calls the events at the program's attach points."""
    catalogue = load_catalogue()
    points = [point_name(point) for probe in parse(program).probes for point in probe.points]
    events = [catalogue[each] for each in events_at(points[:_MOST_POINTS], catalogue)[:_MOST_EVENTS]]
    told = [f"{event.summary} {event.noun} {' '.join(event.names)}" for event in events]
    return frozenset(stem(word) for text in told for word in _WORD.findall(text))


def _things_stand(text: str, facts: str, shown: frozenset[str]) -> bool:
    """Tell whether what happens in a sentence happens in the statements, too, or is what the program's attach points show."""
    parts = [part.lower() for part in _WORD.findall(facts)]
    known = shown | {stem(part) for part in parts}
    claimed = {stem(word) for word in _WORD.findall(re.sub(r"`[^`]*`", " ", text))} & things()
    return all(each in known or any(each in part for part in parts) for each in claimed)


def _stands(
    text: str, rests: Sequence[int], program: str, ours: Sequence[str], shown: frozenset[str]
) -> bool:
    facts = _Facts.of("\n".join(ours[number - 1] for number in rests))
    code = _Facts.of(program)
    others = _Facts.of("\n".join(line for number, line in enumerate(ours, 1) if number not in rests))
    claims = claims_of(text)
    if "://" in text or not _words_stand(claims, facts.text) or not _things_stand(text, facts.text, shown):
        return False
    if not comparisons_in(text) <= comparisons_in(facts.text):
        return False
    if not all(_named(name, facts, code, others) for name in (*claims.names, *claims.quoted)):
        return False
    return all(
        _counted(said, facts) or (_counted(said, code) and not _counted(said, others))
        for said in claims.amounts
    )


_MEANT_SO = {
    "only": ("only", " if "),
    "unless": ("not", " no ", "is 0"),
    "except": ("not",),
    "without": ("without", "not", " no "),
    "not": ("not", " no ", "nothing", "0"),
    "every": ("every", "each"),
    "all": ("all", "any", "every", "each"),
}


def _words_stand(claims: Claims, text: str) -> bool:
    lower = f" {text.lower()} "
    if any(word not in lower for word in claims.opinions):
        return False
    return all(any(form in lower for form in _MEANT_SO.get(word, (word,))) for word in claims.absolutes)


def _named(name: str, facts: _Facts, code: _Facts, others: _Facts) -> bool:
    if _holds(facts.text, name):
        return True
    return _holds(code.text, name) and not _holds(others.text, name)


def _holds(text: str, name: str) -> bool:
    """Tell whether a name stands in a text as a word of its own, in any case of its first letter."""
    for form in (name, name[:1].lower() + name[1:], name.removesuffix("()")):
        if form and re.search(rf"(?<![\w@]){re.escape(form)}(?!\w)", text):
            return True
    return False


def _counted(said: Said, facts: _Facts) -> bool:
    if said.kind == "vague":
        return False
    if any(
        each.kind == said.kind and any(said.means(value) for value in each.values) for each in facts.amounts
    ):
        return True
    if any(said.means(number) for number in facts.numbers):
        # A bare number, or one whose unit the texts speak of in the base.
        return said.kind in ("", "th") or (said.kind in _BASES and bool(_BASES[said.kind].search(facts.text)))
    return said.kind in _BASES and _in_their_unit(said, facts)


def _in_their_unit(said: Said, facts: _Facts) -> bool:
    """Tell whether `10 ms` is a text's `the milliseconds … above 10`: the number there, and the unit's word."""
    match = re.match(r"[~≈]?([\d,.]+|\w+)\s*([A-Za-zµμ]+)$", said.text)
    if match is None:
        return False
    bare = claims_of(match[1]).amounts
    unit_word = _LONG.get(match[2].lower(), match[2].lower())
    return unit_word in facts.text and any(each.means(number) for each in bare for number in facts.numbers)


_LONG = {
    "us": "microsecond", "µs": "microsecond", "ms": "millisecond", "s": "seconds", "ns": "nanosecond", "kb": "kilobyte",
    "microseconds": "microsecond", "milliseconds": "millisecond", "seconds": "seconds", "nanoseconds": "nanosecond",
}  # fmt: skip
