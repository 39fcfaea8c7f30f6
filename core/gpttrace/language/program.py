"""Program: a whole bpftrace source file as a tree, with its comments and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpttrace.language.findings import Finding
from gpttrace.language.nodes import (
    CDefinition,
    Comment,
    Config,
    Import,
    Item,
    Macro,
    MapDecl,
    Node,
    Probe,
    Subprogram,
)
from gpttrace.language.source import Source


@dataclass(slots=True, eq=False, repr=False)
class Program(Node):
    """All items in source order. Two programs are equal when shebang and items are; comments do not count."""

    shebang: str | None = None
    items: list[Item] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list, compare=False)
    findings: list[Finding] = field(default_factory=list, compare=False)
    source: Source = field(default_factory=lambda: Source(""), compare=False)

    @property
    def ok(self) -> bool:
        """True when no finding is an error."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def probes(self) -> list[Probe]:
        """The probes in order."""
        return [item for item in self.items if isinstance(item, Probe)]

    @property
    def maps(self) -> list[MapDecl]:
        """The map declarations (`let @m = hash(1024);`)."""
        return [item for item in self.items if isinstance(item, MapDecl)]

    @property
    def config(self) -> Config | None:
        """The first config block."""
        return next((item for item in self.items if isinstance(item, Config)), None)

    @property
    def macros(self) -> list[Macro]:
        """The macro definitions."""
        return [item for item in self.items if isinstance(item, Macro)]

    @property
    def subprograms(self) -> list[Subprogram]:
        """The `fn` definitions."""
        return [item for item in self.items if isinstance(item, Subprogram)]

    @property
    def c_definitions(self) -> list[CDefinition]:
        """The C preamble, in the order in which clang sees it."""
        return [item for item in self.items if isinstance(item, CDefinition)]

    @property
    def imports(self) -> list[Import]:
        """The imports."""
        return [item for item in self.items if isinstance(item, Import)]
