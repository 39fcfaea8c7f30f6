"""What a printed argument or a map key is called, and what kind of value it is, as far as its expression tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gpttrace.language.nodes import (
    Binary,
    Bool,
    Call,
    Cast,
    Expr,
    Identifier,
    Index,
    Integer,
    Map,
    Member,
    Paren,
    String,
    TypeName,
    Unary,
    Variable,
)
from gpttrace.trace.plan import Field, Kind

NOTHING: Mapping[int, Kind] = MappingProxyType({})
_UNSIGNED = frozenset(
    (
        *(
            "pid",
            "tid",
            "uid",
            "gid",
            "cpu",
            "nsecs",
            "elapsed",
            "cgroup",
            "numaid",
            "ncpus",
            "rand",
            "curtask",
        ),
        *("jiffies", "cpid", *(f"arg{i}" for i in range(10)), *(f"sarg{i}" for i in range(10))),
    )
)
_STRINGS = frozenset(("comm", "probe", "username", "probetype"))
_STACKS = frozenset(("kstack", "ustack"))
# Calls whose value prints as text.
_STRING_CALLS = frozenset(
    (
        "str",
        "ksym",
        "usym",
        "ntop",
        "macaddr",
        "username",
        "probe",
        "kstr",
        "comm",
        "path",
        "strerror",
        "cgroup_path",
    )
)
_INTEGER_CALLS = frozenset(
    (
        "reg",
        "kaddr",
        "uaddr",
        "cgroupid",
        "strncmp",
        "strcontains",
        "len",
        "bswap",
        "rand",
        "pid",
        "tid",
        "has_key",
    )
)
# Calls that are named after what they are given: `str(args.filename)` is the file name.
_TRANSPARENT = frozenset(
    ("str", "buf", "kstr", "ksym", "usym", "ntop", "macaddr", "path", "bswap", "kptr", "uptr")
)
_ARITHMETIC = frozenset(("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"))
_TRUTH = frozenset(("==", "!=", "<", "<=", ">", ">=", "&&", "||"))


def bare(expr: Expr | TypeName) -> Expr | TypeName:
    """Return the expression inside parentheses."""
    while isinstance(expr, Paren):
        expr = expr.inner
    return expr


def kind_of(expr: Expr | TypeName, known: Mapping[int, Kind] = NOTHING) -> Kind:
    """Return the kind of value that an expression gives; `any` when neither its text nor `known` (by node id) tells."""
    expr = bare(expr)
    if id(expr) in known:
        return known[id(expr)]
    match expr:
        case Identifier(name=name):
            return _kind_of_word(name)
        case Call(name=name):
            return _kind_of_call(name)
        case Cast(type=kind):
            return _kind_of_cast(kind.text)
        case String():
            return "string"
        case Integer() | Bool():
            return "int"
        case Binary(op=op, left=left, right=right) if op in _ARITHMETIC:
            return "uint" if kind_of(left) == "uint" and kind_of(right) == "uint" and op != "-" else "int"
        case Binary(op=op) if op in _TRUTH:
            return "int"
        case Unary(op="-" | "~" | "!" | "++" | "--"):
            return "int"
    return "any"


def _kind_of_word(name: str) -> Kind:
    if name in _STACKS:
        return "stack"
    if name in _STRINGS:
        return "string"
    return "uint" if name in _UNSIGNED else "any"


def _kind_of_call(name: str) -> Kind:
    if name in _STACKS:
        return "stack"
    if name in _STRING_CALLS:
        return "string"
    if name == "buf":
        return "bytes"
    if name == "nsecs":
        return "uint"
    return "int" if name in _INTEGER_CALLS else "any"


def _kind_of_cast(text: str) -> Kind:
    if text.endswith("*"):
        return "uint"
    if text.startswith("uint") and text.removeprefix("uint").isdecimal():
        return "uint"
    return "int" if text.startswith("int") and text.removeprefix("int").isdecimal() else "any"


def name_of(expr: Expr | TypeName) -> str:
    """Return a column name for an expression: `args.filename` and `str(args.filename)` are `filename`."""
    expr = bare(expr)
    match expr:
        case Identifier(name=name) | Variable(name=name):
            return name
        case Member(target=target, name=name):
            return f"{name_of(target)}_{name}" if name.isdecimal() else name
        case Call(name="strftime"):
            return "time"
        case Call(name=name, args=args) if name in _TRANSPARENT and args:
            return name_of(args[0])
        case Call(name=name):
            return name
        case Map(name=name):
            return name.lstrip("@") or "value"
        case Cast(value=value) | Unary(operand=value) | Index(target=value):
            return name_of(value)
        case Binary(op="/" | "*" | ">>" | "<<" | "&", left=left, right=right) if isinstance(
            bare(right), Integer
        ):
            return name_of(left)
    return "value"


def unit_of(expr: Expr | TypeName) -> str | None:
    """Return the unit where the expression itself has one: bpftrace's clocks count nanoseconds."""
    expr = bare(expr)
    named = isinstance(expr, Identifier | Call) and expr.name in ("nsecs", "elapsed")
    return "ns" if named else None


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names, those that repeat numbered: `pid`, `pid_2`."""
    out: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in out:
            number += 1
            candidate = f"{name}_{number}"
        out.append(candidate)
    return out


def fields_of(exprs: Iterable[Expr | TypeName], known: Mapping[int, Kind] = NOTHING) -> tuple[Field, ...]:
    """Return one field per expression, with distinct names."""
    listed = list(exprs)
    names = distinct(name_of(each) for each in listed)
    return tuple(
        Field(name, kind_of(each, known), unit_of(each)) for name, each in zip(names, listed, strict=True)
    )
