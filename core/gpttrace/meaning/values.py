"""Expressions of a program as terms: each builtin, field, member, call and operator, with variables and maps looked up.

A fact's name is its spelling in one form (`args.ret`, `((struct sock *)arg0).__sk_common.skc_dport`), so that two programs that
read the same thing name it alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gpttrace.language import nodes as n
from gpttrace.language.reference import BUILTINS
from gpttrace.meaning.terms import (
    COMPARISONS,
    FALSE,
    TRUE,
    Apply,
    Fact,
    Number,
    Stored,
    Term,
    Text,
    apply,
    both,
    chosen,
    either,
    negated,
)

# Functions that give the same for the same argument, and whose argument is an address.
_ADDRESSING = frozenset(("str", "buf", "kptr", "uptr", "join", "path"))
_SAME = {"kptr", "uptr"}
_STACKS = frozenset(("kstack", "ustack"))


class CannotRead(Exception):
    """An expression that has no term; `node` is the place."""

    def __init__(self, why: str, node: n.Node) -> None:
        super().__init__(why)
        self.why = why
        self.node = node


@dataclass(slots=True)
class Reader:
    """Reads expressions at one place of a program: `variables` as they are there, `stored` looks a map up, `kind` tells types."""

    variables: dict[str, Term]
    stored: Callable[[str, tuple[Term, ...]], Term]
    kind: Callable[[n.Node], str]
    pointers: set[str] = field(default_factory=set)

    def term(self, node: n.Node) -> Term:
        """Return the term of an expression; CannotRead where there is none."""
        rule = _RULES.get(type(node))
        if rule is None:
            raise CannotRead(f"{type(node).__name__.lower()} is not followed", node)
        return rule(self, node)

    def keys(self, node: n.Map) -> tuple[Term, ...]:
        """Return the key of a map: `@x[(a, b)]` is `@x[a, b]`."""
        given = list(node.keys or ())
        while len(given) == 1 and isinstance(given[0], n.Paren):
            given = [given[0].inner]
        if len(given) == 1 and isinstance(given[0], n.Tuple):
            given = given[0].items
        return tuple(self.term(each) for each in given)

    def address(self, term: Term) -> None:
        """Remember that a fact, or what a map holds, is used as an address: it is not 0 then."""
        if isinstance(term, Fact | Stored):
            self.pointers.add(term.name if isinstance(term, Fact) else term.map)


def _integer(reader: Reader, node: n.Integer) -> Term:
    return Number(node.value if node.value < 1 << 63 else node.value - (1 << 64))


def _identifier(reader: Reader, node: n.Identifier) -> Term:
    if node.name in BUILTINS:
        kind = BUILTINS[node.name].type
        if node.name == "retval":
            kind = reader.kind(node)
        return Fact(node.name, kind)
    return Fact(node.name, "int64")  # an enum member or a constant of C


def _positional(reader: Reader, node: n.Positional) -> Term:
    return Fact(f"${node.number}", "int64")


def _variable(reader: Reader, node: n.Variable) -> Term:
    if node.name not in reader.variables:
        raise CannotRead(f"${node.name} has no value here", node)
    return reader.variables[node.name]


def _map(reader: Reader, node: n.Map) -> Term:
    return reader.stored(node.name, reader.keys(node))


def _member(reader: Reader, node: n.Member) -> Term:
    owner = node.target
    while isinstance(owner, n.Paren):
        owner = owner.inner
    if isinstance(owner, n.Identifier) and owner.name == "args":
        return Fact(f"args.{node.name}", _known(reader.kind(node)))
    if isinstance(owner, n.Tuple) and node.name.isdigit() and int(node.name) < len(owner.items):
        return reader.term(owner.items[int(node.name)])
    inner = reader.term(node.target)
    reader.address(inner)
    return _read(f"{{}}.{node.name}", (inner,), reader.kind(node))


def _index(reader: Reader, node: n.Index) -> Term:
    inner, at = reader.term(node.target), reader.term(node.index)
    reader.address(inner)
    return _read("{}[{}]", (inner, at), reader.kind(node))


def _known(kind: str) -> str:
    return "int64" if kind == "unknown" else kind  # bpftrace's own width


def _read(form: str, inside: tuple[Term, ...], kind: str) -> Term:
    """Return what is read through other terms: one fact when they are facts of one moment."""
    moments = {each.at for each in inside if isinstance(each, Fact)}
    if len(moments) == 1 and all(isinstance(each, Fact | Number | Text) for each in inside):
        return Fact(form.format(*map(shown, inside)), kind, moments.pop())
    return Apply(form, inside)


def shown(term: Term) -> str:
    """Return a term as bpftrace would write it."""
    match term:
        case Number(value=value):
            return str(value)
        case Text(value=value):
            return '"' + value.decode(errors="backslashreplace") + '"'
        case Apply(op="-", args=(Fact(name="nsecs", at=""), Fact(name="nsecs", at="before"))):
            return "latency"
        case Fact(name=name, at=at):
            return f"{name} at the begin" if at else name
        case Stored(map=name, keys=keys):
            return f"{name}[{', '.join(map(shown, keys))}]" if keys else name
        case Apply(op="?:", args=(cond, one, other)):
            return f"({shown(cond)} ? {shown(one)} : {shown(other)})"
        case Apply(op=op, args=args) if "{}" in op:
            return op.format(*map(shown, args))
        case Apply(op=op, args=args) if op.startswith("@"):
            return f"@seen[{', '.join(map(shown, args))}]"
        case Apply(op=op, args=(one,)):
            return f"{op}{shown(one)}"
        case Apply(op="strncmp" | "strcontains" as op, args=args):
            return f"{op}({', '.join(map(shown, args))})"
        case Apply(op=op, args=args):
            return "(" + f" {op} ".join(map(shown, args)) + ")"


def _call(reader: Reader, node: n.Call) -> Term:
    if node.name in _STACKS:
        return Fact(
            node.name, node.name
        )  # how many frames and how they are printed is no difference of meaning
    if node.name in BUILTINS and not (node.name == "nsecs" and node.args):
        return Fact(node.name, BUILTINS[node.name].type)
    args = []
    for each in node.args:
        if isinstance(each, n.TypeName):
            raise CannotRead("a type as an argument is not followed", each)
        if node.name == "has_key" and isinstance(each, n.Map):
            continue
        args.append(reader.term(each))
    if node.name == "has_key" and isinstance(node.args[0], n.Map):
        found = reader.stored(node.args[0].name, tuple(args))
        return Stored(found.map, found.keys, has=True) if isinstance(found, Stored) else TRUE
    if node.name in _ADDRESSING:
        for term in args[:1]:
            reader.address(term)
        args = args[:1]  # how much of a string is read is no difference of meaning
    if node.name in _SAME:
        return args[0]
    if node.name in ("strncmp", "strcontains"):
        return Apply(node.name, tuple(args))
    places = ", ".join(["{}"] * len(args))
    return _read(f"{node.name}({places})", tuple(args), reader.kind(node))


def _unary(reader: Reader, node: n.Unary) -> Term:
    inner = reader.term(node.operand)
    match node.op:
        case "-":
            return apply("-", inner)
        case "+":
            return inner
        case "!":
            return negated(inner)
        case "~":
            return apply("~", inner)
        case "*":
            reader.address(inner)
            return _read("*{}", (inner,), reader.kind(node))
        case "&":
            return _read("&{}", (inner,), "uint64")
    raise CannotRead(f"`{node.op}` inside an expression is not followed", node)


def _binary(reader: Reader, node: n.Binary) -> Term:
    one, other = reader.term(node.left), reader.term(node.right)
    if node.op == "&&":
        return both(one, other)
    if node.op == "||":
        return either(one, other)
    if node.op in COMPARISONS and isinstance(one, Fact | Text) and isinstance(other, Fact | Text):
        return _texts(node.op, one, other)
    return apply(node.op, one, other)


def _texts(op: str, one: Fact | Text, other: Fact | Text) -> Term:
    # A process name has 15 bytes at most: a longer one is equal to none.
    for text, name in ((one, other), (other, one)):
        if isinstance(text, Text) and isinstance(name, Fact) and name.name == "comm" and len(text.value) > 15:
            return FALSE if op == "==" else TRUE
    return apply(op, one, other)


def _ternary(reader: Reader, node: n.Ternary) -> Term:
    cond = reader.term(node.cond)
    return chosen(cond, reader.term(node.then) if node.then is not None else cond, reader.term(node.other))


def _cast(reader: Reader, node: n.Cast) -> Term:
    inner, kind = reader.term(node.value), reader.kind(node)
    if kind.endswith("*"):
        reader.address(inner)
        return _read(f"(({kind}){{}})", (inner,), kind)
    widths = {"uint64": "unsigned", "int64": "signed"}
    if kind in widths:
        return apply(widths[kind], inner)
    if isinstance(inner, Number) and kind in ("int32", "uint32", "int16", "uint16", "int8", "uint8"):
        return _narrow(inner.value, kind)
    return Apply(f"({kind}){{}}", (inner,))


def _narrow(value: int, kind: str) -> Number:
    bits = int(kind.lstrip("uint"))
    value &= (1 << bits) - 1
    return Number(value - (1 << bits) if not kind.startswith("u") and value >> (bits - 1) else value)


def _tuple(reader: Reader, node: n.Tuple) -> Term:
    items = tuple(reader.term(each) for each in node.items)
    return Apply("(" + ", ".join(["{}"] * len(items)) + ")", items)


_RULES: dict[type, Callable[..., Term]] = {
    n.Integer: _integer,
    n.String: lambda reader, node: Text(node.value),
    n.Bool: lambda reader, node: Number(int(node.value)),
    n.Identifier: _identifier,
    n.Positional: _positional,
    n.Variable: _variable,
    n.Map: _map,
    n.Call: _call,
    n.Unary: _unary,
    n.Binary: _binary,
    n.Ternary: _ternary,
    n.Member: _member,
    n.Index: _index,
    n.Cast: _cast,
    n.Tuple: _tuple,
    n.Paren: lambda reader, node: reader.term(node.inner),
    n.Comptime: lambda reader, node: reader.term(node.value),
}
