"""Phrases for pieces of a program: when a probe fires, what a condition says, what a value is.

Every phrase is read from the tree; what has no phrase is quoted as code, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable

from gpttrace.language import nodes as n
from gpttrace.language import to_text
from gpttrace.language.naming import Known, duration_unit, name_of
from gpttrace.language.reference import BUILTINS

Rule = Callable[[list[str]], str | None]
LONGEST_QUOTE = 70
_COMPARED = {
    "==": "is",
    "!=": "is not",
    "<": "is below",
    ">": "is above",
    "<=": "is at most",
    ">=": "is at least",
}
_UNITS = {
    "ns": "nanoseconds",
    "us": "microseconds",
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
}
_VERBS = (" enters ", " returns from ", " calls ")
_DEEP = 8  # deeper expressions are quoted


def quote(node: n.Node) -> str:
    """Return code in backticks, on one line, cut when it is long."""
    text = " ".join(to_text(node).split())
    return f"`{text}`" if len(text) <= LONGEST_QUOTE else f"`{text[: LONGEST_QUOTE - 1]}…`"


def listed(parts: list[str], last: str = "and") -> str:
    """Join phrases: `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


# --------------------------------------------------------------------------------------- attach points


def moments(points: list[n.AttachPoint]) -> str:
    """Return when a probe at these points runs: `each time a process enters kill(2) or tkill(2)`."""
    groups: dict[str, list[str]] = {}
    for point in points:
        before, verb, what = moment(point).partition(
            next((verb for verb in _VERBS if verb in moment(point)), "\0")
        )
        groups.setdefault(before + verb, []).append(what)
    return ", or ".join(before + listed(list(dict.fromkeys(what)), "or") for before, what in groups.items())


def moment(point: n.AttachPoint) -> str:
    """Return when a probe at this point runs: `each time a process enters openat(2)`."""
    rule = _MOMENTS.get(point.kind)
    words = rule(point.parts) if rule else None
    if words is None:
        return f"each time `{point.text}` fires"
    if point.offset is not None:
        return f"each time `{point.text}` is reached"
    return words


def _tracepoint(parts: list[str]) -> str | None:
    if len(parts) != 2:
        return None
    group, name = parts
    if group == "raw_syscalls" and name in ("sys_enter", "sys_exit"):
        return f"each time a process {'enters' if name == 'sys_enter' else 'returns from'} any system call"
    for prefix, verb in (("sys_enter_", "enters"), ("sys_exit_", "returns from")):
        if group == "syscalls" and name.startswith(prefix):
            call = name.removeprefix(prefix)
            if call == "*":
                return f"each time a process {verb} any system call"
            known = f"a system call matching `{call}`" if _is_pattern(call) else f"{call}(2)"
            return f"each time a process {verb} {known}"
    if group == "syscalls" and name == "*":
        return "each time a process enters or returns from any system call"
    return None


def _is_pattern(text: str) -> bool:
    return any(char in text for char in "*?[")


def _function(parts: list[str], verb: str, where: str) -> str | None:
    if not parts:
        return None
    name = parts[-1]
    if name[:2] == "0x":
        return f"each time {where} reaches address {name}"
    called = f"a function matching `{name}`" if _is_pattern(name) else f"{name}()"
    return f"each time {where} {verb} {called}"


def _kernel(verb: str) -> Rule:
    return lambda parts: _function(parts, verb, "the kernel")


def _user(verb: str) -> Rule:
    return lambda parts: (
        f"{words} in {parts[0]}"
        if len(parts) > 1 and (words := _function(parts, verb, "a process"))
        else None
    )


def _usdt(parts: list[str]) -> str | None:
    return f"each time the static probe {':'.join(parts[1:])} in {parts[0]} fires" if len(parts) > 1 else None


def _every(parts: list[str]) -> str | None:
    if len(parts) == 1:
        digits = parts[0].rstrip("nsumhd")
        unit = parts[0][len(digits) :]
        return _period(digits, unit) if unit else None
    return _period(parts[1], parts[0]) if len(parts) == 2 else None


def _period(count: str, unit: str) -> str | None:
    if not count.isdigit():
        return None
    if unit == "hz":
        return f"{count} times a second"
    word = _UNITS.get(unit)
    if word is None:
        return None
    return f"every {word.removesuffix('s')}" if count == "1" else f"every {count} {word}"


def _sampled(parts: list[str]) -> str | None:
    words = _every(parts)
    return f"{words} on each CPU" if words else None


def _counted(parts: list[str]) -> str | None:
    if not parts:
        return None
    if len(parts) > 1 and parts[1] not in ("", "1"):
        return f"once every {parts[1]} {parts[0]} events"
    return f"at {parts[0]} events" + ("" if len(parts) > 1 else " (bpftrace's own sampling rate)")


def _watched(parts: list[str]) -> str | None:
    if len(parts) != 3:
        return None
    how = listed(
        [word for mark, word in (("r", "read"), ("w", "written"), ("x", "executed")) if mark in parts[2]],
        "or",
    )
    return f"each time the {parts[1]} bytes at {parts[0]} are {how}"


_MOMENTS: dict[str, Rule] = {
    "begin": lambda parts: "at the start",
    "end": lambda parts: "at the end",
    "tracepoint": _tracepoint,
    "rawtracepoint": lambda parts: f"each time the raw tracepoint {':'.join(parts)} fires" if parts else None,
    "kprobe": _kernel("calls"),
    "fentry": _kernel("calls"),
    "kretprobe": _kernel("returns from"),
    "fexit": _kernel("returns from"),
    "uprobe": _user("calls"),
    "uretprobe": _user("returns from"),
    "usdt": _usdt,
    "interval": _every,
    "profile": _sampled,
    "software": _counted,
    "hardware": _counted,
    "watchpoint": _watched,
    "asyncwatchpoint": _watched,
    "iter": lambda parts: f"once for each {parts[0]} of the kernel" if parts else None,
    "self": lambda parts: f"when bpftrace itself gets {parts[-1]}" if parts else None,
}


# ------------------------------------------------------------------------------------------ conditions


def condition(expr: n.Expr, known: Known, depth: int = 0) -> str:
    """Return what must hold: `process id is 42 and process name is "bash"`."""
    if depth > _DEEP:
        return f"{quote(expr)} holds"
    match expr:
        case n.Paren(inner=inner):
            return condition(inner, known, depth + 1)
        case n.Binary(op="&&" | "||" as op):
            return _joined(expr, op, known, depth)
        case n.Binary(op=op, left=left, right=right) if op in _COMPARED:
            return f"{value(left, known)} {_COMPARED[op]} {value(right, known)}"
        case n.Unary(op="!", operand=inner):
            return _negated(inner, known, depth)
        case n.Map():
            return _recorded(expr, known, "was recorded")
        case n.Call(name="has_key", args=[n.Map(name=name), n.Expr() as key]):
            return f"`{name}` has the key {value(key, known)}"
        case n.Call(name="strcontains", args=[n.Expr() as hay, n.Expr() as needle]):
            return f"{value(hay, known)} contains {value(needle, known)}"
        case n.Integer(value=number):
            return "always" if number else "never"
    return f"{value(expr, known)} is not 0"


def _joined(expr: n.Binary, op: str, known: Known, depth: int) -> str:
    parts: list[str] = []
    left: n.Expr = expr
    while isinstance(left, n.Binary) and left.op == op and len(parts) < 20:
        parts.insert(0, _side(left.right, known, depth))
        left = left.left
    parts.insert(0, _side(left, known, depth))
    return f" {'and' if op == '&&' else 'or'} ".join(parts)


def _side(expr: n.Expr, known: Known, depth: int) -> str:
    words = condition(expr, known, depth + 1)
    inner = expr.inner if isinstance(expr, n.Paren) else expr
    mixed = isinstance(inner, n.Binary) and inner.op in ("&&", "||")
    return f"({words})" if mixed else words


def _negated(inner: n.Expr, known: Known, depth: int) -> str:
    while isinstance(inner, n.Paren):
        inner = inner.inner
    match inner:
        case n.Map():
            return _recorded(inner, known, "was recorded", "nothing", "no time")
        case n.Call(name="has_key", args=[n.Map(name=name), n.Expr() as key]):
            return f"`{name}` has no key {value(key, known)}"
        case n.Binary():
            return f"not ({condition(inner, known, depth + 1)})"
    return f"{value(inner, known)} is 0"


def _recorded(expr: n.Map, known: Known, verb: str, other: str = "something", time: str = "a time") -> str:
    what = time if expr.name in known.clocks else other
    return f"{what} {verb} in `{expr.name}`{_for_keys(expr, known)}"


def _for_keys(expr: n.Map, known: Known) -> str:
    return f" for {keys(expr.keys, known)}" if expr.keys else ""


# ---------------------------------------------------------------------------------------------- values


def keys(exprs: list[n.Expr] | None, known: Known) -> str:
    """Return what a map is kept by: `process name and user stack`; `this thread` for a thread id."""
    items = exprs or []
    if len(items) == 1 and isinstance(items[0], n.Tuple):
        items = items[0].items
    if len(items) == 1 and isinstance(items[0], n.Identifier) and items[0].name in ("tid", "pid"):
        return "this thread" if items[0].name == "tid" else "this process"
    return listed([value(each, known).removeprefix("the ") for each in items])


def value(expr: n.Node, known: Known, depth: int = 0) -> str:
    """Return what a value is: `process id`, `the field count`, `the time since @start`; code when there is no word."""
    if depth > _DEEP:
        return quote(expr)
    if unit := duration_unit(expr, known):
        return _duration(expr, unit, known)
    match expr:
        case (
            n.Paren(inner=inner)
            | n.Cast(value=inner)
            | n.Call(name="str" | "kptr" | "uptr", args=[inner, *_])
        ):
            return value(inner, known, depth + 1)
        case (
            n.Identifier(name=name) | n.Call(name="kstack" | "ustack" as name) | n.Call(name=name, args=[])
        ) if name in BUILTINS:
            return _builtin(name)
        case n.Call(name="ksym" | "usym", args=[inner]):
            return f"the function at {value(inner, known, depth + 1)}"
        case n.Integer(text=text) | n.String(text=text):
            return text
    return quote(expr)


def _builtin(name: str) -> str:
    if name[:3] == "arg" and name[3:].isdigit():
        return f"argument {name[3:]}"
    return f"`{name}`" if name in ("args", "ctx") else f"the {BUILTINS[name].words}"


def _duration(expr: n.Node, unit: str, known: Known) -> str:
    start: n.Node = expr
    while not (isinstance(start, n.Binary) and start.op == "-"):
        if isinstance(start, n.Paren):
            start = start.inner
        elif isinstance(start, n.Cast):
            start = start.value
        elif isinstance(start, n.Binary):
            start = start.left
        else:
            return quote(expr)
    since = start.right
    while isinstance(since, n.Paren | n.Cast):
        since = since.inner if isinstance(since, n.Paren) else since.value
    if isinstance(since, n.Map | n.Variable) and name_of(since) in known.clocks:
        return f"the {_UNITS[unit]} since `{name_of(since)}` was noted"
    return quote(expr)
