"""What can be done with a program that has no fault: an end of its own, output at each interval, a shebang, another spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpttrace.language import nodes as n
from gpttrace_lsp.actions.fix import Fix, around, line_end, one, probe_at, text_of, with_condition
from gpttrace_lsp.actions.habits import NOT_BPFTRACE, without_predicate
from gpttrace_lsp.actions.spelling import arrows

if TYPE_CHECKING:
    from gpttrace_lsp.look import Look

SHEBANG = "#!/usr/bin/env bpftrace"


def additions(look: Look, offset: int, seconds: float) -> Iterator[Fix]:
    """Yield what can be done at a place; nothing while the text has syntax errors."""
    if not look.tree.ok or not look.tree.probes:
        return
    yield from arrows(look, offset)
    yield from _end(look, seconds)
    yield from _printed(look, offset)
    yield from _itself(look, offset)


def shebang(look: Look) -> Iterator[Fix]:
    """Yield the line that makes a script a command."""
    if look.tree.probes and not look.text.startswith("#!"):
        yield one("Add a `#!` line", 0, 0, f"{SHEBANG}{line_end(look.text)}")


def _end(look: Look, seconds: float) -> Iterator[Fix]:
    calls = (node.name for nodes in look.study.nodes for node in nodes if isinstance(node, n.Call))
    if "exit" not in calls:
        whole = max(round(seconds), 1)
        yield _appended(look, f"End the trace after {whole} s", f"interval:s:{whole} {{ exit(); }}")


def _printed(look: Look, offset: int) -> Iterator[Fix]:
    node = around(look, offset, n.Map)
    symbol = look.study.symbols.maps.get(node.name) if node is not None else None
    if (
        symbol is not None
        and not symbol.places("print")
        and not symbol.places("clear")
        and symbol.places("write")
    ):
        name = symbol.name
        yield _appended(
            look, f"Print `{name}` each second", f"interval:s:1 {{ print({name}); clear({name}); }}"
        )


def _itself(look: Look, offset: int) -> Iterator[Fix]:
    probe = probe_at(look, offset)
    if probe is None or not probe.points or any(each.kind in _TIMERS for each in probe.points):
        return
    if probe.predicate is None:
        yield Fix(
            f"Leave bpftrace itself out: `/{NOT_BPFTRACE}/`", tuple(with_condition(look, probe, NOT_BPFTRACE))
        )
    elif text_of(look, probe.predicate) == NOT_BPFTRACE:
        yield from without_predicate(look, probe, "Show bpftrace itself, too")


_TIMERS = ("begin", "end", "interval", "profile", "self", "test", "bench")


def _appended(look: Look, title: str, probe: str) -> Fix:
    end = line_end(look.text)
    at = len(look.text.rstrip())
    comment = next((each for each in look.tree.comments if each.end >= at), None)
    at = max(at, comment.end if comment is not None else 0)
    return one(title, at, len(look.text), f"{end}{end}{probe}{end}")
