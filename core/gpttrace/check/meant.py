"""The meaning tier: what following a program from probe to probe shows, and whether it is what was asked.

The walk and the comparison are `meaning/`'s; here they get the host's types, and their findings a place among the others.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from gpttrace.check.report import Step
from gpttrace.check.static.cnames import c_names
from gpttrace.check.static.ctype import field_types, member_types
from gpttrace.host import Host
from gpttrace.language import Finding, Program
from gpttrace.meaning.compare import Comparison
from gpttrace.meaning.held import compare_spec
from gpttrace.meaning.lints import meaning_lints
from gpttrace.meaning.recognise import Recognised, spec_of
from gpttrace.meaning.solve import has_solver
from gpttrace.meaning.walk import Types
from gpttrace.meaning.words import as_findings
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.model import TraceSpec

_WITHOUT = ", without a solver (pip install 'gpttrace[meaning]')"
# What our own rules said of a place need not be said again in other words.
_SAME = {
    "never-reached": "never-true", "unseen-begin": "unguarded-map", "possible-zero": "division-by-zero",
    "stale-keys": "growing-map",
}  # fmt: skip


def types_in(program: Program, host: Host | None) -> Types:
    """Return the types of a host's fields and of the structs that a program may name."""
    return Types(field_types(host), member_types(host, c_names(program)))


def held_against(
    program: Program, asked: TraceSpec, host: Host | None, catalogue: Catalogue | None = None
) -> Comparison:
    """Tell whether a program shows what a spec asks for, with the types of this host's fields."""
    return compare_spec(asked, program, host=host, catalogue=catalogue, types=types_in(program, host))


def recognised(program: Program, host: Host | None, catalogue: Catalogue | None = None) -> Recognised:
    """Return the spec of a program, as far as the catalogue has words for it."""
    return spec_of(program, host=host, catalogue=catalogue, types=types_in(program, host))


def meaning_step(
    program: Program, host: Host | None, asked: TraceSpec | None, before: Iterable[Finding]
) -> tuple[Step, list[Finding]]:
    """Return the step and its findings; what one of the findings `before` says of the same place is left out."""
    began = time.monotonic()
    if not program.ok:
        return Step("meaning", False, why="the program has syntax errors"), []
    found = meaning_lints(program, types_in(program, host))
    how = "followed from probe to probe" + ("" if has_solver() else _WITHOUT)
    if asked is not None:
        compared = held_against(program, asked, host)
        how = f"{how}; held against what was asked: {compared.answer}"
        found += as_findings(compared, program, asked)
    said = list(before)
    # The lint and the comparison may say the same.
    once = {(each.code, each.start): each for each in reversed(found)}
    kept = [each for each in reversed(once.values()) if not any(_is_echo(each, other) for other in said)]
    return Step("meaning", True, how, took=time.monotonic() - began), kept


def _is_echo(found: Finding, other: Finding) -> bool:
    return other.code == _SAME.get(found.code) and other.start < found.end and found.start < other.end
