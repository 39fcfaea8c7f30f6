"""Called: how people name the columns and the values of a table, and how a follow-up question is cut into words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gpttrace.explain.figures import base_of
from gpttrace.explain.labels import Labels
from gpttrace.explain.operation import NUMERIC, Filter
from gpttrace.spec.catalogue import Event, Field
from gpttrace.spec.units import number, number_words, unit
from gpttrace.spec.vocabulary import KEYS
from gpttrace.spec.words import stem
from gpttrace.trace.table import Column, Table

_TOKEN = re.compile(
    r"\"(?P<a>[^\"]*)\"|`(?P<b>[^`]+)`|(?<!\w)'(?P<c>[^']+)'|(?P<op>>=|<=|==|!=|[<>=])|(?P<word>[^\s,;?!\"`<>=]+)"
)
_BY_UNIT = {
    "ns": "latency latencies time times duration durations delay delays long slow elapsed wait waits",
    "bytes": "byte bytes size sizes data volume big large",
    "%": "percent percentage rate share",
}
_BY_NAME = {
    "filename": "file files path paths name names",
    "ustack": "stack stacks",
    "kstack": "stack stacks",
    "ret": "result results",
    "count": "count counts calls times occurrences number",
}
MOST_WORDS = 60


@dataclass(slots=True)
class Word:
    """One word of a question; `used` once it was given a meaning."""

    text: str
    stem: str
    kind: str
    used: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it is asked for: in ns, bytes or hertz by `kind`, and how many words it took."""

    value: float
    kind: str
    taken: int


def words_of(question: str) -> list[Word]:
    """Cut a question into words; what stands in quotes is one."""
    found = []
    for match in _TOKEN.finditer(question):
        kind = str(match.lastgroup)
        if kind == "op":
            found.append(Word(match[0], match[0], "op"))
        elif kind == "word":
            text = re.sub(r"[’']s$", "", match[0].strip("()[]{}*").rstrip(".:"))
            if text:
                found.append(Word(text, stem(text), "word"))
        else:
            inside = next(part for part in (match["a"], match["b"], match["c"]) if part is not None)
            found.append(Word(inside, "", "quoted"))
    return found[:MOST_WORDS]


def amount_at(words: list[Word], index: int) -> Amount | None:
    """Read a number with its unit: `1`, `1 MB`, `10ms`, `five`; None where there is none."""
    if not 0 <= index < len(words) or words[index].kind != "word" or words[index].used:
        return None
    split = number(words[index].text)
    if split is not None:
        value, suffix, taken = *split, 1
    else:
        spelled = number_words([each.text.lower() for each in words[index : index + 6]])
        if spelled is None:
            return None
        value, suffix, taken = spelled[0], "", spelled[1]
    if suffix:
        found = unit(suffix)
        return Amount(value * found[1], found[0], taken) if found else None
    after = words[index + taken] if index + taken < len(words) else None
    if (
        after is not None
        and after.kind == "word"
        and not after.used
        and (found := unit(after.text)) is not None
    ):
        return Amount(value * found[1], found[0], taken + 1)
    if after is not None and after.text.lower() in ("%", "percent"):
        return Amount(value, "%", taken + 1)
    return Amount(value, "", taken)


