"""What this process is called while a workload acts, for the workloads that must know it."""

from __future__ import annotations

NAME = b"gptcanary"
_called = [NAME]


def own_name() -> bytes:
    """Return the name that the events of the workload carry."""
    return _called[0]


def call(name: bytes) -> None:
    """Have the next workload act under another name, of at most 15 bytes."""
    _called[0] = name
