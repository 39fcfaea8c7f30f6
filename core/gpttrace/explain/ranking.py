"""Ranking: what a follow-up question wants rows to come to, by what they are grouped, and in which order how many are shown."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.explain.asked import Reading, is_free, lower, stem, take
from gpttrace.explain.called import amount_at
from gpttrace.explain.operation import NUMERIC, How
from gpttrace.spec.vocabulary import AVERAGE, DISTINCT, RATIO
from gpttrace.spec.words import stems
from gpttrace.trace.table import Column

_TOP = stems("top largest biggest highest most busiest heaviest greatest worst slowest longest max maximum")
_BOTTOM = stems("bottom smallest lowest least fewest fastest shortest min minimum")
_SLOW = stems("slowest longest fastest shortest")
_SUM = stems("sum total totals altogether overall")
_MEAN = AVERAGE
_BY = stems("by per each every")
_ASCENDING = stems("ascending increasing smallest-first")
_DESCENDING = stems("descending decreasing largest-first")
_SORT = stems("sort sorted order ordered rank ranked")


def take_sorting(reading: Reading) -> None:
    """`sorted by bytes, ascending`, `largest first`."""
    for index, word in enumerate(reading.words):
        if word.stem in _SORT and not word.used:
            take(reading, index, index)
            at = index + (lower(reading, index + 1) == "by") + 1
            columns, taken = reading.called.columns_at(reading.words, at)
            take(reading, index, at - 1)
            if columns:
                reading.sort = _first(reading, columns).name
                take(reading, at, at + taken - 1)
            elif reading.called.value is not None:
                reading.sort = reading.called.value.name
            else:
                reading.problems.append("say by which column to sort")
        elif not word.used and (
            word.stem in _ASCENDING or (word.stem in _BOTTOM and lower(reading, index + 1) == "first")
        ):
            reading.descending, reading.ranked = False, True
            take(reading, index, index + (word.stem not in _ASCENDING))
        elif not word.used and (
            word.stem in _DESCENDING or (word.stem in _TOP and lower(reading, index + 1) == "first")
        ):
            reading.ranked = True
            take(reading, index, index + (word.stem not in _DESCENDING))


def _first(reading: Reading, columns: Sequence[Column]) -> Column:
    numbers = [column for column in columns if column.type in NUMERIC and not reading.called.is_key(column)]
    return (numbers or list(columns))[-1]


def take_top(reading: Reading) -> None:
    """`top 5`, `5 largest`, `the slowest`, `which process made most calls`, `bottom 3`."""
    for index, word in enumerate(reading.words):
        bottom = word.stem in _BOTTOM
        if (
            word.used
            or word.kind != "word"
            or not (bottom or word.stem in _TOP)
            or lower(reading, index + 1) == "of"
        ):
            continue
        before, after = amount_at(reading.words, index - 1), amount_at(reading.words, index + 1)
        number = after or before
        fits = (
            number is not None
            and not number.kind
            and number.taken == 1
            and number.value == int(number.value)
            and number.value >= 1
        )
        reading.ranked, reading.descending = True, not bottom
        take(reading, index, index)
        if fits and number is not None:
            reading.top = int(number.value)
            take(reading, index - (number is before), index + (number is after))
        elif word.stem != "top":
            reading.top, reading.implied = 1, True
        kind = "ns" if word.stem in _SLOW else ""
        _take_ranked_column(reading, index + 1 + (fits and number is after), kind)


def _take_ranked_column(reading: Reading, at: int, kind: str) -> None:
    columns, taken = reading.called.columns_at(reading.words, at)
    numbers = [column for column in columns if column.type in NUMERIC and not reading.called.is_key(column)]
    if numbers:
        reading.sort = _first(reading, numbers).name
        take(reading, at, at + taken - 1)
    elif columns:
        reading.entity = columns[0].name
        take(reading, at, at + taken - 1)
    if reading.sort is None and kind and (timed := reading.called.of_kind(kind)):
        reading.sort = timed[-1].name


_MEASURES: tuple[tuple[How, frozenset[str]], ...] = (
    ("sum", _SUM),
    ("mean", _MEAN),
    ("median", stems("median")),
    ("share", RATIO | {"%"}),
)


def take_measures(reading: Reading) -> None:
    """`total bytes`, `average latency`, `how many different files`, `share of nginx`, `how many`."""
    for index, word in enumerate(reading.words):
        if word.used or word.kind != "word":
            continue
        this, after = word.text.lower(), lower(reading, index + 1)
        if (
            (this == "how" and after in ("many", "often"))
            or (this == "number" and after == "of")
            or word.stem == "count"
        ):
            first = index + 1 if this == "how" or word.stem != "count" else index
            _take_count(reading, index, first)
        elif this == "how" and after == "much":
            _measure(reading, "sum", index, index + 1)
        elif word.stem in DISTINCT and reading.how is None:
            _take_count(reading, index, index)
        else:
            # `by average`, where that is a column
            named = lower(reading, index - 1) == "by" and this in reading.table.names
            for how, words in _MEASURES:
                if word.stem in words and reading.how is None and not named:
                    _measure(reading, how, index, index)


def _measure(reading: Reading, how: How, first: int, last: int) -> None:
    reading.how = how
    at = last + 1
    while lower(reading, at) in ("of", "the", "all", "number", "in"):
        at += 1
    columns, taken = reading.called.columns_at(reading.words, at)
    numbers = [
        c for c in columns if c.type in NUMERIC and not reading.called.is_key(c) and c.role != "bucket"
    ]
    if numbers:
        reading.column = _first(reading, numbers).name
        take(reading, first, at + taken - 1)
    else:
        take(reading, first, last)


def _take_count(reading: Reading, first: int, last: int) -> None:
    at = last + 1
    while lower(reading, at) in ("of", "the", "all", "these", "those"):
        at += 1
    different = stem(reading, last) in DISTINCT or stem(reading, at) in DISTINCT
    at += stem(reading, at) in DISTINCT
    columns, taken = reading.called.columns_at(reading.words, at)
    keys = [column for column in columns if reading.called.is_key(column)]
    take(reading, first, last)
    if different and not columns:
        reading.problems.append("say what is to be different: " + ", ".join(reading.table.names))
        return
    if columns:
        take(reading, first, at + taken - 1)
    numbers = [column for column in columns if not keys and column.type in NUMERIC and column.unit]
    if numbers and not different:  # `how many bytes`
        reading.how, reading.column = "sum", _first(reading, numbers).name
    elif different or keys:
        reading.how, reading.column = "distinct", (keys or columns)[0].name
    else:
        reading.how, reading.column = "count", None


def take_groups(reading: Reading) -> None:
    """`by process`, `per file and user`, `for each comm`; `top 5 by bytes` names the number to rank by."""
    for index, word in enumerate(reading.words):
        if word.used or word.stem not in _BY:
            continue
        at, found = index + 1, False
        while True:
            columns, taken = reading.called.columns_at(reading.words, at)
            if not columns:
                break
            _add_group(reading, columns)
            take(reading, index, at + taken - 1)
            found, at = True, at + taken
            if lower(reading, at) != "and":
                break
            at += 1
        if not found and word.stem in _BY and reading.called.values_at(reading.words, at)[0]:
            take(reading, index, index)  # `reads by nginx`


def _add_group(reading: Reading, columns: Sequence[Column]) -> None:
    number = next(
        (c for c in columns if c.type in NUMERIC and not reading.called.is_key(c) and c.role != "bucket"),
        None,
    )
    if number is not None and (reading.ranked or reading.top):
        reading.sort = number.name
    elif number is not None and reading.how is not None and reading.column is None:
        reading.column = number.name
    else:
        key = next((column for column in columns if column.role != "bucket"), columns[0])
        reading.group.append(key.name)


def take_columns(reading: Reading) -> None:
    """Take the words for columns that are left: `which process`, `the bytes of nginx`."""
    for index in range(len(reading.words)):
        columns, taken = reading.called.columns_at(reading.words, index)
        if not columns or not is_free(reading, index):
            continue
        keys = [column for column in columns if reading.called.is_key(column)]
        if keys and reading.entity is None:
            reading.entity = keys[0].name
        elif (
            not keys
            and reading.how in ("sum", "mean", "median", "min", "max", "share")
            and reading.column is None
        ):
            reading.column = _first(reading, columns).name
        elif not keys and reading.group and reading.how is None:
            reading.named = reading.named or _first(reading, columns).name
        elif not keys and reading.ranked and reading.sort is None:
            reading.sort = _first(reading, columns).name
        take(reading, index, index + taken - 1)
