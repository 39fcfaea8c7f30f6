"""A program in plain sentences, probe by probe, every claim read from its tree.

What has no phrase is quoted as code. What bpftrace does by itself (maps printed at the end) is said, too.
"""

from __future__ import annotations

from collections.abc import Callable

from gpttrace.explain.phrases import condition, keys, listed, moment, moments, quote, value
from gpttrace.language import Program, symbols, to_text, walk
from gpttrace.language import nodes as n
from gpttrace.language.naming import Known, column_names
from gpttrace.language.symbols import Symbols

EventWords = Callable[[n.AttachPoint], str | None]
_MOST_POINTS = 4
_PLAIN = ("begin", "end", "interval", "profile")  # their words say all that the attach point says
_MOST_ACTIONS = 14


def explain_program(program: Program, event_words: EventWords | None = None) -> list[str]:
    """Return one paragraph for each probe, and one for what happens at the end.

    `event_words` may say what an attach point shows (`a file is opened`); it is put into "each time …".
    """
    found = symbols(program)
    paragraphs = []
    for index, item in enumerate(program.items):
        if isinstance(item, n.Probe):
            paragraphs.append(_probe(item, found.known[index], event_words))
    if program.probes:
        paragraphs += _ending(program, found)
    return paragraphs


def _probe(probe: n.Probe, known: Known, event_words: EventWords | None) -> str:
    if (period := _deadline(probe)) is not None:
        return f"After {period} it ends."
    when = _when(probe.points, event_words) or "whenever"
    if probe.predicate is not None:
        when += f", if {condition(probe.predicate, known)}"
    return f"{when[0].upper()}{when[1:]}, it {_actions(probe.body, known)}."


def _when(points: list[n.AttachPoint], event_words: EventWords | None) -> str:
    events = {words: None for point in points if event_words and (words := event_words(point))}
    others = [point for point in points if not (event_words and event_words(point))]
    shown = others[:_MOST_POINTS]
    parts = [f"each time {listed(list(events), 'or')}"] if events else []
    parts += [moments(shown)] if shown else []
    if len(others) > len(shown):
        more = len(others) - len(shown)
        parts.append(f"at {more} more attach point{'s' if more > 1 else ''}")
    code = [f"`{point.text}`" for point in points if point.kind not in _PLAIN]
    if len(code) > _MOST_POINTS:
        code = [*code[: _MOST_POINTS - 1], f"{len(code) - _MOST_POINTS + 1} more"]
    words = ", or ".join(parts)
    return f"{words} ({', '.join(code)})" if code and not all(each in words for each in code) else words


def _deadline(probe: n.Probe) -> str | None:
    # `interval:s:10 { exit(); }` is how a program ends itself.
    if (
        len(probe.points) == 1
        and probe.predicate is None
        and [_call_name(stmt) for stmt in probe.body.body] == ["exit"]
    ):
        words = moment(probe.points[0])
        if words.startswith("every "):
            period = words.removeprefix("every ")
            return period if period[0].isdigit() else f"one {period}"
    return None


def _constant_entry(stmt: n.Stmt) -> str:
    # `@name[2] = "SIGINT";`: tables of constants are filled like this.
    match stmt:
        case n.Assign(
            target=n.Map(name=name, keys=[n.Integer() | n.String()]), op="=", value=n.Integer() | n.String()
        ):
            return name
    return ""


def _call_name(stmt: n.Stmt) -> str:
    return stmt.expr.name if isinstance(stmt, n.ExprStmt) and isinstance(stmt.expr, n.Call) else ""


# --------------------------------------------------------------------------------------------- actions


def _actions(block: n.Block, known: Known, depth: int = 0) -> str:
    if depth > 4:
        return "does more, nested deeper than can be said in words"
    phrases: list[str] = []
    filled: dict[str, int] = {}
    for stmt in block.body:
        if name := _constant_entry(stmt):
            filled[name] = filled.get(name, 0) + 1
    for stmt in block.body:
        name = _constant_entry(stmt)
        many = filled.get(name, 0) > 3
        words = f"fills `{name}` with {filled[name]} constants" if many else _statement(stmt, known, depth)
        if words and words not in phrases[-1:]:
            phrases.append(words)
    if len(phrases) > _MOST_ACTIONS:
        rest = len(phrases) - _MOST_ACTIONS + 1
        phrases = [*phrases[: _MOST_ACTIONS - 1], f"does {rest} more things"]
    return listed(phrases) if phrases else "does nothing"


