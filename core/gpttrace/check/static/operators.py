"""Operators between things that do not go together, casts that cannot be made, division by zero, shifts.

Measured on 0.17.0, 0.23.2 and 0.27.1 for each pair of types. Two literals on 0.27 are folded before types are looked at: what it
then lets pass gets no error here.
"""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.calls import value_of
from gpttrace.check.static.families import CASTABLE, STRINGY, clash, family, words
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n
from gpttrace.language.findings import Severity
from gpttrace.language.reference import AGGREGATIONS

_COMPARE = frozenset(["==", "!="])
_ORDER = frozenset(["<", ">", "<=", ">="])
_NO_NUMBER = STRINGY | frozenset(
    ["kstack", "ustack", "ksym", "usym", "inet", "mac", "buf", "timestamp", "tuple", "record"]
)


@on(n.Binary)
def pair(study: Study, node: n.Binary) -> None:
    """Two operands of types that the operator does not take together."""
    left, right = _operand(study, node.left), _operand(study, node.right)
    if left is None or right is None or "none" in (left, right) or node.op in ("&&", "||"):
        return
    if left in AGGREGATIONS or right in AGGREGATIONS:
        _aggregated(study, node, left, right)
        return
    written = isinstance(node.left, n.String) or isinstance(node.right, n.String)
    if node.op == "+" and written and {left, right} & {"int", "pointer"} and not study.older("0.24"):
        return  # 0.27 takes `"text" + 1` as an address
    if {left, right} <= {"int", "pointer"}:
        _addresses(study, node, left, right)
        return
    if clash(left, right):
        hint = _compare_hint(left, right) if node.op in _COMPARE else None
        message = f"`{node.op}` cannot take {words(left)} and {words(right)}"
        study.report(node, "error", "operand-type", message, hint)
    elif left in _NO_NUMBER and node.op not in _COMPARE and left == right:
        message = f"`{node.op}` is not for {words(left)}"
        study.report(node, "error", "operand-type", message, "compare strings with `==`, or with strncmp()")


def _aggregated(study: Study, node: n.Binary, left: str, right: str) -> None:
    kind = left if left in AGGREGATIONS else right
    if {left, right} <= AGGREGATIONS.keys() or "int" not in (left, right):
        return
    message = f"`{node.op}` cannot take {words(kind)}"
    study.report(
        node, "error", "operand-type", message, "keep the number that you compare in a map of its own"
    )


def _addresses(study: Study, node: n.Binary, left: str, right: str) -> None:
    if "pointer" not in (left, right) or node.op in _COMPARE | _ORDER:
        return
    if node.op not in ("+", "-") or (node.op == "-" and left == right):
        message = f"`{node.op}` is not for pointers"
        study.report(node, "error", "operand-type", message, "cast them to numbers first: `(uint64)…`")


def _operand(study: Study, expr: n.Expr) -> str | None:
    found = family(study, expr)
    if found in CASTABLE:
        return "int" if not study.older("0.22") else (found if study.older("0.21") else None)
    return found


def _compare_hint(left: str, right: str) -> str:
    pair_of = {left, right}
    if "username" in pair_of:
        return "compare `uid` with the user's number"
    if "pointer" in pair_of and pair_of & {"string", "text"}:
        return "read the string at the address with str()"
    if pair_of & {"ksym", "usym"}:
        return "compare `probe` instead, which is the attach point's text"
    return "compare things of one type"


@on(n.Unary)
def single(study: Study, node: n.Unary) -> None:
    """`-`, `~`, `!` and `*` of what is no number or address."""
    if node.op not in ("-", "~", "!", "*"):
        return
    found = family(study, node.operand)
    if found == "pointer" and node.op != "*":
        message = f"`{node.op}` is not for pointers"
        study.report(node, "error", "operand-type", message, "compare it with 0: `$p == 0`")
    elif found in _NO_NUMBER and not (study.since("0.24") and found in ("buf", "tuple", "record")):
        message = f"`{node.op}` is not for {words(found or '')}"
        study.report(node, "error", "operand-type", message, "it takes numbers and addresses")


@on(n.Cast)
def cast(study: Study, node: n.Cast) -> None:
    """A string, stack or symbol cast to a number."""
    target = node.type.text
    if node.type.of is not None or not target.startswith(("int", "uint")) or "*" in target or "[" in target:
        return
    found = family(study, node.value)
    if found in ("string", "kstack", "ustack"):
        message = f"{words(found)} cannot be cast to `{target}`"
        study.report(node, "error", "operand-type", message, "cast numbers and addresses only")


@on(n.If, n.While, n.Ternary, n.Probe)
def condition(study: Study, node: n.If | n.While | n.Ternary | n.Probe) -> None:
    """Conditions and predicates that are no number."""
    cond = node.predicate if isinstance(node, n.Probe) else node.cond
    if cond is None or (isinstance(cond, n.String) and not study.older("0.24")):
        return  # a written string is folded: true when it is not empty
    found = family(study, cond)
    if found in ("string", "text", "kstack", "ustack", "tuple") and not isinstance(cond, n.Ternary):
        message = f"a condition is a number, and this is {words(found)}"
        hint = (
            'compare it: `if (comm == "name")`'
            if found in ("string", "text")
            else "compare it with something"
        )
        study.report(cond, "error", "operand-type", message, hint)
    elif found in AGGREGATIONS:
        message = f"a condition is a number, and this is {words(found or '')}"
        study.report(cond, "error", "operand-type", message, "compare it: `if (@x > 0)` (since 0.22)")
    elif found == "pointer" and study.older("0.23") and not isinstance(node, n.Probe):
        message = f"bpftrace {study.version_text} takes no pointer as a condition"
        study.report(cond, "error", "needs-newer-bpftrace", message, "compare it: `if ($p != 0)`")


