"""Do the hook points exist on the host: names, wildcards that match nothing or too much, kinds that do not work there.

What is missing is an error where bpftrace refuses the program, when it compiles or when it attaches: always when it is a probe's
only attach point, and since 0.24 also in a list (`missing_probes`); before, bpftrace leaves it out of a list, warns and goes on.
"""

from __future__ import annotations

import os

from gpttrace.check.codes import Code
from gpttrace.check.policy.patterns import FUNCTION_KINDS
from gpttrace.check.static.facts import Facts
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.host.renames import renamed, stand_ins
from gpttrace.language import Program, Related
from gpttrace.language import nodes as n
from gpttrace.language.findings import Severity

_NAMED = {
    "tracepoint": 2,
    "rawtracepoint": 1,
    "kprobe": 1,
    "kretprobe": 1,
    "fentry": 1,
    "fexit": 1,
    "iter": 1,
}
_REFUSED_AT_ONCE = frozenset(["tracepoint", "fentry", "fexit", "iter"])
_FILES = frozenset(["uprobe", "uretprobe", "usdt"])
_SECONDS_EACH = 0.08  # attaching and detaching one tracepoint, measured
_MANY = 100


@on(Program)
def unworkable(study: Study, program: Program) -> None:
    """Kinds of probes that do not work on the host, each once."""
    host = study.host
    points: dict[str, list[n.AttachPoint]] = {}
    alone: set[str] = set()
    for probe in program.probes:
        for point in probe.points:
            points.setdefault(point.kind, []).append(point)
            if len(probe.points) == 1:
                alone.add(point.kind)
    for kind, found in points.items():
        if host is None or host.works(kind) is not False:
            continue
        why, mend = host.why_not(kind) or (f"`{kind}` does not work on this host", None)
        related = tuple(Related(each.start, each.end, "and this one") for each in found[1:10])
        message = f"`{kind}` probes do not work on this host: {why}"
        study.report(
            found[0],
            _kind_severity(study, kind, kind in alone),
            "probe-type-unavailable",
            message,
            mend,
            related,
        )


def _kind_severity(study: Study, kind: str, alone: bool) -> Severity:
    # In a list, older releases leave out what does not attach (seen with kprobes on 0.17 and 0.23); fentry does not compile.
    return "error" if alone or kind in ("fentry", "fexit") or study.since("0.24") else "warning"


@on(n.Probe)
def missing(study: Study, probe: n.Probe) -> None:
    """Names that do not exist, and wildcards that match nothing."""
    host = study.host
    if host is None:
        return
    gone = [point for point in probe.points if _exists(host, point) is False]
    for point in gone:
        alone = len(probe.points) == 1
        study.report(
            point,
            _missing_severity(study, point, alone),
            "unknown-probe-name",
            _missing_words(study, host, point),
            _missing_hint(study, host, point),
        )
    if len(gone) > 1 and len(gone) == len(probe.points) and not study.since("0.24"):
        message = "none of these attach points exists: bpftrace before 0.24 runs the program, sees nothing and returns 0"
        place = probe.points[0].start, probe.points[-1].end
        study.report(
            place, "warning", "nothing-attaches", message, f"try `gpttrace probes {gone[0].parts[-1]}`"
        )


def _exists(host: Facts, point: n.AttachPoint) -> bool | None:
    wanted = _NAMED.get(point.kind)
    if (
        wanted is None
        or "$" in point.text
        or "[" in point.text
        or not point.parts
        or host.works(point.kind) is False
        or not host.lists(point.kind)
    ):
        return None
    if len(point.parts) < wanted or not all(point.parts):
        return None  # `shapes` says so
    name = ":".join(point.parts) if point.kind == "tracepoint" else point.parts[-1]
    if point.kind == "iter":
        name = point.parts[0]
    elif point.kind != "tracepoint" and len(point.parts) > 1:
        return None  # a module's function
    if name.startswith("0x"):
        return None
    return host.count(point.kind, name) > 0


