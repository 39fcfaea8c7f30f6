"""From a refused probe to the statement that is to blame: statements are blanked while the kernel still gives the same reason.

What is left when nothing more can be blanked is what the refusal needs; the last statement of it is to blame, the others are why
(they assign what it uses). A compound statement is entered as long as one of its inner statements is to blame. Each load costs as
much as the verifier takes to refuse: 0.2 s, or 6 s where it walks through a million instructions.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gpttrace.check.loader.load import Loader, without
from gpttrace.language import Program, walk
from gpttrace.language import nodes as n
from gpttrace.language.findings import Finding, Related

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOPS = (n.While, n.For, n.Unroll)
# Reasons of a whole loop: what it repeats may be needed for them, but the loop is to blame.
_OF_LOOPS = {"verifier-loop", "verifier-too-large"}

Fails = Callable[[Sequence[n.Node]], Awaitable[bool]]


async def narrowed(finding: Finding, program: Program, loader: Loader) -> Finding:
    """Return the finding at the smallest statement that is to blame; as it is when the time is over before anything is known."""
    probe = next((each for each in program.probes if each.start <= finding.start < each.end), None)
    if probe is None:
        return finding
    search = _Search(program, probe, finding.code, loader)
    guilty, needed = await search.descend(probe.body.body)
    if guilty is None:
        return finding if probe.predicate is None or search.over else _at(finding, probe.predicate, [])
    return _at(finding, guilty, needed)


def _at(finding: Finding, node: n.Node, needed: Sequence[n.Node]) -> Finding:
    related = tuple(Related(each.start, each.end, "needed for it") for each in needed)
    return replace(finding, start=node.start, end=node.end, related=related)


class _Search:
    """One search: what was found dispensable is `gone`; `over` when the time was."""

    def __init__(self, program: Program, probe: n.Probe, code: str, loader: Loader) -> None:
        self.program, self.probe, self.code, self.loader = program, probe, code, loader
        self.gone: list[n.Node] = []
        self.others = [each.start for each in program.probes if each is not probe]
        self.done, self.over = 0, False
        self.at_most = 1 + 2 * sum(isinstance(node, n.Stmt) for node in walk(probe))

    async def fails(self, extra: Sequence[n.Node]) -> bool:
        """Tell whether the probe is refused for the same reason without some more parts of the program."""
        if self.over or time.monotonic() >= self.loader.deadline:
            self.over = True
            return False
        tree = without(self.program, [*self.gone, *extra])
        if not tree.ok:
            return False
        self.done += 1
        what = f"trying without {_lines(extra, self.program)}"
        if self.code == "load-failed":  # a log that overflows looks the same
            failure = await self.loader.load(tree, what=what, at_most=self.at_most, silent=self.others)
        else:
            failure = await self.loader.refusal(tree, what, self.at_most, self.others)
        return failure.code == self.code

    async def descend(self, statements: Sequence[n.Stmt]) -> tuple[n.Stmt | None, list[n.Node]]:
        """Return the statement to blame among these and inside it, and what it needs."""
        left = await self._reduced(list(statements))
        guilty = self._blamed(left)
        if guilty is None:
            return None, []
        needed: list[n.Node] = [each for each in left if each is not guilty]
        inside = [each for block in _blocks(guilty) for each in block.body]
        if not inside or self.over or (self.code in _OF_LOOPS and not _has_loop(inside)):
            return guilty, needed
        inner, more = await self.descend(inside)
        if inner is None or (
            self.code in _OF_LOOPS and isinstance(guilty, _LOOPS) and not _has_loop([inner])
        ):
            return guilty, needed
        return inner, [*needed, *more]

    def _blamed(self, left: Sequence[n.Stmt]) -> n.Stmt | None:
        if self.code in _OF_LOOPS and (loops := [each for each in left if _has_loop([each])]):
            return loops[-1]
        return left[-1] if left else None

    async def _reduced(self, left: list[n.Stmt]) -> list[n.Stmt]:
        """Blank halves, then quarters … then single statements, as long as the refusal stays."""
        size = max(len(left) // 2, 1)
        while left and not self.over:
            at = len(left)
            while at > 0:
                some = left[max(at - size, 0) : at]
                if await self.fails(some):
                    self.gone += some
                    left = [each for each in left if not any(each is other for other in some)]
                at -= size
            if size == 1:
                break
            size //= 2
        return left


def _blocks(statement: n.Stmt) -> Iterator[n.Block]:
    match statement:
        case n.If(then=then, other=other):
            yield then
            if isinstance(other, n.Block):
                yield other
            elif other is not None:
                yield from _blocks(other)
        case n.While(body=body) | n.For(body=body) | n.Unroll(body=body) | n.BlockStmt(block=body):
            yield body
        case _:
            return


def _has_loop(statements: Sequence[n.Stmt]) -> bool:
    return any(isinstance(node, _LOOPS) for each in statements for node in walk(each))


def _lines(parts: Sequence[n.Node], program: Program) -> str:
    numbers = sorted({program.source.line_column(each.start)[0] for each in parts})
    return f"line {numbers[0]}" if len(numbers) == 1 else f"lines {numbers[0]}-{numbers[-1]}"
