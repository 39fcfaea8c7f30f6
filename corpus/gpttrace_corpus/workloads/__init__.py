"""Workloads: what makes an event happen a known number of times, so that a program can be held against the truth.

Each is a generator in one of this package's modules: it prepares, yields, acts `times` times, yields, cleans up. While it acts
the process is called `gptcanary`, which is how a trace tells its events from all others. `python -m gpttrace_corpus.workloads
NAME TIMES` runs one: it prints `ready PID` when it is prepared, acts once it reads a byte, and prints `done`. Workloads that act
at the same time can be told apart by names of their own (`NAME:CALLED TIMES`).
"""

from __future__ import annotations

import ctypes
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

from gpttrace_corpus.workloads._name import NAME, call

Workload = Callable[[int], Iterator[None]]

_PR_SET_NAME, _PR_GET_NAME = 15, 16


@cache
def workloads() -> dict[str, Workload]:
    """Return every workload by its name (`open-file` for `open_file`)."""
    found: dict[str, Workload] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        home = f"{__name__}.{module.name}"
        functions = vars(importlib.import_module(home))
        found |= {
            name.replace("_", "-"): value
            for name, value in functions.items()
            if callable(value) and not name.startswith("_") and getattr(value, "__module__", "") == home
        }
    return found


def act(name: str, times: int, begin: Callable[[], None] = lambda: None, *, called: bytes = NAME) -> None:
    """Run a workload in this process, which is called `called` while it acts; `begin` is called when it is prepared.

    KeyError for a name that does not exist; RuntimeError where it cannot work, with the reason.
    """
    # PyDLL keeps Python's lock: CDLL would take it again under the new name, and a trace of mutexes would see that.
    prctl = ctypes.PyDLL(None).prctl
    call(called)
    before = ctypes.create_string_buffer(16)
    steps = workloads()[name](times)
    next(steps)
    begin()
    prctl(_PR_GET_NAME, before, 0, 0, 0)
    prctl(_PR_SET_NAME, called, 0, 0, 0)
    try:
        next(steps)
    finally:
        prctl(_PR_SET_NAME, before, 0, 0, 0)
    for _ in steps:
        pass
