"""Sizes as adjectives: `4k reads` are reads of 4096 bytes."""

from __future__ import annotations

from gpttrace.spec.asked import amount_at
from gpttrace.spec.catalogue import Event
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence


def sized(sentence: Sentence, event: Event) -> list[Condition]:
    """Return the condition of a size that stands right before the event, and take it."""
    field = event.field_of_unit("bytes")
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index) if field is not None else None
        if field is None or amount is None or amount.kind != "bytes":
            continue
        following = sentence.tokens[amount.last + 1 : amount.last + 2]
        named = bool(following) and following[0].meaning in (sentence.event, f"{field.name} in bytes")
        if named and sentence.text[sentence.tokens[amount.last].end : following[0].start] in (" ", "-"):
            sentence.take(index, amount.last, f"only {field.name} {amount.value:g}")
            return [Condition(field.name, "==", int(amount.value))]
    return []
