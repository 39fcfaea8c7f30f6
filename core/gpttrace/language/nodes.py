"""The tree of a bpftrace program: one small class per construct of the language, 0.14 to 0.27.

Nodes compare by meaning: positions (`start`, `end`: character offsets into the source, end exclusive) do not
take part in `==`. Where the language has several spellings (`args.x` and `args->x`, `BEGIN` and `begin`, `0x10` and `16`)
the spelling is kept, so that text printed from a tree parses to an equal tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """Any piece of a program, with its place in the source."""

    start: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)

    def __repr__(self) -> str:
        # Short, without places, and for a test's failure rather than for reading back.
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in meaning_fields(self))
        return f"{type(self).__name__}({inside})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return _same(self, other)


def _same(left: object, right: object) -> bool:
    # With a stack of our own: a chain of 10,000 additions is 10,000 levels deep.
    pairs = [(left, right)]
    while pairs:
        a, b = pairs.pop()
        if a is b:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, Node):
            pairs += [(getattr(a, name), getattr(b, name)) for name in meaning_fields(a)]
        elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
            if len(a) != len(b):
                return False
            pairs += zip(a, b, strict=True)
        elif a != b:
            return False
    return True


_FIELDS: dict[type, tuple[str, ...]] = {}


def meaning_fields(node: Node) -> tuple[str, ...]:
    """Return the names of the fields that carry meaning, in source order."""
    kind = type(node)
    names = _FIELDS.get(kind)
    if names is None:
        names = _FIELDS[kind] = tuple(f.name for f in fields(node) if f.compare)
    return names


# ---------------------------------------------------------------------------------------------- types


@dataclass(slots=True, eq=False, repr=False)
class TypeName(Node):
    """A type as written: `uint64`, `struct task_struct *`, `uint8[16]`, `(int32, string)`, `typeof($x)`.

    `text` is the spelling with single spaces; `of` is the expression inside `typeof(…)`, if it is one.
    """

    text: str
    of: Expr | None = None


# ---------------------------------------------------------------------------------------- expressions


@dataclass(slots=True, eq=False, repr=False)
class Expr(Node):
    """Any expression."""


@dataclass(slots=True, eq=False, repr=False)
class Integer(Expr):
    """`10`, `0x1f`, `0755`, `1_000`, `1e6`, `10u`, `5ms`. `value` is the number (ns for time units)."""

    text: str
    value: int


@dataclass(slots=True, eq=False, repr=False)
class Float(Expr):
    """A floating point literal; bpftrace accepts few uses of it, we keep it as written."""

    text: str


@dataclass(slots=True, eq=False, repr=False)
class String(Expr):
    """`"a\\n"`. `value` holds the bytes after escapes; `text` the literal as written, quotes included."""

    text: str
    value: bytes


@dataclass(slots=True, eq=False, repr=False)
class Bool(Expr):
    """`true` or `false` (bpftrace 0.24)."""

    value: bool


@dataclass(slots=True, eq=False, repr=False)
class Identifier(Expr):
    """A bare word: builtin (`pid`, `comm`, `args`), enum member, macro, C constant."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class Positional(Expr):
    """`$1`, `$2` … or the count `$#` (`number` is -1 then)."""

    number: int


