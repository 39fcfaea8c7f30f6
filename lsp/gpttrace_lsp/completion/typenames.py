"""Names of types, in casts, in `sizeof` and behind `struct`; and numbers with their units."""

from __future__ import annotations

from collections.abc import Iterator

from gpttrace.host import Host
from gpttrace.language.parameters import TIME_UNITS, UNITS_SINCE
from gpttrace.language.reference import TYPE_NAMES
from gpttrace_lsp.completion.own import before_word
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.suggestions import Kind, Suggestion, Suggestions, fitting
from gpttrace_lsp.completion.typed import Typed
from gpttrace_lsp.completion.versions import is_newer

_COMMON_STRUCTS = (
    "task_struct", "file", "inode", "dentry", "path", "sock", "sk_buff", "msghdr", "bio", "request", "mm_struct",
)  # fmt: skip


def type_names() -> list[Suggestion]:
    """Return the types that need no word before them, the language's own numbers first."""
    known = (each for each in TYPE_NAMES if not each.startswith("__"))
    ordered = sorted(known, key=lambda each: (not each.startswith(("int", "uint")), each))
    return [Suggestion(each, Kind.TypeParameter) for each in ordered]


def type_suggestions(place: Place, typed: Typed, limit: int) -> Suggestions:
    """Return names of types; behind `struct` those of the program and the kernel."""
    if not place.key:
        return Suggestions(
            fitting([*type_names(), Suggestion("struct", Kind.Keyword, insert="struct ")], place.typed)
        )
    names = list(dict.fromkeys(_tagged(place, typed, limit)))
    before = before_word(place)
    cast = before[-2:-1] == ["("] and before[-3:-2] not in (["sizeof"], ["offsetof"], ["typeof"])
    tail = " *" if cast else ""
    items = [
        Suggestion(name, Kind.Struct, insert=name + tail, about=("struct", f"{place.key} {name}"))
        for name in names
    ]
    return Suggestions(items, cut=bool(place.typed) or len(names) > limit)


def _tagged(place: Place, typed: Typed, limit: int) -> Iterator[str]:
    written = place.typed
    own = (each.partition(" ")[2] for each in typed.c.structs if each.startswith(f"{place.key} "))
    yield from (name for name in own if name.startswith(written))
    host = typed.host
    if host is not None and host.has_types:
        index = host.sources.types.indexes["struct"]
        yield from (name for name in _COMMON_STRUCTS if name.startswith(written) and name in index)
        yield from index.match(f"{written}*", limit + 1)


def number_suggestions(place: Place, host: Host | None) -> Suggestions:
    """Return a number with each unit of time."""
    digits = place.typed.rstrip("abcdefghijklmnopqrstuvwxyz")
    if not digits.replace("_", "").isdigit() or is_newer(UNITS_SINCE, host):
        return Suggestions([])
    found = [Suggestion(f"{digits}{unit}", Kind.Unit, words) for unit, words in TIME_UNITS.items()]
    return Suggestions(fitting(found, place.typed))
