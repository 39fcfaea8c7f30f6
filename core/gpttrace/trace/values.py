"""JSON values as bpftrace writes them -> values of a table, by the kind that the plan knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from gpttrace.trace.plan import Kind
from gpttrace.trace.table import ColumnType
from gpttrace.trace.text import bytes_of, wire_text
from gpttrace.trace.wire import Pairs, integer, is_quoted_integer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_I64 = 1 << 63
_FIXED: dict[Kind, ColumnType] = {"string": "string", "stack": "stack", "bytes": "bytes", "time": "time"}


def moment(nanoseconds: int) -> datetime:
    """Return the UTC time of nanoseconds since 1970; a datetime holds microseconds."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def frames_of(text: str) -> list[str]:
    """Return the frames of a stack as bpftrace prints it, the innermost first."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def reader(kind: Kind, clock: int) -> Callable[[Any], Any]:
    """Return the function that turns a JSON value of a kind into a cell; `clock` is added to times."""
    return {
        "int": _integer,
        "uint": _integer,
        "int32": lambda value: narrow(_integer(value)),
        "string": _string,
        "stack": lambda value: frames_of(_string(value)),
        "bytes": _bytes,
        "time": lambda value: moment(int(value) + clock),
        "any": any_value,
    }[kind]


def _integer(value: Any) -> Any:
    number = integer(value)
    return any_value(value) if number is None else number


def narrow(value: Any) -> Any:
    """Return a 32-bit number that came in a wider slot with its sign; anything else as it is."""
    return ((value & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000 if isinstance(value, int) else value


def _string(value: Any) -> str:
    return wire_text(value) if isinstance(value, str) else str(any_value(value))


def _bytes(value: Any) -> bytes:
    if isinstance(value, list):
        return bytes(int(each) & 0xFF for each in value)
    return bytes_of(wire_text(value))


def any_value(value: Any) -> Any:
    """Return a JSON value of unknown kind as a cell: numbers that were quoted are numbers again, text is exact."""
    if isinstance(value, str):
        return int(value) if is_quoted_integer(value) else wire_text(value)
    if isinstance(value, Pairs):
        return {wire_text(name): any_value(each) for name, each in value}
    if isinstance(value, list):
        return [any_value(each) for each in value]
    return value


class FrozenRecord(tuple[tuple[str, Any], ...]):
    """A record (`(pid=1, comm="x")`) or a struct as part of a key."""

    __slots__ = ()


def frozen(value: Any) -> Any:
    """Return a cell that can be part of a dictionary's key; `thawed` undoes it."""
    if isinstance(value, dict):
        return FrozenRecord((name, frozen(each)) for name, each in value.items())
    return tuple(map(frozen, value)) if isinstance(value, list) else value


def thawed(value: Any) -> Any:
    """Return the cell that `frozen` froze."""
    if isinstance(value, FrozenRecord):
        return {name: thawed(each) for name, each in value}
    return list(map(thawed, value)) if isinstance(value, tuple) else value


def hex_escaped(text: str) -> bytes:
    """Return the bytes of what `%rx` prints: `\\x41\\x0a`."""
    return bytes.fromhex(text.replace("\\x", ""))


def column_type(kind: Kind, values: Iterable[Any]) -> ColumnType:
    """Return the type of a column from its kind, or from what arrived where the kind does not say."""
    if kind in _FIXED:
        return _FIXED[kind]
    low, high, only_bools, others = 0, 0, True, set[type]()
    for value in values:
        if isinstance(value, int):
            low, high = min(low, value), max(high, value)
            only_bools = only_bools and isinstance(value, bool)
            others.add(int)
        elif value is not None:
            others.add(type(value))
    if others <= {int}:
        if only_bools and others:
            return "bool"
        # Signed where it can be: a difference of two times in a uint64 column would wrap.
        return "uint64" if high >= _I64 and low >= 0 else "int64"
    return "string" if others == {str} else "json"
