"""The command line: `gpttrace "QUESTION"` and its sub-commands. Results on standard output, talk on standard error."""

from gpttrace.cli.main import main

__all__ = ["main"]
