"""Conditions: the rows that a follow-up question asks for: by a value, a comparison, a beginning, or all but these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gpttrace.explain.asked import FILLING, Reading, is_free, lower, stem, take
from gpttrace.explain.called import Amount, Word, amount_at
from gpttrace.explain.figures import base_of
from gpttrace.explain.operation import NUMERIC, Comparison, Filter
from gpttrace.explain.plain import is_plain
from gpttrace.spec.vocabulary import ABOVE, BELOW, FAILED, SUCCEEDED
from gpttrace.spec.words import stems
from gpttrace.trace.table import Column

_MORE = ABOVE | stems("many older")
_LESS = BELOW | stems("earlier")
_NOT = stems("not except without excluding but")
_ONLY = stems("only just")
_HOLDS = stems("contain contains containing include includes including matching")
_BEGINS = stems("start starts starting begin begins beginning")
_UNDER = stems("under below inside in within from")


def take_texts(reading: Reading) -> None:
    """`files starting with /etc`, `names containing lib`, `under /proc`."""
    for index in range(len(reading.words) - 1):
        at, op = index + 1, None
        if stem(reading, index) in _BEGINS and lower(reading, index + 1) in ("with", "by"):
            at, op = index + 2, "startswith"
        elif stem(reading, index) in _HOLDS:
            op = "contains"
        elif (
            lower(reading, index) in _UNDER
            and lower(reading, at).startswith("/")
            and not reading.called.values_at(reading.words, at)[0]
        ):
            op = "startswith"
        if op is None or not is_free(reading, at):
            continue
        column = _text_column(reading, index)
        if column is not None:
            reading.filters.append(Filter(column.name, op, (reading.words[at].text,)))  # type: ignore[arg-type]  # two literals
            take(reading, index, at)


def _text_column(reading: Reading, before: int) -> Column | None:
    texts = [column for column in reading.table.columns if column.type in ("string", "stack")]
    named = [column for column in _column_before(reading, before) if column in texts]
    if named:
        return named[0]
    if len(texts) > 1:
        paths = [
            column
            for column in texts
            if any(str(cell).startswith("/") for cell in reading.table.column(column.name)[:200])
        ]
        texts = paths if len(paths) == 1 else texts
    if len(texts) != 1:
        reading.problems.append(
            "say which column: " + ", ".join(column.name for column in texts)
            if texts
            else "no column holds texts"
        )
        return None
    return texts[0]


def _column_before(reading: Reading, index: int) -> list[Column]:
    at = index - 1
    while at >= 0 and lower(reading, at) in ("is", "are", "was", "were", "of", "with", "a", "the", "that"):
        at -= 1
    for length in (2, 1):
        columns, taken = (
            reading.called.columns_at(reading.words, at - length + 1) if at - length + 1 >= 0 else ([], 0)
        )
        if columns and taken == length:
            take(reading, at - length + 1, index - 1)
            return columns
    return []


_OPS: dict[str, Comparison] = {">": ">", "<": "<", ">=": ">=", "<=": "<=", "==": "==", "=": "==", "!=": "!="}


def take_thresholds(reading: Reading) -> None:
    """`more than 1 MB`, `latency over 10 ms`, `at least 5 calls`, `between 1 and 4 KB`, `pid > 100`."""
    for index in range(len(reading.words)):
        if not is_free(reading, index):
            continue
        if lower(reading, index) == "between":
            _take_between(reading, index)
            continue
        op, at = _comparison(reading, index)
        amount = amount_at(reading.words, at) if op else None
        if op is None or amount is None:
            continue
        columns = _column_before(reading, index)
        take(reading, index, at + amount.taken - 1)
        columns = columns or _column_after(reading, at + amount.taken)
        _compare(reading, columns, op, amount)


def _comparison(reading: Reading, index: int) -> tuple[Comparison | None, int]:
    this, after = lower(reading, index), lower(reading, index + 1)
    if reading.words[index].kind == "op":
        return _OPS[reading.words[index].text], index + 1
    if this == "at" and after in ("least", "most"):
        return (">=" if after == "least" else "<="), index + 2
    if this == "no" and after in ("more", "less", "fewer") and lower(reading, index + 2) == "than":
        return ("<=" if after == "more" else ">="), index + 3
    if this == "up" and after == "to":
        return "<=", index + 2
    if after == "than" and stem(reading, index) in (_MORE | _LESS):
        return (">" if stem(reading, index) in _MORE else "<"), index + 2
    if this == "not" and reading.called.columns_at(reading.words, index - 1)[0]:
        return "!=", index + 1
    if this in ("over", "above", "exceeding", "beyond"):
        return ">", index + 1
    if this in ("under", "below"):
        return "<", index + 1
    return None, index


def _take_between(reading: Reading, index: int) -> None:
    low = amount_at(reading.words, index + 1)
    at = index + 1 + low.taken if low else index
    high = amount_at(reading.words, at + 1) if low and lower(reading, at) == "and" else None
    if low is None or high is None:
        return
    if not low.kind and high.kind:  # `between 1 and 4 KB`
        bare = (
            high.value
            / (
                amount_at([Word("1", "1", "word"), reading.words[at + high.taken]], 0) or Amount(1, "", 1)
            ).value
        )
        low = Amount(low.value * high.value / bare, high.kind, low.taken) if bare else low
    columns = _column_before(reading, index)
    take(reading, index, at + high.taken)
    columns = columns or _column_after(reading, at + 1 + high.taken)
    _compare(reading, columns, ">=", low)
    _compare(reading, columns, "<=", high)


def _column_after(reading: Reading, index: int) -> list[Column]:
    columns, taken = reading.called.columns_at(reading.words, index)
    numeric = [column for column in columns if column.type in NUMERIC]
    if numeric:
        take(reading, index, index + taken - 1)
    return numeric


def _compare(reading: Reading, columns: list[Column], op: Comparison, amount: Amount) -> None:
    fitting = [c for c in columns if c.type in NUMERIC and (not amount.kind or base_of(c)[0] == amount.kind)]
    if not columns:
        of_kind = reading.called.of_kind(amount.kind) if amount.kind else []
        value = reading.called.value
        fitting = of_kind if amount.kind else [value] if value is not None else []
    if not fitting and amount.kind:
        reading.missing.append((op, amount))
        return
    buckets = [column for column in fitting if column.role == "bucket"]
    if buckets:
        _compare_bucket(reading, op, amount)
    elif len(fitting) == 1:
        factor = base_of(fitting[0])[1] if amount.kind else 1.0
        number = amount.value / factor
        reading.filters.append(
            Filter(fitting[0].name, op, (int(number) if number == int(number) else number,))
        )
    else:
        numbers = [column.name for column in reading.table.columns if column.type in NUMERIC]
        reading.problems.append(
            "say which number is compared: " + ", ".join(numbers) if numbers else "no column holds numbers"
        )


def _compare_bucket(reading: Reading, op: Comparison, amount: Amount) -> None:
    """Keep the ranges that lie wholly on one side, and say when one lies on both."""
    names = reading.table.names
    column = reading.table.columns[names.index("low")]
    edge = amount.value / (base_of(column)[1] if amount.kind else 1.0)
    edge = int(edge) if edge == int(edge) else edge
    above = op in (">", ">=")
    # `more than 1K` and the range [1K, 2K): the one value 1K itself is within it.
    reading.filters.append(
        Filter("low", ">=", (edge,)) if above else Filter("high", "<" if op == "<" else "<=", (edge,))
    )
    lows, highs = reading.table.column("low"), reading.table.column("high")
    cut = [
        (low, high)
        for low, high in dict.fromkeys(zip(lows, highs, strict=True))
        if (low is None or low < edge)
        and (high is None or high >= edge)
        and not (not above and op == "<=" and high == edge)
    ]
    if above and any(low == edge for low in lows) and op == ">":
        reading.notes.append(f"The range that begins at {edge:,} is counted whole.")
    if cut:
        low, high = cut[0]
        shown = f"{'below' if low is None else f'{low:,} to'} {'above' if high is None else f'{high:,}'}"
        reading.notes.append(f"The range {shown} holds {edge:,} and is left out.")


def take_only(reading: Reading) -> None:
    """`only postgres`, `comm postgres`, `pid 42`, `not bash`, `failed`."""
    for index, word in enumerate(reading.words):
        if word.used:
            continue
        if (
            word.stem in FAILED | SUCCEEDED
            and "ret" in reading.table.names
            and not reading.called.values_at(reading.words, index)[0]
        ):
            reading.filters.append(Filter("ret", "<" if word.stem in FAILED else ">=", (0,)))
            take(reading, index, index)
        elif word.stem in _NOT or (word.text.lower() == "other" and lower(reading, index + 1) == "than"):
            at = index + (2 if word.text.lower() == "other" else 1)
            _take_value(reading, at, negated=True, lead=index)
        elif word.stem in _ONLY and word.kind == "word":
            _take_value(reading, index + 1, lead=index, sole=True)


def take_values(reading: Reading) -> None:
    """`pid 42`, and every value of the table that is still there: `nginx`, `writes`."""
    for index, word in enumerate(reading.words):
        if word.used:
            continue
        columns, taken = reading.called.columns_at(reading.words, index)
        at = index + taken
        at += lower(reading, at) in ("is", "=", "==", "are", "number", "called", "named") and at < len(
            reading.words
        )
        if columns and is_free(reading, at) and _take_named_value(reading, columns, at):
            take(reading, index, at)
        elif word.kind == "quoted" or word.stem not in FILLING or word.text.lower() != word.text:
            _take_value(reading, index)


def _take_named_value(reading: Reading, columns: Sequence[Column], at: int) -> bool:
    """Take a value whose column is named before it, also one that no row has."""
    word = reading.words[at]
    found, taken = reading.called.values_at(reading.words, at)
    held = [(name, cell) for name, cell in found if name in {column.name for column in columns}]
    if held:
        _add_equal(reading, held, at, taken)
        return True
    for column in columns:
        if (
            column.type in ("int64", "uint64")
            and reading.called.is_key(column)
            and word.text.lstrip("-").isdigit()
        ):
            _add_filter(reading, column.name, "==", int(word.text))
            return True
    texts = [column for column in columns if column.type == "string"]
    if texts and word.kind == "quoted":
        _add_filter(reading, texts[0].name, "==", word.text)
        return True
    return False


def _take_value(
    reading: Reading, at: int, *, negated: bool = False, lead: int | None = None, sole: bool = False
) -> None:
    if not is_free(reading, at):
        return
    start = at
    columns, taken = reading.called.columns_at(reading.words, at)
    if (
        columns
        and is_free(reading, at + taken)
        and _take_named_value(reading, columns, at + taken)
        and not negated
    ):
        take(reading, lead if lead is not None else start, at + taken)
        return
    found, taken = reading.called.values_at(reading.words, at)
    if not found and not negated and (named := reading.called.named_at(reading.words, at)) is not None:
        reading.filters.append(named)
        take(reading, lead if lead is not None else at, at)
        return
    if not found:
        _take_unknown(reading, at, lead, sole or negated, negated)
        return
    # `only bash and nginx`
    _add_equal(reading, found, at, taken, negated=negated)
    if lead is not None:
        take(reading, lead, at)


def _take_unknown(reading: Reading, at: int, lead: int | None, sole: bool, negated: bool) -> None:
    """Take a name that no row has where only one column can be meant; `writes` may be no name at all."""
    word = reading.words[at]
    texts = [column for column in reading.table.columns if column.type == "string"]
    path = word.text.startswith("/")
    if path and len(texts) > 1:
        texts = [
            column
            for column in texts
            if any(str(cell).startswith("/") for cell in reading.table.column(column.name)[:200])
        ]
    elif not path:
        texts = [column for column in texts if column.name == "comm"] or texts
    name = any(char.isalpha() for char in word.text) and not is_plain(word.text)
    if len(texts) == 1 and (word.kind == "quoted" or path or (sole and name)):
        _add_filter(reading, texts[0].name, "!=" if negated else "==", word.text)
        take(reading, lead if lead is not None else at, at)


def _add_equal(
    reading: Reading, found: list[tuple[str, Any]], at: int, taken: int, *, negated: bool = False
) -> None:
    names = list(dict.fromkeys(name for name, _ in found))
    if len(names) > 1:
        names = [name for name in names if name == "comm"] or names
    if len(names) > 1:
        text = reading.words[at].text
        reading.problems.append(f"`{text}` stands in {' and in '.join(names)}: say which column is meant")
    for name, cell in found:
        if name == names[0]:
            _add_filter(reading, name, "!=" if negated else "==", cell)
            others = reading.called.alike(name, cell) if not negated and is_plain(str(cell)) else []
            if others:
                reading.notes.append(
                    f"Not with these of {name}, which are other values: {', '.join(others)}."
                )
    take(reading, at, at + taken - 1)


def _add_filter(reading: Reading, column: str, op: Comparison, value: Any) -> None:
    """Add a condition; several values of one column mean any of them."""
    for place, each in enumerate(reading.filters):
        if each.column == column and each.op == op:
            reading.filters[place] = Filter(column, op, tuple(dict.fromkeys((*each.values, value))))
            return
    reading.filters.append(Filter(column, op, (value,)))
