"""What is suggested at a place of a script; no server is needed for it.

`needs_thread` tells which places read files or long lists; the others take a few milliseconds at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from gpttrace.host import Host
from gpttrace.language import nodes as n
from gpttrace.language.reference import MODES
from gpttrace.settings import Settings
from gpttrace_lsp.completion.examples import example_suggestions
from gpttrace_lsp.completion.heads import (
    begins_kind,
    head_suggestions,
    import_suggestions,
    kind_suggestions,
    map_kind_suggestions,
    setting_suggestions,
    top_suggestions,
    value_suggestions,
)
from gpttrace_lsp.completion.members import member_suggestions
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.scripts import pair, plain, probe_body
from gpttrace_lsp.completion.strings import string_suggestions
from gpttrace_lsp.completion.suggestions import Kind, Suggestion, Suggestions
from gpttrace_lsp.completion.targets import target_suggestions
from gpttrace_lsp.completion.typed import typed_at
from gpttrace_lsp.completion.typenames import number_suggestions, type_suggestions
from gpttrace_lsp.completion.words import word_suggestions
from gpttrace_lsp.look import Look

TRIGGERS = (":", ".", ">", "@", "$", "%", '"', "(", ",", "/", "#")
# Behind a letter that begins something else as well, only these places answer.
_ASKED: dict[str, frozenset[str]] = {
    ":": frozenset(("point", "type")),
    ".": frozenset(("member",)),
    ">": frozenset(("member",)),
    "%": frozenset(("string",)),
    '"': frozenset(("string", "import")),
    "/": frozenset(("point",)),
    "#": frozenset(("top",)),
    ",": frozenset(("kind",)),
    "(": frozenset(("expression",)),
    "@": frozenset(("statement", "expression")),
    "$": frozenset(("statement", "expression")),
}
# Behind `name(` a list opens by itself only where few things fit; elsewhere the parameters are shown.
_CHOICES = frozenset(
    (*MODES, "print", "clear", "zero", "delete", "len", "has_key", "sizeof", "offsetof", "typeof")
)


_TOLD = frozenset(("tracepoint", "fentry", "fexit", "kprobe"))  # kinds with a block of their own
_FOLLOWS = frozenset("{/,")
_FEW = 3
_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks: the machine, the options that matter here, and the folder of the script, if it has one."""

    host: Host | None
    settings: Settings
    limit: int = 300
    snippets: bool = True
    examples: bool = True
    folder: Path | None = None


def answers(place: Place, trigger: str | None) -> bool:
    """Tell whether there is anything to suggest at a place, after a trigger character or without one."""
    if place.sort in ("none", "after"):
        return False
    if trigger == "(" and place.sort == "expression":
        name = place.inside.texts[-3:-2]
        return place.key == "type" or (bool(name) and name[0] in _CHOICES)
    return trigger not in _ASKED or place.sort in _ASKED[trigger]


def needs_thread(place: Place) -> bool:
    """Tell whether suggestions come from long lists, files or the index."""
    return place.sort in ("top", "kind", "point", "head", "string", "comment", "import")


def complete(place: Place, look: Look | None, asked: Asked) -> Suggestions:
    """Return the suggestions at a place, best first; they may be more than the limit."""
    host = asked.host
    match place.sort:
        case "top":
            return _top(place, look, asked)
        case "comment":
            found = (
                example_suggestions(place, host, asked.settings)
                if asked.examples and place.item is None
                else []
            )
            return Suggestions(found, cut=True)
        case "kind":
            return kind_suggestions(place, host)
        case "point":
            return _point(place, asked)
        case "head" if place.behind not in ("{", "/"):
            return head_suggestions(place, host, snippets=asked.snippets)
        case "config-key":
            return setting_suggestions(place, host)
        case "config-value":
            return value_suggestions(place)
        case "map-kind":
            return map_kind_suggestions(place)
        case "number":
            return number_suggestions(place, host)
        case "import":
            return import_suggestions(place, asked.folder)
    return _inside(place, look, asked)


def _inside(place: Place, look: Look | None, asked: Asked) -> Suggestions:
    typed = typed_at(place, look, asked.host)
    match place.sort:
        case "member":
            return member_suggestions(place, typed)
        case "string":
            return string_suggestions(place, typed, look, asked.limit)
        case "type":
            return type_suggestions(place, typed, asked.limit)
        case "statement" | "expression":
            return word_suggestions(place, typed, snippets=asked.snippets)
    return Suggestions([])


def _top(place: Place, look: Look | None, asked: Asked) -> Suggestions:
    shown = next(iter(look.study.symbols.maps), "@") if look is not None else "@"
    phrase = place.before[place.phrase - place.base :] if place.phrase is not None else ""
    words = len(phrase.split())
    found = (
        Suggestions([], cut=True)
        if words > 1
        else top_suggestions(place, asked.host, snippets=asked.snippets, shown=shown)
    )
    # One word is a name more often than a question.
    word = len(phrase) > _LETTERS and phrase.isalpha() and not begins_kind(phrase) and len(found.items) < _FEW
    if asked.examples and (words > 1 or word):
        found.items = [*found.items, *example_suggestions(place, asked.host, asked.settings)]
    return found


def _point(place: Place, asked: Asked) -> Suggestions:
    assert place.point is not None
    host, kind = asked.host, place.point.kind
    found = target_suggestions(host, place.point, place.typed, asked.limit)
    if host is None or not found.items or not place.typed or not (asked.snippets and kind in _TOLD):
        return found
    first = found.items[0]
    alone = isinstance(place.item, n.Probe) and len(place.item.points) == 1 and place.behind not in _FOLLOWS
    if not alone or not first.about or (first.label != place.typed and len(found.items) > _FEW):
        return found
    return Suggestions([first, *_whole(host, kind, first), *found.items[1:]], found.cut)


def _whole(host: Host, kind: str, first: Suggestion) -> list[Suggestion]:
    body = probe_body(host, kind, first.label)
    found = [
        replace(first, label=f"{first.label} {{ … }}", kind=Kind.Snippet, detail="a probe that prints its fields",
                snippet=first.label + body, insert=plain(first.label + body), matches=first.label)
    ]  # fmt: skip
    if first.label.startswith("syscalls:sys_enter_") and (both := pair(host, first.label[19:])) is not None:
        found.append(both)
    return found
