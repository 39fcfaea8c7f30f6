"""What stands behind `kind:`: tracepoints, functions, events, rates, and what can be hooked in programs and libraries.

Names are found by their beginning and by their words in any order; names with slips only when nothing else is like what was
typed. Lists of 150,000 names are asked in a thread: the first time they are put in order (0.2 s).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import nsmallest
from pathlib import Path

from gpttrace.host import Host
from gpttrace.host.kinds import IN_BINARIES
from gpttrace.host.lines import Fit
from gpttrace.language import nodes as n
from gpttrace_lsp.completion.suggestions import Kind, Suggestion, Suggestions

_WORD = re.compile(rb"[a-z0-9]+")
# Functions are one list, whichever kind hooks them.
_ONE_LIST = {"kretprobe": "kprobe", "fexit": "fentry"}
_FIRST = {
    "kprobe": ("vfs_read", "vfs_write", "vfs_open", "tcp_sendmsg", "tcp_recvmsg", "do_sys_openat2"),
    "fentry": ("vfs_read", "vfs_write", "vfs_open", "tcp_sendmsg", "tcp_recvmsg", "do_sys_openat2"),
    "rawtracepoint": ("sched_switch", "sys_enter", "sys_exit"),
}
_RATES = {
    "profile": {"hz:99": "99 times a second on each CPU", "hz:49": "49 times a second on each CPU",
                "ms:10": "every 10 ms on each CPU",
                "us:1000": "every 1,000 µs on each CPU", "s:1": "once a second on each CPU"},
    "interval": {"s:1": "every second", "s:5": "every 5 seconds", "s:10": "every 10 seconds", "ms:100": "every 100 ms",
                 "us:1000": "every 1,000 µs", "hz:10": "10 times a second"},
    "self": {"signal:SIGUSR1": "when bpftrace gets SIGUSR1"},
    "watchpoint": {"0x0:8:w": "8 bytes at an address, when they are written", "0x0:8:rw": "when they are read or written"},
}  # fmt: skip
_LEAST_LETTERS, _LIKE = 3, 20
_COUNTS = {"software": "1", "hardware": "1000000"}


def target_suggestions(host: Host | None, point: n.AttachPoint, typed: str, limit: int) -> Suggestions:
    """Return what may stand behind the kind of an attach point, of which `typed` is written."""
    kind = point.kind
    if kind in _RATES or kind == "asyncwatchpoint":
        return _rates("watchpoint" if kind == "asyncwatchpoint" else kind, typed)
    if host is None:
        return Suggestions([])
    if kind in IN_BINARIES:
        return _of_binary(host, kind, typed, limit) if host.sources.here else Suggestions([])
    head, colon, _ = typed.partition(":")
    if kind in _COUNTS and colon:
        count = _COUNTS[kind]
        return Suggestions([Suggestion(f"{head}:{count}", Kind.Value, "of how many events one is seen")])
    categories = _categories(host, typed) if kind == "tracepoint" and not colon else []
    names = names_like(host, kind, typed, limit + 1)
    return Suggestions(
        [*categories, *(_named(kind, name) for name in names)], cut=True if typed else len(names) > limit
    )


def _rates(kind: str, typed: str) -> Suggestions:
    rates = _RATES[kind]
    unit, colon, _ = typed.partition(":")
    known = [(rate, words) for rate, words in rates.items() if not colon or rate.startswith(f"{unit}:")]
    return Suggestions([Suggestion(rate, Kind.Value, words) for rate, words in known], cut=True)


def _named(kind: str, name: str) -> Suggestion:
    shown = Kind.Event if kind not in ("kprobe", "kretprobe", "fentry", "fexit") else Kind.Function
    return Suggestion(name, shown, about=("probe", f"{kind}:{name}"))


def _categories(host: Host, typed: str) -> list[Suggestion]:
    counted = Counter(name.partition(":")[0] for name in host.match("tracepoint", f"{typed}*"))
    return [
        Suggestion(f"{name}:", Kind.Module, f"{count} tracepoint{'s' * (count > 1)}", then="suggest")
        for name, count in sorted(counted.items())
    ]


def names_like(host: Host, kind: str, typed: str, limit: int) -> list[str]:
    """Return names of a kind that begin with what was typed or hold its words, best first, at most `limit`."""
    if "*" in typed or "?" in typed:
        return list(host.match(kind, typed if typed.endswith("*") else f"{typed}*", limit))
    words = _WORD.findall(typed.lower().encode("utf-8", "replace"))
    if not words:
        if kind == "tracepoint" and not typed:
            return []  # the categories are shown
        first = [name for name in _FIRST.get(_ONE_LIST.get(kind, kind), ()) if host.count(kind, name)]
        return list(dict.fromkeys((*first, *host.sources.names(kind).beginning(typed, limit))))[:limit]
    beginning = host.sources.names(kind).beginning(typed, limit)
    if kind == "tracepoint" and typed.endswith(":"):
        return beginning
    names = list(dict.fromkeys((*sorted(beginning, key=len), *_ranked(host, kind, words, limit))))
    if not names and len(typed) > _LEAST_LETTERS:
        names = [each.probe.partition(":")[2] for each in host.search(typed, (kind,), _LIKE)]
    return names[:limit]


def _ranked(host: Host, kind: str, words: list[bytes], limit: int) -> list[str]:
    lines = host.sources.search.lines(_ONE_LIST.get(kind, kind))
    joined = b"_".join(words)
    found = list(lines.hits([joined], joined))  # a long word is found sooner than two short ones
    if len(words) > 1 and len(found) < _LIKE:
        found = list(lines.hits(words, max(words, key=len)))
    hits = ((begin >= lines.hidden_from and fit > Fit.PREFIX, fit, begin, end) for fit, begin, end in found)
    best = nsmallest(2 * limit, hits)
    return list(dict.fromkeys(lines.name(begin, end) for _, _, begin, end in best))


# ------------------------------------------------------------------------------- programs and libraries


def _of_binary(host: Host, kind: str, typed: str, limit: int) -> Suggestions:
    binary, colon, rest = typed.partition(":")
    if colon:
        return _hooks(host, kind, binary, rest, limit)
    found = list(_files(typed) if "/" in typed else _programs(typed))
    return Suggestions(sorted(found, key=lambda each: each.label), cut=True)


def _hooks(host: Host, kind: str, binary: str, rest: str, limit: int) -> Suggestions:
    beginning = host.match(kind, f"{binary}:{rest}*", limit + 1)
    inside = host.match(kind, f"{binary}:*{rest}*", limit + 1) if rest and len(beginning) <= limit else []
    names = list(dict.fromkeys((*sorted(beginning, key=len), *inside)))
    shown = Kind.Event if kind == "usdt" else Kind.Function
    return Suggestions(
        [
            Suggestion(name.partition(":")[2], shown, name.partition(":")[0], insert=name, matches=name)
            for name in names
        ],
        cut=len(names) > limit,
    )


def _files(typed: str) -> Iterator[Suggestion]:
    folder, _, name = typed.rpartition("/")
    with suppress(OSError):
        for entry in os.scandir(folder or "/"):
            path = f"{folder}/{entry.name}"
            if not entry.name.startswith(name) or (entry.name.startswith(".") and not name):
                continue
            if entry.is_dir():
                yield Suggestion(f"{path}/", Kind.Folder, then="suggest")
            elif ".so" in entry.name or os.access(path, os.X_OK):
                yield Suggestion(f"{path}:", Kind.File, then="suggest")


def _programs(typed: str) -> Iterable[Suggestion]:
    from gpttrace.host.binaries import loader_cache

    found: dict[str, str] = {}
    for file, path in loader_cache():
        short = file.partition(".so")[0]
        if short.startswith(typed):
            found.setdefault(short, path)
    if typed:
        for folder in os.get_exec_path():
            with suppress(OSError):
                names = (entry.name for entry in os.scandir(Path(folder)))
                found |= {
                    name: f"{folder}/{name}" for name in names if name.startswith(typed) and name not in found
                }
    else:
        yield Suggestion("/", Kind.Folder, "path of a program or library", then="suggest")
    for name, path in found.items():
        yield Suggestion(f"{name}:", Kind.File, path, then="suggest")
