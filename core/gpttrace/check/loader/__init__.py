"""The kernel's verifier about a program: loaded as a harmless copy, its reasons in plain words, down to the statement."""

from gpttrace.check.loader.load import Loaded, Verdict, load_findings

__all__ = ["Loaded", "Verdict", "load_findings"]
