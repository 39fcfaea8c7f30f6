"""Support: whether a sentence about a result stands on what it cites; nothing here asks a model or trusts one.

Amounts are cited cells and stats, or shares, ratios, differences and sums of them; a number of a row stands with the row's name,
in one order with the others; names are those of cited rows. Causes, opinions and absolute words do not stand on tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from gpttrace.explain.claims import Claims, Said, claims_of
from gpttrace.explain.figures import Fact, Figures, adds_up
from gpttrace.explain.labels import Labels
from gpttrace.spec.model import TraceSpec
from gpttrace.trace.result import Result
from gpttrace.trace.table import Table

_MOST = re.compile(
    r"\b(?<!at )(most|largest|biggest|highest|busiest|heaviest|slowest|longest|top)\b(?! of)", re.IGNORECASE
)
_LEAST = re.compile(r"\b(?<!at )(least|smallest|lowest|fastest|shortest|fewest)\b(?! of)", re.IGNORECASE)
_NOT_FIRST = re.compile(r"\b(second|third|fourth|fifth|next|among|one of)\b", re.IGNORECASE)
_FEWER = re.compile(r"\b(fewer|less|smaller|shorter|faster|lower)\b", re.IGNORECASE)
# A number of the whole table, in a sentence that names rows, says that it is one.
_WHOLE = {
    "sum": re.compile(r"\b(total\w*|all|altogether|overall|together|sum|whole|combined|of)\b", re.IGNORECASE),
    "mean": re.compile(r"\b(average|mean)\b", re.IGNORECASE),
    "median": re.compile(r"\b(median|middle|typical\w*)\b", re.IGNORECASE),
    "p99": re.compile(r"percentile|\bp99\b", re.IGNORECASE),
    "distinct": re.compile(r"\b(different|distinct)\b", re.IGNORECASE),
}
_COMPARED = re.compile(r"\W*(more|fewer|less)\b", re.IGNORECASE)
_OF_TIME = re.compile(r"\b(in|for|over|during|within|after|every|each|traced|of|the|a)\W*$", re.IGNORECASE)
_NO_NAME = re.compile(r"[\d.,]+\s?\w{0,3}%?")


@dataclass(frozen=True, slots=True)
class Ground:
    """What sentences may stand on: figures, our own lines with their amounts, times of the run, words of tables and columns, and
    every text of the tables."""

    figures: Figures
    own: tuple[tuple[str, tuple[Said, ...]], ...]
    run: tuple[Said, ...]
    words: str
    cells: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with what it cites: names of cited rows in order, and its text without them."""

    text: str
    bare: str
    mentions: tuple[str, ...]
    cited: tuple[Fact, ...]
    keys: tuple[Fact, ...]
    ground: Ground

    def names(self, fact: Fact) -> frozenset[str]:
        """The names of a fact's row, none for the whole table's."""
        return frozenset(self.ground.figures.key_words(fact)) if fact.rows else frozenset()


def ground_of(
    result: Result, tables: Sequence[Table], labels: Labels, own: str, spec: TraceSpec | None
) -> Ground:
    """Return what sentences about these tables may stand on; `own` are our own words about them."""
    figures = Figures(tables, labels)
    spans = (spec.duration, spec.every) if spec else ()
    names = " ".join(name for table in tables for name in (table.name, table.name.lstrip("@"), *table.names))
    return Ground(
        figures,
        tuple((line, claims_of(line).amounts) for line in own.splitlines()),
        tuple(_time(seconds) for seconds in (result.took, *(ns / 1e9 for ns in spans if ns))),
        f"{own}\n{names}",
        frozenset(_texts(tables, figures)),
    )


def _time(seconds: float) -> Said:
    return Said("ns", (seconds * 1e9,), 0.05 * seconds * 1e9, "", 0)


def _texts(tables: Sequence[Table], figures: Figures) -> Iterator[str]:
    for table in tables:
        for column, cells in zip(table.columns, table.data, strict=True):
            if column.type == "string":
                yield from (cell for cell in set(cells) if cell)
            elif column.type == "stack":
                yield from (frame for stack in cells for frame in stack or ())
            elif column.type in ("int64", "uint64"):
                yield from figures.labels_of(table, column.name)


