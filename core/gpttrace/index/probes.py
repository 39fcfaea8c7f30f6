"""Probes of a program: the attach points that it names, in groups of which one must exist; for bcc, what its text attaches."""

from __future__ import annotations

import re

from gpttrace.language import parse

_ALWAYS = frozenset(("begin", "end", "self", "interval"))  # every bpftrace has them
_BCC = (
    ("tracepoint", re.compile(r"TRACEPOINT_PROBE|attach_tracepoint")),
    ("rawtracepoint", re.compile(r"RAW_TRACEPOINT_PROBE|attach_raw_tracepoint")),
    ("kprobe", re.compile(r"attach_kprobe|\bkprobe__|attach_kretprobe|\bkretprobe__")),
    ("fentry", re.compile(r"\bKFUNC_PROBE|\bKRETFUNC_PROBE|\bkfunc__")),
    ("uprobe", re.compile(r"attach_uprobe|attach_uretprobe")),
    ("usdt", re.compile(r"\bUSDT\(")),
    ("profile", re.compile(r"attach_perf_event")),
)
_MOST_POINTS = 200


def probes_of(text: str) -> tuple[tuple[str, ...], ...]:
    """Return for each probe of a program its attach points (`tracepoint:sched:sched_switch`); () when it cannot be read."""
    try:
        program = parse(text)
    except RecursionError:
        return ()
    groups: dict[tuple[str, ...], None] = {}
    for probe in program.probes:
        points = tuple(":".join((point.kind, *point.parts)) for point in probe.points[:_MOST_POINTS])
        if points and not any(point.partition(":")[0] in _ALWAYS for point in points):
            groups[points] = None
    return tuple(groups)


def bcc_kinds(text: str) -> tuple[str, ...]:
    """Return the kinds of probes that the text of a bcc tool attaches."""
    return tuple(kind for kind, pattern in _BCC if pattern.search(text))


def probe_words(groups: tuple[tuple[str, ...], ...]) -> str:
    """Return the names of probes as words, for the search: `sys_enter_openat` is found by `openat`."""
    names = dict.fromkeys(point for group in groups for point in group)
    words = dict.fromkeys(
        word for name in names for word in re.split(r"[^A-Za-z0-9]+", name) if len(word) > 1
    )
    return " ".join((*words, *names))
