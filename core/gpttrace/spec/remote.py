"""Who somebody is of whom only the address is known: `who connects to us`, `to whom do we retransmit`."""

from __future__ import annotations

import re

from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.sentence import Sentence

_TO_WHOM = re.compile(r"\b(to|with|against) whom\b|\bwho\b[^.?!,]* (to|with)\b *([.?!,]|$)", re.IGNORECASE)
_WHOM = re.compile(r"\b(to|with) whom\b", re.IGNORECASE)
_AT_US = re.compile(r"\bwho('s|’s)?\b.*\b(us|me|our|my|this (box|machine|host|server))\b", re.IGNORECASE)
_ACCEPTING = ("tcp-accept", "tcp-established")  # the process is the server


def turn_to_addresses(sentence: Sentence, asked: Asked, event: Event) -> list[str]:
    """Ask for the remote address where `who` is at the other end, and no process is known there; say so where none is."""
    if not {"daddr", "target_comm"} & set(event.fields) and _WHOM.search(sentence.text) is not None:
        return [f"{event.noun} do not carry whom they go to"]
    if "daddr" not in event.fields or "target_comm" in event.fields or "comm" in asked.keys:
        return []
    nobody = "comm" not in event.fields or event.id in _ACCEPTING
    if not (_TO_WHOM.search(sentence.text) or (nobody and _AT_US.search(sentence.text))):
        return []
    asked.who = False
    asked.mentioned = [key for key in asked.mentioned if key not in ("comm", "target_comm")]
    asked.keys += ["daddr"] if "daddr" not in asked.keys else []
    for token in sentence.tokens:
        if token.text.lower().removesuffix("'s") in ("who", "whom"):
            token.meaning = "rows by daddr"
    return []
