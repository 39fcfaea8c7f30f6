"""One program being looked at: its tree with parents, symbols and types, the host's facts, and the findings so far.

Made once for a check; rules ask it and report to it. Types are remembered for each node, so that twenty rules cost one look.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cached_property, lru_cache

from gpttrace.check.static.cnames import c_names
from gpttrace.check.static.ctype import field_types, member_types
from gpttrace.check.static.facts import Facts
from gpttrace.language import Finding, Program, Related, children, symbols, type_of
from gpttrace.language import nodes as n
from gpttrace.language.findings import Severity
from gpttrace.language.types import Scope

MOST_FINDINGS = 500
MOST_GUESSES = 60  # of names that are not there; one takes up to 15 ms


class Study:
    """What rules know. `item` is the index of the item at hand, `probe` the probe if it is one."""

    def __init__(self, program: Program, host: Facts | None, *, unsafe: bool = False) -> None:
        self.program = program
        self.host = host
        self.version: tuple[int, ...] = tuple(host.version[:2]) if host else ()
        self.unsafe = unsafe
        self.c = c_names(program)
        self.findings: list[Finding] = []
        self.item = 0
        self.probe: n.Probe | None = None
        self.symbols = symbols(program, field_types(host), member_types(host, self.c))
        self.nodes = self.symbols.nodes
        self.parents: dict[int, n.Node] = {}
        self.below: dict[int, list[n.Node]] = {}
        self._connect()
        self._forget_what_changes()
        self._types: dict[int, str] = {}
        self._guesses = 0

    def _connect(self) -> None:
        parents, below = self.parents, self.below
        for nodes in self.nodes:
            for node in nodes:
                under = below[id(node)] = list(children(node))
                for child in under:
                    parents[id(child)] = node

    def _forget_what_changes(self) -> None:
        # A name that means different things in different blocks has no one type: nothing is said of it then.
        for index, nodes in enumerate(self.nodes):
            scope = self.symbols.scopes[index]
            for name in _changing(nodes, scope):
                scope.variables[name] = "unknown"

    # -------------------------------------------------------------------------------------- versions

    def older(self, version: str) -> bool:
        """Tell whether this bpftrace is known and older than a version, `0.24`."""
        return bool(self.version) and self.version < number(version)

    def since(self, version: str) -> bool:
        """Tell whether this bpftrace is known and of this version or newer."""
        return bool(self.version) and self.version >= number(version)

    @property
    def version_text(self) -> str:
        """The version as people write it: `0.17`."""
        return ".".join(map(str, self.version))

    # --------------------------------------------------------------------------------------- the tree

    @property
    def points(self) -> list[n.AttachPoint]:
        """The attach points of the probe at hand."""
        return self.probe.points if self.probe else []

    def enter(self, index: int) -> None:
        """Take an item of the program as the one at hand."""
        item = self.program.items[index]
        self.item = index
        self.probe = item if isinstance(item, n.Probe) else None

    def parent(self, node: n.Node) -> n.Node | None:
        """Return the node above, parentheses left out."""
        above = self.parents.get(id(node))
        while isinstance(above, n.Paren):
            above = self.parents.get(id(above))
        return above

    def above(self, node: n.Node) -> Iterable[n.Node]:
        """Yield all nodes above, from the nearest."""
        up = self.parents.get(id(node))
        while up is not None:
            yield up
            up = self.parents.get(id(up))

    def type(self, expr: n.Node) -> str:
        """Return the type of an expression of the item at hand."""
        kind = self._types.get(id(expr))
        return kind if kind is not None else type_of(expr, self.symbols.scopes[self.item], self._types)

    @cached_property
    def macro_names(self) -> frozenset[str]:
        """Names of the program's own macros and functions."""
        macros = {macro.name for macro in self.program.macros}
        return frozenset(macros | self.function_names)

    @cached_property
    def function_names(self) -> frozenset[str]:
        """Names of the program's own functions (`fn`)."""
        return frozenset(each.name for each in self.program.subprograms)

    @cached_property
    def setting(self) -> dict[str, n.Expr]:
        """The values of the config block."""
        config = self.program.config
        return (
            {entry.key.lower().removeprefix("bpftrace_"): entry.value for entry in config.entries}
            if config
            else {}
        )

    @cached_property
    def open_names(self) -> bool:
        """True when an `#include` or `import` may bring names that we cannot see."""
        return self.c.open or bool(self.program.imports)

    def near(self, kind: str, name: str) -> str | None:
        """Return the host's name of a kind that a mistyped one most looks like; None after so many that it is no slip."""
        self._guesses += 1
        if self.host is None or self._guesses > MOST_GUESSES:
            return None
        return next(iter(self.host.similar(kind, name, 1)), None)

    # --------------------------------------------------------------------------------------- findings

    def report(
        self,
        place: n.Node | tuple[int, int],
        severity: Severity,
        code: str,
        message: str,
        hint: str | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        """Add a finding at a node or at (start, end)."""
        start, end = place if isinstance(place, tuple) else (place.start, place.end)
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(start, end, severity, code, message, hint, related=related))


@lru_cache(maxsize=256)
def number(version: str) -> tuple[int, ...]:
    """Return `0.24` as (0, 24)."""
    return tuple(map(int, version.split(".")))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that a mistyped one most looks like, or None."""
    found = difflib.get_close_matches(word, list(known), 1, 0.7)
    return found[0] if found else None


def _changing(nodes: list[n.Node], scope: Scope) -> set[str]:
    seen: dict[str, set[str]] = {}
    for node in nodes:
        match node:
            case n.For(variable=variable, over=over):
                seen.setdefault(variable.name, set()).add(f"in {over!r}")
            case n.Let(target=variable, value=n.Expr() as value):
                seen.setdefault(variable.name, set()).add(type_of(value, scope))
            case n.Assign(target=n.Variable() as variable, op="=", value=value):
                seen.setdefault(variable.name, set()).add(type_of(value, scope))
    return {name for name, kinds in seen.items() if len(kinds) > 1 and not _alike(kinds)}


def _alike(kinds: set[str]) -> bool:
    from gpttrace.language import is_integer

    return all(is_integer(kind) for kind in kinds)
