"""The spelling that this bpftrace takes: older words for what is too new for it, newer ones for what it no longer has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpttrace.language import Finding
from gpttrace.language import nodes as n
from gpttrace_lsp.actions.fix import Fix, Fixer, around, exactly, line_end, one, text_of

if TYPE_CHECKING:
    from gpttrace_lsp.look import Look

_HINT = re.compile(r"^write `([^`…]+)`")
_NANOSECONDS = re.compile(r"^write nanoseconds: (\d+)$")
_BARE = re.compile(r"^write `[a-z]+ \(…\)`$")


def older(look: Look, finding: Finding) -> Iterator[Fix]:
    """Something that came with a later bpftrace, where there is another way to write it."""
    text, hint = look.text[finding.start : finding.end], finding.hint or ""
    if (number := _NANOSECONDS.match(hint)) is not None:
        yield one(f"Write `{number[1]}` ns", finding.start, finding.end, number[1], sure=True)
    elif text == "let":
        yield from without_let(look, finding)
    elif _BARE.match(hint):
        yield one("Put it in parentheses", finding.start, finding.end, f"({text})", sure=True)
    elif text.startswith((".", "->")):
        dot = "->" if text.startswith(".") else "."
        length = len(text) - len(text.lstrip(".->"))
        yield one(f"Write `{dot}`", finding.start, finding.start + length, dot, sure=True)
    elif "without `()`" in hint:
        yield from _without_call(look, finding)
    elif (word := _HINT.match(hint)) is not None:
        yield one(f"Write `{word[1]}`", finding.start, finding.end, word[1], sure=True)
    else:
        yield from _rewritten(look, finding, text)


def _without_call(look: Look, finding: Finding) -> Iterator[Fix]:
    call = around(look, finding.start, n.Call)
    if call is not None:
        yield one(f"Write `{call.name}`", call.start, call.end, call.name, sure=True)


def _rewritten(look: Look, finding: Finding, text: str) -> Iterator[Fix]:
    ternary = exactly(look, finding, n.Ternary)
    loop = around(look, finding.start, n.For)
    block = next((each for each in look.path(finding.start) if isinstance(each, n.BlockStmt)), None)
    if ternary is not None and ternary.then is None:
        value = text_of(look, ternary.cond)
        new = f"{value} ? {value} : {text_of(look, ternary.other)}"
        yield one("Write the value twice", ternary.start, ternary.end, new, sure=True)
    elif text.startswith("if comptime") or text == "c":
        word = re.compile(r"comptime\s+").search(look.text, finding.start)
        if word is not None:
            yield one("Leave `comptime` out", word.start(), word.end(), "", sure=True)
    elif loop is not None and loop.variable.start == finding.start:
        changes = ((loop.variable.start, loop.variable.start, "("), (loop.over.end, loop.over.end, ")"))
        yield Fix("Put it in parentheses", changes, sure=True)
    elif text == "{" and block is not None and block.start == finding.start:
        inside = look.text[block.start + 1 : block.end - 1].strip()
        yield one("Leave the braces out", block.start, block.end, inside)
    elif text.startswith("delete("):
        yield from _older_delete(look, finding)


def _older_delete(look: Look, finding: Finding) -> Iterator[Fix]:
    call = exactly(look, finding, n.Call)
    if call is not None and len(call.args) == 2 and isinstance(call.args[0], n.Map):
        key = call.args[1]
        inside = key.items if isinstance(key, n.Tuple) else [key]
        keys = ", ".join(text_of(look, each) for each in inside)
        new = f"delete({text_of(look, call.args[0])}[{keys}])"
        yield one(f"Write `{new}`", call.start, call.end, new, sure=True)


def without_let(look: Look, finding: Finding) -> Iterator[Fix]:
    """`let $x = …` as `$x = …`; one without a value is needless there."""
    let = around(look, finding.start, n.Let)
    if let is not None and let.value is not None:
        gone = (let.start, let.target.start, "")
        typed = ((let.target.end, let.type.end, ""),) if let.type is not None else ()
        yield Fix("Leave `let` out", (gone, *typed), sure=True)


def newer(look: Look, finding: Finding) -> Iterator[Fix]:
    """Something that a later bpftrace drops, or has dropped."""
    found = _HINT.match(finding.hint or "")
    if found is not None:
        yield one(f"Write `{found[1]}`", finding.start, finding.end, found[1], sure=True)


_CONFIG = re.compile(r"`config = \{ (\w+ = \w+) \}`")


def longer_strings(look: Look, finding: Finding) -> Iterator[Fix]:
    """A string that is longer than the limit, where a config block raises that."""
    found = _CONFIG.search(finding.hint or "")
    if found is None:
        return
    config, end = look.tree.config, line_end(look.text)
    if config is not None:
        yield one(f"Set `{found[1]}`", config.end - 1, config.end - 1, f" {found[1]};")
    elif look.tree.items:
        start = next((each.start for each in look.tree.items if not isinstance(each, n.CDefinition)), 0)
        yield one(f"Set `{found[1]}`", start, start, f"config = {{ {found[1]}; }}{end}")


def arrows(look: Look, offset: int) -> Iterator[Fix]:
    """Yield the other spelling of `args.x` and `args->x`, for the place and for the whole file; both are right here."""
    if look.study.version and look.study.older("0.19"):
        return
    node = around(look, offset, n.Member)
    while node is not None and not _of_args(node):
        node = node.target if isinstance(node.target, n.Member) else None
    if node is None:
        return
    new = "." if node.arrow else "->"
    yield Fix(f"Write `args{new}{node.name}`", (_turned(look, node),))
    same = [
        each
        for nodes in look.study.nodes
        for each in nodes
        if isinstance(each, n.Member) and _of_args(each) and each.arrow == node.arrow
    ]
    if len(same) > 1:
        yield Fix(f"Write `args{new}…` in the whole file", tuple(_turned(look, each) for each in same))


def _of_args(node: n.Member) -> bool:
    return isinstance(node.target, n.Identifier) and node.target.name == "args" and bool(node.name)


def _turned(look: Look, node: n.Member) -> tuple[int, int, str]:
    return node.target.end, node.end - len(node.name), "." if node.arrow else "->"


FIXERS: dict[str, Fixer] = {
    "needs-newer-bpftrace": older,
    "redeclared": without_let,
    "deprecated": newer,
    "removed": newer,
    "cut-string": longer_strings,
    "string-cut": longer_strings,
}
