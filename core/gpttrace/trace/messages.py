"""What bpftrace says during a run, on stderr and as errors in its output -> findings in the user's own program, and
warnings.

One table of patterns, each with a recorded sample among the tests. Places in the copy that runs become places in
the program that the user wrote; what was made by us points at the statement that it was made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gpttrace.language import parse, walk
from gpttrace.language.findings import Finding, Severity
from gpttrace.language.nodes import Probe, Stmt
from gpttrace.language.source import Source
from gpttrace.trace.plan import Plan
from gpttrace.trace.text import wire_text
from gpttrace.trace.wire import Pairs, integer

FULL_MAP = -7  # E2BIG of map_update_elem; its text differs per version, "Argument list too long" in 0.27
# A key that is not there, a thread without a stack of that kind: ordinary.
_HARMLESS = ("map_lookup", "map_delete", "get_stack")
_LOCATED = re.compile(r"[^\s:]+:(\d+)(?:-(\d+))?(?::(\d+)(?:-(\d+))?)?: (ERROR|WARNING): (.*)")
_HINT = re.compile(r"\s*HINT: (.*)")
# True of every run, about the copy only, or told better elsewhere (losses are counted, full maps come as errors
# in the output).
_NOISE = re.compile(
    r"couldn't set RLIMIT_MEMLOCK|Could not read functions from|Addrspace is not set|Unnecessary cast"
    r"|Return value discarded|unstable feature: tseries|(is|are) deprecated|Could not find kernel headers"
    r"|^Attach(ing|ed) |^Trying to attach|Total lost event count|^Lost \d+ events|^INFO:|^node count|^BUG: .*Addrspace"
    r"|failed to detach probe|bpf_iter__|^create_probe_event|does not match the kernel's BTF"
)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A message without a place: what it is, and the group that names a probe."""

    regex: re.Pattern[str]
    code: str
    severity: Severity
    hint: str | None = None


_PATTERNS = (
    _Pattern(
        re.compile(r"error: .* in function (?P<probe>\S+) .*Looks like the BPF stack limit"),
        "stack-limit",
        "error",
        "use fewer or shorter strings in one probe (str(x, 32)), or a newer bpftrace",
    ),
    _Pattern(
        re.compile(r"ERROR: Error loading BPF program for (?P<probe>\w+?)\.? ?(Error code: .*)?$"),
        "load-failed",
        "error",
        "the kernel's verifier refused this probe; make it simpler: fewer strings, smaller loops, fewer keys",
    ),
    _Pattern(
        re.compile(r"ERROR: (Error attaching|Unable to attach) probe: '?(?P<probe>[^'\s]+?)'?(\. If .*)?$"),
        "attach-failed",
        "error",
        "this kernel has no such hook point; `bpftrace -l '*NAME*'` lists what there is",
    ),
    _Pattern(
        re.compile(r"WARNING: could not attach probe (?P<probe>[^,]+), skipping"), "attach-skipped", "warning"
    ),
    _Pattern(
        re.compile(r"ERROR: (Can't attach to \d+ probes|.*exceeds the current (limit|maximum)).*"),
        "limit-exceeded",
        "error",
        "name fewer probes, or raise the limit",
    ),
    _Pattern(
        re.compile(r"(ERROR|FATAL|BUG)\b:? ?.*|error: .*|terminate called.*|LLVM ERROR.*"),
        "bpftrace-error",
        "error",
    ),
)


def read_stderr(text: str, plan: Plan) -> tuple[list[Finding], list[str]]:
    """Return the errors, placed in the user's program, and the warnings of a run's stderr; noise is left out."""
    findings: list[Finding] = []
    warnings: list[str] = []
    shown = Source(plan.text)
    skip = 0
    for line in text.splitlines():
        if skip:  # the source line and the marks under it
            skip -= 1
            continue
        if (located := _LOCATED.match(line)) is not None:
            skip = 2 if located[2] is None else 0
            _take(_placed(located, shown, plan), findings, warnings)
        elif (hint := _HINT.match(line)) is not None and findings:
            findings[-1] = replace(findings[-1], hint=hint[1])
        elif (found := _unplaced(line, plan)) is not None:
            _take(found, findings, warnings)
        elif line.startswith("WARNING: ") and not _NOISE.search(line):
            warnings.append(line.removeprefix("WARNING: "))
    return findings, list(dict.fromkeys(warnings))  # said again for each probe, it is still one


def _take(found: Finding | None, findings: list[Finding], warnings: list[str]) -> None:
    if found is None:
        return
    if found.severity == "error":
        findings.append(found)
    elif found.message not in warnings:
        warnings.append(found.message)


def _placed(match: re.Match[str], shown: Source, plan: Plan) -> Finding | None:
    line, last, column, stop, word, message = match.groups()
    if word == "WARNING" and _NOISE.search(message):
        return None
    start = _offset(shown, int(line), int(column or 1))
    end = _offset(shown, int(line), int(stop)) if stop else shown.line_end(int(last or line))
    place = _home(start, max(end, start), plan)
    if word == "WARNING" and not place[2]:
        return None  # about something that we put there
    severity: Severity = "error" if word == "ERROR" else "warning"
    return Finding(place[0], place[1], severity, "bpftrace-" + severity, message, source="bpftrace")


def _offset(source: Source, line: int, column: int) -> int:
    # bpftrace counts columns in bytes.
    line = min(line, source.lines)
    return source.char_offset(source.byte_offset(source.line_start(line)) + column - 1)


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


def _unplaced(line: str, plan: Plan) -> Finding | None:
    if _NOISE.search(line):
        return None
    for pattern in _PATTERNS:
        if (match := pattern.regex.match(line)) is not None:
            start, end = _probe_named(match.groupdict().get("probe"), plan.program)
            message = re.sub(r"^(ERROR|WARNING|FATAL|error): ", "", line)
            return Finding(start, end, pattern.severity, pattern.code, message, pattern.hint, "bpftrace")
    return None


def _probe_named(name: str | None, program: str) -> tuple[int, int]:
    # `tracepoint:a:b` in messages about attaching, `tracepoint_a_b_2` in those about loading.
    wanted = re.sub(r"\W", "_", name or "").lower()
    for probe in parse(program).probes:
        for point in probe.points:
            mine = re.sub(r"\W", "_", ":".join((point.kind, *point.parts))).lower()
            if wanted and (wanted == mine or re.fullmatch(re.escape(mine) + r"_\d+", wanted)):
                return point.start, point.end
    return 0, len(program)


def problem_of(kind: str, data: Pairs, plan: Plan) -> Finding | None:
    """Return the finding for an error inside the running program; None for what is none (a key that is not there)."""
    helper, code = str(data.get("helper", "")), integer(data.get("retcode"))
    if kind == "helper_error" and (code == 0 or helper.startswith(_HARMLESS)):
        return None
    shown = Source(plan.text)
    start = _offset(shown, integer(data.get("line")) or 1, integer(data.get("col")) or 1)
    first, mine = plan.origin(start)
    place = (
        _statement_at(first, plan.program) if plan.pieces or not mine else _statement_at(start, plan.program)
    )
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
