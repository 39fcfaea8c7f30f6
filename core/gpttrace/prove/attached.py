"""How many of a program's probes were really attached: bpftrace ends with 0 although it left some out.

0.17 leaves out a function of a program without a word, so the attach points that were written are counted as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from gpttrace.language import Finding, Program
from gpttrace.trace import Result
from gpttrace.trace.attached import ABSENT, SKIPPED


@dataclass(frozen=True, slots=True)
class Attached:
    """`number` of `whole` probes; `missing` are bpftrace's words about those that are not."""

    number: int
    whole: int
    missing: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.number:,} of {self.whole:,} probe{'s' if self.whole != 1 else ''}"


def attached_in(tree: Program, result: Result) -> Attached:
    """Return what was attached in a run; a wildcard stands for as many probes as bpftrace made of it."""
    missing = tuple(each for each in result.warnings if each.startswith((SKIPPED, *ABSENT)))
    points = sum(len(probe.points) for probe in tree.probes)
    return Attached(result.probes, max(points, result.probes + len(missing)), missing)


def finding_of(tree: Program, attached: Attached) -> Finding | None:
    """Return the warning about probes that are not attached."""
    if attached.number >= attached.whole:
        return None
    points = [point for probe in tree.probes for point in probe.points]
    named = [point for point in points if any(_is_named(point.parts, each) for each in attached.missing)]
    place = (named or points)[0]
    said = attached.missing[0] if attached.missing else "bpftrace did not say which"
    return Finding(
        place.start,
        place.end,
        "warning",
        "attached-some",
        f"only {attached} were attached: {said}",
        "what these hooks would show is missing from the result without a word",
        "meaning",
    )


def _is_named(parts: tuple[str, ...] | list[str], text: str) -> bool:
    return bool(parts) and parts[-1] in text
