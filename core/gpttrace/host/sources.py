"""Sources: where a host's knowledge comes from, each opened when it is asked for the first time.

The running machine and a host file differ in these four only: how events are read, how lists are opened, how BTF is read, and
who says what works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gpttrace.host import tracefs
from gpttrace.host.kinds import HARDWARE, SOFTWARE, Ability
from gpttrace.host.names import Names
from gpttrace.host.tracefs import Field

if TYPE_CHECKING:
    from gpttrace.host.btf import Btf
    from gpttrace.host.inventory import Inventory
    from gpttrace.host.search import Search
    from gpttrace.host.types import Types

LIST_OF = {"kprobe": "kprobe", "kretprobe": "kprobe", "fentry": "fentry", "fexit": "fentry"}


class Events(Protocol):
    """The tracepoints of one machine; `known` is False where they could not be read."""

    @property
    def known(self) -> bool: ...
    def names(self) -> frozenset[str]: ...
    def fields(self, name: str) -> Mapping[str, Field]: ...
    def format(self, name: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class LocalEvents:
    """The tracepoints of the running kernel, read from tracefs each time."""

    mounted: Path | None

    @property
    def known(self) -> bool:
        """Tell whether tracefs can be read."""
        return self.mounted is not None

    def names(self) -> frozenset[str]:
        """Return every tracepoint as `category:name`."""
        return tracefs.tracepoint_names(self.mounted) if self.mounted else frozenset()

    def fields(self, name: str) -> Mapping[str, Field]:
        """Return the fields of one by name; {} when there is none."""
        return tracefs.tracepoint_fields(self.mounted, name) if self.mounted else {}

    def format(self, name: str) -> str | None:
        """Return the text of its format file."""
        return tracefs.format_text(self.mounted, name) if self.mounted else None


@dataclass(slots=True)
class Sources:
    """What a host's answers are made of; all but `events` and `ability` is opened late and kept."""

    events: Events
    ability: Callable[[str], Ability]
    open_inventory: Callable[[], Inventory]
    read_btf: Callable[[str, Btf | None], Btf]
    btf_bytes: Callable[[str], bytes | None] = lambda _: (
        None
    )  # of a host file; the running kernel's is in /sys
    here: bool = True  # files of the machine can be looked at
    _inventory: Inventory | None = None
    _types: Types | None = None
    _btf: dict[str, Btf] = field(default_factory=dict)
    _names: dict[str, Names] = field(default_factory=dict)
    _search: Search | None = None
    _words: Search | None = None
    similar: dict[tuple[str, str, int], list[str]] = field(default_factory=dict)  # what similar_names found

    @property
    def inventory(self) -> Inventory:
        """The lists of functions and types."""
        if self._inventory is None:
            self._inventory = self.open_inventory()
        return self._inventory

    @property
    def types(self) -> Types:
        """The types by name."""
        if self._types is None:
            from gpttrace.host.types import INDEXES, Types

            indexes = {sort: self.inventory.names(f"type.{sort}") for sort in INDEXES}
            self._types = Types(self.btf, indexes)
        return self._types

    @property
    def search(self) -> Search:
        """The search over all names; it reads a kind's names when it first looks among them."""
        if self._search is None:
            from gpttrace.host.search import Search

            hooked = self.ability("kprobe").works is not False or not self.ability("fentry").works
            self._search = Search(self.names, "kprobe" if hooked else "fentry")
        return self._search

    @property
    def words(self) -> Search:
        """The search over enumerators."""
        if self._words is None:
            from gpttrace.host.search import Search

            self._words = Search(lambda _: self.types.indexes["constant"], "constant")
        return self._words

    def btf(self, module: str) -> Btf:
        """Return the BTF of vmlinux or of a module."""
        if module not in self._btf:
            base = self.btf("vmlinux") if module != "vmlinux" else None
            self._btf[module] = self.read_btf(module, base)
        return self._btf[module]

    def names(self, kind: str) -> Names:
        """Return the names of a kind; empty for a kind without a list."""
        if kind in LIST_OF:
            return self.inventory.names(LIST_OF[kind])
        if kind not in self._names:
            self._names[kind] = self._find_names(kind)
        return self._names[kind]

    def lists(self, kind: str) -> bool:
        """Tell whether every name of a kind is in its list."""
        if kind in LIST_OF:
            # BTF lacks some static functions; ftrace's list and kallsyms have all.
            return self.inventory.note(LIST_OF[kind]).startswith("/")
        if kind == "tracepoint":
            return self.events.known
        if kind in ("rawtracepoint", "iter"):
            return self.inventory.names("type.typedef").count > 0
        return kind in ("software", "hardware")

    def _find_names(self, kind: str) -> Names:
        if kind == "tracepoint" and self.events.known:
            return Names.of(name.encode() for name in self.events.names())
        from gpttrace.host.categories import likely_tracepoints
        from gpttrace.host.templates import iterator_names, raw_names

        if kind == "tracepoint":
            return likely_tracepoints(self.types)
        if kind == "rawtracepoint":
            return raw_names(self.types)
        if kind == "iter":
            return iterator_names(self.types)
        fixed = {"software": SOFTWARE, "hardware": HARDWARE}.get(kind, ())
        return Names.of(name.encode() for name in fixed)
