"""Whole programs for words: what the index finds for a phrase at the top level, or for a comment."""

from __future__ import annotations

from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.index.header import Example, leading_comment
from gpttrace.settings import Settings
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.suggestions import Kind, Suggestion

_MOST = 6
_LEAST_LETTERS = 3


def example_suggestions(place: Place, host: Host | None, settings: Settings) -> list[Suggestion]:
    """Return programs for the words before the cursor; reads the index, so it runs in a thread."""
    phrase = place.before[place.phrase - place.base :] if place.phrase is not None else place.typed
    if len(phrase.strip()) < _LEAST_LETTERS or not any(char.isalpha() for char in phrase):
        return []
    from gpttrace.index import find_examples

    try:
        found = find_examples(phrase, 2 * _MOST, host=host, settings=settings)
    except GpttraceError:
        return []
    programs = [each.example for each in found if each.example.program][:_MOST]
    return [_suggestion(each, phrase, place) for each in programs]


def _suggestion(example: Example, phrase: str, place: Place) -> Suggestion:
    comment = place.sort == "comment"
    text = bare(example, titled=not comment)
    return Suggestion(
        example.title.rstrip("."),
        Kind.File,
        f"example {example.name}",
        insert=f"\n{text}" if comment else text,
        matches="" if comment else phrase,
        start=place.offset if comment else place.phrase,
        words=example.explanation or example.title,
    )


def bare(example: Example, *, titled: bool) -> str:
    """Return a program without what its file says of itself, but for its title where that is wanted."""
    text = example.program
    said = leading_comment(text)
    lines = text.splitlines()
    if lines and lines[0].startswith("#!"):
        lines = lines[1:]
    while said and lines and (lines[0].startswith("//") or not lines[0].strip()):
        lines = lines[1:]
    body = "\n".join(lines).strip("\n")
    return f"// {example.title}\n{body}\n" if titled and example.title else f"{body}\n"
