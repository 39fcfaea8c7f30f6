"""Calls: number of arguments, arguments that must be literals, values of functions that have none, `--unsafe`.

Each refusal was seen on 0.17.0, 0.23.2 and 0.27.1; where 0.27 only warns or expands a macro, nothing is claimed for it.
"""

from __future__ import annotations

import ipaddress

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n
from gpttrace.language.reference import (
    AGGREGATIONS,
    ARGUMENTS_SINCE,
    BUILTIN_ARGUMENTS,
    BUILTINS,
    FUNCTIONS,
    Function,
)

# Arguments that must be written as a string: function -> index.
_LITERAL_STRINGS = {
    "printf": 0, "cat": 0, "system": 0, "errorf": 0, "warnf": 0, "debugf": 0, "fail": 0, "time": 0, "strftime": 0, "kaddr": 0,
    "uaddr": 0, "reg": 0, "cgroupid": 0, "pton": 0, "join": 1, "cgroup_path": 1, "percpu_kaddr": 0,
}  # fmt: skip
# And as a number: function -> indexes.
_LITERAL_NUMBERS = {"strncmp": (2,), "lhist": (1, 2, 3), "hist": (1,), "print": (1, 2)}
_SAFE_AFTER_ALL = frozenset(["debugf"])  # marked unsafe because it writes outside bpftrace's own output
_MOST_BUCKETS = 1000


@on(n.Call)
def arity(study: Study, node: n.Call) -> None:
    """Too few or too many arguments."""
    known = FUNCTIONS.get(node.name) or AGGREGATIONS.get(node.name)
    if node.name in study.macro_names:
        _macro_arity(study, node)
        return
    if known is None:
        _builtin_arity(study, node)
        return
    if node.name in BUILTINS and not node.args:
        return
    found, most = len(node.args), known.most
    if node.name == "print" and found > 1 and not isinstance(node.args[0], n.Map):
        message = f"print() of a value takes one argument, not {found}"
        hint = 'a tuple prints several: `print((a, b))`, or printf("%d %d\\n", a, b)'
        study.report(node, "error", "argument-count", message, hint)
        return
    if found < known.least or (most >= 0 and found > most):
        study.report(
            node, "error", "argument-count", _arity_words(known, found), f"{known.name}: {known.words}"
        )
    elif (since := ARGUMENTS_SINCE.get((node.name, found))) and study.older(since):
        message = f"{node.name}() takes {found} argument{'s' * (found != 1)} only since bpftrace {since}"
        study.report(node, "error", "needs-newer-bpftrace", message, _fewer(node))


def _arity_words(known: Function, found: int) -> str:
    if known.most < 0:
        wanted = f"at least {known.least}"
    elif known.least == known.most:
        wanted = str(known.least or "no")
    else:
        wanted = f"{known.least} to {known.most}"
    return f"{known.name}() takes {wanted} argument{'s' * (wanted not in ('1', 'at least 1'))}, and this gives {found or 'none'}"


def _fewer(node: n.Call) -> str:
    if node.name == "delete" and isinstance(node.args[0], n.Map):
        return f"write `delete({node.args[0].name}[…])`"
    return "leave the last argument out"


def _builtin_arity(study: Study, node: n.Call) -> None:
    if node.name not in BUILTINS or not node.args:
        return
    since = BUILTIN_ARGUMENTS.get(node.name)
    if since is None or len(node.args) > 1:
        study.report(
            node,
            "error",
            "argument-count",
            f"the builtin `{node.name}` takes no arguments like these",
            f"write `{node.name}`",
        )
    elif study.older(since):
        message = f"`{node.name}` takes an argument only since bpftrace {since}"
        study.report(node, "error", "needs-newer-bpftrace", message, f"write `{node.name}`")


def _macro_arity(study: Study, node: n.Call) -> None:
    macros = [macro for macro in study.program.macros if macro.name == node.name]
    if len(macros) == 1 and len(macros[0].params) == len(node.args):
        for param, arg in zip(macros[0].params, node.args, strict=True):
            _macro_argument(study, node, param, arg)
    if macros and len(node.args) not in {len(macro.params) for macro in macros}:
        wanted = " or ".join(str(len(macro.params)) for macro in macros)
        given = len(node.args) or "none"
        message = (
            f"the macro `{node.name}` takes {wanted} argument{'s' * (wanted != '1')}, and this gives {given}"
        )
        study.report(node, "error", "argument-count", message, "give it what its definition names")


