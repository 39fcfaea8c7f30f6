"""Specs and hooks of their events -> the text of a bpftrace program, as someone who knows bpftrace would write it.

Works for every bpftrace from 0.17 on (`args->x`, no `config`, no `for`). Nothing here decides what is asked for: each field,
condition, key and value comes from the spec, each expression from the catalogue. Helper maps (`@start`, `@filename`) are guarded,
deleted at the end of each event and cleared at the end of the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from gpttrace.spec.catalogue import Field, Point
from gpttrace.spec.layout import (
    Layout,
    attach_points,
    expressions,
    fields_of,
    is_early,
    is_elapsed,
    lay_out,
    result_map,
    share_map,
)
from gpttrace.spec.literals import comparison
from gpttrace.spec.model import Condition

__all__ = ["Layout", "attach_points", "compose", "expressions", "fields_of", "lay_out", "result_map"]

_FORMATS = {"int": "%d", "int64": "%lld", "uint64": "%llu", "string": "%s", "stack": "%s"}
_WIDTH = 97  # with the comment marks: 100
_UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3))


def compose(layouts: Layout | Sequence[Layout], comments: tuple[str, ...] = ()) -> str:
    """Return the program's text for one event or several; `comments` become its head."""
    several = [layouts] if isinstance(layouts, Layout) else list(layouts)
    head = "".join(f"// {line}\n" for comment in comments for line in wrap(comment, _WIDTH))
    blocks = [block for layout in several for block in _blocks(layout)]
    blocks += [block for block in (_every_block(several), _end_block(several)) if block]
    return head + "\n\n".join(block.text for block in _apart(blocks)) + "\n"


@dataclass(frozen=True, slots=True)
class _Block:
    points: tuple[str, ...]
    rest: str

    @property
    def text(self) -> str:
        return ",\n".join(self.points) + "\n" + self.rest


