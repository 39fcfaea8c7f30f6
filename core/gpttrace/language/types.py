"""The type of an expression, as far as the program itself tells.

Types are words: `int8` … `uint64`, `bool`, `string`, `kstack`, `ustack`, `ksym`, `usym`, `inet`, `mac`, `buf`, `timestamp`,
`tuple(a,b)`, `record(x:a)`, an aggregation (`count`, `hist` …), a C type as cast to (`struct sock *`), `args`, `none`
or `unknown`. Fields of `args` and structs come from the host through two callbacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS, BUILTINS, FUNCTIONS

FieldType = Callable[[n.AttachPoint, str], str | None]
MemberType = Callable[[str, str], str | None]
_COMPARISONS = frozenset(["==", "!=", "<", ">", "<=", ">=", "&&", "||"])
_INTEGER = re.compile(r"u?int(?:8|16|32|64)(?:_t)?|[us](?:8|16|32|64)|__[us](?:8|16|32|64)|enum .*")
_C_INTEGERS = {
    "char": "int8", "short": "int16", "int": "int32", "long": "int64", "unsigned": "uint32", "unsigned int": "uint32",
    "unsigned char": "uint8", "unsigned short": "uint16", "unsigned long": "uint64", "long long": "int64",
    "unsigned long long": "uint64", "size_t": "uint64", "ssize_t": "int64", "pid_t": "int32", "uid_t": "uint32",
    "gid_t": "uint32", "loff_t": "int64", "off_t": "int64", "sector_t": "uint64", "dev_t": "uint32", "mode_t": "uint32",
    "umode_t": "uint16", "uintptr_t": "uint64",
}  # fmt: skip


@dataclass(slots=True)
class Scope:
    """What is known where an expression stands: the probe's attach points, its variables, the program's maps."""

    points: list[n.AttachPoint] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    field_type: FieldType | None = None
    member_type: MemberType | None = None


def is_integer(kind: str) -> bool:
    """Tell whether a type is a number of any width."""
    return _INTEGER.fullmatch(kind) is not None


def normal(kind: str) -> str:
    """Return the common spelling of a written type: `unsigned int` and `u32` are `uint32`, `ksym_t` is `ksym`."""
    kind = kind.removeprefix("const ").strip()
    if match := re.fullmatch(r"(?:__)?([us])(8|16|32|64)|(u?)int(8|16|32|64)_t", kind):
        unsigned = match[1] == "u" or match[3] == "u"
        return f"{'u' if unsigned else ''}int{match[2] or match[4]}"
    if kind.startswith("string["):
        return "string"
    words = {"buffer": "buf", "mac_address": "mac", "username": "string"}
    return _C_INTEGERS.get(kind) or words.get(kind) or kind.removesuffix("_t") if kind != "none" else kind


def type_of(expr: n.Node, scope: Scope, known: dict[int, str] | None = None) -> str:
    """Return the type of an expression in a scope; `unknown` when the program does not tell.

    `known` keeps the types by node (`id`) from one call to the next, for whoever asks about many nodes of one tree that does not
    change meanwhile.
    """
    if (leaf := _LEAVES.get(type(expr))) is not None:
        return leaf(expr, scope, {})
    kinds = {} if known is None else known
    # Children first, so that no depth of expression is too deep.
    stack: list[tuple[n.Node, bool]] = [(expr, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in kinds:
            continue
        if ready:
            kinds[id(node)] = _RULES.get(type(node), _unknown)(node, scope, kinds)
            continue
        stack.append((node, True))
        stack += [(child, False) for child in _operands(node)]
    return kinds[id(expr)]


def _operands(node: n.Node) -> list[n.Node]:
    match node:
        case n.Binary(left=left, right=right):
            return [] if node.op in _COMPARISONS else [left, right]
        case n.Ternary(cond=cond, then=then, other=other):
            return [then or cond, other]
        case n.Unary(operand=operand):
            return [operand]
        case n.Paren(inner=inner):
            return [inner]
        case n.Comptime(value=value):
            return [value]
        case n.Tuple(items=items):
            return list(items)
        case n.Record(fields=fields):
            return [value for _, value in fields]
        case n.Member(target=target) | n.Index(target=target):
            return [target]
        case n.Call(args=args) if args and node.name in FUNCTIONS and FUNCTIONS[node.name].returns == "same":
            return [args[0]]
        case n.BlockExpr(value=value) if value is not None:
            return [value]
    return []


Kinds = dict[int, str]


def _unknown(node: n.Node, scope: Scope, kinds: Kinds) -> str:
    return "unknown"


def _integer(node: n.Integer, scope: Scope, kinds: Kinds) -> str:
    return (
        "uint64"
        if node.value > 2**63 - 1 or ("u" in node.text.lower()[1:] and "s" not in node.text)
        else "int64"
    )


def _identifier(node: n.Identifier, scope: Scope, kinds: Kinds) -> str:
    builtin = BUILTINS.get(node.name)
    if node.name == "retval" and not any(point.kind in ("fexit", "fentry") for point in scope.points):
        return "uint64"  # a register; fexit knows the function's own type
    return builtin.type if builtin else "unknown"


def _map(node: n.Map, scope: Scope, kinds: Kinds) -> str:
    return scope.maps.get(node.name, "unknown")


def _variable(node: n.Variable, scope: Scope, kinds: Kinds) -> str:
    return scope.variables.get(node.name, "unknown")


def _call(node: n.Call, scope: Scope, kinds: Kinds) -> str:
    function = AGGREGATIONS.get(node.name) or FUNCTIONS.get(node.name)
    if function is None:
        return BUILTINS[node.name].type if node.name in BUILTINS else "unknown"
    if function.returns == "same":
        return kinds.get(id(node.args[0]), "unknown") if node.args else "unknown"
    return function.returns


def _unary(node: n.Unary, scope: Scope, kinds: Kinds) -> str:
    inner = kinds[id(node.operand)]
    if node.op == "!":
        return "bool"
    if node.op == "*":
        return normal(inner[:-1].rstrip()) if inner.endswith("*") else "unknown"
    if node.op == "&":
        return f"{inner} *" if inner != "unknown" else "unknown"
    if node.op in ("++", "--") and inner == "unknown":
        return "int64"
    return "int64" if node.op == "-" and is_integer(inner) else inner


def _binary(node: n.Binary, scope: Scope, kinds: Kinds) -> str:
    if node.op in _COMPARISONS:
        return "bool"
    left, right = kinds[id(node.left)], kinds[id(node.right)]
    for side in (left, right):
        if side.endswith("*"):
            return side
    if is_integer(left) and is_integer(right):
        unsigned = left.startswith("u") and (right.startswith("u") or isinstance(node.right, n.Integer))
        return "uint64" if unsigned else "int64"
    return (
        "int64"
        if "unknown" not in (left, right) or node.op in ("/", "%", "*", "<<", ">>", "-")
        else "unknown"
    )


def _ternary(node: n.Ternary, scope: Scope, kinds: Kinds) -> str:
    first = kinds[id(node.then or node.cond)]
    return first if first != "unknown" else kinds[id(node.other)]


def _member(node: n.Member, scope: Scope, kinds: Kinds) -> str:
    owner = kinds[id(node.target)]
    if owner == "args":
        found = (scope.field_type(point, node.name) for point in scope.points) if scope.field_type else ()
        return next((normal(kind) for kind in found if kind), "unknown")
    if owner.startswith("tuple(") and node.name.isdigit():
        parts = tuple_parts(owner)
        return parts[int(node.name)] if len(node.name) < 4 and int(node.name) < len(parts) else "unknown"
    if owner.startswith("record("):
        fields = dict(part.split(":", 1) for part in tuple_parts(owner) if ":" in part)
        return fields.get(node.name, "unknown")
    if scope.member_type and owner != "unknown":
        return normal(scope.member_type(owner, node.name) or "unknown")
    return "unknown"


def _index(node: n.Index, scope: Scope, kinds: Kinds) -> str:
    owner = kinds[id(node.target)]
    if owner.endswith("*"):
        return normal(owner[:-1].rstrip())
    if owner.endswith("]"):
        return normal(owner[: owner.rindex("[")].rstrip())
    return "int8" if owner == "string" else "unknown"


def _cast(node: n.Cast, scope: Scope, kinds: Kinds) -> str:
    return normal(node.type.text) if node.type.of is None else "unknown"


def _tuple(node: n.Tuple, scope: Scope, kinds: Kinds) -> str:
    return f"tuple({','.join(kinds[id(item)] for item in node.items)})"


def _record(node: n.Record, scope: Scope, kinds: Kinds) -> str:
    return f"record({','.join(f'{name}:{kinds[id(value)]}' for name, value in node.fields)})"


def tuple_parts(kind: str) -> list[str]:
    """Split `tuple(a,tuple(b,c))` or `record(x:a)` into the types (or `name:type`) inside."""
    inside = kind[kind.index("(") + 1 : -1]
    parts: list[str] = []
    depth = start = 0
    for at, char in enumerate(inside):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(inside[start:at])
            start = at + 1
    return [*parts, inside[start:]] if inside else []


_RULES: dict[type, Callable[..., str]] = {
    n.Integer: _integer,
    n.String: lambda node, scope, kinds: "string",
    n.Bool: lambda node, scope, kinds: "bool",
    n.Identifier: _identifier,
    n.Positional: lambda node, scope, kinds: "int64",
    n.Map: _map,
    n.Variable: _variable,
    n.Call: _call,
    n.Unary: _unary,
    n.Binary: _binary,
    n.Ternary: _ternary,
    n.Member: _member,
    n.Index: _index,
    n.Cast: _cast,
    n.Tuple: _tuple,
    n.Record: _record,
    n.Paren: lambda node, scope, kinds: kinds[id(node.inner)],
    n.Comptime: lambda node, scope, kinds: kinds[id(node.value)],
    n.SizeOf: lambda node, scope, kinds: "uint64",
    n.OffsetOf: lambda node, scope, kinds: "uint64",
    n.BlockExpr: lambda node, scope, kinds: kinds.get(id(node.value), "none"),
}
_LEAVES: dict[type, Callable[..., str]] = {
    kind: _RULES[kind]
    for kind in (n.Integer, n.String, n.Bool, n.Identifier, n.Positional, n.Map, n.Variable)
}
