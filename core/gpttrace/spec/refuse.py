"""Texts that are no question, each refused with one clear sentence before anything else looks at them."""

from __future__ import annotations

import re

LONGEST = 2000
_PROGRAM = re.compile(
    r"\b(?:tracepoint|kprobe|kretprobe|uprobe|uretprobe|fentry|fexit|kfunc|profile|interval|software|hardware|usdt|rawtracepoint):\S"
    r"|\b(?:BEGIN|END|begin|end)\s*\{|@\w*\s*(?:\[|=)"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def refuse_text(text: str) -> str | None:
    """Return why a text is no question, or None."""
    if len(text) > LONGEST:
        return f"the question has {len(text):,} characters; ask in at most {LONGEST:,}"
    if not text.strip():
        return "the question is empty; say what to trace, as in: files opened by process"
    if _CONTROL.search(text):
        return "the question holds control characters; ask in plain text"
    if not any(char.isalpha() for char in text):
        return "the question holds no words; say what to trace, as in: files opened by process"
    if _PROGRAM.search(text):
        return "this is a bpftrace program, not a question; give it to `gpttrace run`"
    letters = [char for char in text if char.isalpha()]
    if sum(char.isascii() for char in letters) * 2 < len(letters):
        return "only English is understood without a model"
    return None