@dataclass(slots=True, eq=False, repr=False)
class Variable(Expr):
    """`$name`; `name` without the `$`."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class Map(Expr):
    """`@name` or `@name[keys]`. `name` keeps the `@`. `keys` is None for a map used without brackets."""

    name: str
    keys: list[Expr] | None = None


@dataclass(slots=True, eq=False, repr=False)
class Call(Expr):
    """`name(args…)`, for functions, macros and subprograms; an argument may be a TypeName."""

    name: str
    args: list[Expr | TypeName]


@dataclass(slots=True, eq=False, repr=False)
class Unary(Expr):
    """Prefix `- + ! ~ * & ++ --`, or postfix `++ --` with `postfix` true."""

    op: str
    operand: Expr
    postfix: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Binary(Expr):
    """`left op right` for every arithmetic, comparison, logical, bit and shift operator."""

    op: str
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False, repr=False)
class Ternary(Expr):
    """`cond ? then : other`; `then` is None for `cond ?: other`."""

    cond: Expr
    then: Expr | None
    other: Expr


@dataclass(slots=True, eq=False, repr=False)
class Member(Expr):
    """`target.name`, `target->name` or a tuple element `target.0`; `arrow` says which."""

    target: Expr
    name: str
    arrow: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Index(Expr):
    """`target[index]` of an array or pointer (a map's keys are in Map)."""

    target: Expr
    index: Expr


@dataclass(slots=True, eq=False, repr=False)
class Cast(Expr):
    """`(type)value`."""

    type: TypeName
    value: Expr


@dataclass(slots=True, eq=False, repr=False)
class Tuple(Expr):
    """`(a, b, …)`, `(a,)` or `()`."""

    items: list[Expr]


@dataclass(slots=True, eq=False, repr=False)
class Record(Expr):
    """`(name=value, …)` (bpftrace 0.26)."""

    fields: list[tuple[str, Expr]]


@dataclass(slots=True, eq=False, repr=False)
class SizeOf(Expr):
    """`sizeof(type)` or `sizeof(expr)`."""

    of: TypeName | Expr


@dataclass(slots=True, eq=False, repr=False)
class OffsetOf(Expr):
    """`offsetof(type, a.b)` or `offsetof(expr, a.b)`."""

    of: TypeName | Expr
    path: list[str]


@dataclass(slots=True, eq=False, repr=False)
class Comptime(Expr):
    """`comptime expr` (bpftrace 0.24)."""

    value: Expr


@dataclass(slots=True, eq=False, repr=False)
class BlockExpr(Expr):
    """`{ statements; value }` as an expression (bpftrace 0.24); `value` is None when it yields nothing."""

    body: Block
    value: Expr | None


@dataclass(slots=True, eq=False, repr=False)
class IfExpr(Expr):
    """`if cond { a } else { b }` as an expression (bpftrace 0.25); each branch ends in an ExprStmt that yields."""

    branch: If


@dataclass(slots=True, eq=False, repr=False)
class Paren(Expr):
    """`(inner)`: kept, because a program is shown to its author as written."""

    inner: Expr


@dataclass(slots=True, eq=False, repr=False)
class BadExpr(Expr):
    """Text that is no expression; a finding says why."""

    text: str


# ----------------------------------------------------------------------------------------- statements


@dataclass(slots=True, eq=False, repr=False)
class Stmt(Node):
    """Any statement."""


@dataclass(slots=True, eq=False, repr=False)
class Block(Node):
    """`{ … }`."""

    body: list[Stmt]


@dataclass(slots=True, eq=False, repr=False)
class ExprStmt(Stmt):
    """An expression for its effect: a call, `@x++`.

    `yields` marks the last expression of a branch without `;` where it is that branch's value (macros, `if` expressions).
    """

    expr: Expr
    yields: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Assign(Stmt):
    """`target op value` with op one of `= += -= *= /= %= &= |= ^= <<= >>=`."""

    target: Expr
    op: str
    value: Expr


@dataclass(slots=True, eq=False, repr=False)
class Let(Stmt):
    """`let $x`, `let $x: type`, `let $x = value`."""

    target: Variable
    type: TypeName | None
    value: Expr | None


@dataclass(slots=True, eq=False, repr=False)
class If(Stmt):
    """`if (cond) { } else …`; `other` is a Block, another If for `else if`, or None. `comptime` for `if comptime`."""

    cond: Expr
    then: Block
    other: Block | If | None
    comptime: bool = False


@dataclass(slots=True, eq=False, repr=False)
class While(Stmt):
    """`while (cond) { }`."""

    cond: Expr
    body: Block


@dataclass(slots=True, eq=False, repr=False)
class Unroll(Stmt):
    """`unroll (count) { }`."""

    count: Expr
    body: Block


@dataclass(slots=True, eq=False, repr=False)
class Range(Expr):
    """`low..high`, only in a `for`."""

    low: Expr
    high: Expr


@dataclass(slots=True, eq=False, repr=False)
class For(Stmt):
    """`for ($kv : @map) { }` or `for ($i : 0..10) { }`."""

    variable: Variable
    over: Expr
    body: Block


@dataclass(slots=True, eq=False, repr=False)
class Jump(Stmt):
    """`break`, `continue` or `return [value]`."""

    word: str
    value: Expr | None = None


@dataclass(slots=True, eq=False, repr=False)
class BlockStmt(Stmt):
    """A bare block as a statement."""

    block: Block


@dataclass(slots=True, eq=False, repr=False)
class ImportStmt(Stmt):
    """`import "name";` inside a macro (bpftrace 0.26)."""

    path: String


@dataclass(slots=True, eq=False, repr=False)
class BadStmt(Stmt):
    """Text that is no statement; a finding says why."""

    text: str


# ------------------------------------------------------------------------------------------ top level


@dataclass(slots=True, eq=False, repr=False)
class Item(Node):
    """Anything that stands at the top level of a program."""


@dataclass(slots=True, eq=False, repr=False)
class CDefinition(Item):
    """C text handed to clang: a `#include` or `#define` line, a struct, union, enum or typedef."""

    text: str


@dataclass(slots=True, eq=False, repr=False)
class Import(Item):
    """`import "name";` (bpftrace 0.24)."""

    path: String


@dataclass(slots=True, eq=False, repr=False)
class ConfigEntry(Node):
    """`key = value` in a config block."""

    key: str
    value: Expr


@dataclass(slots=True, eq=False, repr=False)
class Config(Item):
    """`config = { key = value; … }` (bpftrace 0.20)."""

    entries: list[ConfigEntry]


@dataclass(slots=True, eq=False, repr=False)
class MapDecl(Item):
    """`let @name = hash(1024);` (bpftrace 0.22)."""

    name: str
    kind: str
    args: list[Expr]


@dataclass(slots=True, eq=False, repr=False)
class Macro(Item):
    """`macro name($a, @b, c) { … }` (bpftrace 0.23); `value` of the body block when it yields one."""

    name: str
    params: list[Expr]
    body: BlockExpr


@dataclass(slots=True, eq=False, repr=False)
class Param(Node):
    """`$name: type` of a subprogram."""

    name: str
    type: TypeName


@dataclass(slots=True, eq=False, repr=False)
class Subprogram(Item):
    """`fn name($a: type): type { … }`."""

    name: str
    params: list[Param]
    returns: TypeName
    body: Block


@dataclass(slots=True, eq=False, repr=False)
class AttachPoint(Node):
    """One place to attach, as written and in parts.

    `text` is the source spelling; `kind` is the canonical long lower-case name (`tracepoint`, `kprobe`, `begin` …; `t` and
    `BEGIN` are resolved), or the word as written when unknown; `parts` are the pieces after the kind with quotes removed
    (`["sched", "sched_switch"]`, `["hz", "99"]`, `["/bin/bash", "readline"]`); `offset` is n of `name+n`.
    """

    text: str
    kind: str
    parts: list[str]
    offset: int | None = None


@dataclass(slots=True, eq=False, repr=False)
class Probe(Item):
    """`attach points /predicate/ { body }`."""

    points: list[AttachPoint]
    predicate: Expr | None
    body: Block


@dataclass(slots=True, eq=False, repr=False)
class BadItem(Item):
    """Text that belongs to nothing; a finding says why."""

    text: str


@dataclass(slots=True, eq=False, repr=False)
class Comment(Node):
    """`// …` or `/* … */`, with its marks."""

    text: str
