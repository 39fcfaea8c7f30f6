"""Terms: what an expression of a program stands for, free of variables, spellings and the order in which it was written.

A term is a number, a text, a fact (something that the kernel tells when a probe fires), what a map holds for a key, or an
operation on terms. `apply` is the only way to make an operation; it folds constants and brings equal meanings to one form where
that is cheap, the rest is the solver's. Integers are 64 bits wide, as bpftrace computes; a comparison is signed when no side is
an unsigned number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

Moment = str  # "" now; "before": when the event began; "before before": one further back


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: int


@dataclass(frozen=True, slots=True)
class Text:
    """A constant string."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Fact:
    """Something told by the kernel: `pid`, `args.ret`, `ntop(args.daddr)`; `type` in the words of `language.types`."""

    name: str
    type: str = "unknown"
    at: Moment = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a map holds for a key at this moment; `has` when only asked whether it holds anything."""

    map: str
    keys: tuple[Term, ...]
    has: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation: `+`, `==`, `&&`, `!`, `?:`, `strncmp` …"""

    op: str
    args: tuple[Term, ...]


Term = Number | Text | Fact | Stored | Apply

TRUE, FALSE = Number(1), Number(0)
MOST_PARTS = 1000
COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">="))
BOOLEAN = COMPARISONS | {"&&", "||", "!", "strcontains"}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_MASK = (1 << 64) - 1
_COMMUTING = frozenset(("+", "*", "&", "|", "^", "==", "!="))


def signed(value: int) -> int:
    """Return a number as 64 signed bits hold it."""
    value &= _MASK
    return value - (1 << 64) if value >> 63 else value


def _divide(a: int, b: int) -> int:
    return 0 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)  # as BPF: by zero is 0


_FOLD: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": _divide,
    "%": lambda a, b: a - b * _divide(a, b) if b else a, "&": lambda a, b: a & b, "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b, "<<": lambda a, b: a << (b & 63), ">>": lambda a, b: (a & _MASK) >> (b & 63),
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def is_unsigned(term: Term) -> bool | None:
    """Tell whether a term is an unsigned number; None for constants, which take the sign of the other side."""
    match term:
        case Number(value=value):
            return None if value >= 0 else False
        case Fact(type=kind):
            return kind.startswith("uint") or kind.endswith("*") or kind == "bool"
        case Apply(op="-", args=(_,)) | Apply(op="signed"):
            return False
        case Apply(op="unsigned"):
            return True
        case Apply(op="?:", args=(_, one, other)):
            return _both(one, other)
        case Apply(op=op, args=(one, other)) if op in _FOLD and op not in COMPARISONS:
            return _both(one, other)
        case Apply(op="~", args=(one,)):
            return is_unsigned(one)
        case Stored():
            return True
    return False


def _both(one: Term, other: Term) -> bool | None:
    # bpftrace computes signed only where both sides are.
    signs = [sign for sign in (is_unsigned(one), is_unsigned(other)) if sign is not None]
    return any(signs) if signs else None


def compares_unsigned(one: Term, other: Term) -> bool:
    """Tell whether bpftrace compares two terms as unsigned numbers."""
    return bool(_both(one, other))


# ------------------------------------------------------------------------------------------- making terms


def apply(op: str, *args: Term) -> Term:
    """Return the term for an operation, in its simplest cheap form."""
    made = _RULES[op](*args) if op in _RULES else None
    if made is not None:
        return made
    if len(args) == 2 and op in _FOLD and isinstance(args[0], Number) and isinstance(args[1], Number):
        return Number(signed(_FOLD[op](args[0].value, args[1].value)))
    if op in COMPARISONS:
        return _comparison(op, *args)
    if op in _COMMUTING and order(args[0]) > order(args[1]):
        args = (args[1], args[0])
    return Apply(op, args)


def order(term: Term) -> tuple[int, str]:
    """Return a sort key: constants last."""
    return (isinstance(term, Number | Text), repr(term))


