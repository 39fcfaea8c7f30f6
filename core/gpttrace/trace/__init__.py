"""Run a program within limits and read its results as exact tables; every run is kept.

`trace` runs, `Result` is what came out, `Store` keeps it, `recover` saves the runs of killed processes. Names are imported
when they are first used, so that reading a table does not cost the import of a process runner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace.trace.items import Output, Problem, Rows, Snapshot
    from gpttrace.trace.limits import Limits
    from gpttrace.trace.recovery import load_run, recover
    from gpttrace.trace.result import Result, Status
    from gpttrace.trace.run import Batch, Progress, Run, trace
    from gpttrace.trace.store import Store, Summary
    from gpttrace.trace.table import Column, Table

_HOMES = {
    "Batch": "run",
    "Output": "items",
    "Problem": "items",
    "Rows": "items",
    "Snapshot": "items",
    "Column": "table",
    "CommandOutput": "run",
    "Limits": "limits",
    "Progress": "run",
    "Result": "result",
    "Run": "run",
    "Status": "result",
    "Store": "store",
    "Summary": "store",
    "Table": "table",
    "load_run": "recovery",
    "recover": "recovery",
    "trace": "run",
}

__all__ = [
    "Batch",
    "Column",
    "CommandOutput",
    "Limits",
    "Output",
    "Problem",
    "Progress",
    "Result",
    "Rows",
    "Run",
    "Snapshot",
    "Status",
    "Store",
    "Summary",
    "Table",
    "load_run",
    "recover",
    "trace",
]

__getattr__ = lazily(__name__, _HOMES)
