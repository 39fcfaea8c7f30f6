"""Every static rule, in the order in which modules are looked at, and one walk that asks them all."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.check.static import (
    aggregations,
    arguments,
    calls,
    configs,
    control,
    declarations,
    formats,
    habits,
    maps,
    members,
    names,
    operators,
    places,
    predicates,
    shapes,
    strings,
    targets,
    traps,
    variables,
    versions,
)
from gpttrace.check.static.rule import Rule
from gpttrace.check.static.study import Study
from gpttrace.language import Program
from gpttrace.language import nodes as n

MODULES = (
    shapes, targets, places, names, members, calls, arguments, aggregations, maps, variables, operators, control, formats,
    versions, configs, declarations, predicates, strings, habits, traps,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)


def _by_class(rules: Sequence[Rule]) -> dict[type[n.Node], list[Rule]]:
    table: dict[type[n.Node], list[Rule]] = {}
    for rule in rules:
        for kind in rule.on:
            table.setdefault(kind, []).append(rule)
    return table


_INSIDE = _by_class(RULES)
_MACROS = _by_class([rule for rule in RULES if rule.macros])


def look(study: Study) -> None:
    """Ask every rule about every node."""
    for index, item in enumerate(study.program.items):
        study.enter(index)
        table = _INSIDE if isinstance(item, n.Probe | n.Subprogram) else _MACROS
        for node in study.nodes[index]:
            if (rules := table.get(type(node))) is not None:
                for rule in rules:
                    rule.check(study, node)
    study.probe = None
    for rule in _INSIDE.get(Program, ()):
        rule.check(study, study.program)
