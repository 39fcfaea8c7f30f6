"""Formats of printf() and its kin against their arguments.

The grammar of a format differs: up to 0.23 what is no specifier is text (`%i`, `%+d`, `%y` print themselves), later `%f` and
`%e` are refused by name. Which specifier takes which type was tried for all pairs on the three versions.
"""

from __future__ import annotations

import re

from gpttrace.check.codes import Code
from gpttrace.check.static.families import family, words
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS, FORMATTING

_OLD = re.compile(rb"%(?:%|-?[0-9]*(?:\.[0-9]+)?(?P<what>(?:hh|ll|[hljzt])?[duoxXp]|rx|rh|[csr]))")
_NEW = re.compile(
    rb"%(?:%|[-+ 0#]*[0-9]*(?:\.[0-9]*)?(?P<what>(?:hh|ll|[hljzt])?(?:rx|rh|gr|[diuoxXcspraAeEfFgGn])))"
)
_NUMBERS = frozenset(["int", "pointer"])
_PRINTED_AS_TEXT = frozenset(
    [
        "string",
        "text",
        "username",
        "cgroup_path",
        "strerror",
        "probe",
        "kstack",
        "ustack",
        "ksym",
        "usym",
        "inet",
        "mac",
        "timestamp",
    ]
)
_NEVER = frozenset("aAeEfFgGn")


@on(n.Call)
def formatted(study: Study, node: n.Call) -> None:
    """Number and types of a format's arguments."""
    if node.name not in FORMATTING or node.name in study.macro_names or not node.args or not study.version:
        return
    template = node.args[0]
    if not isinstance(template, n.String):
        return
    specs = specifiers(template.value, old=study.older("0.24"))
    args = node.args[1:]
    unknown = next((spec for spec in specs if spec[-1:] in _NEVER and spec != "gr"), None)
    if unknown is not None:
        message = f"`%{unknown}` is nothing that {node.name}() knows"
        study.report(
            template,
            "error",
            "unknown-format",
            message,
            "numbers are whole: `%d`, `%u`, `%x`, `%o`; strings are `%s`",
        )
        return
    if len(specs) != len(args):
        _count(study, node, template, len(specs), len(args))
        return
    for spec, arg in zip(specs, args, strict=True):
        _type(study, node, spec, arg)


def specifiers(value: bytes, *, old: bool) -> list[str]:
    """Return the specifiers of a format as `d`, `lld`, `s`, `rx` …, as this kind of bpftrace counts them."""
    pattern = _OLD if old else _NEW
    return [match["what"].decode() for match in pattern.finditer(value) if match["what"]]


def _count(study: Study, node: n.Call, template: n.String, wanted: int, given: int) -> None:
    hint = "give one argument for each `%…`"
    if study.older("0.24") and len(specifiers(template.value, old=False)) != wanted:
        hint = f"bpftrace {study.version_text} knows `%d %u %x %X %o %p %c %s %r`, with `-`, width and `.`; the rest is text"
    elif not study.older("0.24") and b"% " in template.value:
        hint = "a `%` that is to be printed is written `%%`"
    follow = f"{given or 'none'} follow{'s' * (given == 1)}"
    message = f"the format of {node.name}() wants {wanted} argument{'s' * (wanted != 1)}, and {follow}"
    study.report(node, "error", "format-count", message, hint)


def _type(study: Study, node: n.Call, spec: str, arg: n.Expr | n.TypeName) -> None:
    found = family(study, arg)
    if found is None or found == "none":
        return
    last = spec if spec in ("rx", "rh", "gr") else spec[-1]
    if last == "s":
        wrong = found not in _PRINTED_AS_TEXT and study.older("0.24")
        wrong = wrong and found in ("int", "pointer", "tuple", "record", "buf")
        hint = _string_hint(found)
    elif last in ("r", "rx", "rh"):
        wrong, hint = found in _PRINTED_AS_TEXT | {"int"}, "give it `buf(address, length)`"
    elif last == "c":
        wrong, hint = found in _PRINTED_AS_TEXT, "write `%s`"
    elif last == "gr":
        wrong, hint = found in _PRINTED_AS_TEXT, "it prints the flags of an allocation (`args.gfp_flags`)"
    else:
        wrong = (
            found not in _NUMBERS
            and found != "struct"
            and (found not in AGGREGATIONS or isinstance(arg, n.Map))
        )
        hint = "write `%r`" if found == "buf" else "write `%s`"
        if found in AGGREGATIONS:
            hint = (
                f"read it as a number first: `(int64){arg.name}[…]`"
                if isinstance(arg, n.Map)
                else "print the map"
            )
    if wrong:
        message = f"`%{spec}` is not for {words(found)}"
        study.report(arg, "error", "format-type", message, hint)


def _string_hint(found: str) -> str:
    if found == "int":
        return "write `%d`; a string at an address is read with str()"
    if found == "pointer":
        return "read the string at the address with str(), or print the address with `%p`"
    if found == "buf":
        return "write `%r`"
    return "print its parts"


RULES = (formatted,)
CODES = (
    Code(
        "unknown-format", "error", "gpttrace", "a format specifier that does not exist",
        "There are no fractions in the kernel: bpftrace has no `%f`, `%e` or `%g`.",
        'BEGIN { printf("%f\\n", 1); }', 'BEGIN { printf("%d\\n", 1); }',
    ),
    Code(
        "format-count", "error", "gpttrace", "more or fewer arguments than the format has places",
        "Each `%…` takes one argument; a printed `%` is written `%%`.",
        'BEGIN { printf("%d %d\\n", 1); }', 'BEGIN { printf("%d %d\\n", 1, 2); }',
    ),
    Code(
        "format-type", "error", "gpttrace", "an argument that does not fit its format specifier",
        "`%d` and its kin are for numbers, `%s` for strings, stacks, symbols and addresses of machines, `%r` for bytes.",
        'BEGIN { printf("%d\\n", comm); }', 'BEGIN { printf("%s\\n", comm); }',
    ),
)  # fmt: skip
