"""A look at one version of a script: its tree, symbols and types, our own findings, and what stands at a place.

Made once for each version and asked by every feature. Nothing here starts a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gpttrace.check.policy import Policy
from gpttrace.check.static.study import Study
from gpttrace.check.whole import check_studied
from gpttrace.host import Host
from gpttrace.language import Finding, Program, children, parse
from gpttrace.language import nodes as n
from gpttrace_lsp.positions import Lines

# Up to here (characters) work on a text is done sooner than handing it to a thread and back would matter to anybody.
AT_ONCE = 20_000
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Look:
    """`findings` are those of the static tier, the policy's among them; offsets are characters of `lines.text`."""

    version: int
    lines: Lines
    tree: Program
    study: Study
    findings: tuple[Finding, ...]
    denied: bool = False  # what the policy denies is not given to bpftrace
    host: Host | None = field(repr=False, default=None)

    @property
    def text(self) -> str:
        """The text that was looked at."""
        return self.lines.text

    def item_at(self, offset: int) -> int | None:
        """Return the index of the item (probe, macro …) that holds a place, its end included; None between items."""
        for index, item in enumerate(self.tree.items):
            if item.start <= offset <= item.end:
                return index
        return None

    def path(self, offset: int) -> list[n.Node]:
        """Return the nodes around a place from the item down; of two that meet there, the one that begins there wins."""
        index = self.item_at(offset)
        if index is None:
            return []
        path: list[n.Node] = [self.tree.items[index]]
        while True:
            below = [each for each in children(path[-1]) if each.start <= offset <= each.end]
            if not below:
                return path
            here = path[-1]
            value = here.value if isinstance(here, n.BlockExpr) else None
            if value is not None and any(each is value for each in below):
                path.append(value)  # the body's braces are around it, too
            else:
                path.append(next((each for each in below if offset < each.end), below[-1]))

    def type_at(self, node: n.Node, item: int) -> str:
        """Return the type of an expression in an item; `unknown` when it cannot be told."""
        self.study.enter(item)
        return self.study.type(node)


def look_at(lines: Lines, version: int, host: Host | None, policy: Policy) -> Look:
    """Look at a text; never raises for what the text is. 0.1 ms a line."""
    tree = parse(lines.text)
    study = Study(tree, host, unsafe=True)  # what may change the machine is the policy's to say
    report = check_studied(study, policy)
    return Look(version, lines, tree, study, report.findings, report.policy.allowed == "no", host)


async def worked(size: int, work: Callable[[], Answer]) -> Answer:
    """Return what work on so many characters of text gives; long work is done on a thread, so that nobody waits behind it."""
    return work() if size <= AT_ONCE else await asyncio.to_thread(work)
