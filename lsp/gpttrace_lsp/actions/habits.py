"""Fixes of programs that run and show the wrong thing: guards, deletes, conditions, floods of output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpttrace.language import Finding, walk
from gpttrace.language import nodes as n
from gpttrace_lsp.actions.fix import (
    Change,
    Fix,
    Fixer,
    around,
    exactly,
    one,
    probe_at,
    text_of,
    with_condition,
    with_statement,
    without_statement,
)

if TYPE_CHECKING:
    from gpttrace_lsp.look import Look

_MAP = re.compile(r"`(@\w*)(?:\[…\])?`")
_ZERO = re.compile(r"^`([^`]+)` can be 0")
_QUOTED = re.compile(r'^write ("[^"]*")$')
_TOO = re.compile(r"^trace `(\w+)` too$")
_SLASH = re.compile(r"\s*/")
NOT_BPFTRACE = 'comm != "bpftrace"'


def guard(look: Look, finding: Finding) -> Iterator[Fix]:
    """A start time that may be missing: its own map as a predicate."""
    probe, name = probe_at(look, finding.start), _MAP.search(finding.message)
    if probe is None:
        return
    wanted = name[1] if name is not None else None
    for node in walk(probe.body):
        if (
            isinstance(node, n.Map)
            and node.keys
            and wanted in (None, node.name)
            and not _uses_variables(node)
        ):
            if _is_deleted_only(look, node):
                continue
            guard_text = text_of(look, node)
            yield Fix(
                f"Add the predicate `/{guard_text}/`",
                tuple(with_condition(look, probe, guard_text)),
                sure=True,
            )
            return


def _uses_variables(node: n.Node) -> bool:
    # A predicate stands before the statements that would give them a value.
    return any(isinstance(each, n.Variable) for each in walk(node))


def _is_deleted_only(look: Look, node: n.Map) -> bool:
    above = look.study.parent(node)
    return isinstance(above, n.Call) and above.name in ("delete", "clear", "zero")


def delete(look: Look, finding: Finding) -> Iterator[Fix]:
    """Keys that nobody deletes: deleted at the end of the probe that reads them last."""
    name = _MAP.search(finding.message)
    symbol = look.study.symbols.maps.get(name[1]) if name is not None else None
    if symbol is None:
        return
    writers = {use.item for use in symbol.places("write")}
    for use in reversed(symbol.places("read")):
        probe, node = look.tree.items[use.item], use.node
        if isinstance(probe, n.Probe) and isinstance(node, n.Map) and node.keys and use.item not in writers:
            statement = f"delete({text_of(look, node)})"
            yield Fix(f"Add `{statement};`", tuple(with_statement(look, probe.body, statement)), sure=True)
            return


def not_itself(look: Look, finding: Finding) -> Iterator[Fix]:
    """A probe that sees what bpftrace itself does."""
    probe = probe_at(look, finding.start)
    if probe is not None:
        yield Fix(
            f"Add the predicate `/{NOT_BPFTRACE}/`",
            tuple(with_condition(look, probe, NOT_BPFTRACE)),
            sure=True,
        )


def counted(look: Look, finding: Finding) -> Iterator[Fix]:
    """Printing each of too many events: counting them instead, by process."""
    if not any(isinstance(node, n.Map) and node.name == "@" for nodes in look.study.nodes for node in nodes):
        yield one("Count instead: `@[comm] = count()`", finding.start, finding.end, "@[comm] = count()")


def unused(look: Look, finding: Finding) -> Iterator[Fix]:
    """A variable that is never read: all that gives it a value."""
    name, item = look.text[finding.start : finding.end].lstrip("$"), look.item_at(finding.start)
    if item is None:
        return
    changes: list[Change] = []
    for node in look.study.nodes[item]:
        if isinstance(node, n.Assign | n.Let) and node.target == n.Variable(name):
            if node.value is not None and any(_acts(each) for each in walk(node.value)):
                return
            changes.append(without_statement(look, node))
    if changes:
        yield Fix(f"Remove `${name}`", tuple(dict.fromkeys(changes)), sure=True)


def _acts(node: n.Node) -> bool:
    return isinstance(node, n.Call) or (isinstance(node, n.Unary) and node.op in ("++", "--"))


def unreachable(look: Look, finding: Finding) -> Iterator[Fix]:
    """Statements that are never run."""
    where = next(
        (
            each
            for each in look.path(finding.start)
            if isinstance(each, n.Stmt) and each.start == finding.start
        ),
        None,
    )
    yield Fix(
        "Remove what is never run",
        (without_statement(look, where or n.Stmt(start=finding.start, end=finding.end)),),
    )


def always(look: Look, finding: Finding) -> Iterator[Fix]:
    """A predicate that is always true."""
    probe = probe_at(look, finding.start)
    predicate = probe.predicate if probe is not None else None
    if probe is None or predicate is None or (predicate.start, predicate.end) != (finding.start, finding.end):
        return
    yield from without_predicate(look, probe, "Remove the predicate")


def without_predicate(look: Look, probe: n.Probe, title: str) -> Iterator[Fix]:
    """Take a probe's predicate away, where it is whole."""
    assert probe.predicate is not None
    if (last := _SLASH.match(look.text, probe.predicate.end)) is not None:
        yield one(title, probe.points[-1].end, last.end(), "")


