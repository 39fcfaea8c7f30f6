"""Which hooks of the catalogue a kernel has, whatever the bpftrace beside it, and which of their fields it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpttrace.host import Host
from gpttrace.spec.catalogue import Event, Hook, seen_by

_ARGS = re.compile(r"args->(\w+)")
IN_PROGRAMS = ("uprobe:", "uretprobe:", "usdt:")
CALL = "getpid"  # stands for `{syscall}`; every kernel has it


def probes(hook: Hook) -> list[str]:
    """Return every attach point of a hook, with an ordinary system call where any may stand."""
    every = (text for point in hook.points for text in (*point.begin, *point.end))
    return [text.replace("{syscall}", CALL).replace("{hz}", "99") for text in every]


def is_in_programs(hook: Hook) -> bool:
    """Tell whether a hook is in a program or library, of which a kernel says nothing."""
    return any(text.startswith(IN_PROGRAMS) for text in probes(hook))


def kernel_has(host: Host, probe: str) -> bool | None:
    """Tell whether a kernel has a probe; an old bpftrace that cannot use it does not count against the kernel."""
    kind, _, name = probe.partition(":")
    if kind == "rawtracepoint" and host.works(kind) and host.lists(kind):
        return host.count(kind, name) > 0
    return host.has_point(probe)


def has_hook(host: Host, hook: Hook) -> bool | None:
    """Tell whether each side of the hook's first point has a probe there; None when it cannot be known."""
    first = hook.points[0]
    sides = [
        [kernel_has(host, text.replace("{syscall}", CALL).replace("{hz}", "99")) for text in side]
        for side in (first.begin, first.end)
        if side
    ]
    known = [True if True in side else None if None in side else False for side in sides]
    return False if False in known else None if None in known else True


@dataclass(frozen=True)
class Lack:
    """A probe that exists and does not carry what an expression reads.

    `field` is "" for the hook's own conditions and keys, `value` is the named condition of the field that the expression tests.
    """

    probe: str
    name: str
    field: str = ""
    value: str = ""


def lacks(host: Host, event: Event, hook: Hook) -> Iterator[Lack]:
    """Yield what the hook's expressions read and its probes do not hold on a host."""
    seen = seen_by(event, hook)
    for point in hook.points:
        begin = [("", "", point.when or ""), ("", "", (point.join or hook.join) if hook.spans else "")]
        end = [("", "", hook.end_when or ""), ("", "", hook.join if hook.spans else "")]
        for field in seen.fields.values():
            # A further point without the field is one whose begin stores only the key.
            if point is hook.points[0] or field.name in point.fields:
                begin.append((field.name, "", point.fields.get(field.name) or field.begin or ""))
            end.append((field.name, "", field.end or ""))
            side = begin if field.begin is not None else end
            side += [(field.name, value, test) for value, test in field.values.items()]
        for texts, expressions in ((point.begin, begin), (point.end, end)):
            for text in texts:
                if kernel_has(host, text):
                    yield from _lacking(host, text, expressions)


def _lacking(host: Host, probe: str, expressions: list[tuple[str, str, str]]) -> Iterator[Lack]:
    for field, value, expression in expressions:
        for name in _ARGS.findall(expression):
            if host.lacking(probe, [name]) is not None:
                yield Lack(probe, name, field, value)
