"""Plan: the program that really runs, and all that is needed to read its output back into tables.

A plan is plain data (`to_json`, `from_json`): a spool that a killed parent left behind is decoded with the plan
kept beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from gpttrace.trace.dialect import Dialect

SELF, SUPERVISOR, PARENT = "__GPTTRACE_SELF__", "__GPTTRACE_SUPERVISOR__", "__GPTTRACE_PARENT__"
MARKERS = (SELF, SUPERVISOR, PARENT)
COMMAND = "__GPTTRACE_CMD__"  # what `cpid` becomes: the command is started by us instead of by bpftrace
# Tags relative to the plan's: END prints the one, the other stands before each exit() with the counters' values.
END_REACHED, EXITING = 399, 398

# How a value travels and what it becomes; `any` is decided by what arrives, `int32` is 32 bits in a wider slot.
Kind = Literal["int", "uint", "int32", "string", "stack", "bytes", "time", "any"]
WHOLE: tuple[Kind, ...] = ("int", "uint", "int32")
Travel = Literal["tuple", "text", "plain"]
# `values` is a plain map (`@x[k] = v`); `bucket` kinds keep one count per bucket.
MapKind = Literal["count", "sum", "min", "max", "avg", "stats", "hist", "lhist", "tseries", "values"]


@dataclass(frozen=True, slots=True)
class Field:
    """One argument of a printing statement, or one part of a map's key; `form` is the format of a strftime()."""

    name: str
    kind: Kind = "any"
    unit: str | None = None
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """One printing statement of the program; `tag` marks its events, `counter` is the map that counts them.

    `travels` says how: in a typed tuple, in printf text with separators that cannot be guessed, or as the program
    has it. `format` is printf's own text, with which the line is rendered (None for print()); `fields` lists what
    arrives. `start` and `end` are in the user's program.
    """

    tag: int
    table: str
    travels: Travel
    format: str | None
    fields: tuple[Field, ...]
    counter: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MapPlan:
    """How a map of the program is kept and read.

    `looped`: dumps of it are loops that print typed tuples (else bpftrace prints it). `inner`: the copy keeps a
    last key part of its own (the bucket, or 0 = count and 1 = total). `separated` holds the indexes of key parts
    behind which the copy puts a constant, so that joined keys can be split. `cumulative`: the copy never clears it;
    differences are taken here. `span` is (min, max, step) of lhist, (bits,) of hist. `ended`: the program's END
    clears it or deletes from it.
    """

    name: str
    kind: MapKind
    number: int = 0
    keys: tuple[Field, ...] = ()
    looped: bool = False
    inner: bool = False
    separated: tuple[int, ...] = ()
    cumulative: bool = False
    span: tuple[int, ...] = ()
    unit: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Where characters of the copy come from: `start` in the copy, `origin` in the user's program, `verbatim` or
    made by us."""

    start: int
    origin: int
    verbatim: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """`text` runs in place of `program`.

    `ready_marker` appears in bpftrace's output when every probe is attached (None at level 0). `markers` are the
    words in `text` that the supervisor replaces by process numbers. `snapshot_signal` makes a running bpftrace
    print its maps (None: it cannot). `clock` is nanoseconds to add to CLOCK_BOOTTIME (bpftrace's nsecs) for the
    wall clock. `probes` estimates how many will be attached.
    """

    text: str
    program: str
    level: int
    nonce: str
    dialect: Dialect
    clock: int
    ready_marker: str | None = None
    markers: tuple[str, ...] = ()
    snapshot_signal: Literal["SIGUSR1"] | None = None
    probes: int = 1
    sites: tuple[Site, ...] = ()
    maps: tuple[MapPlan, ...] = ()
    pieces: tuple[Piece, ...] = field(default=(), repr=False)
    exit_maps: bool = True
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Return the plan that `to_json` described; also after a trip through JSON text."""
        return cls(
            **{
                **data,
                "dialect": Dialect.from_json(data["dialect"]),
                "markers": tuple(data["markers"]),
                "notes": tuple(data["notes"]),
                "sites": tuple(
                    Site(**{**site, "fields": tuple(Field(**each) for each in site["fields"])})
                    for site in data["sites"]
                ),
                "maps": tuple(_map_plan(each) for each in data["maps"]),
                "pieces": tuple(Piece(**each) for each in data["pieces"]),
            }
        )

    @property
    def tag(self) -> int:
        """The number that every event of ours begins with, plus a small one that tells events apart."""
        return 100_000_000 + int(self.nonce[:12], 36) % 800_000_000 // 1000 * 1000

    @property
    def separator(self) -> str:
        """The text between the values of an event that travels as printf text.

        Half of the nonce, 41 bits that no traced program ever sees: a line has one more of it than values.
        """
        return f"|{self.nonce[:8]}|"

    @property
    def key_separator(self) -> int:
        """The constant between the parts of a joined key."""
        return 1_000_000_000_000_000_000 + int(self.nonce[:12], 36) % 8_000_000_000_000_000_000

    def origin(self, offset: int) -> tuple[int, bool]:
        """Return where in the user's program an offset of the copy comes from, and whether the user wrote it."""
        best = Piece(0, 0, True)
        for piece in self.pieces:
            if piece.start > offset:
                break
            best = piece
        return (best.origin + offset - best.start, True) if best.verbatim else (best.origin, False)


def _map_plan(data: dict[str, Any]) -> MapPlan:
    return MapPlan(
        **{
            **data,
            "keys": tuple(Field(**each) for each in data["keys"]),
            "separated": tuple(data["separated"]),
            "span": tuple(data["span"]),
        }
    )