def _apart(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """Write a list of probes out one by one where another block has one of them too: bpftrace 0.17 confuses the two."""
    many = list(blocks)
    times = Counter(point for block in many for point in block.points)
    for block in many:
        if len(block.points) > 1 and any(times[point] > 1 for point in block.points):
            yield from (_Block((point,), block.rest) for point in block.points)
        else:
            yield block


# ------------------------------------------------------------------------------------------------ blocks


def _blocks(layout: Layout) -> Iterator[_Block]:
    if layout.joined:
        yield from (_begin_block(layout, point) for point in layout.hook.points if point.begin)
        yield _joined_block(layout)
    else:
        yield from (_single_block(layout, point) for point in _single_points(layout))


def _block(points: tuple[str, ...], predicates: list[str], body: list[str]) -> _Block:
    lines = []
    if predicates:
        lines.append(f"/{' && '.join(_grouped(p, len(predicates)) for p in predicates)}/")
    return _Block(points, "\n".join([*lines, "{", *(f"\t{line}" for line in body), "}"]))


def _tests(layout: Layout, given: list[Condition], value: Callable[[str], str]) -> list[str]:
    """Return the conditions as expressions, those of which one will do as one of them."""
    tests: dict[str | int, list[str]] = {}
    for number, c in enumerate(given):
        place = c.field if c.op == "==" and c.field in layout.spec.either else number
        tests.setdefault(place, []).append(comparison(layout.event.fields[c.field], c, value(c.field)))
    return [" || ".join(each) for each in tests.values()]


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


def _single_block(layout: Layout, point: Point) -> _Block:
    points = point.begin if layout.place == "begin" else point.end
    when = point.when if layout.place == "begin" else layout.hook.end_when
    given = _ordered(layout)
    predicates = ([when] if when else []) + _tests(layout, given, lambda name: _value(layout, name, point))
    return _block(points, predicates, _action(layout, point))


def _begin_block(layout: Layout, point: Point) -> _Block:
    join = f"[{point.join or layout.hook.join}]"
    given = [c for c in _ordered(layout) if is_early(layout.event.fields[c.field])]
    predicates = [point.when] if point.when else []
    predicates += _tests(layout, given, lambda name: _raw(layout.event.fields[name], point))
    body = [f"{layout.start}{join} = nsecs;"] if layout.marked else []
    body += [f"{layout.helper(f)}{join} = {_stored(f, point)};" for f in layout.saved]
    return _block(point.begin, predicates, body)


def _joined_block(layout: Layout) -> _Block:
    join = f"[{layout.hook.join}]"
    points = tuple(dict.fromkeys(e for p in layout.hook.points for e in p.end))
    # bpftrace 0.17 takes no pointer beside `&&`, so a carried pointer is compared with 0.
    seen = f"{layout.guard}{join}" if layout.marked else f"{layout.guard}{join} != 0"
    predicates = [seen] + ([layout.hook.end_when] if layout.hook.end_when else [])
    given = [c for c in _ordered(layout) if not is_early(layout.event.fields[c.field])]
    late = _tests(layout, given, lambda name: _value(layout, name, None))
    variables = [f"${name} = {_joined_value(layout, name)};" for name in _variables(layout)]
    inner = _statements(layout, None)
    action = inner if not late else _if(" && ".join(_grouped(t, len(late)) for t in late), inner)
    deletes = [f"delete({helper}{join});" for helper in layout.helpers]
    return _block(points, predicates, [*variables, *action, *deletes])


def _if(condition: str, body: list[str]) -> list[str]:
    return [f"if ({condition}) {{", *(f"\t{line}" for line in body), "}"]


def _results(layouts: Sequence[Layout]) -> dict[str, Layout]:
    return {name: layout for layout in layouts for name in layout.results}


def _every_block(layouts: Sequence[Layout]) -> _Block | None:
    every, results = layouts[0].spec.every, _results(layouts)
    if every is None or not results:
        return None
    unit, size = next((each for each in _UNITS if every % each[1] == 0), ("", 0))
    if not size:
        raise ValueError(f"an interval of {every} ns is no whole number of microseconds")
    body = [_print(layout, name) for name, layout in results.items()]
    body += [f"clear({name});" for name in (*results, *_remembering(layouts))]
    return _block((f"interval:{unit}:{every // size}",), [], body)


def _end_block(layouts: Sequence[Layout]) -> _Block | None:
    body = []
    for name, layout in _results(layouts).items():
        if layout.spec.top is not None and layout.spec.every is None and _can_cut(layout):
            body += [_print(layout, name), f"clear({name});"]
    helpers = dict.fromkeys(helper for layout in layouts for helper in layout.helpers)
    body += [f"clear({helper});" for helper in (*helpers, *_remembering(layouts))]
    return _block(("END",), [], body) if body else None


def _remembering(layouts: Sequence[Layout]) -> list[str]:
    return [layout.seen for layout in layouts if layout.seen]


def _can_cut(layout: Layout) -> bool:
    # bpftrace ignores `top` for stats() (it warns, 0.17 to 0.27) and for a map without keys.
    return layout.spec.shape != "stats" and bool(layout.spec.keys)


def _print(layout: Layout, result: str) -> str:
    top = f", {layout.spec.top}" if layout.spec.top is not None and _can_cut(layout) else ""
    return f"print({result}{top});"


# --------------------------------------------------------------------------------------------- statements


def _action(layout: Layout, point: Point) -> list[str]:
    assigned = [f"${name} = {_value(layout, name, point)};" for name in _variables(layout)]
    return [*assigned, *_statements(layout, point)]


def _statements(layout: Layout, point: Point | None) -> list[str]:
    spec = layout.spec
    shown = [_shown(layout, name, point) for name in spec.keys]
    if spec.shape == "events":
        formats = " ".join(_FORMATS[layout.event.fields[name].type] for name in spec.keys)
        return [f'printf("{formats}\\n", {", ".join(shown)});']
    keys = f"[{', '.join(shown)}]" if shown else ""
    target = f"{result_map(spec, layout.event, layout.shared)}{keys}"
    if spec.shape == "distinct":
        assert spec.value is not None
        each = f"{layout.seen}[{', '.join([*shown, _shown(layout, spec.value, point)])}]"
        return _if(f"{each} == 0", [f"{each} = 1;", f"{target} = count();"])
    if spec.shape == "ratio":
        return [
            f"{target} = count();",
            f"{share_map(spec, layout.event)}{keys} = avg({_share(layout, point)});",
        ]
    if spec.value is None:
        return [f"{target} = count();"]
    function = "sum" if spec.shape in ("rate", "stacks") else spec.shape
    buckets = "".join(f", {number}" for number in spec.buckets or ()) if spec.shape == "lhist" else ""
    return [f"{target} = {function}({_shown(layout, spec.value, point)}{buckets});"]


def _share(layout: Layout, point: Point | None) -> str:
    part = layout.spec.part
    if part is None:  # of two events: those of the first
        return "100" if layout.spec.others else "0"
    test = comparison(layout.event.fields[part.field], part, _value(layout, part.field, point))
    return f"{test} ? 100 : 0" if "||" not in test else f"({test}) ? 100 : 0"


def _variables(layout: Layout) -> list[str]:
    """Return the fields that get a variable: those computed from helper maps, and printed ones without a plain name."""
    event, spec = layout.event, layout.spec
    names = (
        fields_of(spec)
        if layout.joined
        else (*spec.keys, *((spec.value,) if layout.seen and spec.value else ()))
    )
    return [
        name
        for name in names
        if name != layout.hook.given
        and (_carried(layout, event.fields[name]) or _unnamed(layout, event.fields[name]))
    ]


def _carried(layout: Layout, field: Field) -> bool:
    return layout.joined and (is_elapsed(field) or field in layout.saved)


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
    if is_elapsed(field):
        return f"nsecs - {layout.start}[{join}]"
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


def _ordered(layout: Layout) -> list[Condition]:
    # Integers before strings: the cheap test first.
    given = [c for c in layout.spec.conditions if c.field != layout.hook.given]
    return sorted(given, key=lambda c: isinstance(c.value, str) and c.field != "cgroup")
