"""bpftrace source <-> tree: parse, walk, rewrite, print; what its maps, variables and printing calls are."""

from gpttrace.language.findings import Finding, Related
from gpttrace.language.formats import FormatSpec, format_pieces
from gpttrace.language.parser import parse
from gpttrace.language.printer import format_tree, to_text
from gpttrace.language.program import Program
from gpttrace.language.source import Source
from gpttrace.language.symbols import MapSymbol, PrintCall, Symbols, VariableSymbol, symbols
from gpttrace.language.tree import children, rewrite, walk
from gpttrace.language.types import Scope, is_integer, type_of

__all__ = [
    "Finding",
    "FormatSpec",
    "MapSymbol",
    "PrintCall",
    "Program",
    "Related",
    "Scope",
    "Source",
    "Symbols",
    "VariableSymbol",
    "children",
    "format_pieces",
    "format_tree",
    "is_integer",
    "parse",
    "rewrite",
    "symbols",
    "to_text",
    "type_of",
    "walk",
]
