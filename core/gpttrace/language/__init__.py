"""bpftrace source <-> tree: parse, walk, rewrite, print; what its maps, variables and printing calls are."""

from gpttrace.language.findings import Finding, Related
from gpttrace.language.parser import parse
from gpttrace.language.printer import format_tree, to_text
from gpttrace.language.program import Program
from gpttrace.language.source import Source
from gpttrace.language.tree import children, rewrite, walk

__all__ = [
    "Finding",
    "Program",
    "Related",
    "Source",
    "children",
    "format_tree",
    "parse",
    "rewrite",
    "to_text",
    "walk",
]