class Called:
    """The words for one table's columns and values."""

    def __init__(self, table: Table, labels: Labels, event: Event | None) -> None:
        self.table = table
        self._labels = labels
        self._event = event
        self._columns = self._column_words()
        self._values: dict[str, list[tuple[str, Any]]] | None = None

    @property
    def noun(self) -> str:
        """The stem of what the run's events are called, "" when that is not one word."""
        noun = self._event.noun if self._event else ""
        return stem(noun) if noun.isalpha() else ""

    @property
    def keys(self) -> list[Column]:
        """The columns that rows are told apart by; of printed events, those that are texts or numbers of things."""
        return [column for column in self.table.columns if self.is_key(column)]

    def is_key(self, column: Column) -> bool:
        """Tell whether a column names things rather than measures them."""
        if self.table.kind == "events":
            return (
                column.type not in ("float", "time") and column.unit is None and column.name not in _MEASURED
            )
        return column.role == "key"

    @property
    def value(self) -> Column | None:
        """The column that says most: the total of stats, otherwise the last value; of events the only one that measures."""
        numbers = [
            column
            for column in self.table.columns
            if column.type in NUMERIC and column.role == "value" and not self.is_key(column)
        ]
        if self.table.kind == "events":
            return numbers[0] if len(numbers) == 1 else None
        return next((each for each in numbers if each.name == "total"), numbers[-1] if numbers else None)

    def columns_at(self, words: list[Word], index: int) -> tuple[list[Column], int]:
        """Return the columns that the words at a place may mean, and how many words that took; [] and 0 for none."""
        for length in (3, 2, 1):
            part = words[index : index + length]
            if len(part) == length and all(each.kind == "word" and not each.used for each in part):
                own = self._columns.get(" ".join(each.text.lower() for each in part))
                names = own or self._columns.get(" ".join(each.stem for each in part))
                if names:
                    return [column for column in self.table.columns if column.name in names], length
        return [], 0

    def of_kind(self, kind: str) -> list[Column]:
        """Return the columns whose numbers are measured in ns, bytes …"""
        return [
            column for column in self.table.columns if column.type in NUMERIC and base_of(column)[0] == kind
        ]

    def values_at(self, words: list[Word], index: int) -> tuple[list[tuple[str, Any]], int]:
        """Return (column, cell) for each column that holds what stands at a place, and how many words that took."""
        known = self._known_values()
        for length in (4, 3, 2, 1):
            part = words[index : index + length]
            if len(part) < length or any(each.used or each.kind == "op" for each in part):
                continue
            if length > 1 and any(each.kind == "quoted" for each in part):
                continue
            text = " ".join(each.text for each in part)
            if found := known.get(text) or known.get(text.lower()):
                return found, length
        word = words[index]
        if word.kind == "word" and len(word.text) > 2 and (found := known.get(f"\0{word.stem}")):
            return found, 1
        return [], 0

    def named_at(self, words: list[Word], index: int) -> Filter | None:
        """Return the condition on a column that a word of the catalogue stands for: `writes` of a disk are `W…` and `FW…`."""
        for column in self.table.columns if self._event else ():
            field = self._event.fields.get(column.name) if self._event else None
            for value, test in field.values.items() if field else ():
                if stem(value) == words[index].stem and words[index].kind == "word":
                    return _as_filter(column, field, test)
        return None

    def alike(self, column: str, cell: Any) -> list[str]:
        """Return other values of a column that hold a value's text, at most five: `pwrite64` beside `write`."""
        texts = {
            text
            for text, places in self._known_values().items()
            for name, _ in places
            if name == column and text[:1] != "\0"
        }
        return sorted(
            text for text in texts if str(cell).lower() in text.lower() and text.lower() != str(cell).lower()
        )[:5]

    def _known_values(self) -> dict[str, list[tuple[str, Any]]]:
        if self._values is None:
            self._values = {}
            for index, column in enumerate(self.table.columns):
                if column.type in NUMERIC and not self.is_key(column):
                    continue
                for cell in _different(self.table.data[index], column):
                    self._add_value(index, column, cell)
        return self._values

    def _add_value(self, index: int, column: Column, cell: Any) -> None:
        assert self._values is not None
        told = cell if isinstance(cell, str) else self._labels.text(self.table, index, cell)
        if told == str(cell) and not isinstance(cell, str):
            return
        forms = [told, told.lower(), *([f"\0{stem(told)}"] if told.isalpha() else [])]
        for form in dict.fromkeys(forms):
            places = self._values.setdefault(form, [])
            if (column.name, cell) not in places:
                places.append((column.name, cell))

    def _column_words(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for column in self.table.columns:
            for phrase in self._phrases(column):
                names = found.setdefault(" ".join(stem(part) for part in phrase.split()), [])
                if column.name not in names:
                    names.append(column.name)
        # A column's own name means that column alone.
        return found | {column.name.lower(): [column.name] for column in self.table.columns}

    def _phrases(self, column: Column) -> Iterable[str]:
        yield column.name
        yield column.name.replace("_", " ")
        yield from _BY_NAME.get(column.name, "").split()
        if column.role == "bucket" or (column.unit and not self.is_key(column)):
            yield from _BY_UNIT.get(base_of(column)[0], "").split()
        yield from (word for word, key in KEYS.items() if key == column.name)
        if column is self._table_value:
            base = self.table.name.lstrip("@").replace("_", " ")
            yield from (base, *([self._event.noun] if self._event and column.name == "count" else []))
        if self._event and column.name in self._event.fields:
            yield from self._event.fields[column.name].names

    @property
    def _table_value(self) -> Column | None:
        return self.value if self.table.kind != "events" else None


_BEGINS = re.compile(r'strncmp\((.+?), "([^"]*)", (\d+)\) == 0')
_EQUALS = re.compile(r"(.+?) == (-?\d+)")


def _as_filter(column: Column, field: Field | None, test: str) -> Filter | None:
    """Return a condition in bpftrace as one on the column's own cells; None where it is about more than they hold."""
    parts = test.split(" || ")
    begins = [each[2] for part in parts if (each := _BEGINS.fullmatch(part)) and len(each[2]) == int(each[3])]
    if len(begins) == len(parts) and column.type == "string":
        return Filter(column.name, "startswith", tuple(begins))
    own = (field.begin, field.end) if field else ()
    equal = [int(each[2]) for part in parts if (each := _EQUALS.fullmatch(part)) and each[1] in own]
    return (
        Filter(column.name, "==", tuple(equal))
        if len(equal) == len(parts) and column.type in NUMERIC
        else None
    )


_MEASURED = ("bytes", "latency", "size", "count", "nsecs", "duration", "elapsed")


def _different(cells: Iterable[Any], column: Column) -> Iterable[Any]:
    if column.type in ("string", "int64", "uint64"):
        return {cell for cell in cells if cell is not None}
    if column.type == "stack":
        return {frame for stack in cells for frame in stack or ()}
    return ()
