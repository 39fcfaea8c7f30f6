"""Meaning: what a program shows, read from its tree, and whether that is what was asked."""

from __future__ import annotations

from gpttrace.meaning.compare import Comparison, Difference
from gpttrace.meaning.held import compare_programs, compare_spec

__all__ = ["Comparison", "Difference", "compare_programs", "compare_spec"]
