"""Trees to text: `to_text(node)` for any node, `format_tree(program)` for a whole file with its comments.

Parsing the text gives an equal tree again, also for trees built by code: parentheses are added where precedence needs
them. The layout is that of bpftrace's own tools: tabs, one statement a line. Iterative, so no depth is too deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gpttrace.language import nodes as n
from gpttrace.language.program import Program

_RANK = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_TERNARY, _PREFIX, _POSTFIX = 0, 11, 12
_LINE, _IN, _OUT = object(), object(), object()  # a new line; one tab more; one less
Part = Any  # str, Node or one of the three marks


def to_text(node: n.Node) -> str:
    """Return the source text of any node; blocks and programs span lines, without a line end at the last."""
    if isinstance(node, Program):
        return format_tree(node)
    return _render(node, _Layout("", []))


def format_tree(program: Program) -> str:
    """Return a whole program in conventional layout, with its comments and blank lines; ends in a line end."""
    out = [program.shebang] if program.shebang else []
    layout = _Layout(program.source.text, program.comments[::-1], len(program.shebang or ""))
    before: n.Item | None = None
    for item in program.items:
        leading = _leading(item, layout, out)
        text = _render(item, layout)
        if before is not None and not leading and _adjoining(before, item):
            out.append(text)
        else:
            out += ["", *leading, text] if out else [*leading, text]
        layout.end = max(layout.end, item.end)
        before = item
    rest = [comment.text.rstrip() for comment in layout.until(len(layout.text) + 1)]
    out += ["", *rest] if rest and out else rest
    return "\n".join(out) + "\n" if out else ""


def _leading(item: n.Item, layout: _Layout, out: list[str]) -> list[str]:
    # What stands before the item's block goes above the item; what ends the line of the item before stays there.
    stop = item.body.start if isinstance(item, n.Probe) else item.start
    lines: list[str] = []
    for comment in layout.until(max(stop, item.start)):
        if out and not lines and layout.same_line(comment.start):
            out[-1] += " " + comment.text.rstrip()
        else:
            lines.append(comment.text.rstrip())
        layout.end = comment.end
    return lines


def _adjoining(before: n.Item, item: n.Item) -> bool:
    for kind in (n.Import, n.MapDecl):
        if isinstance(before, kind) and isinstance(item, kind):
            return True
    return isinstance(item, n.CDefinition) and item.text.startswith("#") and _directive(before)


def _directive(item: n.Item) -> bool:
    return isinstance(item, n.CDefinition) and item.text.startswith("#")


@dataclass(slots=True)
class _Layout:
    """The source of a tree, the comments still to print (the next one last) and where the last printed thing ended."""

    text: str
    comments: list[n.Comment]
    end: int = 0

    def until(self, stop: int) -> Iterator[n.Comment]:
        while self.comments and self.comments[-1].start < stop:
            yield self.comments.pop()

    def same_line(self, start: int) -> bool:
        return self.end > 0 and "\n" not in self.text[self.end : start]

    def gap(self, start: int) -> bool:
        return 0 < self.end < start and self.text[self.end : start].count("\n") > 1

    def lead(self, start: int, out: list[str], line: str) -> None:
        """Print the comments and the blank line before `start`; the last piece of `out` begins a line."""
        for comment in self.until(start):
            if self.same_line(comment.start):
                out.insert(len(out) - 1, " " + comment.text.rstrip())
            else:
                self.blank(comment.start, out)
                out += [comment.text.rstrip(), line]
            self.end = comment.end
        self.blank(start, out)

    def last(self, stop: int, out: list[str], line: str) -> bool:
        """Print the comments at the end of a block; False when there are none."""
        if not self.comments or self.comments[-1].start >= stop:
            return False
        out.append(line)
        self.lead(stop, out, line)
        out.pop()
        return True

    def blank(self, start: int, out: list[str]) -> None:
        if self.gap(start) and not out[-2].endswith("{"):
            out.insert(len(out) - 1, "\n")


@dataclass(slots=True)
class _End:
    """Marks the end of a statement, or of a block with `block` true, which it closes."""

    at: int
    block: bool = False
    empty: bool = False


def _render(node: n.Node, layout: _Layout) -> str:
    stack: list[Part] = [node]  # what is still to print, its end first
    out: list[str] = []
    line = "\n"
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out.append(part)
        elif part is _LINE:
            out.append(line)
        elif part is _IN:
            line += "\t"
        elif part is _OUT:
            line = line[:-1]
        elif isinstance(part, _End):
            if part.block:
                flushed = layout.last(part.at, out, line)
                line = line[:-1]
                out += [" }"] if part.empty and not flushed else [line, "}"]
            layout.end = max(layout.end, part.at)
        else:
            if isinstance(part, n.Stmt | n.ConfigEntry) and out:
                layout.lead(part.start, out, line)
                stack.append(_End(part.end))
            elif isinstance(part, n.Block | n.Config):
                layout.end = max(layout.end, part.start + 1)
            stack += reversed(_PARTS[type(part)](part))
    return "".join(out)


def _rank(expr: n.Node) -> int:
    if isinstance(expr, n.Binary):
        return _RANK.get(expr.op, 1)
    if isinstance(expr, n.Ternary | n.Comptime | n.IfExpr | n.Range):
        return _TERNARY
    if isinstance(expr, n.Cast) or (isinstance(expr, n.Unary) and not expr.postfix):
        return _PREFIX
    return _POSTFIX


def _at_least(rank: int, expr: n.Node) -> list[Part]:
    return [expr] if _rank(expr) >= rank else ["(", expr, ")"]


def _listed(parts: list[Any]) -> list[Part]:
    out: list[Part] = []
    for part in parts:
        out += [", ", part] if out else [part]
    return out


# ---------------------------------------------------------------------------------------- expressions


def _map(node: n.Map) -> list[Part]:
    return [node.name] if node.keys is None else [node.name, "[", *_listed(node.keys), "]"]


def _unary(node: n.Unary) -> list[Part]:
    if node.postfix:
        return [*_at_least(_POSTFIX, node.operand), node.op]
    inner = _at_least(_PREFIX, node.operand)
    # `- -1` and `& &x` must not run together into another operator.
    gap = " " if isinstance(inner[0], n.Unary) and not inner[0].postfix and node.op[-1] in "+-&" else ""
    return [node.op, gap, *inner]


def _binary(node: n.Binary) -> list[Part]:
    rank = _RANK.get(node.op, 1)
    return [*_at_least(rank, node.left), f" {node.op} ", *_at_least(rank + 1, node.right)]


def _ternary(node: n.Ternary) -> list[Part]:
    then = [" ? ", node.then, " : "] if node.then is not None else [" ?: "]
    other = [node.other] if isinstance(node.other, n.Ternary) else _at_least(1, node.other)
    return [*_at_least(1, node.cond), *then, *other]


def _tuple(node: n.Tuple) -> list[Part]:
    return ["(", *_listed(node.items), ",)" if len(node.items) == 1 else ")"]


def _member(node: n.Member) -> list[Part]:
    dot = (
        "->" if node.arrow else " ." if isinstance(node.target, n.Integer) else "."
    )  # `1.2` would be one number
    return [*_at_least(_POSTFIX, node.target), dot, node.name]


def _index(node: n.Index) -> list[Part]:
    bare = isinstance(node.target, n.Map) and node.target.keys is None  # `@x[1]` would be a map with a key
    target = ["(", node.target, ")"] if bare else _at_least(_POSTFIX, node.target)
    return [*target, "[", node.index, "]"]


def _record(node: n.Record) -> list[Part]:
    out: list[Part] = ["("]
    for name, value in node.fields:
        out += [", " if len(out) > 1 else "", name, " = ", value]
    return [*out, ")"]


def _offset_of(node: n.OffsetOf) -> list[Part]:
    return ["offsetof(", node.of, ", ", ".".join(node.path), ")"]


def _block_expr(node: n.BlockExpr) -> list[Part]:
    if node.value is None:
        return [node.body]
    body: list[Part] = []
    for stmt in node.body.body:
        body += [_LINE, stmt]
    return ["{", _IN, *body, _LINE, node.value, _OUT, _LINE, "}"]


def _type(node: n.TypeName) -> list[Part]:
    return [node.text]


# ----------------------------------------------------------------------------------------- statements


def _block(node: n.Block) -> list[Part]:
    if not node.body:
        return ["{", _IN, _End(node.end, True, True)]
    body: list[Part] = []
    for stmt in node.body:
        body += [_LINE, stmt]
    return ["{", _IN, *body, _End(node.end, True)]


def _expr_stmt(node: n.ExprStmt) -> list[Part]:
    return [node.expr, "" if node.yields else ";"]


def _let(node: n.Let) -> list[Part]:
    kind = [": ", node.type] if node.type else []
    value = [" = ", node.value] if node.value else []
    return ["let ", node.target, *kind, *value, ";"]


def _if(node: n.If) -> list[Part]:
    word = "if comptime (" if node.comptime else "if ("
    other = [" else ", node.other] if node.other else []
    return [word, node.cond, ") ", node.then, *other]


def _for(node: n.For) -> list[Part]:
    return ["for (", node.variable, " : ", node.over, ") ", node.body]


def _jump(node: n.Jump) -> list[Part]:
    return [node.word, *([" ", node.value] if node.value else []), ";"]


# -------------------------------------------------------------------------------------------- top level


def _probe(node: n.Probe) -> list[Part]:
    points: list[Part] = []
    for point in node.points:
        points += [",", _LINE, point] if points else [point]
    predicate = [_LINE, "/", *_predicate(node.predicate), "/"] if node.predicate is not None else []
    return (
        [*points, *predicate, _LINE, node.body]
        if predicate or len(node.points) > 1
        else [*points, " ", node.body]
    )


def _predicate(expr: n.Expr) -> list[Part]:
    # A `*` or `/` behind the first `/` would begin a comment.
    return [" ", expr] if to_text(expr).startswith("*") else [expr]


def _config(node: n.Config) -> list[Part]:
    body: list[Part] = []
    for entry in node.entries:
        body += [_LINE, entry]
    return ["config = {", _IN, *body, _End(node.end, True)]


def _map_decl(node: n.MapDecl) -> list[Part]:
    return ["let ", node.name, " = ", node.kind, "(", *_listed(node.args), ");"]


def _macro(node: n.Macro) -> list[Part]:
    return ["macro ", node.name, "(", *_listed(node.params), ") ", node.body]


def _subprogram(node: n.Subprogram) -> list[Part]:
    return ["fn ", node.name, "(", *_listed(node.params), "): ", node.returns, " ", node.body]


def _program(node: Program) -> list[Part]:
    return [format_tree(node)]


_PARTS: dict[type, Callable[[Any], list[Part]]] = {
    n.TypeName: _type,
    n.Integer: lambda node: [node.text],
    n.Float: lambda node: [node.text],
    n.String: lambda node: [node.text],
    n.Bool: lambda node: ["true" if node.value else "false"],
    n.Identifier: lambda node: [node.name],
    n.Positional: lambda node: ["$#" if node.number < 0 else f"${node.number}"],
    n.Variable: lambda node: [f"${node.name}"],
    n.Map: _map,
    n.Call: lambda node: [node.name, "(", *_listed(node.args), ")"],
    n.Unary: _unary,
    n.Binary: _binary,
    n.Ternary: _ternary,
    n.Member: _member,
    n.Index: _index,
    n.Cast: lambda node: ["(", node.type, ")", *_at_least(_PREFIX, node.value)],
    n.Tuple: _tuple,
    n.Record: _record,
    n.SizeOf: lambda node: ["sizeof(", node.of, ")"],
    n.OffsetOf: _offset_of,
    n.Comptime: lambda node: ["comptime ", node.value],
    n.BlockExpr: _block_expr,
    n.IfExpr: lambda node: [node.branch],
    n.Paren: lambda node: ["(", node.inner, ")"],
    n.BadExpr: lambda node: [node.text],
    n.Block: _block,
    n.ExprStmt: _expr_stmt,
    n.Assign: lambda node: [node.target, f" {node.op} ", node.value, ";"],
    n.Let: _let,
    n.If: _if,
    n.While: lambda node: ["while (", node.cond, ") ", node.body],
    n.Unroll: lambda node: ["unroll (", node.count, ") ", node.body],
    n.Range: lambda node: [*_at_least(_PREFIX, node.low), "..", *_at_least(_PREFIX, node.high)],
    n.For: _for,
    n.Jump: _jump,
    n.BlockStmt: lambda node: [node.block],
    n.ImportStmt: lambda node: ["import ", node.path, ";"],
    n.BadStmt: lambda node: [node.text],
    n.CDefinition: lambda node: [node.text],
    n.Import: lambda node: ["import ", node.path, ";"],
    n.ConfigEntry: lambda node: [node.key, " = ", node.value, ";"],
    n.Config: _config,
    n.MapDecl: _map_decl,
    n.Macro: _macro,
    n.Param: lambda node: [f"${node.name}: ", node.type],
    n.Subprogram: _subprogram,
    n.AttachPoint: lambda node: [node.text],
    n.Probe: _probe,
    n.BadItem: lambda node: [node.text],
    n.Comment: lambda node: [node.text],
    Program: _program,
}
