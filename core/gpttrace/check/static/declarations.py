"""Declarations of maps and macros: kinds of tables, their sizes, what they may hold, names that are taken."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import everywhere
from gpttrace.check.static.study import Study, nearest
from gpttrace.language import Related, walk
from gpttrace.language import nodes as n
from gpttrace.language.reference import MAP_KINDS

_PER_CPU = frozenset(["percpuhash", "percpulruhash"])


@everywhere(n.MapDecl)
def table(study: Study, node: n.MapDecl) -> None:
    """`let @x = kind(size);`."""
    if study.older("0.24"):
        return  # `versions` says so
    if node.kind not in MAP_KINDS:
        near = nearest(node.kind, MAP_KINDS)
        guess = f"; did you mean `{near}`?" if near else ""
        message = f"`{node.kind}` is no kind of map{guess}"
        study.report(node, "error", "bad-map-declaration", message, f"known are {', '.join(MAP_KINDS)}")
        return
    if len(node.args) != 1 or not isinstance(node.args[0], n.Integer):
        message = "the declaration of a map gives its size, one number"
        study.report(
            node, "error", "bad-map-declaration", message, f"write `let {node.name} = {node.kind}(1024);`"
        )
        return
    symbol = study.symbols.maps.get(node.name)
    if symbol is None or not any(use.how == "write" for use in symbol.uses):
        return
    if symbol.aggregation is not None and node.kind not in _PER_CPU:
        message = f"`{node.name}` holds {symbol.aggregation.name}(), which needs a table for each CPU"
        study.report(
            node, "error", "bad-map-declaration", message, "declare it as percpuhash or percpulruhash"
        )
    elif symbol.aggregation is None and node.kind in _PER_CPU and symbol.value not in ("unknown",):
        message = f"`{node.name}` holds plain values, and `{node.kind}` is for aggregations"
        study.report(node, "error", "bad-map-declaration", message, "declare it as hash or lruhash")


@everywhere(n.Macro)
def macro(study: Study, node: n.Macro) -> None:
    """Macros of one name, and maps in a macro that are not among its parameters."""
    if study.older("0.24"):
        return
    first = next(each for each in study.program.macros if each.name == node.name)
    shape = [type(param) for param in node.params]
    if first is not node and shape == [type(param) for param in first.params]:
        place = (Related(first.start, first.start + 5, "the other one"),)
        message = f"there are two macros `{node.name}` that take the same"
        study.report(
            (node.start, node.start + 5), "error", "bad-macro", message, "give one another name", place
        )
    given = {param.name for param in node.params if isinstance(param, n.Map)}
    called = any(isinstance(each, n.Call) and each.name == node.name for item in study.nodes for each in item)
    for each in walk(node.body):
        if isinstance(each, n.Map) and each.name not in given and called:
            message = f"a macro sees only the maps that it is given, and `{each.name}` is none of them"
            study.report(
                each, "error", "bad-macro", message, f"make it a parameter: `macro {node.name}({each.name})`"
            )
            return


RULES = (table, macro)
CODES = (
    Code(
        "bad-map-declaration", "error", "gpttrace", "a map that cannot be declared like this",
        "A declaration names a kind of table and a size; aggregations need a table for each CPU, plain values must not have one.",
        "let @a = hash(10);\nBEGIN { @a[1] = count(); }", "let @a = percpuhash(10);\nBEGIN { @a[1] = count(); }",
    ),
    Code(
        "bad-macro", "error", "gpttrace", "a macro that cannot be defined or used like this",
        "Macros are told apart by what they take, and they see only the maps and variables that they are given.",
        "macro f() { @z }\nBEGIN { @z = 1; print(f()); }", "macro f(@z) { @z }\nBEGIN { @z = 1; print(f(@z)); }",
    ),
)  # fmt: skip