def _statement(stmt: n.Stmt, known: Known, depth: int) -> str:
    match stmt:
        case n.Assign(target=n.Map() as target, op="=", value=assigned):
            return _map_assignment(target, assigned, known)
        case (
            n.Assign(target=target, op="=", value=assigned) | n.Let(target=target, value=n.Expr() as assigned)
        ):
            words = value(assigned, known)
            return (
                f"takes {words} as {quote(target)}" if words[0] != "`" else f"sets {quote(target)} to {words}"
            )
        case n.Assign(target=target, op="+=", value=added):
            return f"adds {value(added, known)} to {quote(target)}"
        case n.Let():
            return ""
        case n.ExprStmt(expr=expr):
            return _effect(expr, known)
        case n.If() | n.While() | n.For() | n.Unroll() | n.BlockStmt():
            return _compound(stmt, known, depth)
        case n.Jump(word="return"):
            return "stops there"
        case n.Jump(word=word):
            return "leaves the loop" if word == "break" else "goes on with the next round"
    return f"does {quote(stmt)}"


def _compound(stmt: n.Stmt, known: Known, depth: int) -> str:
    match stmt:
        case n.If():
            return _branches(stmt, known, depth)
        case n.While(cond=cond, body=body):
            return f"as long as {condition(cond, known)}, {_actions(body, known, depth + 1)}"
        case n.For(over=n.Map(name=name), body=body):
            return f"for each entry of `{name}` {_actions(body, known, depth + 1)}"
        case n.For(over=over, body=body) | n.Unroll(count=over, body=body):
            times = (
                f"{value(over, known)} times"
                if isinstance(stmt, n.Unroll)
                else f"for each number in {quote(over)}"
            )
            return f"{times} {_actions(body, known, depth + 1)}"
        case n.BlockStmt(block=block):
            return _actions(block, known, depth + 1)
    return f"does {quote(stmt)}"


def _branches(stmt: n.If, known: Known, depth: int) -> str:
    words: list[str] = []
    each: n.If | n.Block | None = stmt
    while isinstance(each, n.If) and len(words) < 8:
        words.append(f"if {condition(each.cond, known)} {_actions(each.then, known, depth + 1)}")
        each = each.other
    if isinstance(each, n.Block) and each.body:
        words.append(f"otherwise {_actions(each, known, depth + 1)}")
    elif isinstance(each, n.If):
        words.append("looks at further cases")
    return "(" + "; ".join(words) + ")"


_AGGREGATED = {
    "sum": "adds up {}",
    "avg": "averages {}",
    "min": "keeps the smallest of {}",
    "max": "keeps the largest of {}",
    "stats": "keeps count, average and total of {}",
    "hist": "collects the distribution, in powers of two, of {}",
    "tseries": "keeps {} over time",
}


def _map_assignment(target: n.Map, assigned: n.Expr, known: Known) -> str:
    by = f" by {keys(target.keys, known)}" if target.keys else ""
    by = by.replace("by this thread", "by thread").replace("by this process", "by process id")
    match assigned:
        case n.Call(name="count"):
            return f"counts{by} (`{target.name}`)"
        case n.Call(name="lhist", args=[n.Expr() as what, low, high, step]):
            steps = f"in steps of {quote(step)} from {quote(low)} to {quote(high)}".replace("`", "")
            return f"collects the distribution, {steps}, of {value(what, known)}{by} (`{target.name}`)"
        case n.Call(name=name, args=[n.Expr() as what, *_]) if name in _AGGREGATED:
            return f"{_AGGREGATED[name].format(value(what, known))}{by} (`{target.name}`)"
        case n.Identifier(name="nsecs" | "elapsed") | n.Call(name="nsecs"):
            whom = f" for {keys(target.keys, known)}" if target.keys else ""
            return f"notes the time{whom} (`{target.name}`)"
    whom = f" for {keys(target.keys, known)}" if target.keys else ""
    return f"remembers {value(assigned, known)}{whom} (`{target.name}`)"


