"""Printing statements of a program -> events that arrive typed and are counted where they are emitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gpttrace.language.nodes import (
    Call,
    Expr,
    ExprStmt,
    For,
    Identifier,
    Map,
    Probe,
    Record,
    String,
    Subprogram,
    Tuple,
    TypeName,
)
from gpttrace.language.program import Program
from gpttrace.language.tree import walk
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.edits import Edits, Part
from gpttrace.trace.fields import bare, distinct, fields_of, kind_of
from gpttrace.trace.formats import Spec, specs_of
from gpttrace.trace.plan import EXITING, WHOLE, Field, Kind, Site, Travel
from gpttrace.trace.survey import MapUse

MOST_SITES = 390
MOST_EXIT_COUNTERS = 16
_INTEGERS = "diuoxXc"
_READABLE_MAPS = frozenset(("count", "sum", "min", "max", "avg", "values"))


@dataclass(frozen=True, slots=True)
class Printing:
    """What the rewriting of printing statements needs to know."""

    dialect: Dialect
    tag: int
    separator: str
    uses: dict[str, MapUse]
    known: Mapping[int, Kind]


def statements(program: Program) -> Iterator[ExprStmt]:
    """Yield the statements that are calls, in source order, outside macros."""
    for item in program.items:
        if isinstance(item, Probe | Subprogram):
            for node in walk(item):
                if isinstance(node, ExprStmt) and isinstance(node.expr, Call) and not node.yields:
                    yield node


def rewrite_prints(program: Program, how: Printing, edits: Edits) -> tuple[Site, ...]:
    """Plan the edits that make every printing statement emit typed events; return the statements as sites."""
    sites: list[Site] = []
    iterators = inside_iterators(program)
    numbers = {"printf": 0, "print": 0}
    for statement in statements(program):
        call = statement.expr
        assert isinstance(call, Call)
        if call.name not in numbers or not call.args or _prints_a_map(call):
            continue
        fields, exprs = _printf(call, how) if call.name == "printf" else _print(call, how)
        if not fields or len(sites) >= MOST_SITES:
            continue
        numbers[call.name] += 1
        site = Site(
            tag=how.tag + len(sites) + 1,
            table=f"{call.name}:{numbers[call.name]}",
            travels=_way(call, fields, exprs, how),
            format=_format(call),
            fields=fields,
            counter=f"@__gpttrace_n{len(sites) + 1}",
            start=statement.start,
            end=statement.end,
        )
        if site.travels == "plain":
            site = replace(site, tag=0, counter=None)
        else:
            _edit(site, exprs, how, edits, in_iterator=id(statement) in iterators)
        sites.append(site)
    return tuple(sites)


def _prints_a_map(call: Call) -> bool:
    return call.name == "print" and isinstance(call.args[0], Map) and call.args[0].keys is None


def _format(call: Call) -> str | None:
    first = call.args[0]
    if call.name != "printf" or not isinstance(first, String):
        return None
    return first.value.decode(errors="backslashreplace")


def _printf(call: Call, how: Printing) -> tuple[tuple[Field, ...], list[Expr | TypeName]]:
    text = _format(call)
    specs = None if text is None else specs_of(text)
    exprs = call.args[1:]
    if not specs or len(specs) != len(exprs):
        return (), []
    fields = [
        replace(field, kind=_kind_as_printed(spec, field.kind))
        for spec, field in zip(specs, fields_of(exprs, how.known), strict=True)
    ]
    for i, expr in enumerate(exprs):
        if (clock := _clock_of(expr)) is not None:
            fields[i] = replace(fields[i], kind="time", form=clock[0])
            exprs[i] = clock[1]
    return tuple(fields), list(exprs)


def _kind_as_printed(spec: Spec, kind: Kind) -> Kind:
    if spec.conversion in "di" and kind == "int32":
        return kind
    if spec.conversion in _INTEGERS:
        return "uint" if kind == "uint" or spec.conversion == "u" else "int"
    if spec.conversion == "p":
        return "uint"
    if spec.conversion.startswith("r"):
        return "bytes"
    return "stack" if kind == "stack" else "string"


def _clock_of(expr: Expr | TypeName) -> tuple[str, Expr] | None:
    # strftime("%H:%M:%S", nsecs): the nanoseconds travel, the text is made here; so the column is a time.
    expr = bare(expr)
    if not isinstance(expr, Call) or expr.name != "strftime" or len(expr.args) != 2:
        return None
    form, when = bare(expr.args[0]), bare(expr.args[1])
    if isinstance(form, String) and isinstance(when, Identifier) and when.name == "nsecs":
        return form.value.decode(errors="backslashreplace"), when
    return None


def _print(call: Call, how: Printing) -> tuple[tuple[Field, ...], list[Expr | TypeName]]:
    value = bare(call.args[0])
    if len(call.args) != 1:
        return (), []
    if isinstance(value, Record):
        exprs: list[Expr | TypeName] = [each for _, each in value.fields]
        names = distinct(name for name, _ in value.fields)
        return tuple(
            replace(f, name=n) for f, n in zip(fields_of(exprs, how.known), names, strict=True)
        ), exprs
    if isinstance(value, Tuple) and value.items:
        return fields_of(value.items, how.known), list(value.items)
    return fields_of([value], how.known), [value]


def _way(call: Call, fields: tuple[Field, ...], exprs: list[Expr | TypeName], how: Printing) -> Travel:
    if call.name == "printf":
        fits = how.dialect.wide_tuples and all(map(_fits_tuple, fields, exprs, [how] * len(fields)))
        return "tuple" if fits else "text"
    if not how.dialect.wide_tuples:
        # 0.17 has 512 bytes of stack, and breaks on tuples with strings of odd sizes; what prints as text goes
        # as text.
        return "plain" if any(field.kind in ("any", "stack") for field in fields) else "text"
    only = bare(exprs[0])
    if isinstance(only, Map):
        return "tuple" if how.uses[only.name].kind in _READABLE_MAPS else "plain"
    alone = len(exprs) == 1 and not isinstance(bare(call.args[0]), Tuple | Record)
    return "plain" if alone and fields[0].kind == "any" else "tuple"


def _fits_tuple(field: Field, expr: Expr | TypeName, how: Printing) -> bool:
    # What `%s` prints of an expression whose type we do not know (an enum's name) a tuple may hold as a number.
    if field.kind == "bytes":
        return how.dialect.buf_is_array
    return field.kind in (*WHOLE, "time") or kind_of(expr, how.known) in ("string", "stack")


def _edit(
    site: Site, exprs: list[Expr | TypeName], how: Printing, edits: Edits, *, in_iterator: bool
) -> None:
    ranges: list[Part] = []
    for expr in exprs:
        ranges += [", ", (expr.start, expr.end)]
    # An iterator is called once more at its end, with nothing; bpftrace returns at the first look at it, so the count
    # comes behind that. Its printf writes no JSON but the bare text: we end the line ourselves.
    count = f"{site.counter} = count()"
    before, after = ("", f"; {count}") if in_iterator else (f"{count}; ", "")
    if site.travels == "tuple":
        edits.replace(site.start, site.end, f"{before}print(({site.tag}", *ranges, f")){after}")
        return
    form = how.separator + str(site.tag) + "".join(how.separator + _carrier(field) for field in site.fields)
    form += how.separator + ("\\n" if in_iterator else "")
    edits.replace(site.start, site.end, f'{before}printf("{form}"', *ranges, f"){after}")


def _carrier(field: Field) -> str:
    return {"int": "%lld", "int32": "%lld", "uint": "%llu", "time": "%llu", "bytes": "%rx"}.get(
        field.kind, "%s"
    )


def rewrite_exits(
    program: Program, sites: tuple[Site, ...], dialect: Dialect, tag: int, edits: Edits
) -> None:
    """Put the counters' values before each exit(): what is emitted after it bpftrace drops, and nobody misses it."""
    if not dialect.loops:
        return
    for statement in statements(program):
        if isinstance(statement.expr, Call) and statement.expr.name == "exit":
            # 0.23 knows no type yet of a map that is first assigned further down.
            known = [
                site.counter for site in sites if site.counter is not None and site.start < statement.start
            ]
            if 0 < len(known) <= MOST_EXIT_COUNTERS:
                values = ", ".join(f"(int64){counter}" for counter in known)
                edits.insert(statement.start, f"print(({tag + EXITING}, {values})); ")


def inside_loops(program: Program) -> set[int]:
    """Return the ids of all nodes in the bodies of `for` loops: another loop over a map cannot stand there."""
    return {id(node) for loop in walk(program) if isinstance(loop, For) for node in walk(loop.body)}


def inside_iterators(program: Program) -> set[int]:
    """Return the ids of all nodes in `iter` probes."""
    probes = [probe for probe in program.probes if any(point.kind == "iter" for point in probe.points)]
    return {id(node) for probe in probes for node in walk(probe)}
