"""A number beside the name of one of the event's own fields: `to port 443`, `irq 5`, `exit code 3`, `non-zero exit code`."""

from __future__ import annotations

import re

from gpttrace.spec.asked import EQUALS, Asked, text_at
from gpttrace.spec.exclusions import bound_left_out
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence


def take_field_values(sentence: Sentence, asked: Asked, fields: dict[str, str]) -> None:
    """Make conditions of them; `fields` are stems and the fields that they name."""
    for index, token in enumerate(sentence.tokens):
        two = fields.get(f"{token.stem} {sentence.stem(index + 1)}")
        field_name = two or fields.get(token.stem)
        if field_name is None and token.stem == "return" and "ret" in fields.values():
            field_name = "ret"  # `read returned 0`
        if field_name is None:
            continue
        last = index + 1 if two else index
        if sentence.is_free(index - 1) and sentence.stem(index - 1) in ("zero", "nonzero"):
            negated = sentence.stem(index - 1) == "nonzero" or sentence.stem(index - 2) in ("non", "not")
            asked.conditions.append(Condition(field_name, "!=" if negated else "==", 0))
            sentence.take(
                index - 1 - (sentence.stem(index - 2) in ("non", "not")),
                last,
                f"only {field_name} {'not ' * negated}0",
            )
            continue
        at = last + 1
        while sentence.stem(at) in (*EQUALS, "number"):
            at += 1
        negated = sentence.stem(at) in ("not", "!=") or (sentence.stem(at), sentence.stem(at + 1)) == (
            "other",
            "than",
        )
        at += (1 + (sentence.stem(at) == "other")) if negated else 0
        left_out = at < len(sentence.tokens) and bool(
            bound_left_out(sentence.text, token.start, sentence.tokens[at].end)
        )  # `leaving out exit reason 12`
        negated = negated != left_out
        text = "0" if sentence.stem(at) == "zero" else text_at(sentence, at)
        if sentence.is_free(at) and _HEX.fullmatch(text):
            text = str(int(text, 16))
        if sentence.is_free(at) and text.isdigit() and len(text) < 19:
            base = 8 if field_name == "mode" and text[0] == "0" and set(text) <= set("01234567") else 10
            sign = -1 if re.search(r"[ =]-$", sentence.text[: sentence.tokens[at].start]) else 1
            asked.conditions.append(Condition(field_name, "!=" if negated else "==", sign * int(text, base)))
            sentence.take(index, at, f"only {field_name} {'not ' * negated}{text}")


_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,15}")
