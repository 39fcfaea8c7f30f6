"""Which types go together: the families that bpftrace compares, adds and stores, measured on 0.17.0, 0.23.2 and 0.27.1.

A value whose family is None is not known; every rule stays silent about it. `text` is something string-like whose exact kind was
lost on the way through a variable or map; it clashes with numbers only.
"""

from __future__ import annotations

from functools import lru_cache

from gpttrace.check.static.study import Study
from gpttrace.language import is_integer
from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS

STRINGY = frozenset(["string", "text", "username", "cgroup_path", "strerror", "probe"])
CASTABLE = frozenset(["count", "sum", "min", "max", "avg"])
_OWN = frozenset(["kstack", "ustack", "ksym", "usym", "inet", "mac", "buf", "timestamp"])
_WORDS = {
    "string": "a string", "text": "a string", "int": "a number", "pointer": "a pointer", "kstack": "a kernel stack",
    "ustack": "a user stack", "ksym": "a kernel symbol", "usym": "a user symbol", "inet": "an IP address", "mac": "a MAC address",
    "buf": "bytes", "timestamp": "a formatted time", "tuple": "a tuple", "record": "a record", "struct": "a struct",
    "username": "a user name", "cgroup_path": "a cgroup path", "strerror": "an error's name",
    "probe": "a probe's name", "none": "nothing", "bool": "true or false",
}  # fmt: skip


def words(family: str) -> str:
    """Return a family as people say it."""
    return _WORDS.get(family, f"{family}()")


def family(study: Study, expr: n.Node) -> str | None:
    """Return the family of an expression's type, None when it is not known."""
    inner = expr
    while isinstance(inner, n.Paren):
        inner = inner.inner
    if isinstance(inner, n.Positional):
        return None
    special = _special(study, inner)
    if special:
        return special
    found = of_type(study.type(inner))
    return "text" if found == "string" and isinstance(inner, n.Variable | n.Map | n.Ternary) else found


def stored(study: Study, expr: n.Node) -> str | None:
    """Return the family of a value that is stored: 0.27 keeps truths and numbers apart (`$x = 0; $x = pid == 1;`)."""
    inner = expr
    while isinstance(inner, n.Paren):
        inner = inner.inner
    if study.since("0.27") and not isinstance(inner, n.Member | n.Index) and study.type(inner) == "bool":
        return "bool"
    return family(study, expr)


@lru_cache(maxsize=4096)
def of_type(kind: str) -> str | None:
    """Return the family of a type word; None for `unknown`, and for `bool`, which versions treat differently."""
    if kind in _OWN or kind in ("string", "none") or kind in AGGREGATIONS:
        return kind
    if kind.endswith("*"):
        return "pointer"
    if kind.startswith("tuple("):
        return "tuple"
    if kind.startswith("record("):
        return "record"
    if kind.endswith("]"):
        return None  # what an array may be compared with differs by version and length
    if kind.startswith(("struct ", "union ")):
        return "struct"
    return "int" if is_integer(kind) and not kind.startswith("enum ") else None


def _special(study: Study, expr: n.Expr | n.Node) -> str | None:
    name = expr.name if isinstance(expr, n.Identifier | n.Call) else ""
    match name:
        case "username" | "cgroup_path":
            return name
        case "func":
            return "usym" if any(point.kind.startswith("u") for point in study.points) else "ksym"
        case "probe":
            return "probe" if study.older("0.23") else "string"
        case "strerror":
            return "strerror" if study.older("0.24") else "text"
    return None


def clash(left: str | None, right: str | None) -> bool:
    """Tell whether two families can never be compared with or stored over each other (any version)."""
    if left is None or right is None or left == right:
        return False
    if "text" in (left, right) and left in STRINGY and right in STRINGY:
        return False
    return not (left in _MOVING and right in _MOVING)


# Structs, tuples and records have rules of their own in each version: nothing is claimed about two of them.
_MOVING = frozenset(["struct", "tuple", "record", "buf"])
