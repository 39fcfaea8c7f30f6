"""Suggestions, and how they become the items of the protocol: exact ranges, our order, and only what the client can take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsprotocol import types as t

from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.positions import Lines

Kind = t.CompletionItemKind
_SUGGEST = t.Command("Suggest", "editor.action.triggerSuggest")
_HINTS = t.Command("Parameters", "editor.action.triggerParameterHints")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`insert` is what is written (the label when empty), `snippet` the same with tab stops; `about` is what `resolve` explains.

    `start` is where the replaced text begins, when not at the word; `matches` is what the client compares with that text.
    `then` is what follows an acceptance: `suggest` (more to choose) or `hints` (parameters).
    """

    label: str
    kind: Kind
    detail: str = ""
    insert: str = ""
    snippet: str = ""
    matches: str = ""
    start: int | None = None
    about: Sequence[str] = ()
    words: str = ""
    then: str = ""


@dataclass(slots=True)
class Suggestions:
    """What is suggested at a place, best first; `cut` says that there would be more, or other ones after another letter."""

    items: list[Suggestion]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """What a client can take of completions."""

    snippets: bool = False
    both_ranges: bool = False
    defaults: bool = False
    markdown: bool = False
    commands: bool = False

    @classmethod
    def of(cls, can: t.ClientCapabilities, *, commands: bool) -> Client:
        """Read it from what the client said; `commands` tells that VS Code's own commands are there."""
        own = can.text_document.completion if can.text_document else None
        item = own.completion_item if own else None
        listed = own.completion_list if own else None
        formats = item.documentation_format if item else None
        return cls(
            snippets=bool(item and item.snippet_support),
            both_ranges=bool(item and item.insert_replace_support),
            defaults="editRange" in ((listed.item_defaults if listed else None) or ()),
            markdown=t.MarkupKind.Markdown in (formats or ()),
            commands=commands,
        )


def fit(label: str, typed: str) -> int | None:
    """Tell how well a label fits what was typed: 0 begins with it, 1 in other letters, 2 at a word, 3 inside, 4 scattered."""
    if label.startswith(typed):
        return 0
    low, word = label.lower(), typed.lower()
    if low.startswith(word):
        return 1
    at = low.find(word)
    if at > 0:
        return 2 if not low[at - 1].isalnum() or f"_{word}" in low else 3
    letters = iter(low)
    return 4 if len(word) > 1 and all(letter in letters for letter in word) else None


def fitting(found: Iterable[Suggestion], typed: str) -> list[Suggestion]:
    """Return those that fit what was typed, the best fits first, else in their order."""
    if not typed:
        return list(found)
    ranked = [(rank, each) for each in found if (rank := fit(each.matches or each.label, typed)) is not None]
    return [each for _, each in sorted(ranked, key=lambda pair: pair[0])]


def listed(
    found: Suggestions, place: Place, lines: Lines, client: Client, limit: int, uri: str
) -> t.CompletionList:
    """Return the protocol's list of at most `limit` items; each replaces what was typed, or the whole word around it."""
    usual = _ranges(lines, place.start, place.offset, place.stop, client)
    # Editors without snippets complete words: older Neovim writes NUL for each line's end of a longer text.
    fit_for = [each for each in found.items if client.snippets or "\n" not in each.insert]
    shown = fit_for[:limit]
    # A client leaves out what does not hold the letters that were typed, though we know why it is meant; where it is told
    # otherwise for one, it is for all, as an editor that ranks by letters would put that one first.
    forced = any(_filtered(each, place) is None for each in shown)
    cut = found.cut or forced or len(fit_for) > limit
    items = [_item(each, number, usual, place, lines, client, uri) for number, each in enumerate(shown)]
    for each, item in zip(shown, items, strict=True):
        text = _typed(each, place) if forced else _filtered(each, place)
        item.filter_text = text if text != each.label else None
    defaults = t.CompletionItemDefaults(edit_range=usual) if client.defaults else None
    return t.CompletionList(is_incomplete=cut, items=items, item_defaults=defaults)


Ranges = t.Range | t.EditRangeWithInsertReplace


def _ranges(lines: Lines, start: int, offset: int, stop: int, client: Client) -> Ranges:
    insert = lines.range(start, offset)
    if not client.both_ranges:
        return insert
    return t.EditRangeWithInsertReplace(insert, lines.range(start, max(stop, offset)))


def _item(
    each: Suggestion, number: int, usual: Ranges, place: Place, lines: Lines, client: Client, uri: str
) -> t.CompletionItem:
    snippet = each.snippet if client.snippets else ""
    text = snippet or each.insert or each.label
    item = t.CompletionItem(each.label, kind=each.kind, sort_text=f"{number:04}")
    if each.detail:
        item.detail = each.detail
    if snippet:
        item.insert_text_format = t.InsertTextFormat.Snippet
        item.insert_text_mode = t.InsertTextMode.AdjustIndentation
    if each.start is None and client.defaults:
        item.text_edit_text = text if text != each.label else None
    else:
        item.text_edit = _edit(text, each, usual, place, lines, client)
    if each.words:
        item.documentation = each.words
    elif each.about:
        item.data = [uri, *each.about]
    if each.then and client.commands:
        item.command = _SUGGEST if each.then == "suggest" else _HINTS
    return item


def _typed(each: Suggestion, place: Place) -> str:
    return place.typed if each.start is None else place.before[each.start - place.base :]


def _filtered(each: Suggestion, place: Place) -> str | None:
    """Return the text by which a client finds a suggestion, None where it would not."""
    matches = each.matches or each.label
    return matches if fit(matches, _typed(each, place)) is not None else None


def _edit(
    text: str, each: Suggestion, usual: Ranges, place: Place, lines: Lines, client: Client
) -> t.TextEdit | t.InsertReplaceEdit:
    ranges = usual if each.start is None else _ranges(lines, each.start, place.offset, place.stop, client)
    if isinstance(ranges, t.EditRangeWithInsertReplace):
        return t.InsertReplaceEdit(text, ranges.insert, ranges.replace)
    return t.TextEdit(ranges, text)
