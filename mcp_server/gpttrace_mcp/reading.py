"""Pages of a run: filter, top, and a window of rows, of a trace that goes on or of one that was kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from gpttrace.cli.text import plural
from gpttrace.errors import GpttraceError, UsageError
from gpttrace.trace import Result, Table
from gpttrace.trace.table import NUMERIC
from gpttrace_mcp.handles import Tracing
from gpttrace_mcp.shapes import RunReply, TablePart
from gpttrace_mcp.state import App
from gpttrace_mcp.tables import (
    DATA_NOTE,
    clean_text,
    fenced_output,
    finding_parts,
    table_part,
)
from gpttrace_mcp.tracing import reply_of

if TYPE_CHECKING:
    from gpttrace.explain.operation import Filter

MOST_TABLES = 40


@dataclass(frozen=True, slots=True)
class Window:
    """What to show of which table; `top` 0 is all."""

    table: str = ""
    offset: int = 0
    limit: int = 50
    top: int = 0
    by: str = ""
    where: str = ""

    @property
    def derives(self) -> bool:
        """Tell whether rows are chosen by what they hold."""
        return bool(self.top or self.where)


async def read_kept(app: App, result: Result, window: Window, handle: str) -> RunReply:
    """Return a page of a result."""
    tables = chosen(result.tables, window)
    parts = await app.in_thread(_pages, tables, window)
    reply = reply_of(result, [])
    reply.tables, reply.handle = parts, handle
    reply.data_note = DATA_NOTE if parts else ""
    reply.next = _more(parts, handle or result.run_id)
    if window.table:
        reply.explanation = reply.output = ""
    return reply


async def read_running(app: App, tracing: Tracing, window: Window) -> RunReply:
    """Return what a trace has so far: printed rows that arrived, and its maps as they are now."""
    run, live = tracing.run, tracing.live
    warnings = []
    maps = dict(live.maps)
    if run is not None and run.phase == "tracing":
        try:
            maps |= {each.name: each for each in await run.snapshot()}
        except GpttraceError as error:
            warnings.append(f"{error.message}; {error.hint}")
    counts = live.counts | {name: len(table) for name, table in maps.items()}
    if window.table and window.table not in counts:
        raise _no_table(window.table, counts)
    parts: list[TablePart] = []
    for name in [window.table] if window.table else list(counts)[:MOST_TABLES]:
        if name in maps:
            parts += await app.in_thread(_pages, [maps[name]], window)
        else:
            part = await app.in_thread(_arrived, tracing, name, counts[name], window)
            parts += [part] if part is not None else []
    rows = sum(counts.values())
    phase = run.phase if run is not None else "starting"
    return RunReply(
        status="running",
        summary=f"{phase} for {tracing.elapsed:.0f} s, {plural(rows, 'row')} so far",
        warnings=warnings,
        run_id=tracing.run_id,
        handle=tracing.handle,
        took_s=round(tracing.elapsed, 1),
        seconds_left=round(max(tracing.wish.seconds - tracing.elapsed, 0), 1),
        probes=run.probes if run is not None else 0,
        rows_total=rows,
        lost=live.lost,
        tables=parts,
        output="" if window.table else fenced_output("".join(live.output)),
        findings=finding_parts(live.problems, tracing.wish.program),
        data_note=DATA_NOTE if parts else "",
        next=[*_more(parts, tracing.handle), f"stop(run='{tracing.handle}') ends it and returns the result"],
    )


def chosen(tables: Sequence[Table], window: Window) -> list[Table]:
    """Return the tables that are meant; UsageError with those that there are."""
    if not window.table:
        return list(tables)[:MOST_TABLES]
    found = [each for each in tables if each.name == window.table]
    if not found:
        raise _no_table(window.table, [each.name for each in tables])
    return found


def _no_table(name: str, known: Iterable[str]) -> UsageError:
    names = ", ".join(clean_text(each, 60) for each in list(known)[:20])
    return UsageError(
        f"there is no table {clean_text(name, 60)!r}",
        hint=f"there is {names}" if names else "it has no tables",
    )


def _pages(tables: Sequence[Table], window: Window) -> list[TablePart]:
    parts = []
    for table in tables:
        try:
            shown = derived(table, window)
        except UsageError:
            if window.table or len(tables) == 1:
                raise
            continue  # of several tables those that have the column
        offset = max(len(shown) + window.offset, 0) if window.offset < 0 else window.offset
        parts.append(table_part(shown, offset=offset, limit=window.limit))
    if tables and not parts:
        raise UsageError(
            "no table has what `where` or `by` names", hint="read without them shows the columns"
        )
    return parts


def _arrived(tracing: Tracing, name: str, count: int, window: Window) -> TablePart | None:
    """Return a page of the printed rows of a running trace; only a filter has to look at them all."""
    offset = max(count + window.offset, 0) if window.offset < 0 else window.offset
    if window.derives:
        whole = tracing.live.events(name, 0, count)
        return _pages([whole], window)[0] if whole is not None else None
    table = tracing.live.events(name, offset, window.limit)
    return table_part(table, limit=window.limit, total=count, first=offset) if table is not None else None


def derived(table: Table, window: Window) -> Table:
    """Return the rows that fit, largest first where `top` is asked for; UsageError for what the table does not have."""
    if not window.derives:
        return table.ranked()
    from gpttrace.explain.derive import derive
    from gpttrace.explain.operation import Operation, check_operation

    filters = (read_filter(table, window.where),) if window.where else ()
    sort = (window.by or _first_value(table)) if window.top else None
    operation = Operation(table.name, filters, sort=sort, top=window.top or None)
    check_operation(operation, table)
    found = derive(table, operation)
    return found if window.top else found.ranked()


def _first_value(table: Table) -> str | None:
    values = [each.name for each in table.columns if each.type in NUMERIC and each.role == "value"]
    return next(iter(values), None)


def read_filter(table: Table, text: str) -> Filter:
    """Read `COLUMN OP VALUE`; names of columns may hold anything, so those that there are decide where the name ends."""
    from gpttrace.explain.operation import Comparison, Filter

    operators: list[Comparison] = sorted(get_args(Comparison), key=len, reverse=True)
    for name in sorted(table.names, key=len, reverse=True):
        match = re.fullmatch(
            rf"\s*{re.escape(name)}\s*({'|'.join(map(re.escape, operators))})\s*(.*?)\s*", text, re.DOTALL
        )
        if match is not None:
            column = next(each for each in table.columns if each.name == name)
            op = next(each for each in operators if each == match[1])
            return Filter(name, op, (_value(match[2], column.type),))
    raise UsageError(
        f"cannot read where={clean_text(text, 60)!r}",
        hint=f"COLUMN OP VALUE; columns: {', '.join(clean_text(each, 40) for each in table.names)}; OP: {' '.join(operators)}",
    )


def _value(text: str, kind: str) -> int | float | str | bool:
    bare = text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'" else text
    if kind == "bool":
        return bare.lower() in ("true", "1", "yes")
    if kind in NUMERIC:
        try:
            return int(bare.replace("_", "").replace(",", ""), 0)
        except ValueError:
            try:
                return float(bare)
            except ValueError:
                raise UsageError(
                    f"{clean_text(text, 40)!r} is no number", hint="compare this column with a number"
                ) from None
    return bare


def _more(parts: Sequence[TablePart], name: str) -> list[str]:
    return [
        f"read(run='{name}', table='{each.name}', offset={each.offset + len(each.rows)}) gives the next rows"
        for each in parts
        if each.offset + len(each.rows) < each.total
    ][:4]