def _macro_argument(study: Study, node: n.Call, param: n.Expr, arg: n.Expr | n.TypeName) -> None:
    wrong = ""
    if isinstance(param, n.Variable) and isinstance(arg, n.Integer | n.String | n.Identifier | n.Map):
        wrong = f"the macro `{node.name}` takes a variable here (`${param.name}`)"
    elif isinstance(param, n.Map) and not (isinstance(arg, n.Map) and arg.keys is None):
        wrong = f"the macro `{node.name}` takes a map here, without a key"
    if wrong:
        study.report(arg, "error", "argument-type", wrong, "put the value into one first")


@on(n.Call)
def literals(study: Study, node: n.Call) -> None:
    """Arguments that must stand in the program as they are."""
    if node.name in study.macro_names:
        return
    index = _LITERAL_STRINGS.get(node.name)
    if index is not None and index < len(node.args):
        given = _bare(node.args[index])
        named = isinstance(given, n.Identifier) and given.name not in BUILTINS  # a `#define` may be a string
        if (
            isinstance(
                given,
                n.Variable
                | n.Map
                | n.Integer
                | n.Unary
                | n.Bool
                | n.Tuple
                | n.Binary
                | n.Member
                | n.Identifier,
            )
            and not named
        ):
            message = f"this argument of {node.name}() must be a string as it stands, in quotes"
            study.report(given, "error", "literal-argument", message, f'for example `{node.name}("…")`')
    for at in _LITERAL_NUMBERS.get(node.name, ()):
        if at < len(node.args):
            _literal_number(study, node, at)


def _bare(expr: n.Expr | n.TypeName) -> n.Node:
    while isinstance(expr, n.Paren):
        expr = expr.inner
    return expr


def _literal_number(study: Study, node: n.Call, at: int) -> None:
    expr = _bare(node.args[at])
    if isinstance(expr, n.Variable | n.Map | n.String | n.Identifier) and not study.open_names:
        if isinstance(expr, n.Identifier) and (expr.name not in BUILTINS):
            return  # an enumerator or `#define` may be a literal
        if node.name == "print" and not isinstance(node.args[0], n.Map):
            return  # the number of arguments is wrong, too
        message = f"this argument of {node.name}() must be a number as it stands"
        study.report(node.args[at], "error", "literal-argument", message, "write the number")


@on(n.Call)
def values(study: Study, node: n.Call) -> None:
    """Literal arguments with values that are refused: ranges, addresses, lengths."""
    numbers = [value_of(arg) for arg in node.args]
    wrong = None
    if node.name == "lhist" and len(numbers) == 4:
        wrong = _lhist(numbers[1], numbers[2], numbers[3])
    elif node.name == "hist" and len(numbers) == 2 and numbers[1] is not None and not 0 <= numbers[1] <= 5:
        wrong = "the bits of hist() are 0 to 5"
    elif node.name in ("str", "buf") and len(numbers) > 1 and (numbers[1] or 0) < 0:
        wrong = f"the length of {node.name}() cannot be negative"
    elif node.name == "strncmp" and len(numbers) == 3 and (numbers[2] or 0) < 0:
        wrong = "strncmp() cannot compare a negative number of bytes"
    elif node.name == "pton" and node.args and isinstance(node.args[0], n.String):
        wrong = _address(node.args[0])
    if wrong:
        study.report(node, "error", "argument-value", wrong, _VALUE_HINTS.get(node.name))


_VALUE_HINTS = {
    "lhist": "lhist(value, least, most, step) with at most 1000 steps, for example `lhist($ms, 0, 100, 10)`",
    "hist": "leave the second argument out, or give 0 to 5",
    "pton": 'for example `pton("127.0.0.1")` or `pton("::1")`',
}


