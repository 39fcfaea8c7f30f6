"""Prove: run a program while a workload of known size acts, and hold its tables against the number of events that there were.

A program that starts proves nothing: probes may silently not attach, and fields may silently be empty. The verdict is `proved`,
`failed` or `not proved`, each with its numbers or its reason; nothing is run that the policy does not allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace.prove.levels import climb, prove_program
    from gpttrace.prove.proof import Proof, Seen
    from gpttrace.prove.whole import prove

_HOMES = {"Proof": "proof", "Seen": "proof", "climb": "levels", "prove": "whole", "prove_program": "levels"}

__all__ = ["Proof", "Seen", "climb", "prove", "prove_program"]

__getattr__ = lazily(__name__, _HOMES)