@on(n.Binary, n.Assign)
def zero(study: Study, node: n.Binary | n.Assign) -> None:
    """Division by a written 0, and shifts by more bits than there are."""
    op = node.op.removesuffix("=") if isinstance(node, n.Assign) else node.op
    right = node.value if isinstance(node, n.Assign) else node.right
    value = value_of(right)
    if value is None or op not in ("/", "%", "<<", ">>"):
        return
    folded = isinstance(node, n.Binary) and value_of(node.left) is not None
    severity: Severity = "error" if folded and study.since("0.24") else "warning"
    if op in ("/", "%") and value == 0:
        result = "0" if op == "/" else "the number itself"
        message = f"`{op}` by 0: the kernel gives {result} for it"
        study.report(node, severity, "division-by-zero", message, "divide by something else, or leave it out")
    elif op in ("<<", ">>") and not 0 <= value < 64:
        message = f"a shift by {value} bits: numbers have 64"
        study.report(
            node, severity if op == "<<" else "warning", "bad-shift", message, "shift by 0 to 63 bits"
        )


@on(n.Assign)
def compound(study: Study, node: n.Assign) -> None:
    """`+=` and its kin with strings."""
    if node.op == "=":
        return
    found = {family(study, node.target), family(study, node.value)} & {"string", "text", "kstack", "ustack"}
    if found:
        message = f"`{node.op}` is not for {words(found.pop() or '')}"
        study.report(
            node,
            "error",
            "operand-type",
            message,
            "bpftrace before 0.27 cannot join strings; print the parts",
        )


@on(n.Ternary)
def branches(study: Study, node: n.Ternary) -> None:
    """Two values of different types behind one `?`."""
    if node.then is None or value_of(node.cond) is not None:
        return
    one, two = family(study, node.then), family(study, node.other)
    if one is None or two is None or "none" in (one, two):
        return
    if clash(one, two) or {one, two} == {"int", "pointer"}:
        message = f"`?` gives {words(one)} or {words(two)}; both must be of one type"
        study.report(node, "error", "operand-type", message, "use if and else")


@on(n.Index)
def index(study: Study, node: n.Index) -> None:
    """`[n]` of what is no array or pointer."""
    found = study.type(node.target)
    name = family(study, node.target)
    if name == "int" and isinstance(node.target, n.Variable | n.Identifier | n.Integer):
        message = "a number has no elements"
        study.report(node, "error", "operand-type", message, "cast it to a pointer: `((uint8 *)$x)[0]`")
    elif found == "string" and study.older("0.24"):
        message = f"bpftrace {study.version_text} takes `[…]` of arrays and pointers only, not of strings"
        study.report(
            node,
            "error",
            "needs-newer-bpftrace",
            message,
            'compare with strncmp(), for example `strncmp($s, "a", 1) == 0`',
        )


@on(n.Binary)
def binds(study: Study, node: n.Binary) -> None:
    """`a & b == c`, which is `a & (b == c)`."""
    if node.op not in ("&", "|", "^"):
        return
    for side in (node.left, node.right):
        if isinstance(side, n.Binary) and side.op in _COMPARE | _ORDER:
            text = study.program.source.text
            tested = (
                text[node.left.start : side.left.end]
                if side is node.right
                else text[side.right.start : node.right.end]
            )
            message = f"`{side.op}` binds more tightly than `{node.op}`: this takes the bits of a truth"
            study.report(
                node,
                "warning",
                "loose-bits",
                message,
                f"write `({tested}) {side.op} …`, or bracket what you mean",
            )
            return


RULES = (pair, single, cast, condition, zero, compound, branches, index, binds)
CODES = (
    Code(
        "operand-type", "error", "gpttrace", "an operator with things that it does not take",
        "Numbers are compared with numbers and strings with strings; stacks and symbols are printed, counted and compared.",
        "BEGIN { if (comm == 1) { print(1); } }", 'BEGIN { if (comm == "bash") { print(1); } }',
    ),
    Code(
        "division-by-zero", "warning", "gpttrace", "division by a written 0",
        "The kernel gives 0 for it; bpftrace since 0.24 refuses it where both sides are written numbers.",
        "BEGIN { print(pid / 0); }", "BEGIN { print(pid / 2); }",
    ),
    Code(
        "bad-shift", "warning", "gpttrace", "a shift by more bits than a number has",
        "Numbers have 64 bits; what a larger shift gives depends on the processor.",
        "BEGIN { print(pid << 64); }", "BEGIN { print(pid << 6); }",
    ),
    Code(
        "loose-bits", "warning", "gpttrace", "a comparison that binds more tightly than the bit operator beside it",
        "As in C `flags & 2 == 2` is `flags & (2 == 2)`, which is hardly ever meant.",
        "BEGIN /pid & 1 == 1/ { print(pid); }", "BEGIN /(pid & 1) == 1/ { print(pid); }",
    ),
)  # fmt: skip
