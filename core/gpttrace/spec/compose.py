"""A spec and a hook of its event -> the text of a bpftrace program, as someone who knows bpftrace would write it.

Works for every bpftrace from 0.17 on (`args->x`, no `config`, no `for`). Nothing here decides what is asked for: each field,
condition, key and value comes from the spec, each expression from the catalogue. Helper maps (`@start`, `@filename`) are guarded,
deleted at the end of each event and cleared at the end of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from gpttrace.spec.catalogue import Event, Field, Hook, Point
from gpttrace.spec.literals import comparison
from gpttrace.spec.model import Condition, TraceSpec

_FORMATS = {"int": "%d", "int64": "%lld", "uint64": "%llu", "string": "%s", "stack": "%s"}
_WIDTH = 97  # with the comment marks: 100


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each part of a spec is evaluated with one hook: at `place`, with `saved` fields carried there from the begin."""

    spec: TraceSpec
    event: Event
    hook: Hook
    place: str
    saved: tuple[Field, ...]
    timed: bool

    @property
    def joined(self) -> bool:
        """Tell whether begin and end are tied together by helper maps."""
        return self.timed or bool(self.saved)

    @property
    def marked(self) -> bool:
        """Tell whether `@start` is kept: for times, and where no saved pointer can serve as the guard."""
        return self.timed or (self.joined and not self.saved[0].is_late)

    @property
    def guard(self) -> str:
        """Return the helper map that says whether the begin was seen."""
        return "@start" if self.marked else self.helper(self.saved[0])

    @property
    def helpers(self) -> tuple[str, ...]:
        """Return the helper maps."""
        return (*(("@start",) if self.marked else ()), *(self.helper(f) for f in self.saved))

    def helper(self, field: Field) -> str:
        """Return the map that carries a field from the begin to the end."""
        name = f"@{field.name}"
        return f"{name}_at_begin" if name == result_map(self.spec, self.event) else name


def lay_out(spec: TraceSpec, event: Event, hook: Hook) -> Layout:
    """Decide where the fields of a spec are read."""
    shown = (
        *spec.keys,
        spec.value,
        *(c.field for c in spec.conditions if not _is_early(event.fields[c.field])),
    )
    needed = [event.fields[name] for name in fields_of(spec) if name in shown and name != hook.given]
    has_begin, has_end = any(p.begin for p in hook.points), any(p.end for p in hook.points)
    timed = any(f.name == "latency" for f in needed)
    at_end = has_end and (not has_begin or timed or any(f.begin is None for f in needed))
    saved = tuple(f for f in needed if f.name != "latency" and f.end is None) if at_end else ()
    return Layout(spec, event, hook, "end" if at_end else "begin", saved, timed)


def fields_of(spec: TraceSpec) -> tuple[str, ...]:
    """Return the catalogue fields that a spec uses, each once, in the order of keys, value, conditions."""
    names = (*spec.keys, *((spec.value,) if spec.value else ()), *(c.field for c in spec.conditions))
    return tuple(dict.fromkeys(names))


def attach_points(layout: Layout) -> tuple[str, ...]:
    """Return the attach points that the program will use, in order."""
    used = [p.begin for p in layout.hook.points if layout.joined or layout.place == "begin"]
    if layout.place == "end":
        used += [p.end for p in layout.hook.points]
    return tuple(dict.fromkeys(point for points in used for point in points))


def compose(layout: Layout, comments: tuple[str, ...] = ()) -> str:
    """Return the program's text; `comments` become its head."""
    head = "".join(f"// {line}\n" for comment in comments for line in wrap(comment, _WIDTH))
    return head + "\n\n".join(_blocks(layout)) + "\n"


def result_map(spec: TraceSpec, event: Event) -> str | None:
    """Return the map that holds the result, None when events are printed."""
    if spec.shape == "events":
        return None
    if spec.value is not None:
        return f"@{spec.value}"
    return "@stacks" if spec.shape == "stacks" else f"@{event.map}"


# ------------------------------------------------------------------------------------------------ blocks


