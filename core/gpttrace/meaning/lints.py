"""Slips that only show when a program is followed from probe to probe and branch to branch.

Each is a finding at the place in the program. Nothing is said where the walk could not follow, nor where the solver had no answer
in time: a lint that guesses is worse than none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from gpttrace.language import Finding, Program
from gpttrace.meaning.effects import Place
from gpttrace.meaning.outputs import Output, Outputs, Part, outputs_of
from gpttrace.meaning.solve import possible
from gpttrace.meaning.terms import FALSE, TRUE, Apply, Fact, Number, Term, both, parts
from gpttrace.meaning.values import shown
from gpttrace.meaning.walk import UNKNOWN_TYPES, Types, read_meaning

_MOST_SECONDS = 2.0
_MOST_PARTS = 200  # of a program with very many probes only the first are looked at


def meaning_lints(program: Program, types: Types = UNKNOWN_TYPES) -> list[Finding]:
    """Return what the symbolic walk finds wrong in a program by itself, whatever was asked; never raises."""
    if not program.ok:
        return []
    outputs = outputs_of(read_meaning(program, types))
    found: list[Finding] = []
    began = time.monotonic()
    for output in outputs.outputs:
        if time.monotonic() - began > _MOST_SECONDS:
            break
        known = output.parts[:_MOST_PARTS]
        found += _never(output, known)
        found += _unseen(output, known)
        found += _ties(known)
        found += _divisions(known)
    found += _stale(outputs)
    unique = {(each.start, each.end, each.code): each for each in reversed(found)}
    return sorted(unique.values(), key=lambda each: each.start)


def _at(place: Place, code: str, message: str, hint: str) -> Finding:
    return Finding(place.start, place.end, "warning", code, message, hint, "meaning")


def _remembers(cond: Term) -> bool:
    # What earlier events left may change between two looks at it.
    return any(isinstance(part, Apply) and part.op.startswith("@") for part in parts(cond))


def _never(output: Output, known: list[Part]) -> Iterator[Finding]:
    by_place: dict[Place, list[Part]] = {}
    for part in known:
        if not part.unseen:
            by_place.setdefault(part.place, []).append(part)
    for place, those in by_place.items():
        if not any(_remembers(each.cond) or possible(each.cond).can is not False for each in those):
            message = f"this is never reached: `{shown(those[0].cond)}` cannot be true"
            yield _at(
                place, "never-reached", message, "look at the conditions around it, those of the begin too"
            )


def _unseen(output: Output, known: list[Part]) -> Iterator[Finding]:
    seen = {part.place for part in known if part.begin is not None}
    for part in known:
        if not part.unseen or part.place not in seen or _remembers(part.cond):
            continue
        if possible(part.cond).can:
            message = "an end whose begin was not seen is taken, too: what the map holds for it is 0 or empty"
            yield _at(part.place, "unseen-begin", message, "test the map in the predicate: `/@start[tid]/`")


_OF_NOW = frozenset(("pid", "tid", "cpu", "comm", "uid"))


def _ties(known: list[Part]) -> Iterator[Finding]:
    for part in known:
        for written, read in part.ties:
            # Fields of different tracepoints may well be one thing (`next_pid` and `tid`); builtins are never another.
            if not all(isinstance(key, Fact) and key.name in _OF_NOW for key in (*written, *read)):
                continue
            if any(key not in read for key in written):
                put, got = (", ".join(map(shown, keys)) for keys in (written, read))
                message = (
                    f"stored under `{put}` and looked up under `{got}`: begin and end do not find each other"
                )
                yield _at(part.place, "loose-tie", message, "use the same key at both places")


def _divisions(known: list[Part]) -> Iterator[Finding]:
    for part in known:
        for term in (part.cond, *part.keys, *part.args):
            for each in parts(term):
                if isinstance(each, Apply) and each.op in ("/", "%") and not isinstance(each.args[1], Number):
                    zero = both(part.cond, Apply("==", (each.args[1], Number(0))))
                    if not _remembers(zero) and possible(zero).can:
                        message = (
                            f"`{shown(each.args[1])}` can be 0, and a division by 0 gives 0 without a word"
                        )
                        yield _at(part.place, "possible-zero", message, "test it first")


def _stale(outputs: Outputs) -> Iterator[Finding]:
    for each in outputs.stale:
        begins = {point for update in outputs.helpers[each.map] for point in update.points}
        ends = {part.end for output in outputs.outputs for part in output.parts if part.begin in begins}
        if each.elsewhere or begins & ends or each.used == FALSE:
            continue  # removed by another probe, or written anew at the same point
        left = both(each.cond, each.used)
        if possible(left).can:
            always = each.cond == TRUE
            message = (
                f"`{each.map}` keeps its keys"
                + ("" if always else " where this is not reached")
                + ": nothing deletes them"
            )
            yield _at(each.place, "stale-keys", message, f"`delete({each.map}[…]);` at the end of each event")
