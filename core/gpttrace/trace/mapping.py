"""Maps of a program -> how each is kept in the copy, dumped with exact keys, and read while it is being cleared.

Where bpftrace has `for ($kv : @m)`, maps are dumped by loops as typed tuples. hist, lhist and stats, over which no
version loops, become one count (or sum) per key and bucket; that also avoids what versions get wrong when they
print them. Where there are no loops, a constant is put between key parts that could hold commas. `clear(@m)` would
lose what arrives between print and clear, so the copy never clears what can be subtracted: what is shown are
differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gpttrace.language.nodes import Assign, Block, Call, ExprStmt, Integer, Map, Unary
from gpttrace.language.program import Program
from gpttrace.language.tree import walk
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.edits import Edits
from gpttrace.trace.fields import bare, fields_of
from gpttrace.trace.plan import WHOLE, Field, Kind, MapPlan
from gpttrace.trace.printing import inside_loops, statements
from gpttrace.trace.survey import MapUse, key_parts

MOST_MAPS = 140
# Events about map number n have the tags base + 400 + 4 * n + …
HEAD, ROW, TAIL, CLEARED = 0, 1, 2, 3
# What a dump is for, the last number of a head: one of a series, one that also clears, one that only clears, what END
# prints, the exit, a request from outside. That a dump clears stands in its head: they arrive together or not at all.
SERIES, CLEARING, HIDDEN, FINAL, EXIT, ASKED = 0, 1, 2, 3, 4, 5
_SUBTRACTABLE = frozenset(("count", "sum", "avg", "stats", "hist", "lhist"))
_BUCKETED = frozenset(("hist", "lhist", "stats"))


@dataclass(frozen=True, slots=True)
class Maps:
    """The plans of all maps, and what writing dumps of them takes."""

    plans: Mapping[str, MapPlan]
    tag: int

    def event(self, plan: MapPlan, which: int) -> int:
        """Return the tag of an event about a map."""
        return self.tag + 400 + 4 * plan.number + which

    def dump(self, plan: MapPlan, why: int, top: int = 0, div: int = 0) -> str:
        """Return statements that print a map, with the time and the reason before it."""
        head = f"print(({self.event(plan, HEAD)}, nsecs, {top}, {div}, {why})); "
        if not plan.looped:
            return f"{head}print({plan.name});"
        return (
            f"{head}$__c = 0; for ($__kv : {plan.name}) {{ $__c++; "
            f"print(({self.event(plan, ROW)}, $__kv.0, $__kv.1)); }} print(({self.event(plan, TAIL)}, $__c));"
        )


def plan_maps(
    uses: Mapping[str, MapUse], dialect: Dialect, units: Mapping[str, str], known: Mapping[int, Kind]
) -> dict[str, MapPlan]:
    """Return how each map is kept and read."""
    named = sorted(uses)[:MOST_MAPS]
    return {name: _plan(number, uses[name], dialect, units, known) for number, name in enumerate(named)}


def _plan(
    number: int, use: MapUse, dialect: Dialect, units: Mapping[str, str], known: Mapping[int, Kind]
) -> MapPlan:
    kind = use.kind or "values"
    alone = not (use.read or use.deleted or use.odd)
    cumulative = bool(use.cleared) and alone and not use.zeroed and kind in _SUBTRACTABLE
    inner = (
        alone and (kind in _BUCKETED or (kind == "avg" and cumulative)) and all(map(_plain_call, use.assigns))
    )
    cumulative = cumulative and (inner or kind in ("count", "sum"))
    keys = tuple(
        replace(f, unit=units.get(f"{use.name}.{f.name}", f.unit)) for f in fields_of(use.keys or (), known)
    )
    looped = dialect.loops and (bool(keys) or inner) and (inner or kind not in {*_BUCKETED, "tseries"})
    return MapPlan(
        name=use.name,
        kind=kind,
        number=number,
        keys=keys,
        looped=looped,
        inner=inner,
        separated=() if dialect.loops else _separated(use, keys),
        cumulative=cumulative,
        span=_span(use.assigns[0]) if inner else (),
        unit=units.get(use.name),
        ended=use.ended,
    )


def _separated(use: MapUse, keys: tuple[Field, ...]) -> tuple[int, ...]:
    wild = [i for i, field in enumerate(keys) if field.kind not in WHOLE]
    same = all(node.keys is None or len(key_parts(node.keys)) == len(keys) for node in use.nodes)
    return tuple(wild[:-1]) if same else ()


def _plain_call(assign: Assign) -> bool:
    call = bare(assign.value)
    if not isinstance(call, Call):
        return False
    numbers = [_number(arg) for arg in call.args[1:]]
    wanted = {"hist": (0, 1), "lhist": (3,), "stats": (0,), "avg": (0,)}[call.name]
    if len(numbers) not in wanted or None in numbers or not call.args:
        return False
    return call.name != "lhist" or (numbers[2] or 0) > 0


def _number(arg: object) -> int | None:
    match bare(arg):  # type: ignore[arg-type]  # a TypeName is no number either
        case Integer(value=value):
            return value
        case Unary(op="-", operand=Integer(value=value)):
            return -value
    return None


def _span(assign: Assign) -> tuple[int, ...]:
    call = bare(assign.value)
    assert isinstance(call, Call)
    numbers = tuple(_number(arg) or 0 for arg in call.args[1:])
    return (numbers or (0,)) if call.name == "hist" else numbers


# ------------------------------------------------------------------------------------------------ edits


def edit_maps(program: Program, uses: Mapping[str, MapUse], maps: Maps, separator: int, edits: Edits) -> None:
    """Plan the edits of every use of a map whose copy differs from it."""
    for name, plan in maps.plans.items():
        if plan.inner:
            for number, assign in enumerate(uses[name].assigns):
                _spread(plan, assign, f"{plan.number}_{number}", edits)
        for node in uses[name].nodes if plan.separated else ():
            parts = key_parts(node.keys or [])
            for i in plan.separated if parts else ():
                edits.insert(parts[i + 1].start, f"{separator}, ")
    _edit_prints(program, maps, edits)


def _spread(plan: MapPlan, assign: Assign, unique: str, edits: Edits) -> None:
    # @h[k] = hist(x)  ->  compute the bucket of x; @h[k, bucket] = count()
    call = bare(assign.value)
    assert isinstance(call, Call)
    target = assign.target
    value = (call.args[0].start, call.args[0].end)
    keyed = getattr(target, "keys", None) is not None
    place = ((target.start, target.end - 1), ", ") if keyed else (f"{plan.name}[",)
    x = f"$__x{unique}"
    if plan.kind in ("stats", "avg"):
        first = (f"{x} = (int64)(", value, "); ", *place, "0] = sum((int64)1); ")
        edits.replace(assign.start, assign.end, *first, *place, f"1] = sum({x})")
        return
    code, bucket = _log2(unique, plan.span[0]) if plan.kind == "hist" else _linear(unique, plan.span)
    # To 64 bits with its sign first: (uint64) of an int32 would not extend it (0.17, 0.23).
    kind = "(uint64)(int64)" if plan.kind == "hist" else "(int64)"
    edits.replace(
        assign.start, assign.end, f"{x} = {kind}(", value, f"); {code}", *place, f"{bucket}] = count()"
    )


def _log2(unique: str, bits: int) -> tuple[str, str]:
    # The key is the low end of the bucket: x with all but its `bits` + 1 highest bits cleared.
    x, t, n = f"$__x{unique}", f"$__t{unique}", f"$__n{unique}"
    steps = [
        f"if ({t} > {(1 << (1 << i)) - 1}) {{ {t} >>= {1 << i}; {n} += {1 << i}; }} "
        for i in (5, 4, 3, 2, 1, 0)
    ]
    code = f"{t} = {x} >> {bits}; {n} = (uint64)0; {''.join(steps)}"
    return code, f"({x} >> {n}) << {n}"


def _linear(unique: str, span: tuple[int, ...]) -> tuple[str, str]:
    x, n = f"$__x{unique}", f"$__n{unique}"
    low, high, step = span
    top = 1 + (high - low) // step
    code = (
        f"{n} = (uint64)0; if ({x} >= {low}) {{ {n} = {top}; "
        f"if ({x} < {high}) {{ {n} = 1 + (uint64)({x} - {low}) / {step}; }} }} "
    )
    return code, n


def _edit_prints(program: Program, maps: Maps, edits: Edits) -> None:
    loops = inside_loops(program)
    pairs = _clearing_prints(program)
    clearing = set(pairs.values())
    ends = {
        id(node)
        for probe in program.probes
        if any(point.kind == "end" for point in probe.points)
        for node in walk(probe)
    }
    for statement in statements(program):
        call = statement.expr
        plan = _whole_map(call, maps) if isinstance(call, Call) else None
        if plan is None or id(statement) in loops:
            continue
        assert isinstance(call, Call)
        if call.name == "print":
            why = CLEARING if plan.cumulative and id(statement) in clearing else SERIES
            _edit_print(statement, call, plan, maps, FINAL if id(statement) in ends else why, edits)
        elif call.name == "clear" and plan.cumulative and id(statement) not in ends:
            text = f"print(({maps.event(plan, CLEARED)}, nsecs))"  # no version takes an empty statement
            if id(statement) not in pairs:
                text = maps.dump(plan, HIDDEN).removesuffix(";")
            edits.replace(statement.start, statement.end, text)


def _clearing_prints(program: Program) -> dict[int, int]:
    # print(@a); print(@b); clear(@a); clear(@b): the ids of clears with that of the print whose dump serves both.
    pairs: dict[int, int] = {}
    for block in walk(program):
        printed: dict[str, int] = {}
        for statement in block.body if isinstance(block, Block) else ():
            call = statement.expr if isinstance(statement, ExprStmt) else None
            target = call.args[0] if isinstance(call, Call) and call.args else None
            if isinstance(call, Call) and isinstance(target, Map) and target.keys is None:
                if call.name == "print" and None not in map(_number, call.args[1:]):
                    printed[target.name] = id(statement)
                elif call.name == "clear" and target.name in printed:
                    pairs[id(statement)] = printed.pop(target.name)
    return pairs


def _whole_map(call: Call, maps: Maps) -> MapPlan | None:
    target = call.args[0] if call.args and call.name in ("print", "clear") else None
    if target is None or getattr(target, "keys", ()) is not None:
        return None
    return maps.plans.get(getattr(target, "name", ""))


def _edit_print(statement: ExprStmt, call: Call, plan: MapPlan, maps: Maps, why: int, edits: Edits) -> None:
    numbers = [_number(arg) for arg in call.args[1:]]
    if None in numbers or len(numbers) > 2:
        return
    top, div = [*(number or 0 for number in numbers), 0, 0][:2]
    if plan.looped or plan.inner or plan.cumulative:
        edits.replace(statement.start, statement.end, maps.dump(plan, why, top, div).removesuffix(";"))
    else:
        edits.insert(statement.start, f"print(({maps.event(plan, HEAD)}, nsecs, 0, 0, {why})); ")


def dumps(maps: Maps, why: int) -> str:
    """Return statements that print all maps, at the exit only those that loops print and END itself does not clear."""
    wanted = list(maps.plans.values())
    if why == EXIT:
        wanted = [plan for plan in wanted if plan.looped and not plan.ended]
    return " ".join(maps.dump(plan, why) for plan in wanted)
