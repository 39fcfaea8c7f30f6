"""Strings that are cut: str() keeps `max_strlen` bytes, 64 up to 0.22 and 1024 since (0.17 and 0.23 were seen to cut there)."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static.calls import value_of
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n

_READS = frozenset(["str", "path", "buf"])


def longest(study: Study) -> int:
    """Return the most bytes of a string, its closing NUL among them; 0 when the version is not known."""
    setting = study.setting.get("max_strlen")
    if isinstance(setting, n.Integer):
        return setting.value
    if not study.version:
        return 0
    return 1024 if study.since("0.23") else 64


@on(n.Call)
def cut(study: Study, node: n.Call) -> None:
    """A length that str() does not give."""
    wanted = value_of(node.args[1]) if node.name == "str" and len(node.args) > 1 else None
    most = longest(study)
    if wanted is not None and most and wanted > most:
        message = f"str() gives {most - 1} bytes at most here, not {wanted}: longer strings are cut"
        study.report(node.args[1], "warning", "cut-string", message, _raise(study, wanted))


def _raise(study: Study, wanted: int) -> str:
    if study.older("0.20"):
        return "set BPFTRACE_STRLEN in the environment (at most 200)"
    return f"write `config = {{ max_strlen = {wanted} }}` before the first probe"


@on(n.Binary)
def never_equal(study: Study, node: n.Binary) -> None:
    """A string compared with one that is longer than any can be."""
    if node.op not in ("==", "!="):
        return
    most = longest(study)
    for read, other in ((node.left, node.right), (node.right, node.left)):
        if (
            not most
            or not isinstance(read, n.Call)
            or read.name not in _READS
            or not isinstance(other, n.String)
        ):
            continue
        if len(other.value) >= most:
            always = "never" if node.op == "==" else "always"
            message = f"a string is cut at {most - 1} bytes and this has {len(other.value)}: the test is {always} true"
            study.report(other, "warning", "cut-string", message, _raise(study, len(other.value) + 1))


RULES = (cut, never_equal)
CODES = (
    Code(
        "cut-string", "warning", "gpttrace", "a string that is longer than bpftrace keeps",
        "Strings are cut at `max_strlen` bytes, so a longer one is neither shown whole nor ever equal.",
        "tracepoint:syscalls:sys_enter_openat { print(str(args->filename, 5000)); }",
        "tracepoint:syscalls:sys_enter_openat { print(str(args->filename)); }",
    ),
)  # fmt: skip
