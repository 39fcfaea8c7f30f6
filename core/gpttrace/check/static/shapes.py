"""The shape of attach points: how many parts each kind has, units, counts, and the kinds that a version has.

All counts and messages were tried on 0.17.0, 0.23.2 and 0.27.1; where versions between them differ, nothing is claimed.
"""

from __future__ import annotations

import re

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study, nearest, number
from gpttrace.language import nodes as n
from gpttrace.language.reference import HARDWARE_EVENTS, KIND_SPELLINGS, PROBE_KINDS, SOFTWARE_EVENTS

_UNITS = ("hz", "s", "ms", "us")
_FORMS = {
    "begin": "begin", "end": "end", "self": "self:signal:SIGUSR1", "bench": "bench:name", "test": "test:name",
    "tracepoint": "tracepoint:sched:sched_switch", "rawtracepoint": "rawtracepoint:sched_switch",
    "software": "software:page-faults:100", "hardware": "hardware:cache-misses:1000000", "kprobe": "kprobe:vfs_read",
    "kretprobe": "kretprobe:vfs_read", "fentry": "fentry:vfs_read", "fexit": "fexit:vfs_read",
    "uprobe": "uprobe:/bin/bash:readline", "uretprobe": "uretprobe:/bin/bash:readline",
    "usdt": "usdt:/path/to/program:provider:name", "iter": "iter:task",
    "watchpoint": "watchpoint:0x10000000:8:rw", "asyncwatchpoint": "asyncwatchpoint:0x10000000:8:rw",
    "profile": "profile:hz:99", "interval": "interval:s:1",
}  # fmt: skip
# The least and the most parts; the third column is the most parts from a version on.
_PARTS: dict[str, tuple[int, int, tuple[str, int] | None]] = {
    "begin": (0, 0, None), "end": (0, 0, None), "self": (2, 2, None), "bench": (1, 1, None), "test": (1, 1, None),
    "tracepoint": (2, 2, None), "rawtracepoint": (1, 1, ("0.24", 2)), "software": (1, 2, None), "hardware": (1, 2, None),
    "kprobe": (1, 1, ("0.20", 2)), "kretprobe": (1, 1, ("0.20", 2)), "fentry": (1, 2, ("0.24", 3)), "fexit": (1, 2, ("0.24", 3)),
    "uprobe": (2, 2, ("0.19", 3)), "uretprobe": (2, 2, ("0.19", 3)), "usdt": (2, 3, None), "iter": (1, 2, None),
    "watchpoint": (3, 3, None), "asyncwatchpoint": (3, 3, None), "profile": (2, 2, None), "interval": (2, 2, None),
}  # fmt: skip
_DURATION = re.compile(r"([1-9][0-9_]*)(ns|us|ms|s|m|h|d)?")
_COUNT = re.compile(r"(?:0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?:[eE][0-9]+)?)")


@on(n.AttachPoint)
def spelling(study: Study, point: n.AttachPoint) -> None:
    """Kinds and spellings that this bpftrace does not have: it calls them unknown, and 0.17 even aborts."""
    word = point.text.split(":")[0]
    since, older = KIND_SPELLINGS.get(word, ("", ""))
    if word not in PROBE_KINDS and word.lower() in PROBE_KINDS:
        since, older = "0.24", word.lower()
    if since and study.older(since):
        hint = (
            f"write `{older}{point.text[len(word) :]}`"
            if older
            else f"it came with {since}; another kind of probe may show the same"
        )
        what = f"bpftrace {study.version_text} does not know the probe type `{word}`"
        study.report((point.start, point.start + len(word)), "error", "newer-probe-type", what, hint)


@on(n.AttachPoint)
def parts(study: Study, point: n.AttachPoint) -> None:
    """The number of parts between the colons."""
    if point.kind not in _PARTS or (_is_duration(study, point) and len(point.parts) == 1):
        return
    least, most, later = _PARTS[point.kind]
    if later and not (study.version and study.version < number(later[0])):
        most = later[1]
    found = len(point.parts)
    if least <= found <= most and all(point.parts):
        return
    if (
        found == least == 2
        and point.kind in ("uprobe", "uretprobe", "usdt")
        and not point.parts[0]
        and study.host is None
    ):
        return
    allowed = str(least) if least == most else f"{least} to {most}"
    missing = "a part of it is empty" if least <= found <= most else f"it has {found}"
    message = f"`{point.kind}` takes {allowed} part{'s' * (allowed != '1')} behind its name, and {missing}: `{point.text}`"
    study.report(point, "error", "bad-attach-point", message, f"for example `{_FORMS[point.kind]}`")


