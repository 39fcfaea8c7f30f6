"""GPTtrace: ask a Linux machine in plain words; a correct bpftrace program, run safely, its results as tables.

The names below are the documented API; each is imported when it is first used, so that `import gpttrace` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace import language, sync
    from gpttrace.errors import (
        GpttraceError,
        NotPermitted,
        ProgramRejected,
        QuestionRefused,
        StoreError,
        Unavailable,
        UsageError,
    )
    from gpttrace.explain import explain_program, explain_result
    from gpttrace.host import Host
    from gpttrace.session import Answer, generate
    from gpttrace.settings import Settings
    from gpttrace.spec.options import Options
    from gpttrace.trace import Limits, Result, Run, Store, Table, load_run

_HOMES = {
    "Answer": "session",
    "GpttraceError": "errors",
    "Host": "host",
    "Limits": "trace",
    "NotPermitted": "errors",
    "Options": "spec.options",
    "ProgramRejected": "errors",
    "QuestionRefused": "errors",
    "Result": "trace",
    "Run": "trace",
    "Settings": "settings",
    "Store": "trace",
    "StoreError": "errors",
    "Table": "trace",
    "Unavailable": "errors",
    "UsageError": "errors",
    "explain_program": "explain",
    "explain_result": "explain",
    "find_examples": "index",
    "generate": "session",
    "load_run": "trace",
    "search_examples": "index",
}

__all__ = [
    "Answer",
    "GpttraceError",
    "Host",
    "Limits",
    "NotPermitted",
    "Options",
    "ProgramRejected",
    "QuestionRefused",
    "Result",
    "Run",
    "Settings",
    "Store",
    "StoreError",
    "Table",
    "Unavailable",
    "UsageError",
    "explain_program",
    "explain_result",
    "find_examples",
    "generate",
    "language",
    "load_run",
    "search_examples",
    "sync",
]


def __getattr__(name: str) -> Any:
    if name in ("language", "sync"):
        return import_module(f"gpttrace.{name}")
    if name in ("load_ipython_extension", "unload_ipython_extension"):
        # `%load_ext gpttrace` as well as `%load_ext gpttrace_jupyter`: found by its name, the core knows no front end.
        return getattr(import_module("gpttrace_jupyter"), name)
    return _named(name)


_named = lazily(__name__, _HOMES)