def either(look: Look, finding: Finding) -> Iterator[Fix]:
    """Two conditions that exclude each other, joined with `&&`."""
    both = exactly(look, finding, n.Binary)
    if both is not None and both.op == "&&":
        at = look.text.find("&&", both.left.end)
        yield one("Join the two with `||`", at, at + 2, "||")


def cut_name(look: Look, finding: Finding) -> Iterator[Fix]:
    """A process name that is longer than any is."""
    found = _QUOTED.match(finding.hint or "")
    if found is not None:
        yield one(f"Write `{found[1]}`", finding.start, finding.end, found[1], sure=True)


def equal(look: Look, finding: Finding) -> Iterator[Fix]:
    """`strncmp(…)` taken as a truth."""
    yield one("Compare with 0: true when they are equal", finding.end, finding.end, " == 0")


def runnable(look: Look, finding: Finding) -> Iterator[Fix]:
    """`prev_state` compared with 0 only."""
    test = exactly(look, finding, n.Binary)
    if test is None:
        return
    left, joined = text_of(look, test.left), "||" if test.op == "==" else "&&"
    both = f"{left} {test.op} 0 {joined} {left} {test.op} 256"
    probe = probe_at(look, finding.start)
    alone = probe is not None and probe.predicate is test
    yield one("Test 256 as well", test.start, test.end, both if alone else f"({both})", sure=True)


def other_call(look: Look, finding: Finding) -> Iterator[Fix]:
    """A system call that programs hardly make any more: the newer one as well."""
    found = _TOO.match(finding.hint or "")
    if found is not None:
        kind = look.text[finding.start : finding.end].rpartition(":")[0]
        yield one(f"Trace `{found[1]}` as well", finding.end, finding.end, f",\n{kind}:{found[1]}", sure=True)


def not_zero(look: Look, finding: Finding) -> Iterator[Fix]:
    """A division by what can be 0."""
    probe = probe_at(look, finding.start)
    for node in walk(probe.body) if probe is not None and _ZERO.match(finding.message) else ():
        if not isinstance(node, n.Binary) or node.op not in "/%" or _uses_variables(node.right):
            continue
        if finding.start <= node.start <= node.end <= finding.end and not isinstance(node.right, n.Integer):
            test = f"{text_of(look, node.right)} != 0"
            assert probe is not None
            yield Fix(f"Add the predicate `/{test}/`", tuple(with_condition(look, probe, test)), sure=True)
            return


def comparing(look: Look, finding: Finding) -> Iterator[Fix]:
    """A comparison that binds more tightly than the bit operator beside it."""
    node = exactly(look, finding, n.Binary) or around(look, finding.start, n.Binary)
    if node is None:
        return
    if isinstance(node.right, n.Binary):
        changes = (node.start, node.start, "("), (node.right.left.end, node.right.left.end, ")")
    elif isinstance(node.left, n.Binary):
        changes = (node.left.right.start, node.left.right.start, "("), (node.end, node.end, ")")
    else:
        return
    yield Fix("Put the bits in parentheses", changes, sure=True)


def multiplied_first(look: Look, finding: Finding) -> Iterator[Fix]:
    """A division before a multiplication."""
    node = exactly(look, finding, n.Binary)
    if node is not None and isinstance(node.left, n.Binary) and node.left.op == "/":
        a, b, c = (text_of(look, each) for each in (node.left.left, node.left.right, node.right))
        yield one(f"Write `{a} * {c} / {b}`", node.start, node.end, f"{a} * {c} / {b}", sure=True)


FIXERS: dict[str, Fixer] = {
    "unguarded-map": guard,
    "unseen-begin": guard,
    "growing-map": delete,
    "stale-keys": delete,
    "traces-itself": not_itself,
    "hot-print": counted,
    "unused-variable": unused,
    "unreachable": unreachable,
    "always-true": always,
    "never-true": either,
    "long-comm": cut_name,
    "strncmp-truth": equal,
    "preempted-state": runnable,
    "rare-syscall": other_call,
    "possible-zero": not_zero,
    "loose-bits": comparing,
    "cut-off": multiplied_first,
}