def _missing_severity(study: Study, point: n.AttachPoint, alone: bool) -> Severity:
    policy = study.setting.get("missing_probes")
    if isinstance(policy, n.Identifier | n.String):
        word = policy.name if isinstance(policy, n.Identifier) else policy.value.decode(errors="replace")
        if word in ("warn", "ignore"):
            return "warning"
    if point.kind in ("fentry", "fexit", "iter"):
        return "error"
    if study.since("0.24"):
        return "error"
    return "error" if alone else "warning"


def _missing_words(study: Study, host: Facts, point: n.AttachPoint) -> str:
    name = ":".join(point.parts)
    if _wild(point):
        return f"no {point.kind} matches `{name}` on this host"
    near = study.near(point.kind, name if point.kind == "tracepoint" else point.parts[-1])
    guess = f"; did you mean `{near}`?" if near else ""
    return f"there is no {point.kind} `{name}` on this host{guess}"


def _missing_hint(study: Study, host: Facts, point: n.AttachPoint) -> str:
    if (mend := _moved(host, point)) is not None:
        return mend
    if not _wild(point):
        near = study.near(point.kind, ":".join(point.parts))
        if near:
            return (
                f"write `{point.kind}:{near}`, or search with `gpttrace probes {point.parts[-1].strip('*')}`"
            )
    word = point.parts[-1].replace("*", " ").replace("?", " ").strip() or point.parts[0]
    return f"search with `gpttrace probes {word}`"


def _moved(host: Facts, point: n.AttachPoint) -> str | None:
    if point.kind not in FUNCTION_KINDS:
        return None
    name = point.parts[-1]
    newer = next((each for each in renamed(point.kind, name) if host.count(point.kind, each)), None)
    if newer:
        return f"this kernel calls it `{newer}`: write `{point.kind}:{newer}`"
    instead = next((each for each in stand_ins(name) if host.count(*each.split(":", 1))), None)
    return f"this kernel has it inlined: use `{instead}`" if instead else None


def _wild(point: n.AttachPoint) -> bool:
    return any("*" in part or "?" in part for part in point.parts)


@on(n.AttachPoint)
def many(study: Study, point: n.AttachPoint) -> None:
    """Wildcards that match more hook points than bpftrace takes, or so many that attaching takes long."""
    host = study.host
    if (
        host is None
        or point.kind not in _NAMED
        or not _wild(point)
        or "[" in point.text
        or not host.lists(point.kind)
    ):
        return
    if host.works(point.kind) is False:
        return
    count = host.count(point.kind, ":".join(point.parts))
    most = _limit(study)
    if count > most:
        sure = study.since("0.23") and point.kind == "tracepoint"
        message = f"`{point.text}` matches {count} hook points, and this bpftrace takes {most} at most"
        hint = "name fewer; `config = { max_probes = …; max_bpf_progs = … }` raises the limit since 0.20"
        study.report(point, "error" if sure else "warning", "too-many-probes", message, hint)
    elif count > _MANY:
        took = round(count * _SECONDS_EACH)
        message = (
            f"`{point.text}` matches {count} hook points: attaching and detaching them can take {took} s each"
        )
        study.report(point, "warning", "many-probes", message, "name only those that you need")


def _limit(study: Study) -> int:
    # 512 up to 0.22, 1024 since 0.23; programs and probes have a limit each.
    default = 1024 if study.since("0.23") or not study.version else 512
    values = [study.setting[key] for key in ("max_probes", "max_bpf_progs") if key in study.setting]
    numbers = [value.value for value in values if isinstance(value, n.Integer)]
    return min(numbers) if len(numbers) == 2 else max([default, *numbers])