def _lhist(least: int | None, most: int | None, step: int | None) -> str | None:
    if least is None or most is None or step is None:
        return None
    if least < 0:
        return f"the least value of lhist() cannot be negative ({least})"
    if step < 1:
        return f"the step of lhist() must be at least 1, not {step}"
    if least >= most:
        return f"the least value of lhist() ({least}) must be below the most ({most})"
    if step > most - least:
        return f"the step of lhist() ({step}) is larger than its range ({least} to {most})"
    if (most - least) // step > _MOST_BUCKETS:
        return f"lhist() can have {_MOST_BUCKETS} steps at most, and this makes {(most - least) // step}"
    return None


def _address(text: n.String) -> str | None:
    try:
        ipaddress.ip_address(text.value.decode())
    except ValueError:
        return f"{text.text} is no IPv4 or IPv6 address"
    return None


def value_of(expr: n.Node) -> int | None:
    """Return the value of a number as it stands, `-5` included; None for everything else."""
    if isinstance(expr, n.Paren):
        return value_of(expr.inner)
    if isinstance(expr, n.Integer):
        return expr.value
    if isinstance(expr, n.Unary) and expr.op == "-" and isinstance(expr.operand, n.Integer):
        return -expr.operand.value
    return None


@on(n.Call)
def no_value(study: Study, node: n.Call) -> None:
    """A function that gives nothing used as a value."""
    known = FUNCTIONS.get(node.name)
    if known is None or node.name in study.macro_names:
        return
    nothing = known.returns == "none" or (node.name == "delete" and study.older("0.24"))
    above = study.parents.get(id(node))
    while isinstance(above, n.Paren):
        above = study.parents.get(id(above))
    printed = isinstance(above, n.Call) and above.name in FUNCTIONS and above.name not in study.macro_names
    used = (
        printed
        or isinstance(above, n.Assign | n.Let | n.Map | n.Binary | n.Unary)
        or (isinstance(above, n.If | n.While) and above.cond is node)
    )
    if nothing and used:
        what = f"{node.name}() gives no value"
        study.report(node, "error", "no-value", what, "call it in a statement of its own")


@on(n.Call)
def unsafe(study: Study, node: n.Call) -> None:
    """Functions that bpftrace allows only with `--unsafe`."""
    known = FUNCTIONS.get(node.name)
    if (
        known is None
        or not known.unsafe
        or study.unsafe
        or node.name in (_SAFE_AFTER_ALL | study.macro_names)
    ):
        return
    place = node.start, node.start + len(node.name)
    message = f"{node.name}() changes the machine, and bpftrace refuses it without `--unsafe`"
    study.report(
        place, "error", "needs-unsafe", message, "check with `--unsafe` if that is meant, or leave it out"
    )


RULES = (arity, literals, values, no_value, unsafe)
CODES = (
    Code(
        "argument-count", "error", "gpttrace", "too few or too many arguments",
        "bpftrace refuses a call with a wrong number of arguments.",
        "BEGIN { @ = count(1); }", "BEGIN { @ = count(); }",
    ),
    Code(
        "literal-argument", "error", "gpttrace", "an argument that must stand in the program as it is",
        "Formats, lengths and ranges are needed when the program is compiled, so a variable cannot give them.",
        'BEGIN { $f = "x"; printf($f); }', 'BEGIN { printf("x"); }',
    ),
    Code(
        "argument-value", "error", "gpttrace", "an argument whose value is refused",
        "Ranges, steps, lengths and addresses have limits.",
        "BEGIN { @ = lhist(1, 10, 5, 1); }", "BEGIN { @ = lhist(1, 0, 100, 10); }",
    ),
    Code(
        "no-value", "error", "gpttrace", "a function that gives nothing is used as a value",
        "Functions such as printf() only do something; their result cannot be stored or compared.",
        'BEGIN { $x = printf("a"); }', 'BEGIN { printf("a"); }',
    ),
    Code(
        "needs-unsafe", "error", "gpttrace", "a function that changes the machine",
        "system(), signal() and others are refused unless bpftrace is started with `--unsafe`.",
        'tracepoint:syscalls:sys_enter_openat { system("ls"); }', 'tracepoint:syscalls:sys_enter_openat { printf("x"); }',
    ),
)  # fmt: skip