def _blocks(layout: Layout) -> Iterator[str]:
    if layout.joined:
        yield from (_begin_block(layout, point) for point in layout.hook.points if point.begin)
        yield _joined_block(layout)
    else:
        yield from (_single_block(layout, point) for point in _single_points(layout))
    if (every := _every_block(layout)) is not None:
        yield every
    if (end := _end_block(layout)) is not None:
        yield end


def _block(points: tuple[str, ...], predicates: list[str], body: list[str]) -> str:
    lines = [",\n".join(points)]
    if predicates:
        lines.append(f"/{' && '.join(_grouped(p, len(predicates)) for p in predicates)}/")
    return "\n".join([*lines, "{", *(f"\t{line}" for line in body), "}"])


def _grouped(predicate: str, among: int) -> str:
    return f"({predicate})" if among > 1 and "||" in predicate else predicate


def _single_points(layout: Layout) -> Iterator[Point]:
    # Points that share their expressions become one block with several attach points.
    merged: dict[tuple[object, ...], Point] = {}
    for point in layout.hook.points:
        needed = {name: point.fields[name] for name in fields_of(layout.spec) if name in point.fields}
        key = (point.when, tuple(sorted(needed.items())))
        before = merged.get(key)
        merged[key] = Point(
            (*(before.begin if before else ()), *point.begin),
            (*(before.end if before else ()), *point.end),
            point.when,
            needed,
        )
    return (p for p in merged.values() if (p.begin if layout.place == "begin" else p.end))


def _single_block(layout: Layout, point: Point) -> str:
    points = point.begin if layout.place == "begin" else point.end
    when = point.when if layout.place == "begin" else layout.hook.end_when
    predicates = ([when] if when else []) + [
        comparison(layout.event.fields[c.field], c, _value(layout, c.field, point)) for c in _ordered(layout)
    ]
    return _block(points, predicates, _action(layout, point))


def _begin_block(layout: Layout, point: Point) -> str:
    join = f"[{point.join or layout.hook.join}]"
    predicates = ([point.when] if point.when else []) + [
        comparison(layout.event.fields[c.field], c, _raw(layout.event.fields[c.field], point))
        for c in _ordered(layout)
        if _early(layout, c)
    ]
    body = [f"@start{join} = nsecs;"] if layout.marked else []
    body += [f"{layout.helper(f)}{join} = {_stored(f, point)};" for f in layout.saved]
    return _block(point.begin, predicates, body)


def _joined_block(layout: Layout) -> str:
    join = f"[{layout.hook.join}]"
    points = tuple(dict.fromkeys(e for p in layout.hook.points for e in p.end))
    # bpftrace 0.17 takes no pointer beside `&&`, so a carried pointer is compared with 0.
    seen = f"{layout.guard}{join}" if layout.marked else f"{layout.guard}{join} != 0"
    predicates = [seen] + ([layout.hook.end_when] if layout.hook.end_when else [])
    late = [
        comparison(layout.event.fields[c.field], c, _value(layout, c.field, None))
        for c in _ordered(layout)
        if not _early(layout, c)
    ]
    variables = [f"${name} = {_joined_value(layout, name)};" for name in _variables(layout)]
    inner = _statement(layout, None)
    action = (
        [inner]
        if not late
        else [f"if ({' && '.join(_grouped(t, len(late)) for t in late)}) {{", f"\t{inner}", "}"]
    )
    deletes = [f"delete({helper}{join});" for helper in layout.helpers]
    return _block(points, predicates, [*variables, *action, *deletes])


def _every_block(layout: Layout) -> str | None:
    every, result = layout.spec.every, result_map(layout.spec, layout.event)
    if every is None or result is None:
        return None
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if every % size == 0:
            return _block(
                (f"interval:{unit}:{every // size}",), [], [_print(layout, result), f"clear({result});"]
            )
    raise ValueError(f"an interval of {every} ns is no whole number of microseconds")


def _end_block(layout: Layout) -> str | None:
    result = result_map(layout.spec, layout.event)
    body = []
    if layout.spec.top is not None and layout.spec.every is None and result is not None and _can_cut(layout):
        body += [_print(layout, result), f"clear({result});"]
    body += [f"clear({helper});" for helper in layout.helpers]
    return _block(("END",), [], body) if body else None