def truth(term: Term) -> Term:
    """Return a term as a condition: a number is true when it is not 0."""
    match term:
        case Number(value=value):
            return TRUE if value else FALSE
        case Apply(op=op) if op in BOOLEAN:
            return term
        case Fact(type="bool") | Stored(has=True):
            return term
    return apply("!=", term, FALSE)


def negated(term: Term) -> Term:
    """Return the opposite of a condition."""
    return apply("!", truth(term))


def both(*terms: Term) -> Term:
    """Return the conjunction of conditions."""
    parts: dict[Term, None] = {}
    for term in map(truth, terms):
        parts |= dict.fromkeys(term.args if isinstance(term, Apply) and term.op == "&&" else (term,))
    return _joined("&&", list(parts), TRUE, FALSE)


def conjuncts(cond: Term) -> tuple[Term, ...]:
    """Return the conditions that all hold where one holds; none for what always does."""
    if cond == TRUE:
        return ()
    return cond.args if isinstance(cond, Apply) and cond.op == "&&" else (cond,)


def either(*terms: Term) -> Term:
    """Return the disjunction of conditions."""
    parts: dict[Term, None] = {}
    for term in map(truth, terms):
        parts |= dict.fromkeys(term.args if isinstance(term, Apply) and term.op == "||" else (term,))
    return _joined("||", list(parts), FALSE, TRUE)


def _joined(op: str, parts: list[Term], neutral: Term, winning: Term) -> Term:
    if winning in parts or any(negated(part) in parts for part in parts):
        return winning
    left = sorted((part for part in parts if part != neutral), key=repr)
    return neutral if not left else left[0] if len(left) == 1 else Apply(op, tuple(left))


def chosen(cond: Term, one: Term, other: Term) -> Term:
    """Return `cond ? one : other`."""
    cond = truth(cond)
    if one == other or cond == TRUE:
        return one
    if cond == FALSE:
        return other
    if (one, other) == (TRUE, FALSE):
        return cond
    if (one, other) == (FALSE, TRUE):
        return negated(cond)
    return Apply("?:", (cond, one, other))


def assuming(term: Term, cond: Term) -> Term:
    """Return a term as it is where a condition holds: choices that the condition has made are gone."""
    known = set(conjuncts(cond))

    def put(part: Term) -> Term | None:
        if isinstance(part, Apply) and part.op == "?:" and known.issuperset(conjuncts(part.args[0])):
            return assuming(part.args[1], cond)
        return None

    return replaced(term, put)


def _negation(term: Term) -> Term | None:
    match term:
        case Number(value=value):
            return FALSE if value else TRUE
        case Apply(op="!", args=(inner,)):
            return truth(inner)
        case Apply(op=op, args=(one, other)) if op in _OPPOSITE:
            return apply(_OPPOSITE[op], one, other)
        case Apply(op="&&", args=parts):
            return either(*map(negated, parts))
        case Apply(op="||", args=parts):
            return both(*map(negated, parts))
    return None if truth(term) == term else apply("==", term, FALSE)


def _minus(*args: Term) -> Term | None:
    if len(args) == 1:
        match args[0]:
            case Number(value=value):
                return Number(signed(-value))
            case Apply(op="-", args=(inner,)):
                return inner
        return None
    one, other = args
    return FALSE if one == other else one if other == FALSE else None


def _divided(one: Term, other: Term) -> Term | None:
    # x / a / b is x / (a * b), where nothing is negative.
    match one, other:
        case Apply(op="/", args=(inner, Number(value=first))), Number(value=second) if (
            first > 0 and second > 0
        ):
            return apply("/", inner, Number(first * second))
        case _, Number(value=1):
            return one
    return None


def _sum(one: Term, other: Term) -> Term | None:
    return one if other == FALSE else other if one == FALSE else None


