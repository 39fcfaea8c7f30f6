"""Programs and tables → words, each claim computed from the tree or the rows."""

from gpttrace.explain.program import explain_program
from gpttrace.explain.result import explain_result

__all__ = ["explain_program", "explain_result"]
