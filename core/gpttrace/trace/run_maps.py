"""All maps of a run: to each what is printed about it, and at the end their tables."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from gpttrace.trace.items import Snapshot
from gpttrace.trace.mapping import CLEARED, HEAD, ROW, TAIL
from gpttrace.trace.maps import Head, MapState
from gpttrace.trace.plan import Field, MapPlan, Plan
from gpttrace.trace.table import Table
from gpttrace.trace.values import moment
from gpttrace.trace.wire import Pairs, integer

EXACT = 2  # the level at which maps are printed the way we made the program print them


class RunMaps:
    """The maps that a plan knows, and others that turn up."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._states = {each.name: self._state(each) for each in plan.maps}
        self._numbered = [self._states[each.name] for each in plan.maps]

    def _state(self, plan: MapPlan) -> MapState:
        return MapState(plan, self.plan.dialect, self.plan.key_separator)

    def event(self, number: int, values: list[Any]) -> list[Snapshot] | None:
        """Take an event about a map; return the snapshots that it completes, None when it is no such event."""
        which, event = divmod(number - 400, 4)
        if not 0 <= which < len(self._numbered):
            return None
        state = self._numbered[which]
        shown = None
        if event == HEAD and len(values) == 5:
            when, first, div, why = (integer(value) or 0 for value in values[1:])
            shown = state.begin(Head(moment(when + self.plan.clock), first, div, why))
        elif event == ROW and len(values) == 3:
            with suppress(ValueError, TypeError):  # its dump counts as cut short then
                state.row(values[1], values[2])
        elif event == TAIL and len(values) == 2:
            shown = state.end(integer(values[1]))
        elif event != CLEARED:
            return None
        return [] if shown is None else [shown]

    def native(self, name: str, kind: str, value: Any, *, at_exit: bool) -> Snapshot | None:
        """Take bpftrace's own line about a map; return the snapshot that it is. Raises ValueError for an odd one."""
        if name not in self._states:
            self._states[name] = self._state(_guess(name, kind, value))
        return self._states[name].native(value, at_exit=at_exit)

    def end_all(self, when: int | None) -> list[Snapshot]:
        """Take the end, at `when` of bpftrace's clock; return the snapshots that are complete with it."""
        ended = [state.end() for state in self._states.values()]
        if when is not None:
            for state in self._states.values():
                state.ended_at = moment(when + self.plan.clock)
        return [snapshot for snapshot in ended if snapshot is not None]

    def finals(self) -> list[Snapshot]:
        """Return the last states of the maps that were printed in between, when the exit shows maps."""
        if self._hidden:
            return []
        finals = [state.final() for _, state in sorted(self._states.items())]
        return [snapshot for snapshot in finals if snapshot is not None]

    @property
    def _hidden(self) -> bool:
        return self.plan.level >= EXACT and not self.plan.exit_maps

    def tables(self) -> list[Table]:
        """Return the tables of all maps by name."""
        hidden = self._hidden
        shown = [s for _, s in sorted(self._states.items()) if not hidden or s.series or s.in_end is not None]
        return [table for state in shown if (table := state.table()) is not None]

    def warnings(self) -> list[str]:
        """Return what is less exact than it should be, as sentences."""
        said = []
        for name, state in self._states.items():
            if state.ambiguous:
                said.append(
                    f"{state.ambiguous} keys of {name} hold commas and cannot be told apart: they are shown joined"
                )
            if state.incomplete:
                said.append(
                    f"rows of the last dump of {name} were lost: its keys are as bpftrace prints them, joined"
                )
            if state.cut_short > 1:
                said.append(
                    f"{state.cut_short} snapshots of {name} were cut short and left out; no count is missing"
                )
        return said


def _guess(name: str, kind: str, value: Any) -> MapPlan:
    # Without a plan (a program that our parser does not know) keys stay one text.
    keyed = isinstance(value, Pairs) and not (kind == "stats" and len(value) == 3 and value[0][0] == "count")
    shape = {"hist": "hist", "tseries": "tseries"}.get(kind, "values")
    if kind == "stats":
        inner = value[0][1] if isinstance(value, Pairs) and keyed and value else value
        shape = "stats" if isinstance(inner, Pairs) else "avg"
    keys = (Field("key", "string"),) if keyed else ()
    return MapPlan(name, shape, keys=keys)  # type: ignore[arg-type]  # each is a MapKind
