"""The verdict: what was counted, held against what was made. Nothing here runs anything.

Exact numbers are asked only of tables that tell whose events they are; for all others `at least` is the most that can be said.
What is missing is a fault only where every event was asked for: a program that looks only at some may rightly see none of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gpttrace.language import Finding
from gpttrace.prove.chosen import Chosen
from gpttrace.prove.counting import Count
from gpttrace.prove.proof import Verdict


@dataclass(frozen=True, slots=True)
class Held:
    """One table's verdict. `weight` orders them: what is surely wrong comes before what is right, that before what is missing."""

    count: Count
    verdict: Verdict
    why: str
    code: str = ""

    @property
    def weight(self) -> int:
        """The place of this verdict among those of other tables, the most telling first."""
        if self.verdict == "failed":
            return 2 if self.code == "canary-missed" else 0
        return 1 if self.verdict == "proved" else 3

    def finding(self) -> Finding | None:
        """Return the error that a failed table is."""
        if self.verdict != "failed":
            return None
        place = self.count.telling
        return Finding(place.start, place.end, "error", self.code, self.why, _HINTS[self.code], "meaning")


_HINTS = {
    "canary-missed": "the hook may never be reached here, or a condition, a key or a field is not what it seems",
    "canary-overcounted": "one event passes more than one of its hooks: count at one of them",
    "control-counted": "the hook shows more than this event: take a narrower one, or add a condition",
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many events the canary made, how often the control acted, and how many events the trace lost; `ends` says that the
    program may end itself, perhaps before the workload had acted.
    """

    made: int
    acts: int
    lost: int = 0
    ends: bool = False


def relevant(counts: Sequence[Count], chosen: Chosen) -> list[Count]:
    """Return the counts that are of the event: by their hooks, or all where the event is known and no hook of it is used."""
    at = [each for each in counts if each.telling.points & chosen.points or _is_wide(each)]
    found = at or (list(counts) if chosen.asked else [])
    numbers = [each for each in found if each.telling.what != "something"]
    return numbers or [each for each in found if each.who == "comm" or each.telling.who == "comm"]


def hold(count: Count, chosen: Chosen, numbers: Numbers) -> Held:
    """Hold what one table counted against what was made."""
    if count.telling.what == "something":
        return _something(count, chosen, numbers)
    if count.who == "comm":
        return _exact(count, chosen, numbers)
    return _at_least(count, chosen, numbers)


def _exact(count: Count, chosen: Chosen, numbers: Numbers) -> Held:
    noun, made = chosen.event.noun, numbers.made
    if (count.own, count.control) == (made, 0):
        what = f"{made:,} of {made:,} {noun} were counted, 0 of {numbers.acts:,} {chosen.control_noun}"
        return Held(count, "proved", what)
    if not _is_only(count, chosen):
        if count.own < made and _narrow(count, chosen) is not None:
            return _missed(count, chosen, numbers)
        what = f"its tables count other events too: {count.own:,} in all while {made:,} {noun} were made"
        return Held(count, "not proved", what)
    if count.control:
        what = f"{count.control:,} were counted while {numbers.acts:,} {chosen.control_noun} and no {noun} were made"
        return Held(count, "failed", what, "control-counted")
    if count.own > made:
        what = f"{made:,} {noun} were made, the program counted {count.own:,}"
        return Held(count, "failed", what, "canary-overcounted")
    return _missed(count, chosen, numbers)


def _missed(count: Count, chosen: Chosen, numbers: Numbers) -> Held:
    noun = chosen.event.noun
    said = f"counted {count.own:,}" if count.own else "counted none: nothing was seen"
    what = f"{numbers.made:,} {noun} were made, the program {said}"
    if numbers.lost:
        return Held(count, "not proved", f"{what}, but {numbers.lost:,} events were lost")
    if numbers.ends:
        return Held(
            count, "not proved", f"{what}, but the program ends itself, perhaps before they were made"
        )
    if (narrow := _narrow(count, chosen)) is not None:
        return Held(count, "not proved", f"the program looks only at {narrow}; {what}")
    return Held(count, "failed", what, "canary-missed")


def _narrow(count: Count, chosen: Chosen) -> str | None:
    """Say what the program looks at, where that may rightly leave our events out."""
    noun, telling = chosen.event.noun, count.telling
    if chosen.asked and not chosen.narrowed and not chosen.hooks:
        return None
    usual = {_plain(each) for each in _assumed(chosen)}
    if only := [each for each in telling.only if _plain(each) not in usual]:
        return f"{noun} where {' and '.join(only)}"
    if telling.top is not None:
        return f"the largest {telling.top}"
    if chosen.hooks and not count.own:
        return " and ".join(f"`{each}`" for each in chosen.hooks[:3])
    return f"some {noun}, as it was asked" if chosen.narrowed else None


def _assumed(chosen: Chosen) -> list[str]:
    fields = chosen.event.fields
    return [
        f"{expression} {each.op} {each.value}"
        for each in chosen.event.assume
        if each.field in fields
        for expression in (fields[each.field].begin, fields[each.field].end)
        if expression
    ]


def _plain(text: str) -> str:
    return text.replace("->", ".").replace(" ", "")


def _at_least(count: Count, chosen: Chosen, numbers: Numbers) -> Held:
    """Hold a number that others add to against what was made: with the control there must be fewer, with the canary as many."""
    noun, made = chosen.event.noun, numbers.made
    if count.own < made:
        return _missed(count, chosen, numbers)
    told = f"{count.own:,} {noun} were counted while {made:,} were made, {count.control:,} while none were"
    whose = "the program does not tell whose they are"
    if count.control >= made or count.own - count.control >= 2 * made:
        return Held(count, "not proved", f"{told}: {whose}")
    return Held(count, "proved", f"at least these: {told}; {whose}")


def _something(count: Count, chosen: Chosen, numbers: Numbers) -> Held:
    if not count.own:
        return _missed(count, chosen, numbers)
    what = "something was seen, but its tables tell no number of events"
    return Held(count, "not proved", what)


def _is_wide(count: Count) -> bool:
    return any("*" in point or "?" in point for point in count.telling.points)


def _is_only(count: Count, chosen: Chosen) -> bool:
    """Tell whether a table is of this event alone."""
    return not chosen.shared and (chosen.asked or count.telling.points <= chosen.points)