def _can_cut(layout: Layout) -> bool:
    # bpftrace ignores `top` for stats() (it warns, 0.17 to 0.27) and for a map without keys.
    return layout.spec.shape != "stats" and bool(layout.spec.keys)


def _print(layout: Layout, result: str) -> str:
    top = f", {layout.spec.top}" if layout.spec.top is not None and _can_cut(layout) else ""
    return f"print({result}{top});"


# --------------------------------------------------------------------------------------------- statements


def _action(layout: Layout, point: Point) -> list[str]:
    assigned = [f"${name} = {_value(layout, name, point)};" for name in _variables(layout)]
    return [*assigned, _statement(layout, point)]


def _statement(layout: Layout, point: Point | None) -> str:
    spec = layout.spec
    shown = [_shown(layout, name, point) for name in spec.keys]
    if spec.shape == "events":
        formats = " ".join(_FORMATS[layout.event.fields[name].type] for name in spec.keys)
        return f'printf("{formats}\\n", {", ".join(shown)});'
    keys = f"[{', '.join(shown)}]" if shown else ""
    target = f"{result_map(spec, layout.event)}{keys}"
    if spec.value is None:
        return f"{target} = count();"
    function = "sum" if spec.shape == "rate" else spec.shape
    return f"{target} = {function}({_shown(layout, spec.value, point)});"


def _variables(layout: Layout) -> list[str]:
    """Return the fields that get a variable: those computed from helper maps, and printed ones without a plain name."""
    event, spec = layout.event, layout.spec
    names = fields_of(spec) if layout.joined else spec.keys
    return [
        name
        for name in names
        if name != layout.hook.given
        and (_carried(layout, event.fields[name]) or _unnamed(layout, event.fields[name]))
    ]


def _carried(layout: Layout, field: Field) -> bool:
    return layout.joined and (field.name == "latency" or field in layout.saved)


def _unnamed(layout: Layout, field: Field) -> bool:
    # A column is named after what is printed: `args->ret` would be called ret where bytes is meant.
    expr = field.begin if layout.place == "begin" else field.end
    return field.name in layout.spec.keys and expr not in (field.name, f"args->{field.name}")


def _shown(layout: Layout, name: str, point: Point | None) -> str:
    if name in _variables(layout):
        return f"${name}"
    return _value(layout, name, point)


def _value(layout: Layout, name: str, point: Point | None) -> str:
    field = layout.event.fields[name]
    if _carried(layout, field):
        return f"${name}"
    if point is None:
        return _read(field, field.end or "")
    return _raw(field, point, layout.place)


def _joined_value(layout: Layout, name: str) -> str:
    field, join = layout.event.fields[name], layout.hook.join
    if name == "latency":
        return f"nsecs - @start[{join}]"
    if field in layout.saved:
        carried = f"{layout.helper(field)}[{join}]"
        return _read(field, carried) if field.is_late else carried
    return _read(field, field.end or "")


def _raw(field: Field, point: Point, place: str = "begin") -> str:
    expr = point.fields.get(field.name) or (field.begin if place == "begin" else field.end)
    return _read(field, expr or "")


def _stored(field: Field, point: Point) -> str:
    # At the begin a user's string can read as "": its page may not be in memory yet.
    expr = point.fields.get(field.name) or field.begin or ""
    return expr if field.is_late else _read(field, expr)


def _read(field: Field, expr: str) -> str:
    return f"{field.read}({expr})" if field.read else expr


def _early(layout: Layout, condition: Condition) -> bool:
    return _is_early(layout.event.fields[condition.field])


def _is_early(field: Field) -> bool:
    return field.begin is not None and not field.is_late


def _ordered(layout: Layout) -> list[Condition]:
    # Integers before strings: the cheap test first.
    given = [c for c in layout.spec.conditions if c.field != layout.hook.given]
    return sorted(given, key=lambda c: isinstance(c.value, str) and c.field != "cgroup")