def stands(text: str, cites: Sequence[Any], ground: Ground) -> bool:
    """Tell whether a sentence stands on its citations, all of which must be so."""
    found = [ground.figures.resolve(cite) for cite in cites]
    if "://" in text or not all(found):
        return False
    cited = tuple(facts[0] for facts in found)
    mentions, bare = _mentions(text, cited, ground.figures)
    sentence = _Sentence(text, bare, mentions, cited, tuple(f for facts in found for f in facts[1:]), ground)
    claims = claims_of(bare)
    if any(word.rstrip(".") in ground.cells for word in re.findall(r"[^\s`\"“”,;:()]+", bare)):
        return False  # a row that is named is cited
    if not _names_stand(claims, ground) or not _words_stand(claims, ground):
        return False
    if not claims.amounts:
        return (
            bool(mentions)
            and bool(_MOST.search(bare) or _LEAST.search(bare))
            and _superlatives_stand(sentence)
        )
    return _amounts_stand(claims.amounts, sentence) and _superlatives_stand(sentence)


def _amounts_stand(amounts: Sequence[Said], sentence: _Sentence) -> bool:
    bound: list[frozenset[str]] = []
    for said in amounts:
        held = _held(said, sentence)
        if held is None:
            return False
        bound += [held] if held else []
    if sentence.mentions and not bound:
        return False  # a row is named, and nothing is said of it
    return _beside_their_names(bound, sentence.mentions)


def _mentions(text: str, cited: Sequence[Fact], figures: Figures) -> tuple[tuple[str, ...], str]:
    """Return the names of cited rows in order, and the sentence without them: digits in a name are no amount."""
    found: list[tuple[int, str]] = []
    for word in sorted(
        {word for fact in cited if fact.rows for word in figures.key_words(fact)}, key=len, reverse=True
    ):
        if word.isdigit():
            found += [(m.start(), word) for m in re.finditer(rf"(?<![\w.,]){word}(?![\w,.]*\d)", text)]
        elif any(char.isalpha() for char in word) and not _NO_NAME.fullmatch(word):
            forms = {word, word.capitalize()} if word.isalpha() and word.islower() else {word}
            for match in re.finditer(rf"(?<![\w@])(?:{'|'.join(map(re.escape, forms))})(?!\w)", text):
                found.append((match.start(), word))
                text = text[: match.start()] + " " * len(word) + text[match.end() :]
    # A name in backticks or quotes leaves them empty.
    bare = re.sub(r"`\s*`|\"\s*\"|“\s*”", lambda m: " " * len(m[0]), text)
    return tuple(word for _, word in sorted(found)), bare


# --------------------------------------------------------------------------------------------- amounts


def _held(said: Said, sentence: _Sentence) -> frozenset[str] | None:
    """Return the names one of which must stand with an amount, none when it is of no row, None when nothing holds it."""
    # `30 more than` is a difference, whatever cell is 30 too.
    compared = _COMPARED.match(sentence.bare[said.at + len(said.text) :])
    for way in (_derived,) if compared else (_cell, _key_or_time, _derived, _ours):
        if (names := way(said, sentence)) is not None:
            return names
    return None


def _cell(said: Said, sentence: _Sentence) -> frozenset[str] | None:
    direct = [fact for fact in sentence.cited if _is(said, fact)]
    if any(not fact.rows and _is_said_whole(fact, sentence) for fact in direct):
        return frozenset()
    names = [sentence.names(fact) for fact in direct if fact.rows]
    if names:
        return frozenset().union(*names)
    ends = [fact for fact in direct if fact.stat in ("min", "max")]
    if ends and sentence.mentions:
        return frozenset(word for fact in ends for word in sentence.ground.figures.words_with(fact))
    return None


def _is(said: Said, fact: Fact) -> bool:
    # A bare number may be a cell whose unit is understood; a unit that the table does not say may not be added.
    return said.kind in (fact.kind, "") and said.means(fact.value)


def _is_said_whole(fact: Fact, sentence: _Sentence) -> bool:
    if not sentence.mentions:
        return True
    if fact.stat in ("min", "max"):
        return False
    return fact.stat not in _WHOLE or bool(_WHOLE[fact.stat].search(sentence.bare))


def _key_or_time(said: Said, sentence: _Sentence) -> frozenset[str] | None:
    if said.kind in ("", "th") and any(said.means(fact.value) for fact in sentence.keys):
        return frozenset()
    if said.kind == "th" and said.values[0] in (50, 90, 95, 99):
        return frozenset()
    of_run = any(_same(said, each) for each in sentence.ground.run)
    return frozenset() if of_run and _OF_TIME.search(sentence.bare[: said.at]) else None


def _same(one: Said, other: Said) -> bool:
    alike = any(one.means(value) for value in other.values) or any(other.means(value) for value in one.values)
    return one.kind == other.kind and alike


