"""Types of arguments: numbers where a string stands, stacks where a number must be, aggregations of strings.

What each function takes was tried with every type on the three versions; what only some of them refuse says so in `_SINCE`.
"""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.families import CASTABLE, STRINGY, family, words
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS, BUILTINS

_NUMBER = frozenset(["int", *CASTABLE])
_ADDRESS = frozenset(["int", "pointer", *CASTABLE])
_TEXT = STRINGY
# Function -> the families that each argument may have; None for any.
_TAKES: dict[str, tuple[frozenset[str] | None, ...]] = {
    "join": (_ADDRESS,), "exit": (_NUMBER,), "ksym": (_ADDRESS,), "usym": (_ADDRESS,), "kptr": (_ADDRESS,), "uptr": (_ADDRESS,),
    "buf": (None, _NUMBER), "strftime": (None, _NUMBER), "strerror": (_NUMBER,), "bswap": (_NUMBER,),
    "strncmp": (_TEXT, _TEXT), "strcontains": (_TEXT, _TEXT), "cgroup_path": (_NUMBER,),
    "sum": (_NUMBER,), "avg": (_NUMBER,), "min": (_NUMBER,), "max": (_NUMBER,), "stats": (_NUMBER,), "hist": (_NUMBER,),
    "lhist": (_NUMBER,),
}  # fmt: skip
_STACKS = frozenset(["kstack", "ustack"])


@on(n.Call)
def types(study: Study, node: n.Call) -> None:
    """Arguments of a type that the function does not take."""
    takes = _TAKES.get(node.name, ())
    if node.name in study.macro_names:
        return
    for at, (arg, allowed) in enumerate(zip(node.args, takes, strict=False)):
        found = family(study, arg)
        if allowed is None or found is None or found in allowed or found == "none":
            continue
        if found in _LENIENT.get(node.name, ()):
            continue
        _refused(study, node, at, found)


# A version or two takes these, or the answer depends on sizes that are not known here.
_LENIENT = {
    "strncmp": frozenset(["buf", "struct", "pointer"]),
    "strcontains": frozenset(["buf", "struct", "pointer"]),
    "buf": frozenset(["struct"]),
}


def _refused(study: Study, node: n.Call, at: int, found: str) -> None:
    takes = (
        "a number"
        if node.name in AGGREGATIONS or node.name in ("exit", "strerror", "bswap")
        else "another type"
    )
    if node.name in ("strncmp", "strcontains"):
        takes = "a string"
    message = f"{node.name}() takes {takes} here, and this is {words(found)}"
    study.report(node.args[at], "error", "argument-type", message, _hint(node, found))


def _hint(node: n.Call, found: str) -> str:
    if node.name in AGGREGATIONS and found == "pointer":
        return "cast it if its number is meant: `(uint64)…`"
    if node.name in AGGREGATIONS:
        return "count by it instead: `@[…] = count();`"
    if node.name in ("strncmp", "strcontains") and found == "int":
        return "read the string at an address with str()"
    return "give it a number or an address"


@on(n.Call)
def string_of(study: Study, node: n.Call) -> None:
    """str() of something that is a string already, or of no address at all."""
    if node.name != "str" or not node.args or node.name in study.macro_names:
        return
    arg = node.args[0]
    found = family(study, arg)
    if found in STRINGY and study.older("0.24"):
        message = (
            f"this is {words('string')} already: bpftrace {study.version_text} takes an address in str()"
        )
        study.report(node, "error", "argument-type", message, "leave str() out")
    elif (
        found is not None
        and found not in STRINGY
        and found not in _ADDRESS
        and found not in ("buf", "struct")
    ):
        study.report(
            arg,
            "error",
            "argument-type",
            f"str() takes an address, and this is {words(found)}",
            "print it as it is",
        )
    if len(node.args) > 1 and (size := family(study, node.args[1])) in STRINGY | _STACKS:
        study.report(
            node.args[1],
            "error",
            "argument-type",
            f"the length of str() is a number, and this is {words(size or '')}",
        )


@on(n.Call)
def buffer_of(study: Study, node: n.Call) -> None:
    """buf() of an address without a length."""
    if node.name == "buf" and len(node.args) == 1 and family(study, node.args[0]) in ("int", "pointer"):
        message = "buf() of an address needs the number of bytes"
        study.report(node, "error", "argument-type", message, "write `buf(address, 64)`")


@on(n.Call)
def stacks(study: Study, node: n.Call) -> None:
    """Mode and limit of kstack() and ustack(); what len() takes."""
    if node.name in ("kstack", "ustack") and node.args and not study.open_names:
        first, last = node.args[0], node.args[-1]
        if isinstance(first, n.String) or (len(node.args) == 2 and isinstance(first, n.Integer)):
            message = (
                f"the first of two arguments of {node.name}() is a mode, the second the number of frames"
            )
            study.report(node, "error", "argument-type", message, f"for example `{node.name}(perf, 5)`")
        elif isinstance(last, n.Variable | n.Map) or (
            isinstance(last, n.Identifier) and last.name in BUILTINS
        ):
            message = f"the number of frames of {node.name}() must be a number as it stands"
            study.report(last, "error", "literal-argument", message, f"for example `{node.name}(5)`")
    elif node.name == "len" and node.args and not study.older("0.20"):
        found = family(study, node.args[0])
        if not isinstance(node.args[0], n.Map) and found in ("int", "string"):
            message = f"len() takes a map or a stack, and this is {words(found or '')}"
            study.report(
                node.args[0],
                "error",
                "argument-type",
                message,
                "strlen() gives the length of a string (since 0.24)",
            )