@on(n.AttachPoint)
def files(study: Study, point: n.AttachPoint) -> None:
    """Program files of user probes and their symbols, when the host is this machine."""
    host = study.host
    if (
        host is None
        or point.kind not in _FILES
        or len(point.parts) < 2
        or "$" in point.text
        or getattr(host, "saved", True)
    ):
        return
    path, symbol = point.parts[0], point.parts[-1]
    if not path.startswith("/") or "*" in path or "?" in path or "[" in point.text:
        return
    if not os.path.exists(path):
        message = f"there is no file `{path}` on this host"
        study.report(
            point, "error", "missing-file", message, f"find it with `which {os.path.basename(path)}` or `ldd`"
        )
    elif symbol and not symbol.startswith("0x") and not set("(:@<") & set(symbol):
        _symbol(study, host, point, symbol)


def _symbol(study: Study, host: Facts, point: n.AttachPoint, symbol: str) -> None:
    wanted = symbol
    if point.kind == "usdt":
        wanted = f"*:{symbol}" if len(point.parts) == 2 else f"{point.parts[1]}:{symbol}"
    if not host.count(point.kind, f"{point.parts[0]}:*") or host.count(
        point.kind, f"{point.parts[0]}:{wanted}"
    ):
        return
    near = study.near(point.kind, f"{point.parts[0]}:{wanted}") if not _wild(point) else None
    guess = f"; did you mean `{near.rsplit(':', 1)[-1]}`?" if near else ""
    severity: Severity = (
        "error" if study.since("0.24") and "missing_probes" not in study.setting else "warning"
    )
    what = "static probe" if point.kind == "usdt" else "function"
    message = f"`{point.parts[0]}` has no {what} `{symbol}`{guess}"
    study.report(
        point,
        severity,
        "missing-symbol",
        message,
        f"see what it has: `gpttrace probes '{point.kind}:{point.parts[0]}:*'`",
    )


RULES = (unworkable, missing, many, files)
CODES = (
    Code(
        "probe-type-unavailable", "error", "gpttrace", "a type of probe that does not work on this host",
        "The kernel lacks what this type needs, so it cannot be attached here. A warning in a list of attach points, where "
        "releases before 0.24 go on without it.",
    ),
    Code(
        "unknown-probe-name", "error", "gpttrace", "a hook point that does not exist on this host",
        "bpftrace refuses a program whose only attach point is missing; in a list it warns before 0.24 and refuses since.",
        "tracepoint:sched:sched_swich { @ = count(); }", "tracepoint:sched:sched_switch { @ = count(); }",
    ),
    Code(
        "nothing-attaches", "warning", "gpttrace", "a list of attach points of which none exists",
        "bpftrace before 0.24 warns, waits for ever, shows nothing and returns 0.",
        "tracepoint:sched:none_a,\ntracepoint:sched:none_b { @ = count(); }", "tracepoint:sched:sched_switch { @ = count(); }",
    ),
    Code(
        "too-many-probes", "error", "gpttrace", "a wildcard that matches more than bpftrace attaches",
        "bpftrace stops when a program needs more probes than its limit (512 up to 0.22, 1024 since).",
        "tracepoint:*:* { @[probe] = count(); }", "tracepoint:sched:* { @[probe] = count(); }",
    ),
    Code(
        "many-probes", "warning", "gpttrace", "a wildcard that matches more than a hundred hook points",
        "Each tracepoint takes about 80 ms to attach and again to detach, and each of its events costs time.",
        "tracepoint:syscalls:* { @[probe] = count(); }", "tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }",
    ),
    Code(
        "missing-file", "error", "gpttrace", "a program or library that is not there",
        "A uprobe or USDT probe names a file; without it bpftrace stops.",
        "uprobe:/no/such/program:main { @ = count(); }", "uprobe:/bin/bash:readline { @ = count(); }",
    ),
    Code(
        "missing-symbol", "error", "gpttrace", "a function that the program file does not have",
        "bpftrace refuses it since 0.24; before, it compiles and fails when it attaches.",
    ),
)  # fmt: skip
