"""Variables: read before they have a value, out of their block, declared twice, given a value of another type.

Up to 0.21 a variable belongs to the whole probe, since 0.22 to its block (measured on 0.17 against 0.23 and 0.27). One walk in
source order keeps what is visible where.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeGuard

from gpttrace.check.codes import Code
from gpttrace.check.static.calls import value_of
from gpttrace.check.static.families import clash, stored, words
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study, nearest
from gpttrace.language import Related
from gpttrace.language import nodes as n
from gpttrace.language.reference import FUNCTIONS

_STEPS = ("++", "--")


@dataclass(slots=True)
class _Known:
    node: n.Node
    family: str | None
    value: n.Expr | None = None
    used: bool = False
    bare: bool = False  # `let $x;`


@dataclass(slots=True)
class _Blocks:
    study: Study
    stack: list[dict[str, _Known]] = field(default_factory=lambda: [{}])
    elsewhere: dict[str, n.Node] = field(default_factory=dict)  # in a block that is closed
    reported: set[str] = field(default_factory=set)

    def find(self, name: str) -> _Known | None:
        return next((block[name] for block in reversed(self.stack) if name in block), None)

    def open(self) -> None:
        self.stack.append({})

    def close(self) -> None:
        gone = self.stack.pop()
        if self.study.older("0.22") or not self.study.version:
            self.stack[-1].update(gone)  # it lives on; without a version nothing is claimed
        else:
            self.elsewhere.update({name: known.node for name, known in gone.items()})
            for name, known in gone.items():
                _unused(self.study, name, known)


@on(n.Probe)
def scoped(study: Study, probe: n.Probe) -> None:
    """Walk a probe in the order in which it runs."""
    blocks = _Blocks(study)
    if probe.predicate is not None:
        _visit(blocks, probe.predicate)
    for stmt in probe.body.body:
        _visit(blocks, stmt)
    for name, known in blocks.stack[0].items():
        _unused(study, name, known)


@on(n.Subprogram)
def scoped_function(study: Study, item: n.Subprogram) -> None:
    """Walk a function; its parameters have values."""
    blocks = _Blocks(study)
    for param in item.params:
        blocks.stack[0][param.name] = _Known(param, None, used=True)
    for stmt in item.body.body:
        _visit(blocks, stmt)


def _visit(blocks: _Blocks, root: n.Node) -> None:
    # With a stack of our own: a chain of 10,000 additions or `else if`s is that deep.
    todo: list[n.Node | str] = [root]
    while todo:
        node = todo.pop()
        if node == "close":
            blocks.close()
        elif isinstance(node, n.Node):
            todo += _step(blocks, node)


def _step(blocks: _Blocks, node: n.Node) -> list[n.Node | str]:
    match node:
        case n.Assign(target=n.Variable() as target):
            return [_After(target, node), node.value]
        case n.Let(target=target):
            return [_After(target, node), *([node.value] if node.value else [])]
        case _After():
            _assign(blocks, node.variable, node.stmt)
            return []
        case n.For():
            blocks.open()
            _loop(blocks, node)
            return [
                "close",
                node.body,
                *([node.over] if not isinstance(node.over, n.Map) or node.over.keys else []),
            ]
        case n.Block():
            blocks.open()
            return ["close", *reversed(node.body)]
        case n.BlockExpr():  # its value sees what its statements declare
            blocks.open()
            return ["close", *([node.value] if node.value else []), *reversed(node.body.body)]
        case n.Variable():
            _read(blocks, node)
            return []
        case n.Call() if node.name not in FUNCTIONS or node.name == "find":
            return _called(blocks, node)
    return [*reversed(blocks.study.below.get(id(node), ()))]


@dataclass(slots=True, eq=False, repr=False)
class _After(n.Node):
    # The assignment itself, which happens when its value is known.
    variable: n.Variable = field(default_factory=lambda: n.Variable(""))
    stmt: n.Assign | n.Let | None = None


def _called(blocks: _Blocks, node: n.Call) -> list[n.Node | str]:
    # find() and macros may give a variable its value.
    for arg in node.args:
        if isinstance(arg, n.Variable) and blocks.find(arg.name) is None:
            blocks.stack[-1][arg.name] = _Known(arg, None, used=True)
    return [*reversed(node.args)]


def _loop(blocks: _Blocks, node: n.For) -> None:
    name = node.variable.name
    before = blocks.find(name)
    if before is not None and not blocks.study.older("0.22") and blocks.study.version:
        place = (Related(before.node.start, before.node.end, "the other one"),)
        message = f"the loop's `${name}` has the name of a variable that is already there"
        blocks.study.report(node.variable, "error", "redeclared", message, "give it another name", place)
    blocks.stack[-1][name] = _Known(node.variable, None, used=True)


def _assign(blocks: _Blocks, variable: n.Variable, stmt: n.Assign | n.Let | None) -> None:
    study, name = blocks.study, variable.name
    before = blocks.find(name)
    if isinstance(stmt, n.Let):
        if before is not None:
            place = (Related(before.node.start, before.node.end, "it is already there"),)
            hint = f"leave `let` out, or give it another name than `${name}`"
            study.report(stmt, "error", "redeclared", f"`${name}` is declared a second time", hint, place)
        kind = stored(study, stmt.value) if stmt.value is not None and stmt.type is None else None
        bare = stmt.value is None and stmt.type is None
        blocks.stack[-1][name] = _Known(variable, kind, stmt.value if stmt.type is None else None, bare=bare)
        return
    if stmt is None:
        return
    if stmt.op != "=":
        _read(blocks, variable)
        if before is None:
            return
    found = stored(study, stmt.value)
    if before is None:
        blocks.stack[-1][name] = _Known(variable, found, stmt.value)
    elif stmt.op == "=":
        _same_type(study, stmt, name, before, found)
        before.family = before.family or found


def _same_type(study: Study, stmt: n.Assign, name: str, before: _Known, found: str | None) -> None:
    if study.version == (0, 23) and before.family == found == "int":
        _same_sign(study, stmt, name, before)
        return
    if clash(before.family, found) or {before.family, found} == {"int", "pointer"}:
        place = (
            Related(before.node.start, before.node.end, f"`${name}` is {words(before.family or '')} here"),
        )
        message = f"`${name}` holds {words(before.family or '')}, and this assigns {words(found or '')}"
        study.report(stmt, "error", "type-clash", message, "use another variable", place)


_SIGN_IS_SURE = (n.Identifier, n.Cast, n.Map, n.Integer, n.Unary, n.Binary)


def _same_sign(study: Study, stmt: n.Assign, name: str, before: _Known) -> None:
    # 0.23 alone keeps signed and unsigned variables apart; a written number is signed, unless it is written later.
    value, first = stmt.value, before.value
    of_args = (
        isinstance(value, n.Member) and isinstance(value.target, n.Identifier) and value.target.name == "args"
    )
    if first is None or not (of_args or isinstance(value, _SIGN_IS_SURE)) or isinstance(first, n.Bool):
        return
    kind = study.type(value)
    into_signed = value_of(first) is not None and (
        kind.startswith("uint") or (kind == "bool" and not of_args)
    )
    into_signed = into_signed and not isinstance(value, n.Integer)
    unsigned = isinstance(first, n.Identifier | n.Cast) and study.type(first).startswith("uint")
    if into_signed or (unsigned and (value_of(value) or 0) < 0):
        place = (Related(before.node.start, before.node.end, "this makes its sign"),)
        kinds = ("signed", "unsigned") if into_signed else ("unsigned", "negative")
        article = "an" if into_signed else "a"
        message = (
            f"`${name}` is {kinds[0]}, and this assigns {article} {kinds[1]} number: bpftrace 0.23 refuses it"
        )
        hint = f"begin with `${name} = (uint64)0;`" if into_signed else f"begin with `${name} = (int64)…;`"
        study.report(stmt, "error", "type-clash", message, hint, place)


def _read(blocks: _Blocks, node: n.Variable) -> None:
    study, name = blocks.study, node.name
    known = blocks.find(name)
    if known is not None:
        known.used = True
        if known.bare and name not in blocks.reported and _never_given(study, name):
            blocks.reported.add(name)
            message = f"`${name}` is declared, but nothing gives it a value or type"
            study.report(
                node,
                "error",
                "undefined-variable",
                message,
                f"write `let ${name} = …;` or `let ${name}: uint64;`",
            )
        return
    if name in blocks.reported or not name:
        return
    blocks.reported.add(name)
    if name in blocks.elsewhere:
        other = blocks.elsewhere[name]
        place = (Related(other.start, other.end, "it belongs to this block"),)
        message = f"`${name}` ends with the block in which it gets its value"
        hint = f"declare it before that block: `let ${name};`"
        study.report(node, "error", "undefined-variable", message, hint, place)
        return
    near = nearest(name, {each for block in blocks.stack for each in block})
    guess = f"; did you mean `${near}`?" if near else ""
    message = f"`${name}` is read before it has a value{guess}"
    study.report(node, "error", "undefined-variable", message, f"assign to it first: `${name} = …;`")


def _may_give(node: n.Node) -> TypeGuard[n.Call]:
    return isinstance(node, n.Call) and (node.name not in FUNCTIONS or node.name == "find")


def _never_given(study: Study, name: str) -> bool:
    for node in study.nodes[study.item]:
        if (
            isinstance(node, n.Assign)
            and isinstance(node.target, n.Variable)
            and node.target.name == name
            and node.op == "="
        ):
            return False
        if _may_give(node) and any(isinstance(arg, n.Variable) and arg.name == name for arg in node.args):
            return False
        if isinstance(node, n.Unary) and node.op == "&":
            return False
    return True


def _unused(study: Study, name: str, known: _Known) -> None:
    if not known.used and name:
        message = f"`${name}` is never read"
        study.report(known.node, "hint", "unused-variable", message, "leave it out, or print it")


RULES = (scoped, scoped_function)
CODES = (
    Code(
        "undefined-variable", "error", "gpttrace", "a variable that is read before it has a value",
        "A variable belongs to its probe, and since 0.22 to its block; all probes see a map (`@x`), to the end of the trace.",
        "BEGIN { print($x); }", "BEGIN { $x = 1; print($x); }",
    ),
    Code(
        "redeclared", "error", "gpttrace", "a variable that is declared twice",
        "`let` makes a new variable, and bpftrace wants no two of one name in a block and those around it.",
        "BEGIN { let $x = 1; let $x = 2; print($x); }", "BEGIN { $x = 1; $x = 2; print($x); }",
    ),
    Code(
        "unused-variable", "hint", "gpttrace", "a variable that is never read",
        "It costs a little in each event and may be a slip of the pen.",
        "BEGIN { $x = pid; }", "BEGIN { $x = pid; print($x); }",
    ),
)  # fmt: skip
