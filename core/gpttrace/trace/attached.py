"""How many of a program's own probes are attached."""

from __future__ import annotations

from gpttrace.language import parse
from gpttrace.trace.ending import Ending
from gpttrace.trace.plan import Plan

# bpftrace 0.17 and 0.23 only warn of each attach point that fails when a probe has several, and then run on with
# exit status 0; 0.27 refuses such a program. There is no code or JSON for it.
SKIPPED = "could not attach probe"
# These two are counted by "Attaching N probes" of 0.17 and 0.23 all the same.
ABSENT = ("tracepoint not found", "Could not resolve symbol")
ALWAYS = frozenset(("begin", "end", "interval", "self"))


def own_probes(plan: Plan) -> int:
    """Return how many probes the copy has besides the user's."""
    return len(parse(plan.text).probes) - len(parse(plan.program).probes)


def users_probes(plan: Plan, ending: Ending) -> int:
    """Return how many of the user's probes are attached."""
    left_out = sum(ending.stderr.count(words) for words in (SKIPPED, *ABSENT))
    return max(0, ending.probes - own_probes(plan) - left_out)


def nothing_attached(plan: Plan, ending: Ending) -> bool:
    """Tell whether bpftrace runs although every hook of the program failed: nothing but timers is left."""
    skipped = ending.stderr.count(SKIPPED)
    points = [point for probe in parse(plan.text).probes for point in probe.points]
    timers = sum(point.kind in ALWAYS for point in points)
    return bool(ending.ready and skipped and ending.probes - timers <= skipped)
