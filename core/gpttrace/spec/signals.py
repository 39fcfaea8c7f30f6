"""Which signals are meant: by names that the event does not spell out, by `kill -9`, and the real-time ones."""

from __future__ import annotations

import re
import signal

from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence


def signals_named(sentence: Sentence, event: Event, asked: Asked) -> list[Condition]:
    """Return the conditions of signals by names that the event does not spell out, and of `kill -9`."""
    found = _real_time(sentence, asked)
    for at, token in enumerate(sentence.tokens):
        name = (
            token.text.upper()
            if token.text[:3].upper() == "SIG"
            else f"SIG{token.text}" * token.text.isupper()
        )
        known = getattr(signal, name, None) if name else None
        if (
            known is not None
            and token.meaning is None
            and token.text.lower() not in event.fields["sig"].values
        ):
            found.append(Condition("sig", "==", int(known)))
            sentence.take(at, at, f"only {name}")
        if known is not None and sentence.is_free(at + 1) and sentence.stem(at + 1) == str(int(known)):
            sentence.take(at + 1, at + 1, f"only {token.text.upper()}")  # `SIGUSR1 (10)`
    for at, token in enumerate(sentence.tokens):
        minus = token.start > 1 and sentence.text[token.start - 2 : token.start] == " -"
        if (
            token.kind == "number"
            and token.text.isdigit()
            and minus
            and sentence.stem(at - 1) == "kill"
            and token.meaning is None
        ):
            found.append(Condition("sig", "==", int(token.text)))  # `kill -9`
            sentence.take(at, at, f"only signal {token.text}")
    return found


def _real_time(sentence: Sentence, asked: Asked) -> list[Condition]:
    real = _REAL_TIME.search(sentence.text)
    if real is None or any(op in (">", ">=") for op, *_ in asked.thresholds):
        return []
    sentence.take_inside(*real.span(), "only real-time signals")
    return [Condition("sig", ">=", 34)]


_REAL_TIME = re.compile(r"\breal[- ]?time(?= signals?\b)", re.IGNORECASE)
