"""The bpftrace language and the catalogue of events as plain text, one page for each name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from gpttrace.language.reference import (
    AGGREGATIONS,
    BUILTINS,
    CONFIG_KEYS,
    FUNCTIONS,
    KIND_SPELLINGS,
    PROBE_KINDS,
    Builtin,
    ConfigKey,
    Function,
)

_KIND_WORDS = {
    "begin": "once, before all others",
    "end": "once, at the end",
    "tracepoint": "a stable hook of the kernel; fields as args.NAME",
    "rawtracepoint": "the same hook with its raw arguments",
    "kprobe": "the entry of a kernel function; arguments arg0, arg1 …",
    "kretprobe": "the return of a kernel function; retval",
    "fentry": "the entry of a kernel function with typed args.NAME",
    "fexit": "the return of a kernel function with typed args.NAME and retval",
    "uprobe": "the entry of a function of a program: uprobe:PATH:FUNCTION",
    "uretprobe": "the return of a function of a program",
    "usdt": "a static hook of a program: usdt:PATH:PROVIDER:NAME",
    "profile": "samples on every CPU: profile:hz:99",
    "interval": "one CPU, every so often: interval:s:1",
    "software": "a software event of the kernel, one in so many",
    "hardware": "a hardware counter, one in so many",
    "watchpoint": "an access to an address",
    "asyncwatchpoint": "an access to an address, later",
    "iter": "objects of the kernel: iter:task",
    "self": "a signal to bpftrace itself",
    "test": "a test of a program",
    "bench": "a benchmark in a program",
}


LISTS = ("probes", "builtins", "functions", "aggregations", "config-keys")


@cache
def _pages() -> Mapping[str, str]:
    pages = {kind: _kind(kind) for kind in dict.fromkeys(PROBE_KINDS.values())}
    pages |= {name: _config(each) for name, each in CONFIG_KEYS.items()}
    pages |= {name: _function(each, "aggregation") for name, each in AGGREGATIONS.items()}
    for name, function in FUNCTIONS.items():
        pages[name] = "\n".join(filter(None, (pages.get(name), _function(function, "function"))))
    for name, builtin in BUILTINS.items():
        pages[name] = "\n".join(filter(None, (pages.get(name), _builtin(builtin))))
    lists: dict[str, Callable[[], str]] = {
        "probes": lambda: "\n".join(map(_kind, dict.fromkeys(PROBE_KINDS.values()))),
        "builtins": lambda: "\n".join(map(_builtin, BUILTINS.values())),
        "functions": lambda: "\n".join(_function(each, "function") for each in FUNCTIONS.values()),
        "aggregations": lambda: "\n".join(_function(each, "aggregation") for each in AGGREGATIONS.values()),
        "config-keys": lambda: "\n".join(map(_config, CONFIG_KEYS.values())),
    }
    return pages | {name: make() for name, make in lists.items()}


def _kind(kind: str) -> str:
    others = [word for word, long in PROBE_KINDS.items() if long == kind and word != kind]
    spelled = f"; also written {', '.join(others)}" if others else ""
    since, older = KIND_SPELLINGS.get(kind, ("", ""))
    version = f"; since {since}" + (f", before that {older}" if older else "") if since else ""
    return f"{kind} (probe): {_KIND_WORDS.get(kind, 'a hook point')}{spelled}{version}"


def _builtin(each: Builtin) -> str:
    unit = f", {each.unit}" if each.unit else ""
    return f"{each.name} (builtin, {each.type}{unit}): {each.words}{_since(each.since)}"


def _function(each: Function, what: str) -> str:
    many = f"{each.least} to {each.most}" if each.least < each.most else str(each.least)
    many = f"{each.least} or more" if each.most < 0 else many
    returns = (
        f", gives {each.returns}" if each.returns not in ("none", "unknown") and what == "function" else ""
    )
    unsafe = "; changes the machine, so the policy denies it" if each.unsafe else ""
    return f"{each.name}() ({what}, arguments: {many}{returns}): {each.words}{_since(each.since)}{unsafe}"


def _config(each: ConfigKey) -> str:
    values = f", one of {', '.join(each.values)}" if each.values else ""
    return f"{each.name} (config key, default {each.default}{values}): {each.words}{_since(each.since)}"


def _since(version: str) -> str:
    return f"; since bpftrace {version}" if version else ""


def index() -> str:
    """Return what can be looked up."""
    lists = ", ".join(f"gpttrace://language/{name}" for name in LISTS)
    return (
        "A bpftrace program is a list of probes: `probe /predicate/ { action }`. Maps (@name[key] = count()) aggregate in the "
        "kernel and are printed at the end; $name is a variable of one action.\n"
        f"Lists: {lists}.\nEach word has a page of its own, as gpttrace://language/printf:\n{' '.join(sorted(_pages()))}"
    )


def names() -> list[str]:
    """Return every name that has a page."""
    return list(_pages())


def entry(name: str) -> str | None:
    """Return the page of a word of the language, None when there is none."""
    pages = _pages()
    return pages.get(name) or pages.get(PROBE_KINDS.get(name, "")) or pages.get(name.removesuffix("()"))


# ------------------------------------------------------------------------------------------- catalogue


def event_names() -> list[str]:
    """Return the ids of all events."""
    from gpttrace.spec.catalogue import load_catalogue

    return list(load_catalogue().events)


def events() -> str:
    """Return all events, one line each."""
    from gpttrace.spec.catalogue import load_catalogue

    return "\n".join(f"{each.id}: {each.summary}" for each in load_catalogue().events.values())


def event(name: str) -> str | None:
    """Return the page of an event, None when there is none."""
    from gpttrace.spec.catalogue import load_catalogue

    found = load_catalogue().events.get(name)
    return "\n".join(_event(found)) if found is not None else None


def _event(event: object) -> Iterator[str]:
    from gpttrace.spec.catalogue import Event

    assert isinstance(event, Event)
    yield f"{event.id}: {event.summary}"
    yield f"called: {', '.join(event.names[:20])}"
    yield f"cost: {event.cost}"
    for name, field in event.fields.items():
        unit = f", {field.unit}" if field.unit else ""
        yield f"field {name} ({field.type}{unit}): {field.begin or '-'} at its begin, {field.end or '-'} at its end"
    for number, hook in enumerate(event.hooks, 1):
        points = [point for each in hook.points for point in (*each.begin, *each.end)]
        needs = f"; needs {hook.needs}" if hook.needs else ""
        yield f"hook {number}: {', '.join(points[:12])}{needs}"
        yield from (f"  does not see: {missed}" for missed in hook.misses)
    yield from (f"does not see: {missed}" for missed in event.misses)
    if event.example:
        yield f"ask: {event.example}"
