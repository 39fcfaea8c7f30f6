"""Prove: run a program while a workload of known size acts, and hold its tables against the number of events that there were.

A program that starts proves nothing: probes may silently not attach, and fields may silently be empty. The verdict is `proved`,
`failed` or `not proved`, each with its numbers or its reason; nothing is run that the policy does not allow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpttrace.prove.levels import climb, prove_program
    from gpttrace.prove.proof import Proof, Seen
    from gpttrace.prove.whole import prove

_HOMES = {"Proof": "proof", "Seen": "proof", "climb": "levels", "prove": "whole", "prove_program": "levels"}

__all__ = ["Proof", "Seen", "climb", "prove", "prove_program"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"gpttrace.prove.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
