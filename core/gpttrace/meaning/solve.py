"""Questions about terms, answered by Z3: can a condition hold, can one hold without the other, are two values always equal.

Numbers are bit vectors of their real width, widened to 64 bits with their sign; strings are members of a finite set (the texts
of both sides, and others), with prefixes as predicates over it. Every question has a time limit; `None` is "not known". What the
solver cannot look into (`ntop(…)`, members of structs) is a value of its own, equal where it is written alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from threading import Lock
from typing import Any, TypeGuard

from gpttrace.meaning.terms import (
    COMPARISONS,
    Apply,
    Fact,
    Number,
    Stored,
    Term,
    Text,
    both,
    compares_unsigned,
    negated,
    parts,
)
from gpttrace.meaning.values import shown

MILLISECONDS = 1000
_WIDTHS = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)} | {"bool": 1}
_STRINGS = ("string", "inet", "ksym", "usym", "kstack", "ustack", "mac", "buf")
_LARGEST = (40, 10_000, 1_000_000, 100_000_000)  # examples are easier to read with small numbers
# Z3's terms live in one context, and two threads in it end the process (servers check in threads).
_ONE_AT_A_TIME = Lock()
_BEGIN = 1_000_000_000  # … and with a clock that starts somewhere


@dataclass(frozen=True, slots=True)
class Example:
    """A case in which two conditions differ: what each fact is. A text is None when it is none of those that are named."""

    values: Mapping[Fact, int | bytes | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether something can be so: True with an example, False, or None when the time was up."""

    can: bool | None
    example: Example | None = None


@cache
def has_solver() -> bool:
    """Tell whether Z3 is installed (the extra `meaning`); without it every question here is unanswered."""
    return find_spec("z3") is not None


def possible(cond: Term, *, milliseconds: int = MILLISECONDS) -> Answer:
    """Tell whether a condition can hold."""
    if not has_solver():
        return Answer(None)
    with _ONE_AT_A_TIME:
        return _Asking([cond], milliseconds).ask(cond)


def without(one: Term, other: Term, *, milliseconds: int = MILLISECONDS) -> Answer:
    """Tell whether one condition can hold where the other does not."""
    if one == other or not has_solver():
        return Answer(False if one == other else None)
    with _ONE_AT_A_TIME:
        return _Asking([one, other], milliseconds).ask(both(one, negated(other)))


def can_differ(one: Term, other: Term, under: Term, *, milliseconds: int = MILLISECONDS) -> Answer:
    """Tell whether two values can differ where a condition holds."""
    if one == other or not has_solver():
        return Answer(False if one == other else None)
    with _ONE_AT_A_TIME:
        return _Asking([one, other, under], milliseconds).ask_difference(one, other, under)


