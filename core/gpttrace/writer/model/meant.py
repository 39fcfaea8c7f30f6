"""What a program means, held against a spec: the one place where this writer asks the room of meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gpttrace.check.meant import held_against, recognised
from gpttrace.errors import QuestionRefused
from gpttrace.host import Host
from gpttrace.language import Finding, Program, parse
from gpttrace.meaning import Comparison
from gpttrace.meaning.words import as_findings, sentences
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.choose import choose_hook
from gpttrace.spec.compose import compose
from gpttrace.spec.layout import for_many, lay_out
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.options import Options, apply_options
from gpttrace.writer.resolve import resolve_cgroup, resolve_disk


def words_for(found: Comparison, spec: TraceSpec, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the differences in plain words."""
    return tuple(sentences(found, spec, catalogue))


def findings_for(
    found: Comparison, tree: Program, spec: TraceSpec, catalogue: Catalogue
) -> tuple[Finding, ...]:
    """Return the differences as findings at their places in the program."""
    return tuple(each for each in as_findings(found, tree, spec, catalogue) if each.severity == "warning")


def laid_over(spec: TraceSpec, options: Options, host: Host, catalogue: Catalogue) -> TraceSpec:
    """Return a model's spec with the options of the command line; QuestionRefused for a cgroup or disk that is not there."""
    whole = apply_options(spec, options)
    return replace(
        _resolved(whole, host, catalogue),
        others=tuple(_resolved(each, host, catalogue) for each in whole.others),
    )


def _resolved(spec: TraceSpec, host: Host, catalogue: Catalogue) -> TraceSpec:
    return resolve_disk(resolve_cgroup(spec, host), catalogue[spec.event], host)


def hold_specs(asked: TraceSpec, given: TraceSpec, host: Host, catalogue: Catalogue) -> Comparison | None:
    """Tell whether a spec asks for what another does, by our own program for it; None when there is none to hold it against."""
    tree = _our_program(asked, host, catalogue)
    return held_against(tree, given, host, catalogue) if tree is not None else None


def _our_program(spec: TraceSpec, host: Host, catalogue: Catalogue) -> Program | None:
    layouts = []
    for each in (spec, *spec.others):
        choice = choose_hook(each, catalogue[each.event], host)
        if choice.hook is None:
            return None
        layouts.append(lay_out(each, choice.event, choice.hook))
    try:
        return parse(compose(for_many(layouts)))
    except (QuestionRefused, ValueError):
        return None


def recognised_whole(tree: Program, host: Host, catalogue: Catalogue) -> TraceSpec | None:
    """Return the spec that a program is, when the catalogue has words for all of it."""
    found = recognised(tree, host, catalogue)
    return found.spec if found.whole else None


def hooks_of(tree: Program, host: Host, most: int = 64) -> tuple[str, ...]:
    """Return the attach points of a program, patterns as the names that they match here; not BEGIN, END and intervals."""
    found: list[str] = []
    for point in (point for probe in tree.probes for point in probe.points):
        if point.kind in ("begin", "end", "interval"):
            continue
        text = ":".join((point.kind, *point.parts))
        wide: Sequence[str] = host.match(point.kind, ":".join(point.parts), most) if "*" in text else ()
        found += [f"{point.kind}:{name}" for name in wide] or [text]
    return tuple(dict.fromkeys(found))
