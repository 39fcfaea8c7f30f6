"""Maps: used but never given a value, with and without keys, with other keys, with other values."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.families import clash, stored, words
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study, nearest
from gpttrace.language import MapSymbol, Program, Related
from gpttrace.language import nodes as n
from gpttrace.language.findings import Severity
from gpttrace.language.reference import AGGREGATIONS, FUNCTIONS

_WHOLE = frozenset(["print", "clear", "zero", "delete", "has_key", "find", "len"])


@on(Program)
def undefined(study: Study, program: Program) -> None:
    """Maps that nothing ever gives a value."""
    for name, symbol in study.symbols.maps.items():
        hows = {use.how for use in symbol.uses}
        if hows & {"write", "declare"} or any(_may_write(study, use.node) for use in symbol.uses):
            continue
        for use in symbol.uses:
            if isinstance(program.items[use.item], n.Probe):
                _undefined_use(study, name, symbol, use.node)


def _undefined_use(study: Study, name: str, symbol: MapSymbol, node: n.Node) -> None:
    # Since 0.24 a key or value that is read anywhere is enough to make the map.
    alone = all(_is_whole_use(study, use.node) for use in symbol.uses)
    refused = study.older("0.24") or alone
    others = [other for other in study.symbols.maps if other != name]
    near = nearest(name, others)
    guess = f"; did you mean `{near}`?" if near else ""
    message = f"nothing gives `{name}` a value{guess}"
    study.report(
        node,
        "error" if refused else "warning",
        "undefined-map",
        message,
        f"assign to it first: `{name} = …;`",
    )


def _is_whole_use(study: Study, node: n.Node) -> bool:
    above = study.parents.get(id(node))
    keyed = isinstance(node, n.Map) and node.keys is not None
    return not keyed and (
        isinstance(above, n.For) or (isinstance(above, n.Call) and above.name in ("print", "clear", "zero"))
    )


def _may_write(study: Study, node: n.Node) -> bool:
    # A macro or a function of a newer library may assign to the map that it is given.
    above = study.parents.get(id(node))
    if isinstance(above, n.Unary) and above.op == "&":
        return True
    return isinstance(above, n.Call) and above.name not in FUNCTIONS and above.name not in AGGREGATIONS


@on(Program)
def keys(study: Study, program: Program) -> None:
    """Uses of one map with and without keys, with different numbers of keys, or with keys of other types."""
    first: dict[str, tuple[n.Map, int]] = {}
    for index, nodes in enumerate(study.nodes):
        if not isinstance(program.items[index], n.Probe):
            continue
        study.enter(index)
        for node in nodes:
            use = _used(study, node)
            if use is not None:
                if use.name in first:
                    _compare(study, first[use.name], use, index)
                else:
                    first[use.name] = use, index


def _used(study: Study, node: n.Node) -> n.Map | None:
    # `delete(@x, key)` and `has_key(@x, key)` use the key like `@x[key]`.
    if isinstance(node, n.Call) and node.name in ("delete", "has_key", "find") and len(node.args) > 1:
        whole, key = node.args[0], node.args[1]
        if isinstance(whole, n.Map) and whole.keys is None and isinstance(key, n.Expr):
            return n.Map(whole.name, [key], start=node.start, end=node.end)
    return node if isinstance(node, n.Map) and not _is_whole(study, node) else None


def _is_whole(study: Study, node: n.Map) -> bool:
    # `print(@x)`, `clear(@x)`, `for (… : @x)` mean the whole map, whatever its keys are.
    above = study.parents.get(id(node))
    if node.keys is not None:
        return False
    if isinstance(above, n.For):
        return True
    if isinstance(above, n.Unary) and above.op == "&":
        return True
    if not isinstance(above, n.Call):
        return False
    return above.name not in FUNCTIONS or (above.name in _WHOLE and above.args[0] is node)


def _compare(study: Study, known: tuple[n.Map, int], node: n.Map, item: int) -> None:
    before, where = known
    place = (Related(before.start, before.end, f"`{node.name}` is used like this here"),)
    if (before.keys is None) != (node.keys is None):
        one, two = ("without keys", "with a key") if before.keys is None else ("with a key", "without one")
        message = f"`{node.name}` is used {one} and here {two}"
        severity: Severity = "warning" if _aggregated(study, before) and _aggregated(study, node) else "error"
        study.report(node, severity, "map-keys", message, "use two maps", place)
        return
    theirs, mine = _parts(study, before, where), _parts(study, node, item)  # and so back to where we are
    if mine is None or theirs is None:
        return
    if len(mine) != len(theirs):
        message = f"`{node.name}` has {len(theirs)} key{'s' * (len(theirs) != 1)} and here {len(mine)}"
        study.report(node, "error", "map-keys", message, "use the same keys everywhere, or two maps", place)
        return
    for at, (old, new) in enumerate(zip(theirs, mine, strict=True)):
        if clash(old, new) or {old, new} == {"int", "pointer"}:
            message = (
                f"key {at + 1} of `{node.name}` is {words(old or '')} elsewhere and here {words(new or '')}"
            )
            study.report(
                node, "error", "map-keys", message, "use the same type everywhere, or two maps", place
            )
            return


def _aggregated(study: Study, node: n.Map) -> bool:
    # 0.27 compiles `@ = count(); @[1] = count();`, whatever it then counts.
    above = study.parents.get(id(node))
    call = above.value if isinstance(above, n.Assign) and not study.older("0.24") else None
    return isinstance(call, n.Call) and call.name in AGGREGATIONS


def _parts(study: Study, node: n.Map, item: int) -> list[str | None] | None:
    if node.keys is None:
        return None
    study.enter(item)
    exprs = node.keys
    if len(exprs) == 1:
        only = exprs[0]
        while isinstance(only, n.Paren):
            only = only.inner
        if isinstance(only, n.Tuple):
            exprs = only.items
        elif (
            isinstance(only, n.Variable | n.Map | n.Member | n.Call) and study.type(only) == "unknown"
        ) or study.type(only).startswith(("tuple(", "record(")):
            return None
    return [stored(study, expr) for expr in exprs]


@on(Program)
def values(study: Study, program: Program) -> None:
    """Assignments of another type than the first one."""
    first: dict[str, tuple[n.Assign, str]] = {}
    for index, nodes in enumerate(study.nodes):
        if not isinstance(program.items[index], n.Probe):
            continue
        study.enter(index)
        for node in nodes:
            if isinstance(node, n.Assign) and isinstance(node.target, n.Map):
                _value(study, node, node.target, first)


def _value(study: Study, node: n.Assign, target: n.Map, first: dict[str, tuple[n.Assign, str]]) -> None:
    found = stored(study, node.value)
    if found is None or found in AGGREGATIONS or found == "none":
        return
    if isinstance(node.value, n.Positional):
        return
    if target.name not in first:
        first[target.name] = node, found
        return
    before, known = first[target.name]
    if clash(known, found) or {known, found} == {"int", "pointer"}:
        if node.op != "=" and {known, found} == {"int", "pointer"}:
            return
        place = (Related(before.start, before.end, f"`{target.name}` is {words(known)} here"),)
        message = f"`{target.name}` holds {words(known)}, and this assigns {words(found)}"
        study.report(node, "error", "type-clash", message, "use another map", place)


RULES = (undefined, keys, values)
CODES = (
    Code(
        "undefined-map", "error", "gpttrace", "a map that is read but never given a value",
        "bpftrace before 0.24 refuses it; later versions read 0 or nothing, which is hardly meant.",
        "BEGIN { print(@nothing); }", "BEGIN { @nothing = 1; print(@nothing); }",
    ),
    Code(
        "map-keys", "error", "gpttrace", "one map with different keys",
        "All uses of a map have the same number of keys, of the same types.",
        'BEGIN { @x[1] = 1; @x["a"] = 2; }', "BEGIN { @x[1] = 1; @x[2] = 2; }",
    ),
    Code(
        "type-clash", "error", "gpttrace", "a value of another type than before",
        "A map or variable keeps the type of its first value.",
        'BEGIN { @x = 1; @x = "a"; }', 'BEGIN { @x = 1; @y = "a"; }',
    ),
)  # fmt: skip
