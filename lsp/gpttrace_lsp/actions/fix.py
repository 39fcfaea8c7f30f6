"""A fix: a few changes of a text that mend one finding; and the proof that they do.

A fix is offered when the text after it has the finding no more, no syntax error that it had not, and no finding of a sort that it
had less of. Where a fix puts a name right, more may come to light behind it (its fields are looked at now): that is no fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gpttrace.check.policy import Policy
from gpttrace.check.static.study import Study
from gpttrace.check.whole import check_studied
from gpttrace.language import Finding, Program, parse
from gpttrace.language import nodes as n

if TYPE_CHECKING:
    from gpttrace_lsp.look import Look

Change = tuple[int, int, str]
N = TypeVar("N", bound=n.Node)
# Beyond that a second look would be felt; the fixes are then offered as they are.
PROVED = 20_000


@dataclass(frozen=True, slots=True)
class Fix:
    """`changes` are (start, end, text) of the present text, apart from each other; `sure`: nothing else can have been meant.

    `naming` fixes put a name right, so that what stands behind it is looked at for the first time.
    """

    title: str
    changes: tuple[Change, ...]
    sure: bool = False
    naming: bool = False


Fixer = Callable[["Look", Finding], Iterable[Fix]]


def one(title: str, start: int, end: int, text: str, *, sure: bool = False, naming: bool = False) -> Fix:
    """Return a fix of one change."""
    return Fix(title, ((start, end, text),), sure, naming)


def applied(text: str, changes: Sequence[Change]) -> str:
    """Return a text after changes."""
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def holds(look: Look, finding: Finding, fix: Fix, policy: Policy) -> bool:
    """Tell whether a fix mends its finding and spoils nothing."""
    if len(look.text) > PROVED:
        return fix.sure
    tree = parse(applied(look.text, fix.changes))
    after = Counter(each.code for each in check_studied(Study(tree, look.host, unsafe=True), policy).findings)
    before = Counter(each.code for each in look.findings)
    if before[finding.code] and after[finding.code] >= before[finding.code]:
        return False
    if not look.tree.ok:
        return _parses_better(look, finding, fix, tree)
    # Of names that had no meaning, the rules could not tell all.
    return tree.ok and (fix.naming or not after - before)


def _parses_better(look: Look, finding: Finding, fix: Fix, tree: Program) -> bool:
    # Where the parser had to guess, only what it stumbled over, and names, are safe to mend.
    before, after = (sum(each.severity == "error" for each in one.findings) for one in (look.tree, tree))
    return after < before if finding in look.tree.findings else fix.naming and after <= before


def parses(look: Look, fix: Fix) -> bool:
    """Tell whether the text after a fix can be parsed; of texts that are too long it is believed."""
    return len(look.text) > PROVED or parse(applied(look.text, fix.changes)).ok


def mends(look: Look, fix: Fix, policy: Policy) -> bool:
    """Tell whether a fix of several findings leaves fewer and spoils nothing; of texts that are too long it is believed."""
    if len(look.text) > PROVED:
        return True
    tree = parse(applied(look.text, fix.changes))
    after = Counter(each.code for each in check_studied(Study(tree, look.host, unsafe=True), policy).findings)
    before = Counter(each.code for each in look.findings)
    if not look.tree.ok:
        return len(tree.findings) < len(look.tree.findings) or fix.naming
    return tree.ok and (fix.naming or not after - before) and after.total() <= before.total()


# ------------------------------------------------------------------------------------ places in the tree


def around(look: Look, offset: int, kind: type[N]) -> N | None:
    """Return the innermost node of a class around a place."""
    return next((each for each in reversed(look.path(offset)) if isinstance(each, kind)), None)


def exactly(look: Look, finding: Finding, kind: type[N]) -> N | None:
    """Return the node of a class that a finding stands on; the outermost where several have its range."""
    here = (each for each in look.path(finding.start) if isinstance(each, kind))
    return next((each for each in here if (each.start, each.end) == (finding.start, finding.end)), None)


def probe_at(look: Look, offset: int) -> n.Probe | None:
    """Return the probe at a place, when it has an attach point."""
    probe = around(look, offset, n.Probe)
    return probe if probe is not None and probe.points else None


def text_of(look: Look, node: n.Node) -> str:
    """Return a node as it is written."""
    return look.text[node.start : node.end]


def with_condition(look: Look, probe: n.Probe, condition: str) -> list[Change]:
    """Return the changes that give a probe one condition more."""
    predicate = probe.predicate
    if predicate is None:
        end = probe.points[-1].end
        space = "" if look.text[end : end + 1].isspace() else " "
        return [(end, end, f" /{condition}/{space}")]
    if isinstance(predicate, n.Ternary) or (isinstance(predicate, n.Binary) and predicate.op == "||"):
        return [(predicate.start, predicate.start, f"{condition} && ("), (predicate.end, predicate.end, ")")]
    return [(predicate.start, predicate.start, f"{condition} && ")]


def with_statement(look: Look, body: n.Block, statement: str) -> list[Change]:
    """Return the changes that put a statement (without `;`) at the end of a block, laid out as the others are."""
    text = look.text
    if not body.body:
        return [(body.start, body.end, f"{{ {statement}; }}")]
    last = end_of(text, body.body[-1])
    semicolon = "" if text[last - 1] in ";}" else ";"
    line = text.rfind("\n", 0, body.body[-1].start) + 1
    indent = text[line : body.body[-1].start]
    if "\n" in text[body.start : body.body[-1].start] and not indent.strip():
        return [(last, last, f"{semicolon}{line_end(text)}{indent}{statement};")]
    return [(last, last, f"{semicolon} {statement};")]


def without_statement(look: Look, statement: n.Node) -> Change:
    """Return the change that takes a statement away, with its line when nothing else is on it."""
    text = look.text
    start, end = statement.start, end_of(text, statement)
    line, stop = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    stop = len(text) if stop < 0 else stop + 1
    if not text[line:start].strip() and not text[end:stop].strip() and stop <= len(text):
        return line, stop, ""
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    return start, end, ""


def end_of(text: str, statement: n.Node) -> int:
    """Return where a statement ends, its `;` included."""
    end = statement.end
    at = end
    while at < len(text) and text[at].isspace():
        at += 1
    return at + 1 if text[at : at + 1] == ";" and text[end - 1 : end] != ";" else end


def line_end(text: str) -> str:
    """Return the line end that a text uses."""
    return "\r\n" if "\r\n" in text else "\n"
