"""prepare(): the copy of a program that really runs, so that its results are exact; the user keeps seeing their own.

The copy prints a mark when BEGIN runs (every probe is attached then), emits typed events, counts them, dumps its
maps with exact keys and keeps the tracer out of the trace. Lines stay lines: whatever bpftrace says about the copy
can be shown at the user's place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from gpttrace.language import parse, symbols
from gpttrace.language.nodes import Binary, Bool, CDefinition, ConfigEntry, Identifier, Import, Integer, Probe
from gpttrace.language.program import Program
from gpttrace.language.tree import walk
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.edits import Edits
from gpttrace.trace.exclude import condition, probes_to_narrow
from gpttrace.trace.facts import argument_kinds
from gpttrace.trace.fields import bare
from gpttrace.trace.mapping import ASKED, EXIT, Maps, dumps, edit_maps, plan_maps
from gpttrace.trace.plan import COMMAND, END_REACHED, MARKERS, MapPlan, Plan, Site
from gpttrace.trace.printing import Printing, rewrite_exits, rewrite_prints
from gpttrace.trace.survey import survey

ROOM = 32768


def prepare(
    program: str,
    *,
    dialect: Dialect,
    nonce: str,
    exclude_self: bool = True,
    level: int = 2,
    units: Mapping[str, str] | None = None,
) -> Plan:
    """Return the plan for a program: what runs in its place and how its output is read.

    `nonce` is 16 random characters of a-z and 0-9. `level` 2 is exact, 1 only marks readiness, 0 leaves the program
    as it is: fall back when bpftrace refuses the copy. `units` names units of maps (`@bytes`), their keys
    (`@bytes.size`) and printed columns (`printf:1.size`). A program that does not parse runs as it is, because
    bpftrace's own words about it are wanted then.
    """
    tree = parse(program)
    clock = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    plain = Plan(
        program, program, 0, nonce, dialect, clock, probes=sum(len(probe.points) for probe in tree.probes)
    )
    if not tree.ok or not tree.probes:
        return plain
    copy = _Copy(tree, plain, _told_units(tree) | dict(units or {}))
    return copy.make(level, exclude_self=exclude_self) if level else replace(plain, maps=copy.plain_maps())


def _told_units(tree: Program) -> dict[str, str]:
    """Return the units of maps as far as the program itself tells: `@ = hist(nsecs - @start[tid])` is in ns."""
    return {each.name: each.unit for each in symbols(tree).maps.values() if each.unit}


class _Copy:
    """One copy in the making."""

    def __init__(self, tree: Program, plain: Plan, units: Mapping[str, str]) -> None:
        self.tree, self.plain, self.units = tree, plain, units
        self.edits = Edits(plain.program)
        self.uses = survey(tree)
        self.known = argument_kinds(tree)

    def make(self, level: int, *, exclude_self: bool) -> Plan:
        """Return the plan of the copy."""
        marker = f"gpttrace-ready-{self.plain.nonce}"
        plan = replace(self.plain, level=level, ready_marker=marker, maps=self.plain_maps())
        if level >= 2:
            plan = self._exact(plan)
        self._begin(f'printf("{marker}\\n"); ')
        self._name_command()
        if exclude_self:
            self._narrow()
        text, pieces = self.edits.apply()
        return replace(
            plan,
            text=text,
            pieces=pieces,
            markers=tuple(each for each in (*MARKERS, COMMAND) if each in text),
        )

    def plain_maps(self) -> tuple[MapPlan, ...]:
        """Return how the maps are read when bpftrace prints them."""
        plans = plan_maps(self.uses, self.plain.dialect, self.units, self.known).values()
        return tuple(
            replace(plan, looped=False, inner=False, separated=(), cumulative=False) for plan in plans
        )

    def _exact(self, plan: Plan) -> Plan:
        maps = Maps(plan_maps(self.uses, plan.dialect, self.units, self.known), plan.tag)
        sites = rewrite_prints(
            self.tree, Printing(plan.dialect, plan.tag, plan.separator, self.uses, self.known), self.edits
        )
        rewrite_exits(self.tree, sites, plan.dialect, plan.tag, self.edits)
        edit_maps(self.tree, self.uses, maps, plan.key_separator, self.edits)
        quiet = self._keep_exit_maps()
        if plan.dialect.config and any(each.inner and each.keys for each in maps.plans.values()):
            self._make_room()
        self._end(f"print(({plan.tag + END_REACHED}, nsecs)); {'' if quiet else dumps(maps, EXIT)}")
        return replace(
            plan,
            maps=tuple(maps.plans.values()),
            sites=tuple(self._with_units(site) for site in sites),
            exit_maps=not quiet,
            snapshot_signal=self._snapshots(maps, plan.dialect),
            probes=plan.probes + 2,
        )

    def _with_units(self, site: Site) -> Site:
        fields = tuple(replace(f, unit=self.units.get(f"{site.table}.{f.name}", f.unit)) for f in site.fields)
        return replace(site, fields=fields)

    def _begin(self, statements: str) -> None:
        begin = next((p for p in self.tree.probes if p.points[0].kind == "begin"), None)
        if begin is None:
            self.edits.insert(self.tree.probes[0].start, f"BEGIN {{ {statements}}} ")
        elif begin.predicate is None:
            self.edits.insert(begin.body.start + 1, f" {statements}")
        else:
            self._condition_inside(begin, before=statements)

    def _end(self, statements: str) -> None:
        ends = [p for p in self.tree.probes if p.points[0].kind == "end"]
        if not ends:
            self.edits.insert(len(self.plain.program), f"\nEND {{ {statements} }}\n")
        elif ends[-1].predicate is None:
            # The last statement may lack its semicolon, and an empty statement is accepted by no version.
            closing = "; " if self._unfinished(ends[-1]) else ""
            self.edits.insert(ends[-1].body.end - 1, f"{closing}{statements} ")
        else:
            self._condition_inside(ends[-1], after=statements)

    def _condition_inside(self, probe: Probe, before: str = "", after: str = "") -> None:
        # A program may have one BEGIN and one END (0.17, 0.23), and ours must run whatever their predicates say.
        test = probe.predicate
        assert test is not None
        self.edits.replace(
            probe.points[-1].end, probe.body.start + 1, f" {{ {before}if (", (test.start, test.end), ") {"
        )
        self.edits.insert(probe.body.end, f" {after}}}")

    def _unfinished(self, probe: Probe) -> bool:
        if not probe.body.body:
            return False
        rest = self.plain.program[probe.body.body[-1].end : probe.body.end - 1]
        last = self.plain.program[probe.body.body[-1].start : probe.body.body[-1].end]
        return ";" not in rest and not last.rstrip().endswith(("}", ";"))

    def _name_command(self) -> None:
        for node in walk(self.tree):
            if isinstance(node, Identifier) and node.name == "cpid":
                self.edits.replace(node.start, node.end, COMMAND)

    def _narrow(self) -> None:
        test = condition(self.plain.dialect)
        for probe in probes_to_narrow(self.tree):
            asked = probe.predicate
            if asked is None:
                self.edits.insert(probe.body.start, f"/{test}/ ")
            elif isinstance(bare(asked), Binary):
                self.edits.insert(asked.start, f"{test} && (")
                self.edits.insert(asked.end, ")")
            else:
                # 0.17 takes a pointer (`/@name[tid]/`) as a predicate, but neither beside `&&` nor in an if.
                self.edits.insert(probe.body.start + 1, f" if ({test}) {{")
                self.edits.insert(probe.body.end - 1, "} ")

    def _keep_exit_maps(self) -> bool:
        # Our counters are read from what bpftrace prints at its end; the user's maps are then left out by the
        # decoder.
        for node in walk(self.tree):
            if isinstance(node, ConfigEntry) and node.key == "print_maps_on_exit":
                value = node.value
                if isinstance(value, Integer | Bool) and not value.value:
                    self.edits.replace(value.start, value.end, "1" if isinstance(value, Integer) else "true")
                    return True
        return False

    def _make_room(self) -> None:
        # A histogram of bpftrace's own takes one key of its map, ours one for each bucket.
        config = self.tree.config
        room = f"max_map_keys = {ROOM}"
        if config is None:
            first = next(item for item in self.tree.items if not isinstance(item, CDefinition | Import))
            self.edits.insert(first.start, f"config = {{ {room} }} ")
        elif config.entries and all(entry.key != "max_map_keys" for entry in config.entries):
            self.edits.insert(config.entries[0].start, f"{room}; ")

    def _snapshots(self, maps: Maps, dialect: Dialect) -> Literal["SIGUSR1"] | None:
        if not dialect.loops:
            return "SIGUSR1"  # 0.17 prints all maps on it
        taken = any(point.kind == "self" for probe in self.tree.probes for point in probe.points)
        if taken or not dialect.signal_probes or not maps.plans:
            return None
        self.edits.insert(len(self.plain.program), f"\nself:signal:SIGUSR1 {{ {dumps(maps, ASKED)} }}\n")
        return "SIGUSR1"
