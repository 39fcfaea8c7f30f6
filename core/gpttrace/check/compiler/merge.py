"""One list of findings from two judges: bpftrace's words win, ours supply the hint, the range and what it never reached."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gpttrace.language.findings import Finding

# Where ours knows the reason of what bpftrace only stumbles over: (its code, ours).
_EXPLAINED = {
    ("syntax", "needs-newer-bpftrace"),
    ("syntax", "newer-probe-type"),
    ("syntax", "bad-unroll"),
    ("unknown-function", "needs-newer-bpftrace"),
    ("unknown-member", "needs-newer-bpftrace"),
    ("argument-type", "needs-newer-bpftrace"),
    ("unknown-name", "removed"),
    ("unknown-probe-name", "probe-type-unavailable"),
    ("unknown-probe-name", "missing-symbol"),
    ("integer-overflow", "division-by-zero"),
}


def merge(static: Iterable[Finding], compiled: Iterable[Finding]) -> list[Finding]:
    """Return the findings of both, sorted, each fault once.

    Two findings are one fault when they have the same code and one's range lies in the other's: bpftrace's message stays, with
    our guess and hint (which know the host's names) and the smaller range. Where ours says why bpftrace does not understand the
    place, ours stays alone. A fault that one of them calls an error is one.
    """
    left = list(static)
    merged = []
    for theirs in compiled:
        if (ours := _explaining(theirs, left)) is not None:
            if theirs.severity == "error" and ours.severity != "error":
                left[left.index(ours)] = replace(ours, severity="error")
            continue
        ours = next((each for each in left if each.code == theirs.code and _nested(each, theirs)), None)
        if ours is None:
            merged.append(theirs)
            continue
        left.remove(ours)
        merged.append(_joined(ours, theirs))
    unique = dict.fromkeys([*left, *merged])
    return sorted(unique, key=lambda each: (each.start, each.end, each.code, each.message, each.severity))


def _explaining(theirs: Finding, left: Sequence[Finding]) -> Finding | None:
    for ours in left:
        if (theirs.code, ours.code) not in _EXPLAINED:
            continue
        # A parser stumbles at the place or soon after it; our own parser accepts every release's spelling.
        near = ours.start <= theirs.start if theirs.code == "syntax" else _overlap(ours, theirs)
        if near:
            return ours
    return None


def _overlap(ours: Finding, theirs: Finding) -> bool:
    return ours.start < theirs.end and theirs.start < ours.end


def _nested(ours: Finding, theirs: Finding) -> bool:
    inside = ours.start >= theirs.start and ours.end <= theirs.end
    around = theirs.start >= ours.start and theirs.end <= ours.end
    return inside or around


# A name that ours guesses is kept: editors offer it, and people read it.
_GUESS = re.compile(r"; did you mean `[^`]+`\?")


def _joined(ours: Finding, theirs: Finding) -> Finding:
    smaller = min(((ours.start, ours.end), (theirs.start, theirs.end)), key=lambda each: each[1] - each[0])
    error = "error" in (ours.severity, theirs.severity)
    guess = _GUESS.search(ours.message)
    known = guess is None or _GUESS.search(theirs.message) is not None
    return replace(
        theirs,
        start=smaller[0],
        end=smaller[1],
        message=theirs.message if known or guess is None else f"{theirs.message.rstrip('.')}{guess[0]}",
        severity="error" if error else theirs.severity,
        hint=ours.hint or theirs.hint,
        related=theirs.related or ours.related,
    )
