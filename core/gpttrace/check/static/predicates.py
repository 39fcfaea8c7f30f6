"""Conditions that are always or never true, told without a solver: constants, contradictions, names that cannot be that long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gpttrace.check.codes import Code
from gpttrace.check.static.calls import value_of
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n
from gpttrace.language.findings import Severity
from gpttrace.language.reference import BUILTINS

LONGEST_COMM = 15
_COMM = frozenset(["comm", "pcomm", "leader_comm", "prev_comm", "next_comm"])
_FLIP = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_CHANGING = frozenset(["nsecs", "elapsed", "rand", "jiffies"])
_FOLD: dict[str, Callable[[int, int], int]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "&&": lambda a, b: bool(a and b), "||": lambda a, b: bool(a or b),
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "&": lambda a, b: a & b, "|": lambda a, b: a | b,
}  # fmt: skip


@on(n.Probe, n.If, n.Ternary)
def constant(study: Study, node: n.Probe | n.If | n.Ternary) -> None:
    """Whole conditions that are written numbers, and contradictions inside them."""
    cond = node.predicate if isinstance(node, n.Probe) else node.cond
    if cond is None or (isinstance(node, n.If) and node.comptime):
        return
    value = _folded(cond)
    what = "predicate" if isinstance(node, n.Probe) else "condition"
    if value is not None:
        if value:
            study.report(cond, "information", "always-true", f"this {what} is always true", "leave it out")
        else:
            study.report(
                cond,
                "warning",
                "never-true",
                f"this {what} is never true",
                "remove it with what depends on it",
            )
        return
    for part in _joined(cond, "||"):
        _contradiction(study, part)


def _folded(expr: n.Expr) -> int | None:
    known: dict[int, int | None] = {}
    stack: list[tuple[n.Expr, bool]] = [(expr, False)]
    while stack:  # a chain of conditions may be ten thousand long
        node, ready = stack.pop()
        match node:
            case n.Paren(inner=inner):
                if ready:
                    known[id(node)] = known[id(inner)]
                else:
                    stack += [(node, True), (inner, False)]
            case n.Binary(op=op, left=left, right=right) if op in _FOLD:
                if ready:
                    known[id(node)] = _joined_value(op, known[id(left)], known[id(right)])
                else:
                    stack += [(node, True), (left, False), (right, False)]
            case _:
                known[id(node)] = int(node.value) if isinstance(node, n.Bool) else value_of(node)
    return known[id(expr)]


def _joined_value(op: str, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    return int(_FOLD[op](left, right))


# ---------------------------------------------------------------------------------- contradictions


@dataclass(slots=True)
class _Range:
    least: int | None = None
    most: int | None = None
    equal: int | bytes | None = None
    unequal: list[int | bytes] = field(default_factory=list)

    def empty(self) -> bool:
        if self.equal is not None and self.equal in self.unequal:
            return True
        if isinstance(self.equal, int) and (
            (self.least is not None and self.equal < self.least)
            or (self.most is not None and self.equal > self.most)
        ):
            return True
        return self.least is not None and self.most is not None and self.least > self.most


def _contradiction(study: Study, cond: n.Expr) -> None:
    seen: list[tuple[n.Expr, _Range, n.Expr]] = []
    for part in list(_joined(cond, "&&"))[:40]:
        found = _comparison(part)
        if found is None:
            continue
        target, op, value = found
        known = next((each for each in seen if each[0] == target), None)
        if known is None:
            known = (target, _Range(), part)
            seen.append(known)
        if not _narrow(known[1], op, value) or known[1].empty():
            text = study.program.source.text
            shown = text[target.start : target.end]
            message = f"`{shown}` cannot be all of this at once: the condition is never true"
            study.report(cond, "warning", "never-true", message, "join the two with `||` if either will do")
            return


def _joined(expr: n.Expr, op: str) -> Iterator[n.Expr]:
    stack = [expr]
    while stack:
        node = stack.pop()
        if isinstance(node, n.Paren):
            stack.append(node.inner)
        elif isinstance(node, n.Binary) and node.op == op:
            stack += [node.right, node.left]
        else:
            yield node


def _comparison(expr: n.Expr) -> tuple[n.Expr, str, int | bytes] | None:
    if not isinstance(expr, n.Binary) or expr.op not in _FLIP:
        return None
    for target, other, op in ((expr.left, expr.right, expr.op), (expr.right, expr.left, _FLIP[expr.op])):
        value = other.value if isinstance(other, n.String) else value_of(other)
        if value is not None and _steady(target):
            return target, op, value
    return None


def _steady(expr: n.Expr) -> bool:
    # The same value each time that it is read within one condition.
    if isinstance(expr, n.Identifier):
        return expr.name in BUILTINS and expr.name not in _CHANGING
    if isinstance(expr, n.Member):
        return isinstance(expr.target, n.Identifier) and expr.target.name == "args"
    return isinstance(expr, n.Variable)


def _narrow(known: _Range, op: str, value: int | bytes) -> bool:
    if op == "==":
        if known.equal is not None and known.equal != value:
            return False
        known.equal = value
    elif op == "!=":
        known.unequal.append(value)
    elif isinstance(value, int):
        if op in (">", ">="):
            least = value + (op == ">")
            known.least = least if known.least is None else max(known.least, least)
        else:
            most = value - (op == "<")
            known.most = most if known.most is None else min(known.most, most)
    return True


# ------------------------------------------------------------------------------------- single tests


@on(n.Binary)
def long_name(study: Study, node: n.Binary) -> None:
    """A process name compared with more than 15 bytes."""
    if node.op not in ("==", "!="):
        return
    for name, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, n.String) and len(other.value) > LONGEST_COMM and _is_comm(study, name):
            cut = other.value[:LONGEST_COMM].decode(errors="replace")
            always = "never" if node.op == "==" else "always"
            message = f"a name has {LONGEST_COMM} bytes at most and this {len(other.value)}: the test is {always} true"
            study.report(other, "warning", "long-comm", message, f'write "{cut}"')


def _is_comm(study: Study, expr: n.Expr) -> bool:
    if isinstance(expr, n.Identifier | n.Member):
        return expr.name in _COMM and (isinstance(expr, n.Member) or expr.name in BUILTINS)
    return False


@on(n.Binary)
def below_zero(study: Study, node: n.Binary) -> None:
    """Tests of unsigned numbers against 0 that say nothing."""
    value = value_of(node.right)
    if value is None or node.op not in ("<", ">="):
        return
    if (
        value > 0
        or (value < 0 and not isinstance(node.left, n.Identifier))
        or not _unsigned(study, node.left)
    ):
        return
    word, code = ("never", "never-true") if node.op == "<" else ("always", "always-true")
    text = study.program.source.text[node.left.start : node.left.end]
    message = f"`{text}` has no negative values: this is {word} true"
    severity: Severity = "warning" if node.op == "<" else "information"
    study.report(node, severity, code, message, "cast it if it is meant to have a sign: `(int64)…`")


def _unsigned(study: Study, expr: n.Expr) -> bool:
    if isinstance(expr, n.Identifier):
        return expr.name in ("pid", "tid", "uid", "gid", "cpu", "cgroup", "nsecs", "elapsed")
    if isinstance(expr, n.Member) and isinstance(expr.target, n.Identifier) and expr.target.name == "args":
        return study.type(expr).startswith("uint")
    return False


@on(n.Probe, n.If, n.Ternary, n.Unary)
def truth_of_strncmp(study: Study, node: n.Probe | n.If | n.Ternary | n.Unary) -> None:
    """`strncmp(…)` taken as a truth: it is true when the strings differ."""
    if isinstance(node, n.Unary):
        return
    cond = node.predicate if isinstance(node, n.Probe) else node.cond
    for part in _joined(cond, "&&") if cond is not None else ():
        if isinstance(part, n.Call) and part.name == "strncmp":
            message = "strncmp() gives 0 for equal strings: this is true when they differ"
            study.report(
                part,
                "information",
                "strncmp-truth",
                message,
                "write `strncmp(…) == 0` for equal, `!= 0` for different",
            )


RULES = (constant, long_name, below_zero, truth_of_strncmp)
CODES = (
    Code(
        "never-true", "warning", "gpttrace", "a condition that is never true",
        "What depends on it never happens, so the program shows nothing.",
        "tracepoint:sched:sched_switch /pid == 1 && pid == 2/ { @ = count(); }",
        "tracepoint:sched:sched_switch /pid == 1 || pid == 2/ { @ = count(); }",
    ),
    Code(
        "always-true", "information", "gpttrace", "a condition that is always true",
        "It filters nothing.",
        "tracepoint:sched:sched_switch /pid >= 0/ { @ = count(); }", "tracepoint:sched:sched_switch /pid > 0/ { @ = count(); }",
    ),
    Code(
        "long-comm", "warning", "gpttrace", "a process name of more than 15 bytes",
        "The kernel cuts names (`comm`) at 15 bytes, so a longer one is never equal.",
        'tracepoint:sched:sched_switch /comm == "systemd-journald"/ { @ = count(); }',
        'tracepoint:sched:sched_switch /comm == "systemd-journal"/ { @ = count(); }',
    ),
    Code(
        "strncmp-truth", "information", "gpttrace", "strncmp() taken as a truth",
        "As in C it gives 0 when the strings are equal, which counts as false.",
        'tracepoint:sched:sched_switch /strncmp(comm, "bash", 4)/ { @ = count(); }',
        'tracepoint:sched:sched_switch /strncmp(comm, "bash", 4) == 0/ { @ = count(); }',
    ),
)  # fmt: skip
