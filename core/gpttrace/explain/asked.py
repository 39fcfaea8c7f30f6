"""Asked: what a follow-up question was found to ask of one table, collected while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpttrace.explain.called import Amount, Called, Word
from gpttrace.explain.operation import Comparison, Filter, How, Measure, Operation
from gpttrace.spec.vocabulary import EMPTY
from gpttrace.spec.words import stems
from gpttrace.trace.table import Table

# Words that ask for what is there, or stand between the others.
_FILLING = EMPTY | stems(
    """
    these those them they rows row results result entries entry table ones one events event lines line what
    which who whose how many much show list give tell me and or of the a an is are was were do does did with
    where there here that have has had only just to for in on at often frequently value values made make most
    data all then now it its this be been whole out
    """
)
# Empty for a question to a machine, but not for one to a table: left over, they change what is meant.
FILLING = _FILLING - stems(
    """
    other others more than before between never both neither nor if unless first last same each every per twice double until since
    when while versus compared plus minus against beyond beside besides outside cumulative running again different
    """
)


@dataclass(slots=True)
class Reading:
    """A question read against one table: the operation, the words that were not understood, what stands against it, remarks."""

    called: Called
    words: list[Word]
    filters: list[Filter] = field(default_factory=list)
    group: list[str] = field(default_factory=list)
    how: How | None = None
    column: str | None = None
    sort: str | None = None
    descending: bool = True
    top: int | None = None
    ranked: bool = False
    implied: bool = False  # `the largest` without a number
    entity: str | None = None
    named: str | None = None  # `bytes by process`
    missing: list[tuple[Comparison, Amount]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The table that the question is read against."""
        return self.called.table

    @property
    def left(self) -> list[str]:
        """The words that were not understood."""
        own = self.called.noun  # `which process read most` of a table of reads
        return [
            word.text
            for word in self.words
            if not word.used and word.stem not in FILLING and not (own and word.stem == own)
        ]

    @property
    def understood(self) -> int:
        """How many words say what to do."""
        return sum(word.used for word in self.words)

    @property
    def is_sure(self) -> bool:
        """Tell whether all was understood and there is something to do."""
        asked = self.filters or self.group or self.how or self.ranked or self.sort
        return bool(asked) and not (self.left or self.problems or self.missing)

    def operation(self) -> Operation:
        """Return what was asked for."""
        measure = Measure(self.how, self.column) if self.how else None
        return Operation(
            self.table.name,
            tuple(self.filters),
            tuple(self.group),
            measure,
            self.sort,
            self.descending,
            self.top,
        )


def stem(reading: Reading, index: int) -> str:
    """Return the stem of a word, "" outside the question."""
    return reading.words[index].stem if 0 <= index < len(reading.words) else ""


def is_free(reading: Reading, index: int) -> bool:
    """Tell whether a word is there and has no meaning yet."""
    return 0 <= index < len(reading.words) and not reading.words[index].used


def take(reading: Reading, first: int, last: int) -> None:
    """Give the words of a place a meaning."""
    for word in reading.words[max(first, 0) : last + 1]:
        word.used = True


def lower(reading: Reading, index: int) -> str:
    """Return a word in small letters, "" outside the question."""
    return reading.words[index].text.lower() if 0 <= index < len(reading.words) else ""