class _Asking:
    """One question: its variables, and what is known of its texts."""

    def __init__(self, terms: Iterable[Term], milliseconds: int) -> None:
        import z3  # 40 MB that only whoever compares meanings needs

        self.z3: Any = z3
        self.solver = z3.Solver()
        self.solver.set("timeout", milliseconds)
        self.numbers: dict[Term, Any] = {}
        self.texts: dict[Term, Any] = {}
        inside = [part for term in terms for part in parts(term)]
        self.codes = {
            each.value: at for at, each in enumerate(dict.fromkeys(p for p in inside if isinstance(p, Text)))
        }
        self.prefixes: dict[bytes, Any] = {}
        self.holding: dict[bytes, Any] = {}

    # ------------------------------------------------------------------------------------ asking

    def ask(self, cond: Term) -> Answer:
        """Tell whether a condition can hold; the example has small numbers if that is possible."""
        return self._decide(self.truth(cond))

    def ask_difference(self, one: Term, other: Term, under: Term) -> Answer:
        """Tell whether two values can differ under a condition."""
        as_text = _is_text(one) or _is_text(other)
        differ = self.text(one) != self.text(other) if as_text else self.number(one) != self.number(other)
        return self._decide(self.z3.And(self.truth(under), differ))

    def _decide(self, claim: Any) -> Answer:
        self.solver.add(claim)
        self._know_texts()
        self._know_clocks()
        for largest in _LARGEST if self.numbers else ():
            if self.solver.check(*self._small(largest)) == self.z3.sat:
                return Answer(True, self._example())
        found = self.solver.check()
        if found == self.z3.sat:
            return Answer(True, self._example())
        return Answer(False if found == self.z3.unsat else None)

    def _small(self, largest: int) -> list[Any]:
        """Return bounds under which an example is easy to read."""
        begun = any(_is_clock(term) and term.at for term in self.numbers)
        bounds = []
        for term, variable in self.numbers.items():
            x = self._widened(term, variable)
            if not _is_clock(term):
                bounds.append(self.z3.And(x <= largest, x >= -largest))
            elif begun:
                bounds.append(x == _BEGIN if term.at else x <= _BEGIN + 1000 * largest)
        return bounds

    def _know_texts(self) -> None:
        z3 = self.z3
        for variable in self.texts.values():
            self.solver.add(variable >= 0)
        for kind, holds in ((self.prefixes, bytes.startswith), (self.holding, bytes.__contains__)):
            for wanted, predicate in kind.items():
                for text, code in self.codes.items():
                    self.solver.add(predicate(z3.IntVal(code)) == holds(text, wanted))
        for one, first in self.prefixes.items():
            for other, second in self.prefixes.items():
                for variable in self.texts.values():
                    if other.startswith(one):
                        self.solver.add(z3.Implies(second(variable), first(variable)))
                    elif not one.startswith(other):
                        self.solver.add(z3.Not(z3.And(first(variable), second(variable))))

    def _know_clocks(self) -> None:
        # Time does not run backwards.
        clocks = {
            term.at: x for term, x in self.numbers.items() if isinstance(term, Fact) and term.name == "nsecs"
        }
        if "" in clocks and "before" in clocks:
            self.solver.add(self.z3.UGE(clocks[""], clocks["before"]))
            self.solver.add(self.z3.ULE(clocks[""] - clocks["before"], 1 << 62))

    def _example(self) -> Example:
        model = self.solver.model()
        named = {code: text for text, code in self.codes.items()}
        values: dict[Fact, int | bytes | None] = {}
        for term, variable in self.numbers.items():
            if isinstance(term, Fact):
                values[term] = model.eval(
                    self._widened(term, variable), model_completion=True
                ).as_signed_long()
        for term, variable in self.texts.items():
            if isinstance(term, Fact):
                values[term] = named.get(model.eval(variable, model_completion=True).as_long())
        return Example(values)

    # ------------------------------------------------------------------------------------ terms

    def truth(self, term: Term) -> Any:
        """Return a condition for the solver."""
        z3 = self.z3
        match term:
            case Number(value=value):
                return z3.BoolVal(value != 0)
            case Apply(op="&&", args=args):
                return z3.And(*map(self.truth, args))
            case Apply(op="||", args=args):
                return z3.Or(*map(self.truth, args))
            case Apply(op="!", args=(one,)):
                return z3.Not(self.truth(one))
            case Apply(op="?:", args=(cond, one, other)):
                return z3.If(self.truth(cond), self.truth(one), self.truth(other))
            case Apply(op="strcontains", args=(one, Text(value=wanted))):
                return self._predicate(self.holding, "holds", wanted)(self.text(one))
            case Apply(op=op, args=(one, other)) if op in COMPARISONS:
                return self._compared(op, one, other)
        return self.number(term) != 0

    def _compared(self, op: str, one: Term, other: Term) -> Any:
        z3 = self.z3
        if other == Number(0) and isinstance(one, Apply) and one.op == "strncmp" and op in ("==", "!="):
            equal = self._begins(*one.args)
            if equal is not None:
                return equal if op == "==" else z3.Not(equal)
        if _is_text(one) or _is_text(other):
            left, right = self.text(one), self.text(other)
            return left == right if op == "==" else left != right
        left, right = self.number(one), self.number(other)
        if op in ("==", "!="):
            return left == right if op == "==" else left != right
        unsigned = compares_unsigned(one, other)
        if unsigned:
            return {"<": z3.ULT, "<=": z3.ULE, ">": z3.UGT, ">=": z3.UGE}[op](left, right)
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]

    def _begins(self, one: Term, other: Term, length: Term) -> Any:
        if isinstance(one, Text):
            one, other = other, one
        if not isinstance(other, Text) or not isinstance(length, Number):
            return None
        if length.value > len(other.value):  # the closing zero is compared, too
            return self.text(one) == self.text(other)
        return self._predicate(self.prefixes, "begins", other.value[: length.value])(self.text(one))

    def _predicate(self, known: dict[bytes, Any], name: str, wanted: bytes) -> Any:
        if wanted not in known:
            sort = self.z3.IntSort()
            known[wanted] = self.z3.Function(f"{name} {wanted!r}", sort, self.z3.BoolSort())
        return known[wanted]

    def text(self, term: Term) -> Any:
        """Return a string for the solver: a number that stands for it."""
        match term:
            case Text(value=value):
                return self.z3.IntVal(self.codes.setdefault(value, len(self.codes)))
            case Apply(op="?:", args=(cond, one, other)):
                return self.z3.If(self.truth(cond), self.text(one), self.text(other))
        if term not in self.texts:
            self.texts[term] = self.z3.Int(f"text {_name(term)}")
        return self.texts[term]

    def number(self, term: Term) -> Any:
        """Return a number for the solver, 64 bits wide."""
        z3 = self.z3
        match term:
            case Number(value=value):
                return z3.BitVecVal(value, 64)
            case Apply(op="?:", args=(cond, one, other)):
                return z3.If(self.truth(cond), self.number(one), self.number(other))
            case Apply(op="signed" | "unsigned", args=(one,)):
                return self.number(one)
            case Apply(op="-", args=(one,)):
                return -self.number(one)
            case Apply(op="~", args=(one,)):
                return ~self.number(one)
            case Apply(op="&&" | "||" | "!"):
                return z3.If(self.truth(term), z3.BitVecVal(1, 64), z3.BitVecVal(0, 64))
            case Apply(op=op) if op in COMPARISONS:
                return z3.If(self.truth(term), z3.BitVecVal(1, 64), z3.BitVecVal(0, 64))
            case Apply(op=op, args=(one, other)) if op in "+-*/%&|^" or op in ("<<", ">>"):
                return self._computed(op, one, other)
        if term not in self.numbers:
            bits = _WIDTHS.get(term.type, 64) if isinstance(term, Fact) else 64
            self.numbers[term] = z3.BitVec(f"number {_name(term)}", bits)
        return self._widened(term, self.numbers[term])

    def _widened(self, term: Term, variable: Any) -> Any:
        missing = 64 - variable.size()
        if missing == 0:
            return variable
        unsigned = isinstance(term, Fact) and (term.type.startswith("u") or term.type == "bool")
        return self.z3.ZeroExt(missing, variable) if unsigned else self.z3.SignExt(missing, variable)

    def _computed(self, op: str, one: Term, other: Term) -> Any:
        z3 = self.z3
        left, right = self.number(one), self.number(other)
        unsigned = compares_unsigned(one, other)
        if op in ("/", "%"):
            zero = z3.BitVecVal(0, 64) if op == "/" else left
            divided = {
                ("/", True): z3.UDiv, ("%", True): z3.URem, ("/", False): lambda a, b: a / b, ("%", False): z3.SRem,
            }[op, unsigned](left, right)  # fmt: skip
            return z3.If(right == 0, zero, divided)  # as BPF does it
        simple = {
            "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "&": lambda: left & right,
            "|": lambda: left | right, "^": lambda: left ^ right, "<<": lambda: left << right, ">>": lambda: z3.LShR(left, right),
        }  # fmt: skip
        return simple[op]()


def _is_text(term: Term) -> bool:
    match term:
        case Text():
            return True
        case Fact(name=name, type=kind):
            return kind in _STRINGS or name.startswith("str(")
        case Apply(op="?:", args=(_, one, other)):
            return _is_text(one) or _is_text(other)
        case Apply(op=op):
            return op.startswith(("str(", "ntop(", "path(", "ksym(", "usym("))
    return False


def _is_clock(term: Term) -> TypeGuard[Fact]:
    return isinstance(term, Fact) and term.name == "nsecs"


def _name(term: Term) -> str:
    """Return a name for the solver that no other term has."""
    return (
        f"{term.at} {term.name}"
        if isinstance(term, Fact)
        else repr(term)
        if isinstance(term, Stored)
        else shown(term) + repr(term)
    )
