"""Events whose process is the one that they happen to: an interrupt is not its doing (`which processes get interrupted`)."""

from __future__ import annotations

import re

from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.sentence import Sentence

INTERRUPTED, RECEIVER = "interrupted process", "receiver"
_PASSIVE = re.compile(
    r"\b(interrupted|disturbed|preempted|bothered|hit|stopped|stolen from)\b", re.IGNORECASE
)
_BY_IT = re.compile(
    r"\b(interrupted|disturbed|preempted|bothered|hit|stopped)( \w+){0,2} by (the )?[\w ]*?(irqs?|interrupts?)\b",
    re.IGNORECASE,
)


def happens_to(event: Event) -> bool:
    """Tell whether the process of an event is the one that it happens to."""
    return _is_called(event, INTERRUPTED)


def is_receiver(event: Event) -> bool:
    """Tell whether the process of an event is the one that gets something (`signals delivered to nginx`)."""
    return _is_called(event, RECEIVER)


def _is_called(event: Event, name: str) -> bool:
    return "comm" in event.fields and name in event.fields["comm"].names


def interrupted(sentence: Sentence, asked: Asked, event: Event) -> list[str]:
    """Say so where such an event is asked for by who does it; take out the rows of `interrupted by softirqs`."""
    if not happens_to(event):
        return []
    if _BY_IT.search(sentence.text) is not None:
        for names in (asked.keys, asked.grouped):
            names[:] = [name for name in names if name not in ("vec", "irq")]
    told = asked.who or bool({"comm", "pid"} & {*asked.keys, *asked.mentioned, *asked.columns})
    told = told or any(c.field in ("comm", "pid") for c in asked.conditions)
    if not told or _PASSIVE.search(sentence.text) is not None:
        return []
    return [f"{event.noun} are no process's doing; ask which processes are interrupted by them"]