@on(n.AttachPoint)
def rate(study: Study, point: n.AttachPoint) -> None:
    """Unit and count of `profile` and `interval`."""
    if point.kind not in ("profile", "interval") or len(point.parts) != 2 or "$" in point.text:
        return
    unit, count = point.parts
    if unit not in _UNITS:
        message = f"`{unit}` is no unit of time for `{point.kind}`; known are hz, s, ms and us"
        study.report(point, "error", "bad-attach-point", message, _unit_hint(point, unit))
    elif count and not _COUNT.fullmatch(count.removeprefix("-")):
        message = f"`{count}` is not a number"
        study.report(point, "error", "bad-attach-point", message, f"for example `{_FORMS[point.kind]}`")
    elif count and (count.startswith("-") or not count.strip("0")):
        soft = point.kind == "interval" and not study.since("0.23")
        message = f"a `{point.kind}` cannot fire every {count} {unit}"
        study.report(
            point,
            "warning" if soft else "error",
            "bad-attach-point",
            message,
            f"for example `{_FORMS[point.kind]}`",
        )


def _unit_hint(point: n.AttachPoint, unit: str) -> str:
    lower = unit.lower()
    if lower in _UNITS:
        return f"write `{point.kind}:{lower}:{point.parts[1]}`"
    if unit == "m" and point.parts[1].isdigit():
        return f"write `{point.kind}:s:{60 * int(point.parts[1])}`"
    return f"for example `{_FORMS[point.kind]}`"


def _is_duration(study: Study, point: n.AttachPoint) -> bool:
    # `interval:1s` and `interval:1000000` (nanoseconds, at least 1000) came with 0.24.
    if point.kind not in ("profile", "interval") or not point.parts or study.older("0.24"):
        return False
    match = _DURATION.fullmatch(point.parts[0])
    if match is None:
        return "$" in point.parts[0]
    return match[2] is not None or int(match[1].replace("_", "")) >= 1000


@on(n.AttachPoint)
def counted(study: Study, point: n.AttachPoint) -> None:
    """Names and counts of software and hardware events."""
    if point.kind not in ("software", "hardware") or not point.parts or "$" in point.text:
        return
    name, known = point.parts[0], SOFTWARE_EVENTS if point.kind == "software" else HARDWARE_EVENTS
    if name and name not in known:
        near = nearest(name, known)
        guess = f"; did you mean `{near}`?" if near else ""
        message = f"`{name}` is no {point.kind} event{guess}"
        study.report(point, "error", "unknown-probe-name", message, f"known are {', '.join(sorted(known))}")
    elif len(point.parts) == 2 and point.parts[1] and not _COUNT.fullmatch(point.parts[1]):
        message = f"`{point.parts[1]}` is not a count of events"
        study.report(point, "error", "bad-attach-point", message, f"for example `{_FORMS[point.kind]}`")


@on(n.AttachPoint)
def watched(study: Study, point: n.AttachPoint) -> None:
    """Length and mode of watchpoints, signal of `self`, offsets."""
    if "$" in point.text:
        return
    wrong = ""
    if point.kind in ("watchpoint", "asyncwatchpoint") and len(point.parts) == 3:
        if point.parts[1] not in ("1", "2", "4", "8"):
            wrong = f"a watchpoint watches 1, 2, 4 or 8 bytes, not {point.parts[1]}"
        elif set(point.parts[2]) - set("rwx"):
            wrong = f"the mode of a watchpoint is made of r, w and x, not `{point.parts[2]}`"
        elif "+arg" in point.parts[0] and study.since("0.25"):
            wrong = "a watchpoint on a function's argument is no longer possible since bpftrace 0.25"
    elif point.kind == "self" and len(point.parts) == 2 and point.parts != ["signal", "SIGUSR1"]:
        wrong = f"`self` knows `signal:SIGUSR1` only, not `{':'.join(point.parts)}`"
    elif point.kind in ("kretprobe", "uretprobe") and point.offset is not None:
        wrong = f"a `{point.kind}` fires when the function returns and takes no offset"
    if wrong:
        study.report(point, "error", "bad-attach-point", wrong, f"for example `{_FORMS[point.kind]}`")


RULES = (spelling, parts, rate, counted, watched)
CODES = (
    Code(
        "newer-probe-type", "error", "gpttrace", "a probe type or spelling that this bpftrace does not have",
        "bpftrace calls it unknown and stops; 0.17 ends with SIGABRT and says no place. Older spellings work everywhere:"
        " `BEGIN`, and `kfunc` for `fentry` before 0.20.",
        "begin { exit(); }", "BEGIN { exit(); }",
    ),
    Code(
        "bad-attach-point", "error", "gpttrace", "an attach point that is not written as its type wants it",
        "Each type of probe has its own number of parts, units and counts; bpftrace refuses others.",
        "profile:99 { @[kstack] = count(); }", "profile:hz:99 { @[kstack] = count(); }",
    ),
)  # fmt: skip
