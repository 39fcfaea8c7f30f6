"""What bpftrace says during a run, on stderr and as errors in its output -> findings in the user's own program, and
warnings.

Read by the one table of `check.compiler.messages`. Places in the copy that runs become places in the program that the user wrote;
what was made by us points at the statement that it was made from.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gpttrace.check.compiler.lines import read_lines
from gpttrace.check.compiler.places import Places
from gpttrace.check.compiler.reading import meanings, placed
from gpttrace.language import parse, walk
from gpttrace.language.findings import Finding
from gpttrace.language.nodes import Probe, Stmt
from gpttrace.trace.plan import Plan
from gpttrace.trace.text import wire_text
from gpttrace.trace.wire import Pairs, integer

__all__ = ["problem_of", "read_stderr"]

FULL_MAP = -7  # E2BIG of map_update_elem; its text differs per version, "Argument list too long" in 0.27
# A key that is not there, a thread without a stack of that kind: ordinary.
_HARMLESS = ("map_lookup", "map_delete", "get_stack")
# About the copy only, or told better elsewhere (losses are counted, full maps come as errors in the output).
_NOISE = re.compile(
    r"Unnecessary cast|Return value discarded|unstable feature: tseries|.*(is|are) deprecated|node count"
    r"|Map full; can't update|Failed to map_"
)


def read_stderr(text: str, plan: Plan) -> tuple[list[Finding], list[str]]:
    """Return the errors, placed in the user's program, and the warnings of a run's stderr; noise is left out."""
    findings: list[Finding] = []
    warnings: list[str] = []
    said = list(meanings(read_lines(text, plan.text)))
    if not said:
        return findings, warnings
    shown, own = Places(parse(plan.text)), Places(parse(plan.program))
    for each in said:
        if _NOISE.match(each.said.text):
            continue
        if each.said.file is None:
            found, mine = placed(each, own), True
        else:
            found, mine = _brought_home(placed(each, shown), plan)
        if found.severity == "error":
            findings.append(found)
        elif mine:  # else it is about something that we put there
            warnings.append(found.message)
    return findings, list(dict.fromkeys(warnings))  # said again for each probe, it is still one


def _brought_home(found: Finding, plan: Plan) -> tuple[Finding, bool]:
    start, end, mine = _home(found.start, found.end, plan)
    return replace(found, start=start, end=end, related=()), mine


def _home(start: int, end: int, plan: Plan) -> tuple[int, int, bool]:
    """Return the user's range for a range of the copy, and whether the user wrote its beginning."""
    if not plan.pieces:
        return start, end, True
    first, mine = plan.origin(start)
    last, ends = plan.origin(max(end - 1, start))
    if mine and ends and last >= first:
        return first, last + 1, True
    within = _statement_at(first, plan.program)
    return (*within, mine)


def _statement_at(offset: int, program: str) -> tuple[int, int]:
    best = (0, len(program))
    for node in walk(parse(program)):
        inside = node.start <= offset < node.end
        if isinstance(node, Stmt | Probe) and inside and node.end - node.start <= best[1] - best[0]:
            best = (node.start, node.end)
    return best


def problem_of(kind: str, data: Pairs, plan: Plan) -> Finding | None:
    """Return the finding for an error inside the running program; None for what is none (a key that is not there)."""
    helper, code = str(data.get("helper", "")), integer(data.get("retcode"))
    if kind == "helper_error" and (code == 0 or helper.startswith(_HARMLESS)):
        return None
    shown = Places(parse(plan.text))
    first, _ = plan.origin(shown.offset(integer(data.get("line")) or 1, integer(data.get("col")) or 1))
    place = _statement_at(first, plan.program)
    message = wire_text(str(data.get("msg") or "")).strip()
    if helper.startswith("map_update") and code == FULL_MAP:
        message, name = "a map is full: new keys were not counted", "map-full"
        return Finding(
            *place, "warning", name, message, "use fewer keys, or raise the limit of map keys", "bpftrace"
        )
    if kind == "runtime_error":
        return Finding(*place, "warning", "runtime-error", message, None, "bpftrace")
    if kind in ("errorf", "warnf"):
        return Finding(*place, "error" if kind == "errorf" else "warning", kind, message, None, "bpftrace")
    said = f"{helper}: {message or 'failed'} ({code})"
    return Finding(
        *place,
        "warning",
        "helper-error",
        said,
        "the address could not be read; what was read is 0 or empty",
        "bpftrace",
    )
