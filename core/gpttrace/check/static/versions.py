"""Syntax that this bpftrace does not have yet, with the way to write it here.

Each row was refused by the real 0.17.0 or 0.23.2 and taken by a later one; the version in between is that of its changelog.
"""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import everywhere, on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n
from gpttrace.language.literals import UNITS


def _newer(study: Study, place: n.Node | tuple[int, int], since: str, what: str, hint: str) -> None:
    if study.older(since):
        message = f"{what} came with bpftrace {since}, and this host has {study.version_text}"
        study.report(place, "error", "needs-newer-bpftrace", message, hint)


@everywhere(n.Config, n.MapDecl, n.Macro, n.Subprogram, n.Import)
def item(study: Study, node: n.Item) -> None:
    """Definitions before the probes."""
    head = node.start, min(node.end, node.start + 12)
    match node:
        case n.Config():
            _newer(
                study,
                (node.start, node.start + 6),
                "0.20",
                "a config block",
                "set `BPFTRACE_…` in the environment instead",
            )
        case n.MapDecl():
            _newer(
                study,
                node,
                "0.24",
                "the declaration of a map",
                "leave it out; BPFTRACE_MAX_MAP_KEYS sets the size of all maps",
            )
        case n.Macro():
            _newer(study, head, "0.24", "a macro", "write its text out where it is used")
        case n.Subprogram():
            _newer(study, head, "0.18", "a function (`fn`)", "write its text out where it is used")
        case n.Import():
            _newer(study, node, "0.24", "import", "put the text of the file here")


@on(n.For, n.Let, n.BlockStmt)
def statement(study: Study, node: n.Stmt) -> None:
    """Loops, declarations and blocks."""
    match node:
        case n.For(over=n.Range()):
            _newer(study, (node.start, node.start + 3), "0.24", "`for` over a range", "count with `while`")
        case n.For():
            _newer(
                study,
                (node.start, node.start + 3),
                "0.21",
                "`for` over a map",
                "print the whole map with print(@map)",
            )
            if not _parenthesised(study, node.start + 3):
                _newer(
                    study,
                    node.variable,
                    "0.24",
                    "`for` without parentheses",
                    "write `for ($kv : @map) { … }`",
                )
        case n.Let():
            _newer(study, (node.start, node.start + 3), "0.22", "`let`", f"write `${node.target.name} = …;`")
        case n.BlockStmt():
            _newer(study, (node.start, node.start + 1), "0.24", "a block of its own", "leave its braces out")


def _parenthesised(study: Study, at: int) -> bool:
    return study.program.source.text[at:].lstrip().startswith("(")


@on(n.If, n.While, n.Unroll)
def bare_condition(study: Study, node: n.If | n.While | n.Unroll) -> None:
    """Conditions without parentheses."""
    cond = node.count if isinstance(node, n.Unroll) else node.cond
    word = {n.If: "if", n.While: "while", n.Unroll: "unroll"}[type(node)]
    between = study.program.source.text[node.start + len(word) : cond.start]
    if isinstance(node, n.If) and node.comptime:
        _newer(study, (node.start, cond.start), "0.24", "`comptime`", "leave it out")
    elif (
        "(" not in between
        and not study.program.source.text.startswith("(", cond.start)
        and not between.strip()
    ):
        _newer(study, cond, "0.24", f"`{word}` without parentheses", f"write `{word} (…)`")


@on(n.BlockExpr, n.IfExpr, n.Record, n.Comptime, n.OffsetOf, n.Index, n.Bool)
def expression(study: Study, node: n.Expr) -> None:
    """New kinds of expressions."""
    place = node.start, node.start + 1
    match node:
        case n.BlockExpr():
            _newer(study, place, "0.24", "a block as a value", "put its statements before")
        case n.IfExpr():
            _newer(study, (node.start, node.start + 2), "0.25", "`if` as a value", "use `?` and `:`")
        case n.Record():
            _newer(study, node, "0.25", "a record `(name=value)`", "use a tuple: `(a, b)`")
        case n.Comptime():
            _newer(study, place, "0.24", "`comptime`", "leave it out")
        case n.OffsetOf():
            _newer(study, node, "0.18", "offsetof()", "count the offset with `sizeof`, or read the member")