def _effect(expr: n.Expr, known: Known) -> str:
    match expr:
        case n.Unary(op="++" | "--" as op, operand=n.Map(name=name, keys=by)):
            whom = f" for {keys(by, known)}" if by else ""
            return f"{'adds one to' if op == '++' else 'takes one from'} `{name}`{whom}"
        case n.Unary(op="++" | "--" as op, operand=operand):
            return f"{'adds one to' if op == '++' else 'takes one from'} {quote(operand)}"
        case n.Call():
            return _call(expr, known)
        case n.Ternary(cond=cond, then=n.Expr() as then, other=other):
            return f"(if {condition(cond, known)} {_effect(then, known)}; otherwise {_effect(other, known)})"
    return f"evaluates {quote(expr)}"


def _call(call: n.Call, known: Known) -> str:
    return _printing(call, known) or _map_call(call, known) or f"calls {quote(call)}"


def _printing(call: n.Call, known: Known) -> str:
    match call:
        case n.Call(name="printf" | "errorf" | "warnf" | "debugf", args=[n.String() as text, *args]):
            return _printed(text, list(args), known)
        case n.Call(name="print", args=[n.Map(keys=None) as target, top, *_]):
            return f"prints the {value(top, known)} largest of `{target.name}`"
        case n.Call(name="print", args=[n.Map(keys=None) as target]):
            return f"prints `{target.name}`"
        case n.Call(name="print", args=[n.Tuple(items=items)]):
            return f"prints {listed([value(item, known) for item in items])}"
        case n.Call(name="print", args=[what, *_]):
            return f"prints {value(what, known)}"
        case n.Call(name="time"):
            return "prints the time of day"
        case n.Call(name="join", args=[what, *_]):
            return f"prints the words of {value(what, known)}"
        case n.Call(name="cat", args=[n.String(text=path), *_]):
            return f"prints the file {path}"
    return ""


def _map_call(call: n.Call, known: Known) -> str:
    match call:
        case n.Call(name="clear", args=[target]):
            return f"clears {quote(target)}"
        case n.Call(name="zero", args=[target]):
            return f"sets all of {quote(target)} to zero"
        case n.Call(name="delete", args=[n.Map(name=name, keys=by), *key]):
            exprs = by or [each for each in key if isinstance(each, n.Expr)]
            return f"forgets `{name}`" + (f" for {keys(exprs, known)}" if exprs else "")
        case n.Call(name="exit"):
            return "ends the trace"
        case n.Call(name="system", args=[n.String(text=command), *_]):
            return f"runs the command {command}"
    return ""


def _printed(text: n.String, args: list[n.Expr | n.TypeName], known: Known) -> str:
    if all(isinstance(arg, n.String | n.Integer) for arg in args):
        return "prints a heading" if args else f"prints {text.text}"
    return f"prints a line with {listed(column_names(args, known))}"


# ---------------------------------------------------------------------------------------------- ending


def _ending(program: Program, found: Symbols) -> list[str]:
    words = []
    left = _printed_at_end(program, found)
    if left:
        names = listed([f"`{name}`" for name in left])
        words.append(f"When the trace ends, bpftrace prints what is then in {names}.")
    if not any(isinstance(node, n.Call) and node.name == "exit" for node in walk(program)):
        words.append("It runs until it is stopped.")
    return [" ".join(words)] if words else []


def _printed_at_end(program: Program, found: Symbols) -> list[str]:
    for entry in program.config.entries if program.config else []:
        if entry.key == "print_maps_on_exit" and to_text(entry.value).strip('"') in ("false", "0"):
            return []
    ends = {
        index
        for index, item in enumerate(program.items)
        if isinstance(item, n.Probe) and any(point.kind == "end" for point in item.points)
    }
    return [
        name
        for name, symbol in found.maps.items()
        if symbol.places("write") and not any(use.item in ends for use in symbol.places("clear"))
    ]