def _product(one: Term, other: Term) -> Term | None:
    return one if other == TRUE else other if one == TRUE else None


def _shifted(one: Term, other: Term) -> Term | None:
    if isinstance(other, Number) and 0 < other.value < 63 and not isinstance(one, Number):
        return apply("/", one, Number(1 << other.value)) if is_unsigned(one) else None
    return one if other == FALSE else None


_RULES: dict[str, Callable[..., Term | None]] = {
    "!": _negation, "-": _minus, "/": _divided, "+": _sum, "*": _product, ">>": _shifted, "&&": both, "||": either, "?:": chosen,
}  # fmt: skip


def _comparison(op: str, one: Term, other: Term) -> Term:
    if order(one) > order(other):
        op, one, other = _FLIPPED[op], other, one
    if one == FALSE and isinstance(other, Text):
        one = Text(b"")  # a map without the key gives an empty string
    if isinstance(one, Text) and isinstance(other, Text):
        return TRUE if (one.value == other.value) == (op == "==") else FALSE
    if one == other:
        return TRUE if op in ("==", "<=", ">=") else FALSE
    if isinstance(one, Apply) and isinstance(other, Number):
        if (plain := _of_boolean(op, one, other.value)) is not None:
            return plain
        if (moved := _moved(op, one, other.value)) is not None:
            return moved
    return Apply(op, (one, other))


def _of_boolean(op: str, one: Apply, value: int) -> Term | None:
    # `(a == b) == 0`, `(a ? 1 : 0) != 0`
    if one.op in BOOLEAN and op in ("==", "!=") and value in (0, 1):
        return one if (op == "==") == (value == 1) else negated(one)
    if one.op == "?:" and isinstance(one.args[1], Number) and isinstance(one.args[2], Number):
        return chosen(
            one.args[0], apply(op, one.args[1], Number(value)), apply(op, one.args[2], Number(value))
        )
    return None


def _moved(op: str, one: Apply, value: int) -> Term | None:
    """Bring a constant to the other side: `x / 1000 > 9` is `x >= 10000`, `-x == 2` is `x == -2`."""
    if one.op == "/" and isinstance(one.args[1], Number) and one.args[1].value > 1 and value >= 0:
        if not is_unsigned(one.args[0]) or op in ("==", "!="):
            return None
        by = one.args[1].value
        limit = Number((value + (op in (">", "<="))) * by)
        return apply(">=" if op in (">", ">=") else "<", one.args[0], limit)
    if one.op == "-" and len(one.args) == 1:
        return apply(_FLIPPED[op], one.args[0], Number(-value))
    return None


# ------------------------------------------------------------------------------------- looking into terms


def parts(term: Term) -> Iterator[Term]:
    """Yield a term and everything inside it."""
    stack = [term]
    while stack:
        term = stack.pop()
        yield term
        if isinstance(term, Apply):
            stack += term.args
        elif isinstance(term, Stored):
            stack += term.keys


def is_large(*terms: Term, most: int = MOST_PARTS) -> bool:
    """Tell whether terms have more parts than can be looked at: `$x = $x + $x` thirty times has a thousand million."""
    return next(islice(chain.from_iterable(map(parts, terms)), most, None), None) is not None


def replaced(term: Term, fn: Callable[[Term], Term | None]) -> Term:
    """Return a term with what `fn` gives in place of each part for which it gives something; outer parts are asked first."""
    if (new := fn(term)) is not None:
        return new
    if isinstance(term, Apply):
        args = tuple(replaced(each, fn) for each in term.args)
        return term if args == term.args else _again(term.op, args)
    if isinstance(term, Stored):
        keys = tuple(replaced(each, fn) for each in term.keys)
        return term if keys == term.keys else replace(term, keys=keys)
    return term


def _again(op: str, args: tuple[Term, ...]) -> Term:
    if op in ("&&", "||"):
        return both(*args) if op == "&&" else either(*args)
    return apply(op, *args)