@on(n.TypeName)
def type_of_something(study: Study, node: n.TypeName) -> None:
    """`typeof(…)`."""
    if node.of is not None or node.text.startswith("typeof"):
        _newer(study, node, "0.24", "typeof()", "write the type out")


@on(n.While)
def while_loop(study: Study, node: n.While) -> None:
    """`while`, which 0.25 deprecates where a `for` over a range can stand for it."""
    if study.since("0.25"):
        message = "`while` is deprecated since bpftrace 0.25"
        study.report(
            (node.start, node.start + 5), "hint", "deprecated", message, "write `for $i : 0..10 { … }`"
        )


@on(n.Integer)
def unit(study: Study, node: n.Integer) -> None:
    """Numbers with a unit of time."""
    suffix = node.text.lstrip("0123456789_")
    if suffix in UNITS:
        _newer(study, node, "0.24", f"the unit in `{node.text}`", f"write nanoseconds: {node.value}")


@on(n.Ternary, n.Unary, n.Cast)
def operator(study: Study, node: n.Expr) -> None:
    """`?:`, `&` and casts to arrays."""
    match node:
        case n.Ternary(then=None):
            _newer(study, node, "0.26", "`?:` without a middle", "write the value twice: `a ? a : b`")
        case n.Unary(op="&"):
            _newer(study, node, "0.24", "`&`", "there is no other way to take an address before")
        case n.Cast(type=kind) if "[" in kind.text and not kind.text.startswith("string"):
            _newer(study, kind, "0.19", "a cast to an array", "shift and mask the number instead")


@on(n.Member)
def dot(study: Study, node: n.Member) -> None:
    """`args.x` before 0.19, `.` on pointers before 0.25, `->` on structs before it."""
    owner = study.type(node.target)
    dot_at = node.end - len(node.name) - (2 if node.arrow else 1), node.end
    if node.arrow or not node.name or node.name.isdigit():
        if node.arrow and owner.startswith(("struct ", "union ")) and not owner.endswith("*"):
            _newer(study, dot_at, "0.25", "`->` on a struct that is no pointer", f"write `.{node.name}`")
        return
    if owner == "args" and isinstance(node.target, n.Identifier):
        _newer(study, dot_at, "0.19", "`args.field`", f"write `args->{node.name}`, which every version takes")
    elif owner.endswith("*"):
        _newer(study, dot_at, "0.25", "`.` on a pointer", f"write `->{node.name}`")


@on(n.Map)
def tuple_key(study: Study, node: n.Map) -> None:
    """Tuples as keys before 0.22."""
    for key in node.keys or ():
        inner = key.inner if isinstance(key, n.Paren) else key
        if isinstance(inner, n.Tuple):
            _newer(study, key, "0.22", "a tuple as a key", "write the keys with commas: `@x[a, b]`")


@on(n.Call)
def printed_element(study: Study, node: n.Call) -> None:
    """print(@x[key]) before 0.21."""
    if (
        node.name == "print"
        and node.args
        and isinstance(node.args[0], n.Map)
        and node.args[0].keys is not None
    ):
        _newer(
            study,
            node,
            "0.21",
            "print() of one element",
            'write `printf("%d\\n", @x[key])`, with `%s` for a string',
        )


RULES = (
    item,
    statement,
    bare_condition,
    expression,
    type_of_something,
    while_loop,
    unit,
    operator,
    dot,
    tuple_key,
    printed_element,
)
CODES: tuple[Code, ...] = ()  # `needs-newer-bpftrace` stands in names.py
