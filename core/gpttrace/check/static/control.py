"""Loops, jumps and what is never reached."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.calls import value_of
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n

_MOST_UNROLLED = 100
_MANY_STATEMENTS = 1000


@on(n.Jump)
def jump(study: Study, node: n.Jump) -> None:
    """break and continue outside a loop; jumps out of `for` before 0.24."""
    loops = [each for each in study.above(node) if isinstance(each, n.While | n.For)]
    if node.word in ("break", "continue") and not loops:
        unrolled = any(isinstance(each, n.Unroll) for each in study.above(node))
        hint = (
            "unroll() repeats its text; use a `while` loop" if unrolled else "use `return` to leave the probe"
        )
        study.report(node, "error", "misplaced-jump", f"`{node.word}` stands in no loop", hint)
    elif loops and isinstance(loops[0], n.For) and study.older("0.24"):
        message = f"bpftrace {study.version_text} has no `{node.word}` in a `for` loop"
        study.report(
            node, "error", "needs-newer-bpftrace", message, "put the rest of the loop's body into an `if`"
        )
    elif node.word == "return" and node.value is not None and study.older("0.18"):
        message = f"bpftrace {study.version_text} takes no value behind `return`"
        study.report(node.value, "error", "needs-newer-bpftrace", message, "write `return;`")


@on(n.Call)
def leaving(study: Study, node: n.Call) -> None:
    """exit() inside a `for`, which 0.25 forbids."""
    if node.name != "exit" or not study.since("0.25"):
        return
    loop = next((each for each in study.above(node) if isinstance(each, n.While | n.For)), None)
    if isinstance(loop, n.For):
        message = "exit() cannot stand in a `for` loop since bpftrace 0.25"
        study.report(
            node, "error", "misplaced-jump", message, "set a variable in the loop and call exit() behind it"
        )


@on(n.Unroll)
def unrolled(study: Study, node: n.Unroll) -> None:
    """How often unroll() repeats."""
    value = value_of(node.count)
    if value is None:
        if isinstance(node.count, n.Binary) and study.older("0.24"):
            message = f"bpftrace {study.version_text} wants a single number in unroll()"
            study.report(node.count, "error", "bad-unroll", message, "write its value")
        if isinstance(node.count, n.Variable | n.Map | n.String | n.Identifier) and not study.open_names:
            if isinstance(node.count, n.Identifier) and node.count.name in study.c.constants:
                return
            message = "the count of unroll() must be a number as it stands"
            study.report(
                node.count,
                "error",
                "bad-unroll",
                message,
                f"a number from 1 to {_MOST_UNROLLED}, or use `while`",
            )
        return
    if not 1 <= value <= _MOST_UNROLLED:
        message = f"unroll() repeats 1 to {_MOST_UNROLLED} times, not {value}"
        study.report(node.count, "error", "bad-unroll", message, "use a `while` loop")
        return
    times = value
    for above in study.above(node):
        if isinstance(above, n.Unroll):
            times *= value_of(above.count) or 1
    if times > _MANY_STATEMENTS:
        message = f"these loops make {times} copies of their body: compiling takes very long and much memory"
        study.report(node, "warning", "unroll-bomb", message, "use a `while` loop")


@on(n.Block)
def unreachable(study: Study, node: n.Block) -> None:
    """Statements behind exit(), return, break or continue."""
    for stmt, following in zip(node.body, node.body[1:], strict=False):
        if isinstance(stmt, n.Jump) or _is_exit(stmt):
            word = stmt.word if isinstance(stmt, n.Jump) else "exit()"
            message = f"nothing behind `{word}` is ever run"
            study.report(
                (following.start, node.body[-1].end),
                "warning",
                "unreachable",
                message,
                "remove it, or put it before",
            )
            return


def _is_exit(stmt: n.Stmt) -> bool:
    return isinstance(stmt, n.ExprStmt) and isinstance(stmt.expr, n.Call) and stmt.expr.name == "exit"


@on(n.For)
def looped(study: Study, node: n.For) -> None:
    """`for` over a map without keys, or one that cannot be gone through."""
    if not isinstance(node.over, n.Map):
        return
    symbol = study.symbols.maps.get(node.over.name)
    if symbol is None or not any(use.how == "write" for use in symbol.uses):
        return  # `undefined` says so
    keyed = any(isinstance(use.node, n.Map) and use.node.keys is not None for use in symbol.uses)
    if not keyed and not symbol.declared and symbol.keys is None:
        message = f"`{symbol.name}` has no keys to go through"
        study.report(node.over, "error", "unfit-loop", message, f"use its value: `{symbol.name}`")
    elif symbol.value in ("hist", "lhist"):
        message = f"`for` cannot go through a map of {symbol.value}()"
        study.report(node.over, "error", "unfit-loop", message, f"print it: `print({symbol.name});`")


@on(n.While)
def endless(study: Study, node: n.While) -> None:
    """A loop that the verifier refuses: nothing in it ends it."""
    value = value_of(node.cond)
    if not value:
        return
    inside = [
        each for each in _below(node.body) if isinstance(each, n.Jump) and each.word in ("break", "return")
    ]
    if not inside:
        message = "nothing ends this loop: the kernel's verifier will refuse it"
        study.report(
            (node.start, node.cond.end),
            "warning",
            "endless-loop",
            message,
            "give it a condition, or a `break`",
        )


def _below(block: n.Block) -> list[n.Node]:
    from gpttrace.language import walk

    return list(walk(block))


RULES = (jump, leaving, unrolled, unreachable, looped, endless)
CODES = (
    Code(
        "misplaced-jump", "error", "gpttrace", "a jump where none can be",
        "break and continue belong in a loop; unroll() is none, it only repeats its text.",
        "BEGIN { break; }", "BEGIN { return; }",
    ),
    Code(
        "bad-unroll", "error", "gpttrace", "an unroll() that cannot be repeated",
        "bpftrace repeats the text 1 to 100 times, so the count must stand in the program.",
        "BEGIN { unroll(1000) { @ = count(); } }", "BEGIN { unroll(10) { @ = count(); } }",
    ),
    Code(
        "unroll-bomb", "warning", "gpttrace", "nested unroll()s that make thousands of copies",
        "Compiling grows with each copy: 100 × 100 takes minutes and gigabytes.",
        "BEGIN { unroll(50) { unroll(50) { @ = count(); } } }", "BEGIN { unroll(50) { @ = count(); } }",
    ),
    Code(
        "unreachable", "warning", "gpttrace", "statements that are never run",
        "They stand behind exit() or a jump.",
        "BEGIN { exit(); print(1); }", "BEGIN { print(1); exit(); }",
    ),
    Code(
        "unfit-loop", "error", "gpttrace", "a `for` over a map that it cannot go through",
        "`for` goes through the keys of a map; a map without keys has one value, and histograms can only be printed.",
        "BEGIN { @a = 1; for ($kv : @a) { print($kv); } }", "BEGIN { @a[1] = 1; print(@a); }",
    ),
    Code(
        "endless-loop", "warning", "gpttrace", "a loop without an end",
        "The kernel runs no program that may not end, so it refuses it when it is loaded.",
        "BEGIN { while (1) { @ = count(); } }", "BEGIN { $i = 0; while ($i < 10) { @ = count(); $i++; } }",
    ),
)  # fmt: skip
