"""Tables and results for the tests of explanations, and one way to do something with a scripted model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.model.asked import with_model
from tests.model.scripted import Script, Step, serving

from gpttrace.model import Budget, Model
from gpttrace.spec.model import TraceSpec
from gpttrace.trace import Result
from gpttrace.trace.table import Column, Kind, Table

COMM = Column("comm", "string", None, "key")
COUNT = Column("count", "int64", None, "value")
SUM = Column("sum", "int64", "bytes", "value")
LOW = Column("low", "int64", "bytes", "bucket")
HIGH = Column("high", "int64", "bytes", "bucket")
EVENTS = (
    Column("pid", "int64"),
    Column("comm", "string"),
    Column("op", "string"),
    Column("filename", "string"),
    Column("bytes", "int64", "bytes"),
    Column("latency", "int64", "ns"),
    Column("ret", "int64"),
)


def table(name: str, kind: Kind, columns: Sequence[Column], *rows: tuple[Any, ...]) -> Table:
    """Return a table of these rows."""
    made = Table(name, kind, tuple(columns))
    made.extend(rows)
    return made


def result(*tables: Table, spec: TraceSpec | None = None, **given: Any) -> Result:
    """Return a run of ten seconds that left these tables."""
    usual: dict[str, Any] = {
        "run_id": "r1", "status": "time_limit", "reason": "10 s were over", "complete": True, "output": (), "lost": 0,
        "warnings": (), "findings": (), "program": "tracepoint:x:y { @ = count(); }", "ran": "", "probes": 1,
        "began": datetime(2026, 1, 1, tzinfo=UTC), "took": 10.0, "spec": spec.to_json() if spec else None,
    }  # fmt: skip
    return Result(**(usual | given), tables=tables)


def asked(steps: Script | Sequence[Step], do: Callable[[Model], Awaitable[Any]], **more: Any) -> Any:
    """Do something with a model that plays these turns."""
    script = steps if isinstance(steps, Script) else Script(steps)
    with serving(script) as served:
        return with_model(served, do, more.pop("budget", None) or Budget(), **more)


def sums() -> Table:
    """Bytes by process."""
    rows = [("nginx", 3 << 20), ("bash", 1 << 20), ("dd", 1 << 19)]
    return table("@bytes", "map", (COMM, SUM), *rows)


def counts() -> Table:
    """System calls by process: 100 in all."""
    return table("@calls", "map", (COMM, COUNT), ("nginx", 60), ("bash", 30), ("sshd", 9), ("init", 1))


def events() -> Table:
    """Four reads and writes."""
    return table(
        "printf:1",
        "events",
        EVENTS,
        (1, "nginx", "write", "/etc/a", 2 << 20, 5_000_000, 0),
        (2, "bash", "read", "/etc/b", 10, 1_000, -2),
        (1, "nginx", "read", "/var/c", 4096, 20_000_000, 3),
        (3, "postgres", "write", "/var/c", 100, 30, 4),
    )


def spreads() -> Table:
    """Sizes by process in ranges."""
    rows = [("dd", 512, 1023, 5), ("dd", 1 << 20, (1 << 21) - 1, 3), ("cat", 1024, 2047, 2)]
    return table("@sizes", "hist", (COMM, LOW, HIGH, COUNT), *rows)
