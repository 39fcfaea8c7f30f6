"""A copy of a program whose probes the verifier judges as they are, and that does nothing while they are attached.

No release loads without running BEGIN or attaching, so the copy may be attached: every body is kept and stands behind one more
condition, `nsecs == 1`, which neither the compiler nor the verifier can decide and which no machine that is up still meets. It
costs four instructions and no stack. Wildcards become one of their matches (attaching costs 80 ms a
tracepoint). A release without a dry run gets a timer that ends it after a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from gpttrace.language import Program, parse
from gpttrace.language import nodes as n

NEVER = "nsecs == 1"
ENDING = "\ninterval:ms:1 { exit(); }\n"

# Returns one existing probe that a wildcard matches, as bpftrace writes it, or None.
Match = Callable[[n.AttachPoint], str | None]


@dataclass(frozen=True, slots=True)
class Copy:
    """The text to load; `program` is the user's, in which every place has the offset that `origin` gives."""

    text: str
    program: Program
    edits: tuple[tuple[int, int, str], ...]
    tree: Program

    def origin(self, offset: int) -> int:
        """Return where in the user's program an offset of the copy comes from."""
        moved = 0
        for start, end, new in self.edits:
            if offset < start + moved:
                break
            if offset < start + moved + len(new):
                return start
            moved += len(new) - (end - start)
        return min(offset - moved, len(self.program.source.text))

    def probe_of(self, probe: n.Probe) -> n.Probe | None:
        """Return the user's probe that a probe of the copy stands for; None for our own."""
        index = next(index for index, each in enumerate(self.tree.probes) if each is probe)
        return self.program.probes[index] if index < len(self.program.probes) else None


def harmless_copy(program: Program, match: Match, *, ends_itself: bool, silent: Collection[int] = ()) -> Copy:
    """Return the copy; `ends_itself` is False for a release with a dry run.

    Probes that start at an offset in `silent` are left to the compiler to drop: they still give maps their types, but the
    verifier never sees their bodies.
    """
    edits = [
        each for probe in program.probes for each in _guard(probe, "0" if probe.start in silent else NEVER)
    ]
    edits += [each for probe in program.probes for each in _narrow(probe, match)]
    edits.sort(key=lambda each: each[:2])
    text = program.source.text
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    text = text + ENDING if ends_itself else text
    return Copy(text, program, tuple(edits), parse(text))


def _guard(probe: n.Probe, never: str) -> list[tuple[int, int, str]]:
    if probe.predicate is None:
        at = probe.points[-1].end
        return [(at, at, f" /{never}/ ")]
    start, end = probe.predicate.start, probe.predicate.end
    # bpftrace 0.17 takes a pointer as a predicate, but not beside `&&`.
    test = " != 0" if isinstance(probe.predicate, n.Map | n.Variable | n.Member | n.Index | n.Cast) else ""
    return [(start, start, f"{never} && ("), (end, end, f"{test})")]


def _narrow(probe: n.Probe, match: Match) -> list[tuple[int, int, str]]:
    wild = [point for point in probe.points if any("*" in part or "?" in part for part in point.parts)]
    found = [(point, match(point)) for point in wild]
    return [(point.start, point.end, name) for point, name in found if name is not None]
