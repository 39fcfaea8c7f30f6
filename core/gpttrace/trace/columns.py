"""ChunkedColumn: one column as Python lists and Arrow arrays in turn; cells become Python objects when looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from gpttrace.trace.table import ColumnType

if TYPE_CHECKING:
    import pyarrow

_I64 = 1 << 63


class ChunkedColumn(Sequence[Any]):
    """Append-only; equal to any sequence of equal cells."""

    def __init__(self, chunks: Sequence[Any] = ()) -> None:
        self.chunks: list[Any] = list(chunks)
        self._length = sum(len(chunk) for chunk in self.chunks)

    def append(self, value: Any) -> None:
        """Add one cell."""
        self._list().append(value)
        self._length += 1

    def extend(self, values: list[Any]) -> None:
        """Add many cells."""
        self._list().extend(values)
        self._length += len(values)

    def add_arrow(self, array: pyarrow.ChunkedArray[Any]) -> None:
        """Add an Arrow array as it is."""
        self.chunks.append(array)
        self._length += len(array)

    def arrow_type(self) -> ColumnType | None:
        """Return the type of the cells when all of them came as Arrow text, which needs no look at each."""
        arrows = [chunk for chunk in self.chunks if not isinstance(chunk, list)]
        return (
            "string"
            if arrows and len(arrows) == len(self.chunks) and str(arrows[0].type) == "string"
            else None
        )

    def counted(self) -> Counter[Any]:
        """Return how often each cell is there, in the order in which they first came; for cells that can be keys."""
        counts: Counter[Any] = Counter()
        for chunk in self.chunks:
            if isinstance(chunk, list):
                counts.update(chunk)
            else:
                counted = chunk.value_counts()
                values, numbers = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
                counts.update(dict(zip(values, numbers, strict=True)))
        return counts

    def _list(self) -> list[Any]:
        if not self.chunks or not isinstance(self.chunks[-1], list):
            self.chunks.append([])
        last: list[Any] = self.chunks[-1]
        return last

    def since(self, start: int, count: int | None = None) -> ChunkedColumn:
        """Return `count` cells (None: all) from `start` on; Arrow blocks are shared, not copied.

        Found from the end: its cost is that of what is asked for, not of all that is there.
        """
        stop = self._length if count is None else min(start + count, self._length)
        chunks: list[Any] = []
        end = self._length
        for chunk in reversed(self.chunks):
            if end <= start:
                break
            begin = end - len(chunk)
            if begin < stop:
                chunks.append(chunk[max(start - begin, 0) : stop - begin])
            end = begin
        return ChunkedColumn(chunks[::-1])

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        for chunk in self.chunks:
            if isinstance(chunk, list):
                yield from chunk
            else:
                for piece in chunk.chunks:
                    yield from piece.to_pylist()

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return list(self)[index]
        at = index + self._length if index < 0 else index
        for chunk in self.chunks:
            if 0 <= at < len(chunk):
                return chunk[at] if isinstance(chunk, list) else chunk[at].as_py()
            at -= len(chunk)
        raise IndexError(index)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sequence)
            and len(other) == len(self)
            and all(a == b for a, b in zip(self, other, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]  # as a list's

    def __repr__(self) -> str:
        return (
            f"ChunkedColumn({list(self)!r})"
            if self._length < 20
            else f"ChunkedColumn(<{self._length} cells>)"
        )


def int_type(column: ChunkedColumn) -> ColumnType | None:
    """Return the type that holds all cells of a column of whole numbers; None when there are other cells."""
    unsigned, negative = False, False
    for chunk in column.chunks:
        if isinstance(chunk, list):
            if not all(type(value) is int for value in chunk):
                return None
            negative = negative or min(chunk, default=0) < 0
            unsigned = unsigned or max(chunk, default=0) >= _I64
        elif str(chunk.type) == "string":
            return None
        else:
            unsigned = unsigned or str(chunk.type) == "uint64"
    return "uint64" if unsigned and not negative else "int64"
