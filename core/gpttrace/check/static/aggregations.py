"""Aggregations: where they may stand, and maps that are given two different ones."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.calls import value_of
from gpttrace.check.static.families import CASTABLE
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import Related
from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS


@on(n.Call)
def placed(study: Study, node: n.Call) -> None:
    """An aggregation anywhere but behind `@map =`."""
    if node.name not in AGGREGATIONS or node.name in study.macro_names:
        return
    above = study.parents.get(id(node))
    while isinstance(above, n.Paren):
        above = study.parents.get(id(above))
    if isinstance(above, n.Assign) and isinstance(above.target, n.Map) and above.op == "=":
        return
    if isinstance(above, n.BlockExpr | n.IfExpr | n.Ternary) or (
        isinstance(above, n.Call) and above.name in study.macro_names
    ):
        return
    message = f"{node.name}() gives no value of its own: it must be assigned to a map"
    study.report(node, "error", "misplaced-aggregation", message, f"write `@name = {node.name}(…);`")


@on(n.Assign)
def mixed(study: Study, node: n.Assign) -> None:
    """A map that another assignment uses for something else."""
    if not isinstance(node.target, n.Map):
        return
    symbol = study.symbols.maps.get(node.target.name)
    first = symbol.aggregation if symbol else None
    if symbol is None or first is None:
        return
    own = node.value.name if isinstance(node.value, n.Call) and node.value.name in AGGREGATIONS else None
    if own is None and node.op == "=" and not _is_number(study, node.value):
        return  # `types` says so where it is sure
    if own == first.name:
        _same_bounds(study, node, first)
        return
    place = (Related(first.start, first.end, f"`{symbol.name}` is {first.name}() here"),)
    what = f"{own}()" if own else "a number"
    message = f"`{symbol.name}` already holds {first.name}(), and this assigns {what}"
    study.report(node, "error", "mixed-map", message, "use another map", place)


def _is_number(study: Study, value: n.Expr) -> bool:
    return isinstance(value, n.Integer) or study.type(value) in ("int64", "uint64", "uint32", "string")


def _same_bounds(study: Study, node: n.Assign, first: n.Call) -> None:
    if not isinstance(node.value, n.Call) or node.value is first or first.name not in ("hist", "lhist"):
        return
    mine = [value_of(arg) for arg in node.value.args[1:]]
    theirs = [value_of(arg) for arg in first.args[1:]]
    if mine == theirs or (first.name == "hist" and (mine or [0]) == (theirs or [0])) or None in mine + theirs:
        return
    place = (Related(first.start, first.end, "the other buckets"),)
    message = f"{first.name}() of one map must have the same buckets everywhere"
    study.report(node.value, "error", "mixed-map", message, "use the same numbers, or another map", place)


@on(n.Unary)
def stepped(study: Study, node: n.Unary) -> None:
    """`@x++` of a map that holds an aggregation or no number."""
    if node.op not in ("++", "--"):
        return
    operand = node.operand
    while isinstance(operand, n.Paren):
        operand = operand.inner
    kind = study.type(operand)
    if isinstance(operand, n.Map) and (symbol := study.symbols.maps.get(operand.name)) and symbol.aggregation:
        first = symbol.aggregation
        place = (Related(first.start, first.end, f"`{symbol.name}` is {first.name}() here"),)
        message = f"`{symbol.name}` already holds {first.name}(), and `{node.op}` needs a number"
        study.report(
            node,
            "error",
            "mixed-map",
            message,
            f"write `{symbol.name} = {first.name}(…);` or use another map",
            place,
        )
    elif kind in ("string", "kstack", "ustack"):
        study.report(
            node,
            "error",
            "operand-type",
            f"`{node.op}` needs a number, and this is a {kind}",
            "use a map of its own",
        )


@on(n.Assign)
def copied(study: Study, node: n.Assign) -> None:
    """`@b = @a` of an aggregation."""
    if not isinstance(node.target, n.Map) or not isinstance(node.value, n.Map) or not study.since("0.23"):
        return
    kind = study.type(node.value)
    if kind in AGGREGATIONS:
        message = f"the {kind}() of `{node.value.name}` cannot be copied into another map"
        hint = (
            f"read its number: `{node.target.name} = (int64){node.value.name};`"
            if kind in CASTABLE
            else "print it instead"
        )
        study.report(node, "error", "mixed-map", message, hint)


@on(n.Call)
def one_element(study: Study, node: n.Call) -> None:
    """print() of one element of a histogram."""
    first = node.args[0] if node.args else None
    if node.name != "print" or not isinstance(first, n.Map) or first.keys is None or not study.since("0.21"):
        return
    kind = study.type(first)
    if kind in ("hist", "lhist") or (kind == "stats" and study.older("0.24")):
        message = f"one element of a map of {kind}() cannot be printed"
        study.report(first, "error", "argument-type", message, f"print the whole map: `print({first.name});`")


@on(n.Map)
def as_key(study: Study, node: n.Map) -> None:
    """A histogram as a key, or kept in a variable."""
    above = study.parents.get(id(node))
    kind = study.type(node)
    if kind not in ("hist", "lhist", "stats") or not study.since("0.23"):
        return
    if isinstance(above, n.Map):
        message = f"{kind}() cannot be a key"
        study.report(node, "error", "map-keys", message, "use what it is made of")
    elif (
        isinstance(above, n.Assign | n.Let)
        and above.value is node
        and isinstance(above.target, n.Variable)
        and kind != "stats"
    ):
        message = f"the {kind}() of `{node.name}` cannot be kept in a variable"
        study.report(node, "error", "mixed-map", message, "print the map instead")


RULES = (placed, mixed, stepped, copied, one_element, as_key)
CODES = (
    Code(
        "misplaced-aggregation", "error", "gpttrace", "an aggregation that is not assigned to a map",
        "count(), sum(), hist() and the others live in maps, where each CPU has its own part.",
        "BEGIN { $x = count(); }", "BEGIN { @x = count(); }",
    ),
    Code(
        "mixed-map", "error", "gpttrace", "one map for two different things",
        "A map holds one aggregation, or plain values of one type; bpftrace refuses to mix them.",
        "BEGIN { @ = count(); @ = sum(1); }", "BEGIN { @n = count(); @s = sum(1); }",
    ),
)  # fmt: skip
