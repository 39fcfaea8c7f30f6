"""Names and units that a person expects for printed expressions: `str(args->filename)` is `filename`.

`nsecs - @start[tid]` is a duration in ns, divided by 1000 one in us.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gpttrace.language import nodes as n
from gpttrace.language.reference import BUILTINS

_THROUGH_FIRST = frozenset(
    [
        "str",
        "buf",
        "ksym",
        "usym",
        "kptr",
        "uptr",
        "strerror",
        "cgroup_path",
        "macaddr",
        "path",
        "bswap",
        "signal_name",
    ]
)
_THROUGH_LAST = frozenset(["ntop", "syscall_name"])
_SCALES = {1_000: 1, 1_000_000: 2, 1_000_000_000: 3}
_TIME_UNITS = ("ns", "us", "ms", "s")


@dataclass(slots=True)
class Known:
    """What the program says elsewhere: `$x` and `@x` with their units, those that hold clock readings, loop variables."""

    units: dict[str, str] = field(default_factory=dict)
    clocks: set[str] = field(default_factory=set)
    loops: set[str] = field(default_factory=set)


_NOTHING = Known()


def column_names(exprs: Iterable[n.Node], known: Known = _NOTHING) -> list[str]:
    """Return one name for each printed expression, unique in the row."""
    names: list[str] = []
    for expr in exprs:
        name = base = column_name(expr, known) or "value"
        number = 2
        while name in names:
            name = f"{base}_{number}"
            number += 1
        names.append(name)
    return names


def column_name(expr: n.Node, known: Known = _NOTHING) -> str:
    """Return a name for one expression; empty when nothing suggests itself."""
    for _ in range(60):  # deep enough for anything a person wrote
        inner = _inner(expr, known)
        if inner is None:
            return _leaf_name(expr, known)
        expr = inner
    return ""


def _inner(expr: n.Node, known: Known) -> n.Node | None:
    match expr:
        case n.Paren(inner=inner):
            return inner
        case n.Cast(value=value) | n.Comptime(value=value):
            return value
        case n.Unary(operand=operand):
            return operand
        case n.Index(target=target):
            return target
        case n.Ternary():
            return _telling(expr)
        case n.Call(name=name, args=args) if args and name in _THROUGH_FIRST:
            return args[0]
        case n.Call(name=name, args=args) if args and name in _THROUGH_LAST:
            return args[-1]
        case n.Binary(op=op, left=left, right=right) if duration_unit(expr, known) is None:
            if isinstance(right, n.Integer) or op in ("==", "!=", "<", ">", "<=", ">="):
                return left
            return right if isinstance(left, n.Integer) else None
    return None


def _telling(expr: n.Ternary) -> n.Node:
    # `$ret >= 0 ? $ret : -1` is named after $ret; `$x ? "yes" : "no"` after the condition.
    for side in (expr.then, expr.other):
        if side is not None and not isinstance(_bare(side), n.Integer | n.String | n.Unary | n.Ternary):
            return side
    return expr.cond


def _bare(expr: n.Node) -> n.Node:
    while isinstance(expr, n.Paren | n.Cast):
        expr = expr.inner if isinstance(expr, n.Paren) else expr.value
    return expr


def _leaf_name(expr: n.Node, known: Known) -> str:
    match expr:
        case n.Identifier(name=name) | n.Variable(name=name):
            return name
        case n.Map(name=name):
            return name[1:] or "value"
        case n.Member():
            return _member_name(expr, known)
        case n.Call(name="strftime"):
            return "time"
        case n.Call(name="reg", args=[n.String(value=value), *_]):
            return value.decode("ascii", "replace")
        case n.Call(name=name):
            return name
        case n.String(value=value):
            return "".join(
                char for char in value.decode("ascii", "ignore").strip().lower() if char.isidentifier()
            )[:24]
        case n.Positional(number=number):
            return f"param_{number}" if number >= 0 else "params"
        case n.Binary():
            unit = duration_unit(expr, known)
            return f"duration_{unit}" if unit else _joined(expr, known)
    return ""


def _joined(expr: n.Binary, known: Known) -> str:
    # Only what is no operation itself, so that names stay short and nothing here recurses deeply.
    sides = [
        side for side in (_bare(expr.left), _bare(expr.right)) if not isinstance(side, n.Binary | n.Ternary)
    ]
    return "_".join(filter(None, (column_name(side, known) for side in sides)))[:40]


def _member_name(expr: n.Member, known: Known) -> str:
    if not expr.name.isdigit():
        return expr.name
    target = expr.target
    if isinstance(target, n.Variable) and target.name in known.loops:
        return {"0": "key", "1": "value"}.get(expr.name, f"{target.name}_{expr.name}")
    if isinstance(target, n.Member) and target.name == "0":
        return f"key_{int(expr.name) + 1}"
    owner = target.name if isinstance(target, n.Variable | n.Map) else ""
    return f"{owner.lstrip('@')}_{expr.name}" if owner.lstrip("@") else f"value_{int(expr.name) + 1}"


def duration_unit(expr: n.Node, known: Known = _NOTHING) -> str | None:
    """Return `ns`, `us`, `ms` or `s` for a difference of times, perhaps scaled down; None for anything else."""
    scale = 0
    for _ in range(20):
        match expr:
            case n.Paren(inner=inner) | n.Cast(value=inner):
                expr = inner
            case n.Binary(op="/", left=left, right=right):
                step = _SCALES.get(_constant(right) or 0)
                if step is None:
                    return None
                scale, expr = scale + step, left
            case n.Binary(op="-", left=left, right=right):
                return (
                    _TIME_UNITS[scale]
                    if scale < 4 and is_time(left, known) and not is_constant(right)
                    else None
                )
            case _:
                return None
    return None


def is_time(expr: n.Node, known: Known = _NOTHING) -> bool:
    """Tell whether an expression is a clock reading: `nsecs`, `elapsed`, `nsecs()`, or a name that holds one."""
    if isinstance(expr, n.Variable | n.Map):
        return name_of(expr) in known.clocks
    return isinstance(expr, n.Identifier | n.Call) and expr.name in ("nsecs", "elapsed")


def is_constant(expr: n.Node) -> bool:
    """Tell whether an expression is a number as written."""
    return _constant(expr) is not None


def _constant(expr: n.Node) -> int | None:
    product = 1
    expr = _bare(expr)
    while (
        isinstance(expr, n.Binary) and expr.op == "*" and isinstance(expr.right, n.Integer)
    ):  # `1000 * 1000`
        product *= expr.right.value
        expr = _bare(expr.left)
    return expr.value * product if isinstance(expr, n.Integer) and product < 2**64 else None


def name_of(node: n.Variable | n.Map) -> str:
    """Return `$x` or `@x`."""
    return f"${node.name}" if isinstance(node, n.Variable) else node.name


def unit_of(expr: n.Node, known: Known = _NOTHING) -> str | None:
    """Return the unit of an expression as far as the program tells: durations and clocks."""
    scale = 0
    for _ in range(10):
        if unit := duration_unit(expr, known):
            break
        expr = _bare(expr)
        if isinstance(expr, n.Identifier | n.Call) and expr.name in BUILTINS:
            unit = BUILTINS[expr.name].unit
        elif isinstance(expr, n.Variable | n.Map):
            unit = known.units.get(name_of(expr))
        elif (
            isinstance(expr, n.Binary)
            and expr.op == "/"
            and (step := _SCALES.get(_constant(expr.right) or 0))
        ):
            scale, expr = scale + step, expr.left
            continue
        break
    at = _TIME_UNITS.index(unit) + scale if unit in _TIME_UNITS else len(_TIME_UNITS)
    return _TIME_UNITS[at] if at < len(_TIME_UNITS) else unit if not scale else None
