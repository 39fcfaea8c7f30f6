"""Names of the script itself: its variables and maps with their types, the keys that maps have, its macros and functions."""

from __future__ import annotations

from collections.abc import Iterator

from gpttrace.language import nodes as n
from gpttrace.language import to_text
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.suggestions import Kind, Suggestion
from gpttrace_lsp.completion.typed import Typed


def before_word(place: Place) -> list[str]:
    """Return the tokens before the word that is being written."""
    texts = place.inside.texts[:-1]
    return texts[:-1] if place.typed and texts[-1:] == [place.typed] else texts


def variables(typed: Typed) -> list[Suggestion]:
    """Return the variables that are written before the cursor, with their types."""
    return [
        Suggestion(f"${name}", Kind.Variable, each.type if each.type != "unknown" else "")
        for name, each in typed.variables.items()
    ]


def script_arguments() -> list[Suggestion]:
    """Return `$1` … and `$#`."""
    found = [Suggestion(f"${at}", Kind.Variable, f"argument {at} of the script") for at in range(1, 5)]
    return [*found, Suggestion("$#", Kind.Variable, "how many arguments the script was given")]


def maps(typed: Typed) -> list[Suggestion]:
    """Return the maps of the script, with the types of their keys and values."""
    found = []
    for name, each in typed.maps.items():
        keys = f"[{', '.join(each.keys)}] " if each.keys else ""
        unit = f", {each.unit}" if each.unit else ""
        found.append(Suggestion(name, Kind.Field, f"{keys}→ {each.value}{unit}", about=("map", name)))
    return found


def keys_elsewhere(place: Place, typed: Typed) -> Iterator[Suggestion]:
    """Yield the key that a map has elsewhere, behind `@map[`."""
    texts = before_word(place)
    if len(texts) < 2 or texts[-1] != "[" or texts[-2] not in typed.maps:
        return
    for use in typed.maps[texts[-2]].uses:
        if isinstance(use.node, n.Map) and use.node.keys:
            text = ", ".join(to_text(key) for key in use.node.keys)
            if text and text != place.typed:
                yield Suggestion(text, Kind.Value, f"the key of {texts[-2]}")
                return


def macros(typed: Typed, place: Place) -> list[Suggestion]:
    """Return the macros and functions that the script defines."""
    found = []
    for each in typed.macros:
        names = [_parameter(param) for param in each.params]
        stops = ", ".join(f"${{{at}:{name.replace('$', '')}}}" for at, name in enumerate(names, 1))
        snippet = f"{each.name}({stops})" if not place.called else ""
        kind = "macro" if isinstance(each, n.Macro) else "fn"
        found.append(Suggestion(each.name, Kind.Function, f"{kind} ({', '.join(names)})", each.name, snippet))
    return found


def _parameter(param: n.Node) -> str:
    match param:
        case n.Variable(name=name):
            return f"${name}"
        case n.Param(name=name):
            return f"${name.lstrip('$')}"
        case n.Map(name=name) | n.Identifier(name=name):
            return name
    return "…"
