"""Words that nothing makes known: identifiers and functions, with what was probably meant.

Known are builtins, the program's macros and C names, and the kernel's enumerators. With an `#include` or `import` nothing
is called unknown; without a host's types an unknown word is only suspected.
"""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.rule import everywhere, on
from gpttrace.check.static.study import Study, nearest
from gpttrace.language import nodes as n
from gpttrace.language.findings import Severity
from gpttrace.language.reference import AGGREGATIONS, BUILTINS, FUNCTIONS, INNER_FUNCTIONS, MODES

_TAKES_NAMES = frozenset(["container_of", "offsetof", "kfunc_exist", "kfunc_allowed", "typeinfo"])


@on(n.Identifier)
def identifier(study: Study, node: n.Identifier) -> None:
    """A bare word that is no builtin, enumerator, macro or C name."""
    above = study.parent(node)
    if isinstance(above, n.Call) and _mode(study, node, above):
        return
    builtin = BUILTINS.get(node.name)
    if builtin is not None:
        if builtin.since and study.older(builtin.since):
            _newer_builtin(study, node, builtin.since)
        return
    if node.name in ("_", "true", "false") or _defined(study, node.name):
        return
    sure = study.host is not None and study.host.has_types
    message = f"`{node.name}` is not known{'' if sure else ' to bpftrace itself'}{_guess(study, node.name)}"
    hint = "an enumerator of the kernel, a `#define` or a builtin would be; a variable begins with `$`, a map with `@`"
    study.report(node, "error" if sure else "warning", "unknown-name", message, hint)


def _mode(study: Study, node: n.Identifier, call: n.Call) -> bool:
    modes = MODES.get(call.name)
    if modes is None:
        return call.name in _TAKES_NAMES or call.name in study.macro_names
    since = modes.get(node.name)
    if since is None:
        if node.name in BUILTINS:
            return False
        near = nearest(node.name, modes)
        guess = f"; did you mean `{near}`?" if near else ""
        message = f"`{node.name}` is nothing that {call.name}() knows{guess}"
        study.report(node, "error", "unknown-name", message, f"known are {', '.join(modes)}")
    elif since and study.older(since):
        message = f"{call.name}({node.name}) is not in bpftrace {study.version_text}"
        study.report(
            node, "error", "needs-newer-bpftrace", message, f"it came with {since}; leave the mode out"
        )
    return True


def _newer_builtin(study: Study, node: n.Node, since: str) -> None:
    name = getattr(node, "name", "")
    hint = _OLDER_BUILTINS.get(name, f"it came with bpftrace {since}")
    study.report(
        node,
        "error",
        "needs-newer-bpftrace",
        f"`{name}` is not in bpftrace {study.version_text} (since {since})",
        hint,
    )


_OLDER_BUILTINS = {
    "ppid": "write `curtask->real_parent->tgid`",
    "pcomm": "write `curtask->real_parent->comm`",
    "probetype": "`probe` begins with the type",
    "leader_comm": "write `curtask->group_leader->comm`",
    "leader_tid": "write `curtask->group_leader->pid`",
}


def _defined(study: Study, name: str) -> bool:
    if study.open_names or name in study.c.constants or name in study.macro_names:
        return True
    return study.host is not None and study.host.constant(name) is not None


def _guess(study: Study, name: str) -> str:
    near = nearest(name, [*BUILTINS, *study.macro_names, *study.c.constants])
    if near is None and study.host is not None and name.isupper():
        near = next(iter(study.host.similar_constant(name, 1)), None)
    if near is None and f"{name}" in {
        variable for item, variable in study.symbols.variables if item == study.item
    }:
        near = f"${name}"
    if near is None and f"@{name}" in study.symbols.maps:
        near = f"@{name}"
    return f"; did you mean `{near}`?" if near else ""


@everywhere(n.Call)
def function(study: Study, node: n.Call) -> None:
    """A call of what is no function, aggregation or macro, or of one that this version lacks."""
    if node.name in study.function_names and study.since("0.23"):
        message = f"bpftrace {study.version_text} takes the definition of `{node.name}`, but does not call functions yet"
        study.report(
            node,
            "error",
            "unknown-function",
            message,
            "write its text out here, or make it a macro (since 0.24)",
        )
    if node.name in study.macro_names:
        return
    known = FUNCTIONS.get(node.name) or AGGREGATIONS.get(node.name)
    if known is not None:
        if known.since and study.older(known.since):
            _newer_function(study, node, known.since)
        return
    if node.name in BUILTINS:
        _called_builtin(study, node)
    elif node.name in INNER_FUNCTIONS:
        if study.older("0.24"):
            _newer_function(study, node, "0.24")
    elif not study.program.imports:
        near = nearest(node.name, [*FUNCTIONS, *AGGREGATIONS, *study.macro_names])
        guess = f"; did you mean `{near}`?" if near else ""
        place = node.start, node.start + len(node.name)
        severity: Severity = "error" if _is_run(study) else "warning"
        hint = "bpftrace(8) lists all functions" if near is None else f"write `{near}(…)`"
        study.report(place, severity, "unknown-function", f"there is no function `{node.name}`{guess}", hint)


def _is_run(study: Study) -> bool:
    # Nothing looks into a macro that is never called.
    item = study.program.items[study.item]
    return not isinstance(item, n.Macro) or item.name in study.symbols.macros


def _called_builtin(study: Study, node: n.Call) -> None:
    if study.older("0.24"):
        message = f"`{node.name}` is a builtin: bpftrace before 0.24 does not call it"
        study.report(node, "error", "needs-newer-bpftrace", message, f"write `{node.name}` without `()`")


def _newer_function(study: Study, node: n.Call, since: str) -> None:
    place = node.start, node.start + len(node.name)
    hint = _OLDER_FUNCTIONS.get(node.name, f"it came with bpftrace {since}")
    message = f"{node.name}() is not in bpftrace {study.version_text} (since {since})"
    study.report(place, "error", "needs-newer-bpftrace", message, hint)


_OLDER_FUNCTIONS = {
    "has_key": "test the value: `if (@map[key])`, which is 0 where the key is missing",
    "find": "read the value: `$v = @map[key]`, which is 0 where the key is missing",
    "errorf": "use printf()",
    "warnf": "use printf()",
    "syscall_name": "use the tracepoints syscalls:sys_enter_*, whose names tell the call",
    "nsecs": "write `nsecs` without `()`",
    "pid": "write `pid` without `()`",
    "tid": "write `tid` without `()`",
    "tseries": "print and clear the map in an `interval` probe",
}

RULES = (identifier, function)
CODES = (
    Code(
        "unknown-name", "error", "gpttrace", "a word that nothing makes known",
        "bpftrace knows builtins, the kernel's enumerators and what the program defines; other words are refused.",
        "BEGIN { print(piid); }", "BEGIN { print(pid); }",
    ),
    Code(
        "unknown-function", "error", "gpttrace", "a function that does not exist",
        "The name is mistyped, or it is a function of another language.",
        'BEGIN { prinf("x"); }', 'BEGIN { printf("x"); }',
    ),
    Code(
        "needs-newer-bpftrace", "error", "gpttrace", "something that this host's bpftrace does not have yet",
        "It came with a later version, and this one refuses it. The hint says how to write it here.",
        "BEGIN { print(ncpus); }", "BEGIN { print(cpu); }",
    ),
)  # fmt: skip