@on(n.Call)
def registers(study: Study, node: n.Call) -> None:
    """reg() with the name that an assembler would use, and in probes without registers."""
    if node.name != "reg" or not node.args or not isinstance(node.args[0], n.String):
        return
    name = node.args[0].value.decode(errors="replace")
    if name in _ASSEMBLER and study.host is not None and study.host.arch == "x86_64":
        message = f"bpftrace calls the register `{name}` `{name[1:]}`"
        study.report(node.args[0], "error", "argument-value", message, f'write `reg("{name[1:]}")`')
    for point in study.points:
        if point.kind in ("begin", "end", "tracepoint"):
            message = f"a `{point.kind}` probe has no registers"
            study.report(node, "error", "builtin-place", message, "use a kprobe, uprobe or profile probe")
            return


_ASSEMBLER = frozenset(["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip"])


@on(n.Call)
def printed_arguments(study: Study, node: n.Call) -> None:
    """print(args) of a tracepoint."""
    first = node.args[0] if node.args else None
    while isinstance(first, n.Paren):
        first = first.inner
    if node.name != "print" or not isinstance(first, n.Identifier) or first.name != "args":
        return
    if any(point.kind == "tracepoint" for point in study.points):
        message = "the arguments of a tracepoint cannot be printed as a whole"
        study.report(first, "error", "argument-type", message, "print its fields: `print(args->name)`")


@on(n.Call)
def path_of(study: Study, node: n.Call) -> None:
    """path() in probes that cannot resolve a path."""
    for point in study.points:
        if node.name == "path" and point.kind in _NO_PATH:
            message = f"path() does not work in a `{point.kind}` probe"
            study.report(node, "error", "builtin-place", message, "it works in fentry, fexit and iter probes")
            return


_NO_PATH = frozenset(
    [
        "begin",
        "end",
        "tracepoint",
        "kprobe",
        "kretprobe",
        "uprobe",
        "uretprobe",
        "interval",
        "profile",
        "software",
        "hardware",
        "usdt",
    ]
)


@on(n.Call)
def addresses(study: Study, node: n.Call) -> None:
    """ntop() of what is no address."""
    if node.name == "ntop" and node.args:
        found = family(study, node.args[-1])
        if found in ("kstack", "ustack", "ksym", "usym", "timestamp") or _odd_length(node.args[-1]):
            message = f"ntop() takes a number or an array of 4 or 16 bytes, and this is {words(found or '')}"
            study.report(
                node.args[-1], "error", "argument-type", message, "for example `ntop(2, args->saddr)`"
            )


def _odd_length(expr: n.Expr | n.TypeName) -> bool:
    return isinstance(expr, n.String) and len(expr.value) + 1 not in (4, 16)


@on(n.Call)
def maps(study: Study, node: n.Call) -> None:
    """Functions of maps called with something else, or with a key where the whole map is meant."""
    first = node.args[0] if node.args else None
    if node.name in study.macro_names or first is None:
        return
    if node.name in ("clear", "zero"):
        if not isinstance(first, n.Map):
            study.report(
                first, "error", "argument-type", f"{node.name}() takes a map", f"write `{node.name}(@name)`"
            )
        elif first.keys is not None:
            hint = f"write `{node.name}({first.name})`; delete() removes one key"
            study.report(
                first, "error", "argument-type", f"{node.name}() takes a whole map, without a key", hint
            )
    elif node.name in ("has_key", "find"):
        if isinstance(first, n.Map) and first.keys is not None:
            hint = f"write `{node.name}({first.name}, key)`"
            study.report(
                first, "error", "argument-type", f"{node.name}() takes the map and the key apart", hint
            )
    elif node.name == "delete":
        _delete(study, node, first)


def _delete(study: Study, node: n.Call, first: n.Expr | n.TypeName) -> None:
    if not isinstance(first, n.Map):
        if not isinstance(first, n.Variable):
            study.report(
                first,
                "error",
                "argument-type",
                "delete() takes a map and its key",
                "write `delete(@name[key])`",
            )
    elif len(node.args) == 2 and first.keys is not None and not study.older("0.22"):
        message = "delete() removes one key; several at once were possible in 0.21 only"
        study.report(node, "error", "argument-type", message, "call delete() once for each")
    elif len(node.args) == 1 and first.keys is None:
        symbol = study.symbols.maps.get(first.name)
        if symbol and symbol.keys:
            message = f"delete() needs the key of `{first.name}` that is to go"
            study.report(
                node,
                "error",
                "argument-type",
                message,
                f"write `delete({first.name}[key])`, or clear({first.name}) for all",
            )


RULES = (types, string_of, buffer_of, stacks, registers, printed_arguments, path_of, addresses, maps)
CODES = (
    Code(
        "argument-type", "error", "gpttrace", "an argument of a type that the function does not take",
        "bpftrace refuses it: numbers, strings, stacks and addresses are different things to it.",
        "BEGIN { @ = hist(comm); }", "BEGIN { @[comm] = count(); }",
    ),
)  # fmt: skip
