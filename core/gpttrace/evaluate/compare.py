"""Is a draft what was asked? Its hooks, form, rows, value, conditions and times are held against a question's answer.

The first difference is returned in words, None when there is none. Conditions that only say "calls that succeeded" or "with
data" are an event's usual reading, and may be there or not.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

from gpttrace.evaluate.questions import Question
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.limits import DEFAULT_TOP
from gpttrace.spec.literals import cut_comm
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.writer import Draft

_STACKS = ("ustack", "kstack")
_SECOND = 10**9
_SAME = {
    "comm": ("comm", "pcomm"), "filename": ("filename", "oldname", "pathname"), "dev": ("dev", "device"),
    "ppid": ("ppid", "parent_pid"), "pcomm": ("pcomm", "parent_comm"),
    "call_site": ("call_site", "caller"), "callsite": ("callsite", "caller"), "function": ("function", "func", "caller"),
}  # fmt: skip
# What every program can tell; an argument of the same name is somebody else's.
_OF_THE_PROCESS = frozenset(("comm", "pid", "tid", "uid", "cpu", "ret", "latency"))
_ARGUMENT = re.compile(r"(?:args->|->)(\w+)")


def difference(draft: Draft, asked: Question) -> str | None:
    """Return the first thing in which a draft differs from what was asked."""
    spec = draft.spec
    if draft.program is None:
        return "there is no program"
    if spec is None:
        return _hooks(draft.hooks, asked) or "what the program measures cannot be told"
    return _hooks(draft.hooks, asked) or next(
        (each for each in _parts(spec, draft.hooks, asked) if each), None
    )


def _parts(spec: TraceSpec, hooks: tuple[str, ...], asked: Question) -> Iterable[str | None]:
    yield _shape(spec, asked)
    yield _value(spec, asked)
    yield _keys(spec, asked)
    yield _conditions(spec, hooks, asked)
    yield _number(
        "every", spec.every, asked.every if "rate" not in asked.shape else asked.every or spec.every
    )
    yield _number("top", spec.top, asked.top) if (spec.top, asked.top) != (DEFAULT_TOP, None) else None
    yield _number("duration", spec.duration, asked.duration)
    yield _number("hz", spec.hz, asked.hz) if asked.hz else None


def _hooks(hooks: tuple[str, ...], asked: Question) -> str | None:
    lists = asked.all or (asked.hooks,)
    strange = [hook for hook in hooks if not any(fits(hook, each) for each in lists)]
    if strange:
        return f"{strange[0]} does not show it"
    missing = [each for each in lists if not any(fits(hook, each) for hook in hooks)]
    return f"nothing shows {missing[0][0]}" if missing else None


def fits(hook: str, patterns: Iterable[str]) -> bool:
    """Tell whether an attach point is one of the acceptable ones, whatever its spelling."""
    kind, _, name = hook.partition(":")
    long = {"kfunc": "fentry", "kretfunc": "fexit"}.get(kind, kind)
    return any(fnmatchcase(f"{long}:{name}", pattern) for pattern in patterns)


def _shape(spec: TraceSpec, asked: Question) -> str | None:
    allowed = set(asked.shape)
    if (
        spec.every == _SECOND
        and allowed & {"rate", "count", "sum"}
        and spec.shape in ("rate", "count", "sum")
    ):
        return None
    if spec.shape == "rate" and asked.every and allowed & {"count", "sum"}:
        return None
    if {"hist", "lhist"} & allowed and spec.shape == "lhist":
        return None
    return None if spec.shape in allowed else f"the form is {spec.shape}, not {' or '.join(asked.shape)}"


def _value(spec: TraceSpec, asked: Question) -> str | None:
    if spec.shape in ("events", "stacks", "count", "ratio") or (asked.value is None and spec.value is None):
        return None
    if spec.value is None and spec.shape == "rate" and {"count", "events"} & set(asked.shape):
        return None  # so many a second is a count
    if asked.value is None:
        return (
            f"{spec.value} is measured, where a count was asked for"
            if set(asked.shape) == {"count"}
            else None
        )
    if any(_is_named(each, asked.value) for each in _called(spec.value or "", spec)):
        return None
    return f"{spec.value} is measured, not {asked.value}"


def _keys(spec: TraceSpec, asked: Question) -> str | None:
    if asked.keys_any:
        return None
    given = [key for key in spec.keys if spec.shape != "stacks" or key not in _STACKS]
    wanted = [key for key in asked.keys if spec.shape != "stacks" or not _is_stack(key)]
    called = {key: _called(key, spec) for key in given}
    names = [name for key in given for name in called[key]]
    missing = [key for key in wanted if not any(_is_named(name, key) for name in names)]
    if missing:
        return f"rows are not told apart by {missing[0]}"
    if spec.shape in ("events", "stacks"):
        return None
    extra = [
        each for each in given if not any(_is_named(name, key) for name in called[each] for key in wanted)
    ]
    return f"rows are told apart by {extra[0]}, which was not asked for" if extra else None


def _is_stack(key: str) -> bool:
    return any(each in _STACKS for each in key.split("|"))


def _is_named(name: str, alternatives: str) -> bool:
    return any(name in _SAME.get(each, (each,)) for each in alternatives.split("|"))


def _called(key: str, spec: TraceSpec) -> set[str]:
    """Return the names by which a label may call a field: its own and those of the arguments that it reads."""
    known = load_catalogue().events
    fields = [known[each.event].fields.get(key) for each in (spec, *spec.others) if each.event in known]
    texts = [text for field in fields if field for text in (field.begin, field.end) if text]
    return {key, *(name for text in texts for name in _ARGUMENT.findall(text))} - (_OF_THE_PROCESS - {key})


def _conditions(spec: TraceSpec, hooks: tuple[str, ...], asked: Question) -> str | None:
    known = load_catalogue().events
    usual = {c for each in (spec, *spec.others) if each.event in known for c in known[each.event].assume}
    given = [
        _plain(_of_result(_numbered(c, each.event), each.event))
        for each in (spec, *spec.others)
        for c in each.conditions
    ]
    given += [_plain(spec.part)] if spec.part and spec.shape == "ratio" else []
    wanted = [_read(text) for text in asked.conditions]
    for names, condition in wanted:
        if not any(_means(each, names, condition, hooks) for each in given) and not _in_hooks(
            names, condition, hooks
        ):
            return f"it does not hold that {names} {condition.op} {condition.value}"
    for each in given:
        wished = any(_means(each, names, condition, hooks) for names, condition in wanted)
        harmless = each.field in ("ret", "bytes") and each.op in (">=", ">") and each.value == 0
        in_hook = each.field == "syscall" and any(h.endswith(f"_{each.value}") for h in hooks)
        ours = spec.shape == "ratio" and spec.part is not None and each == _plain(spec.part)
        if not (wished or harmless or in_hook or ours or each in {_plain(c) for c in usual}):
            return f"{each.field} {each.op} {each.value} was not asked for"
    return None


def _numbered(condition: Condition, event: str) -> Condition:
    """Return a named condition (`family == unix`) with the number that it stands for, where it is one."""
    known = load_catalogue().events
    field = known[event].fields.get(condition.field) if event in known else None
    test = field.values.get(str(condition.value)) if field else None
    number = re.fullmatch(r"\S+ == (-?\d+)", test) if test else None
    return replace(condition, value=int(number[1])) if number else condition


def _of_result(condition: Condition, event: str) -> Condition:
    """Return a condition on another name of what the call returned (`handled == unhandled`) as one on the result."""
    known = load_catalogue().events
    field = known[event].fields.get(condition.field) if event in known else None
    own = (
        field is not None
        and field.end == "args->ret"
        and field.unit is None
        and isinstance(condition.value, int)
    )
    return replace(condition, field="ret") if own else condition


def _in_hooks(names: str, condition: Condition, hooks: tuple[str, ...]) -> bool:
    return names == "syscall" and all(hook.endswith(f"_{condition.value}") for hook in hooks)


def _read(text: str) -> tuple[str, Condition]:
    names, op, value = text.split(maxsplit=2)
    number: int | str = int(value) if value.lstrip("-").isdigit() else value
    return names, _plain(Condition(names, op, number))  # type: ignore[arg-type]  # checked by the set's test


def _plain(condition: Condition) -> Condition:
    """Say the same in one way: `>= 5` is `> 4`, errno 2 is a result of -2, SIGKILL is 9."""
    value = condition.value
    if condition.field.startswith("sig") and isinstance(value, str):
        value = int(getattr(signal, value.upper(), 0)) or value
    if condition.field == "errno" and isinstance(value, int):
        return _plain(replace(condition, field="ret", value=-value))
    if isinstance(value, int) and condition.op in (">=", "<="):
        return replace(
            condition,
            op=">" if condition.op == ">=" else "<",
            value=value + (-1 if condition.op == ">=" else 1),
        )
    if condition.field == "comm" and isinstance(value, str):
        value = cut_comm(value)
    names_file = "filename" in condition.field.split("|")
    if isinstance(value, str) and names_file and condition.op == "startswith":
        value = value.rstrip("/")
    return replace(condition, value=value.lower() if isinstance(value, str) and not names_file else value)


def _means(given: Condition, names: str, wanted: Condition, hooks: tuple[str, ...]) -> bool:
    if any(name == "errno" for name in names.split("|")) and given.field == "ret" and wanted.field != "ret":
        negative = (
            isinstance(wanted.value, int) and wanted.value < 0
        )  # `ret|errno == -11` is told as a result
        wanted = _plain(replace(wanted, field="ret" if negative else "errno"))
        return (given.op, given.value) == (wanted.op, wanted.value)
    same_field = _is_named(given.field, names) or given.field == wanted.field
    close = given.op == wanted.op and _close(given.value, wanted.value)
    # `failed`: a result below 0 is an errno above 0
    return same_field and close


def _close(one: int | str, other: int | str) -> bool:
    if isinstance(one, int) and isinstance(other, int) and abs(other) > 1000:
        return abs(one - other) <= 1  # > 10 ms and >= 10 ms are both "slower than 10 ms"
    return str(one) == str(other)


def _number(what: str, given: int | None, wanted: int | None) -> str | None:
    return None if given == wanted else f"{what} is {given}, not {wanted}"