def _derived(said: Said, sentence: _Sentence) -> frozenset[str] | None:
    for one, other in permutations(sentence.cited, 2):
        if (
            one.kind == other.kind
            and other.value
            and (names := _of_two(said, one, other, sentence)) is not None
        ):
            return names
    groups: dict[tuple[str, str], dict[tuple[int, ...], Fact]] = {}
    for fact in sentence.cited:
        if fact.rows and fact.stat in ("", "sum") and not fact.is_key:
            groups.setdefault((fact.table, fact.column), {})[fact.rows] = fact
    for facts in groups.values():
        if len(facts) > 1 and _is_sum(said, list(facts.values()), sentence):
            return sentence.names(next(iter(facts.values())))
    return None


def _of_two(said: Said, one: Fact, other: Fact, sentence: _Sentence) -> frozenset[str] | None:
    """Return the names for a share, ratio or difference of two cited numbers; both rows are named in its order."""
    part = one.value / other.value
    if said.kind == "%" and 0 <= part <= 1 and said.means(100 * part):
        return sentence.names(one) if not other.rows or _in_order(one, other, sentence) else None
    if said.kind == "x" and said.means(part):
        return sentence.names(one) if _in_order(one, other, sentence) else None
    if said.kind in (one.kind, "") and one.value > other.value and said.means(one.value - other.value):
        pair = (other, one) if _FEWER.search(sentence.bare) else (one, other)
        return sentence.names(pair[0]) if _in_order(*pair, sentence) else None
    return None


def _in_order(one: Fact, other: Fact, sentence: _Sentence) -> bool:
    """Tell whether the names of two rows stand in this order; of the whole table none needs to stand."""
    places = []
    for fact in (one, other):
        names = sentence.names(fact)
        place = next((i for i, word in enumerate(sentence.mentions) if word in names), None)
        if names and place is None:
            return False
        places.append(place)
    return None in places or places[0] < places[1]  # type: ignore[operator]  # neither is None


def _is_sum(said: Said, facts: Sequence[Fact], sentence: _Sentence) -> bool:
    table = sentence.ground.figures.tables[facts[0].table]
    column = table.columns[table.names.index(facts[0].column)]
    named = all(not (names := sentence.names(fact)) or names & set(sentence.mentions) for fact in facts)
    if not adds_up(table, column) or not named:
        return False
    total = sum(fact.value for fact in facts)
    wholes = [
        f.value
        for f in sentence.cited
        if not f.rows and f.stat == "sum" and f.column == column.name and f.value
    ]
    shares = said.kind == "%" and any(said.means(100 * total / whole) for whole in wholes)
    return shares or (said.kind in (facts[0].kind, "") and said.means(total))


def _ours(said: Said, sentence: _Sentence) -> frozenset[str] | None:
    """A number of our own lines stands where no row is named: whose it is, is told there and not here."""
    if sentence.mentions:
        return None
    held = any(_same(said, each) for _, amounts in sentence.ground.own for each in amounts)
    return frozenset() if held else None


# ----------------------------------------------------------------------------------------------- words


def _names_stand(claims: Claims, ground: Ground) -> bool:
    return all(_is_known(name, ground) for name in (*claims.names, *claims.quoted))


def _is_known(name: str, ground: Ground) -> bool:
    if name in ground.cells or name.lower() in ground.cells:
        return False
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", ground.words, re.IGNORECASE):
        return True
    return name.startswith("/") and any(cell.startswith(name.rstrip("/") + "/") for cell in ground.cells)


def _words_stand(claims: Claims, ground: Ground) -> bool:
    own = "\n".join(line for line, _ in ground.own).lower()
    return not claims.opinions and all(re.search(rf"\b{word}\b", own) for word in claims.absolutes)


def _beside_their_names(bound: Sequence[frozenset[str]], mentions: Sequence[str]) -> bool:
    """Tell whether each number of a row has the row's name in the sentence, and numbers and names come in one order."""
    at = 0
    for names in bound:
        later = next((i for i in range(at, len(mentions)) if mentions[i] in names), None)
        if later is None:
            return False
        at = later
    return True


def _superlatives_stand(sentence: _Sentence) -> bool:
    rows = [fact for fact in sentence.cited if fact.rows and not fact.is_key]
    if not rows or not sentence.mentions or _NOT_FIRST.search(sentence.bare):
        return True
    first = next((fact for fact in rows if sentence.mentions[0] in sentence.names(fact)), rows[0])
    most, least = bool(_MOST.search(sentence.bare)), bool(_LEAST.search(sentence.bare))
    if first.stat or not (most or least):
        return not (most or least) or bool(first.stat)
    figures = sentence.ground.figures
    return (most and figures.largest(first)) or (least and figures.smallest(first))
