"""From a tree to a `Meaning`: each probe is walked once, symbolically, with the condition under which each place is reached.

Branches are not enumerated: what a variable holds after an `if` is a term that chooses by its condition. Loops with constant
bounds are unrolled; others, macros and functions are not followed, and `Meaning.unread` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from gpttrace.language import Program, symbols
from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS
from gpttrace.language.types import FieldType, MemberType, Scope, type_of
from gpttrace.meaning.effects import Erase, Exit, Meaning, Place, Row, Show, Unread, Update
from gpttrace.meaning.points import point_name
from gpttrace.meaning.terms import (
    FALSE,
    TRUE,
    Apply,
    Fact,
    Number,
    Stored,
    Term,
    apply,
    both,
    chosen,
    either,
    is_large,
    negated,
    truth,
)
from gpttrace.meaning.values import CannotRead, Reader

_MOST_TURNS = 32  # of an unrolled loop
_MOST_UNREAD = 50
_MOST_CONDITIONS = 300  # parts of the condition under which a place is reached
_MOST_STEPS = 5000  # statements of one probe, each turn of a loop counted
_PRINTING = frozenset(("printf", "errorf", "warnf", "debugf", "join", "cat", "time"))


@dataclass(frozen=True, slots=True)
class Types:
    """Where the types of fields of `args` and of members of structs come from, as `symbols` takes them; none is known without."""

    field: FieldType | None = None
    member: MemberType | None = None


UNKNOWN_TYPES = Types()


def read_meaning(program: Program, types: Types = UNKNOWN_TYPES) -> Meaning:
    """Return what a program does. Never raises."""
    found = symbols(program, types.field, types.member)
    meaning = Meaning()
    number = 0
    for scope, item in zip(found.scopes, program.items, strict=True):
        if isinstance(item, n.Probe):
            walk = _Walk(meaning, scope, item, number, {macro.name for macro in program.macros})
            walk.whole()
            number += 1
    if not program.ok:
        meaning.unread.append(Unread("the program has syntax errors", Place(0, 0, 0)))
    return meaning


class _Walk:
    """One probe. `alive` is the condition under which the place at hand is reached."""

    def __init__(self, meaning: Meaning, scope: Scope, probe: n.Probe, number: int, macros: set[str]) -> None:
        self.meaning = meaning
        self.probe = probe
        self.number = number
        self.macros = macros
        self.points = tuple(dict.fromkeys(point_name(point) for point in probe.points))
        self.alive: Term = TRUE
        self.steps = 0
        self.written: dict[tuple[str, tuple[Term, ...]], Term] = {}
        types: dict[int, str] = {}
        self.reader = Reader(
            {}, self._stored, lambda node: type_of(node, scope, types), pointers=meaning.pointers
        )

    def whole(self) -> None:
        """Walk the probe from its predicate to its end."""
        try:
            if self.probe.predicate is not None:
                self.alive = truth(self.reader.term(self.probe.predicate))
        except CannotRead as error:
            self._unread(error)
            return
        except RecursionError:
            self._lost("the predicate is nested too deeply", self.probe)
            return
        try:
            self.block(self.probe.body)
        except RecursionError:
            self._lost("the program is nested too deeply", self.probe)

    # ------------------------------------------------------------------------------------ statements

    def block(self, block: n.Block) -> None:
        """Walk the statements of a block in order."""
        for stmt in block.body:
            if self.alive == FALSE:
                return
            self.steps += 1
            if self.steps > _MOST_STEPS or is_large(self.alive, most=_MOST_CONDITIONS):
                self._lost("the rest is too much to follow", stmt)
                self.alive = FALSE
                return
            try:
                self._statement(stmt)
            except CannotRead as error:
                self._unread(error)

    def _statement(self, stmt: n.Stmt) -> None:
        match stmt:
            case n.Assign(target=target, op=op, value=value):
                self._assign(target, op, value, stmt)
            case n.Let(target=target, value=value):
                self.reader.variables[target.name] = (
                    self.reader.term(value) if value is not None else Number(0)
                )
            case n.ExprStmt(expr=expr):
                self._expression(expr)
            case n.If(cond=cond, then=then, other=other):
                self._branch(truth(self.reader.term(cond)), then, other)
            case n.Unroll(count=count, body=body):
                self._unroll(count, body)
            case n.For(variable=variable, over=n.Range(low=low, high=high), body=body):
                self._range(variable, low, high, body)
            case n.BlockStmt(block=block):
                self.block(block)
            case n.Jump(word="return"):
                self.alive = FALSE
            case _:
                self._lost("this statement is not followed", stmt)

    def _branch(self, cond: Term, then: n.Block, other: n.Block | n.If | None) -> None:
        before, variables, written = self.alive, dict(self.reader.variables), dict(self.written)
        self.alive = both(before, cond)
        self.block(then)
        ended = (self.alive, self.reader.variables, self.written)
        self.reader.variables, self.written = dict(variables), dict(written)
        self.alive = both(before, negated(cond))
        if isinstance(other, n.If):
            self._statement(other)
        elif other is not None:
            self.block(other)
        self._merge(cond, before, ended)

    def _merge(
        self,
        cond: Term,
        before: Term,
        ended: tuple[Term, dict[str, Term], dict[tuple[str, tuple[Term, ...]], Term]],
    ) -> None:
        alive, variables, written = ended
        mine = self.reader.variables
        for name in variables.keys() | mine.keys():
            one, other = variables.get(name, Number(0)), mine.get(name, Number(0))
            mine[name] = self._bounded(chosen(cond, one, other), self.probe)
        for place in written.keys() | self.written.keys():
            stored = Stored(*place)
            self.written[place] = chosen(cond, written.get(place, stored), self.written.get(place, stored))
        whole = alive == both(before, cond) and self.alive == both(before, negated(cond))
        self.alive = before if whole else either(alive, self.alive)

    def _unroll(self, count: n.Expr, body: n.Block) -> None:
        times = self.reader.term(count)
        if not isinstance(times, Number) or not 0 <= times.value <= _MOST_TURNS:
            self._lost("a loop without a small constant bound is not followed", count)
            return
        for _ in range(times.value):
            self.block(body)

    def _range(self, variable: n.Variable, low: n.Expr, high: n.Expr, body: n.Block) -> None:
        first, last = self.reader.term(low), self.reader.term(high)
        small = (
            isinstance(first, Number) and isinstance(last, Number) and last.value - first.value <= _MOST_TURNS
        )
        if not small:
            self._lost("a loop without a small constant bound is not followed", variable)
            return
        assert isinstance(first, Number)
        assert isinstance(last, Number)
        for turn in range(first.value, last.value):
            self.reader.variables[variable.name] = Number(turn)
            self.block(body)

    # ------------------------------------------------------------------------------------ assignments

    def _assign(self, target: n.Expr, op: str, value: n.Expr, stmt: n.Node) -> None:
        if isinstance(target, n.Variable):
            term = self.reader.term(value)
            old = self.reader.variables.get(target.name, Number(0))
            self.reader.variables[target.name] = self._bounded(
                term if op == "=" else apply(op[:-1], old, term), stmt
            )
            return
        if not isinstance(target, n.Map):
            self._lost("this assignment is not followed", stmt)
            return
        keys = self.reader.keys(target)
        if op == "=" and isinstance(value, n.Call) and value.name in AGGREGATIONS:
            args = tuple(self.reader.term(each) for each in value.args)
            self._update(target.name, keys, value.name, args, stmt)
            return
        term = self.reader.term(value)
        if op == "+=":
            self._add(target.name, keys, term, stmt)
        elif op == "-=":
            self._add(target.name, keys, apply("-", term), stmt)
        elif op == "=":
            self._set(target.name, keys, term, stmt)
        else:
            self._lost(f"`{op}` of a map is not followed", stmt)

    def _bounded(self, term: Term, node: n.Node) -> Term:
        if not is_large(term):
            return term
        self._lost("this value is too large to follow", node)
        return Fact(f"value at {node.start}", "int64")

    def _set(self, name: str, keys: tuple[Term, ...], term: Term, stmt: n.Node) -> None:
        term = self._bounded(term, stmt)
        old = Stored(name, keys)
        match term:
            case Number(value=0):
                self.meaning.erases.append(Erase(self.points, self.alive, name, keys, self._place(stmt)))
            case _ if (more := _added(term, old)) is not None:
                self._add(name, keys, more, stmt)
                return
            case _:
                self._update(name, keys, "set", (term,), stmt)
        self.written[(name, keys)] = term

    def _add(self, name: str, keys: tuple[Term, ...], term: Term, stmt: n.Node) -> None:
        self._update(name, keys, "add", (term,), stmt)
        self.written[(name, keys)] = self._bounded(apply("+", self._stored(name, keys), term), stmt)

    def _update(
        self, name: str, keys: tuple[Term, ...], how: str, args: tuple[Term, ...], stmt: n.Node
    ) -> None:
        place = self._place(stmt)
        self.meaning.updates.append(Update(self.points, self.alive, name, keys, how, args, place))  # type: ignore[arg-type]

    def _stored(self, name: str, keys: tuple[Term, ...]) -> Term:
        if (known := self.written.get((name, keys))) is not None:
            return known
        self.meaning.reads.append((name, keys, self._place(self.probe)))
        return Stored(name, keys)

    # -------------------------------------------------------------------------------------- calls

    def _expression(self, expr: n.Expr) -> None:
        while isinstance(expr, n.Paren):
            expr = expr.inner
        match expr:
            case n.Unary(op="++" | "--" as op, operand=operand):
                self._step(operand, 1 if op == "++" else -1, expr)
            case n.Call(name=name) if name in self.macros:
                self._lost("a macro is not followed", expr)
            case n.Call():
                self._call(expr)
            case n.IfExpr(branch=branch):
                self._statement(branch)
            case n.BlockExpr(body=body):
                self.block(body)
            case _:
                self.reader.term(expr)  # for its effect there is none

    def _step(self, operand: n.Expr, by: int, expr: n.Node) -> None:
        if isinstance(operand, n.Map):
            self._add(operand.name, self.reader.keys(operand), Number(by), expr)
        elif isinstance(operand, n.Variable):
            old = self.reader.variables.get(operand.name, Number(0))
            self.reader.variables[operand.name] = apply("+", old, Number(by))
        else:
            self._lost("this step is not followed", expr)

    def _call(self, call: n.Call) -> None:
        first = call.args[0] if call.args else None
        match call.name:
            case "delete" | "clear" | "zero" if isinstance(first, n.Map):
                self._erase(call, first)
            case "print" if isinstance(first, n.Map) and first.keys is None:
                top = self.reader.term(call.args[1]) if len(call.args) > 1 else None
                number = top.value if isinstance(top, Number) and top.value > 0 else None
                self.meaning.shows.append(Show(self.points, first.name, number, self._place(call)))
            case "print":
                given = first.items if isinstance(first, n.Tuple) else [first]
                self._row(call, [each for each in given if each is not None])
            case "exit":
                self.meaning.exits.append(Exit(self.points, self.alive, self._place(call)))
            case name if name in _PRINTING:
                self._row(call, [each for each in call.args if not isinstance(each, n.String)])
            case _:
                self.reader.term(call)

    def _row(self, call: n.Call, args: list[n.Expr | n.TypeName]) -> None:
        terms = tuple(self.reader.term(each) for each in args)
        self.meaning.rows.append(Row(self.points, self.alive, terms, self._place(call)))

    def _erase(self, call: n.Call, target: n.Map) -> None:
        keys: tuple[Term, ...] | None
        if len(call.args) > 1 and isinstance(call.args[1], n.Expr):
            keys = self.reader.keys(n.Map(target.name, [call.args[1]]))
        else:
            keys = self.reader.keys(target) if target.keys is not None else None
        if call.name == "delete" and keys is None:
            keys = ()
        self.meaning.erases.append(Erase(self.points, self.alive, target.name, keys, self._place(call)))
        if keys is not None:
            self.written[(target.name, keys)] = Number(0)

    # ---------------------------------------------------------------------------------------- places

    def _place(self, node: n.Node) -> Place:
        return Place(node.start, node.end, self.number)

    def _unread(self, error: CannotRead) -> None:
        self._lost(error.why, error.node)

    def _lost(self, why: str, node: n.Node) -> None:
        if len(self.meaning.unread) >= _MOST_UNREAD:
            return
        self.meaning.unread.append(Unread(why, self._place(node)))


def _added(term: Term, old: Stored) -> Term | None:
    """Return what is added when a map gets its own value and something more (`@x = @x + 1`)."""
    if isinstance(term, Apply) and term.op == "+" and old in term.args:
        one, other = term.args
        return other if one == old else one
    return None
