"""Code actions: what mends a finding, what can be done with a program at a place, and what tells more.

A fix that is offered has been tried on the text: it mends its finding and spoils nothing (`fix.holds`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from gpttrace.check.policy import DEFAULT, Policy
from gpttrace.language import Finding
from gpttrace_lsp.actions import habits, names, spelling, syntax, values
from gpttrace_lsp.actions.additions import additions, shebang
from gpttrace_lsp.actions.fix import Change, Fix, Fixer, applied, holds, mends, parses
from gpttrace_lsp.calling import versioned
from gpttrace_lsp.explaining import EXPLAIN_FINDING
from gpttrace_lsp.generating import GENERATE, question_at
from gpttrace_lsp.look import Look
from gpttrace_lsp.options import Options

if TYPE_CHECKING:
    from gpttrace_lsp.document import Document
    from gpttrace_lsp.server import Server

FIXERS: dict[str, Fixer] = syntax.FIXERS | names.FIXERS | spelling.FIXERS | habits.FIXERS | values.FIXERS
FIX_ALL = f"{t.CodeActionKind.SourceFixAll.value}.gpttrace"
SHEBANG = f"{t.CodeActionKind.Source.value}.shebang.gpttrace"
KINDS = (t.CodeActionKind.QuickFix.value, t.CodeActionKind.RefactorRewrite.value, FIX_ALL, SHEBANG)
_MOST = 12  # findings of one place that are looked at
_MOST_AT_ONCE = 100  # fixes that are made together


def register(server: Server) -> None:
    """Register the request."""

    @server.feature(
        t.TEXT_DOCUMENT_CODE_ACTION,
        t.CodeActionOptions(code_action_kinds=[*KINDS], resolve_provider=False),
    )
    async def actions_at(params: t.CodeActionParams) -> list[t.CodeAction] | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        look = await server.look_of(document)
        found = server.diagnosing.findings(document, look)
        policy = server.hosting.policy
        # A fix is tried on the text before it is offered: a look at the text for each of them.
        offers = await asyncio.to_thread(offered, look, found, params, server.options, policy)
        if look.version != document.version:
            return None
        return [_action(server, document, look, each, params.context) for each in offers]


@dataclass(frozen=True, slots=True)
class Offer:
    """One action before it is the protocol's: a fix, or a command with its arguments."""

    kind: str
    title: str
    fix: Fix | None = None
    finding: Finding | None = None
    command: str = ""
    arguments: tuple[Any, ...] = ()


def offered(
    look: Look,
    found: Sequence[Finding],
    params: t.CodeActionParams,
    options: Options,
    policy: Policy = DEFAULT,
) -> list[Offer]:
    """Return what can be done in a range, of the kinds that the client wants."""
    start, end = look.lines.span(params.range)
    here = [each for each in found if each.start <= end and start <= max(each.end, each.start + 1)][:_MOST]
    only = [str(getattr(kind, "value", kind)) for kind in params.context.only or ()]
    offers: list[Offer] = []
    if _wanted(KINDS[0], only):
        offers += fixes_of(look, here, found, policy)
        offers += [
            Offer(KINDS[0], f"Explain `{code}`", None, each, EXPLAIN_FINDING, (code,))
            for code, each in _codes(here)
        ]
    if _wanted(KINDS[1], only):
        more = additions(look, start, options.run_seconds)
        offers += [Offer(KINDS[1], each.title, each) for each in more if parses(look, each)]
        if question_at(look.tree, start) is not None:
            place = (params.text_document.uri, {"line": look.lines.line_of(start)})
            offers.append(Offer(KINDS[1], "Write this program", None, None, GENERATE, place))
    first_line = look.lines.line_of(start) == 0
    if _wanted(SHEBANG, only) and (only or first_line):
        offers += [Offer(SHEBANG, each.title, each) for each in shebang(look)]
    if only and _wanted(FIX_ALL, only) and (whole := everything(look, found, policy)) is not None:
        offers.append(Offer(FIX_ALL, whole.title, whole))
    return offers


def _wanted(kind: str, only: Sequence[str]) -> bool:
    return not only or any(kind == each or kind.startswith(f"{each}.") for each in only)


def _codes(findings: Iterable[Finding]) -> list[tuple[str, Finding]]:
    return list({each.code: each for each in findings}.items())


def fixes_of(look: Look, here: Sequence[Finding], found: Sequence[Finding], policy: Policy) -> list[Offer]:
    """Return the fixes of the findings at a place, and those that mend the same at every place."""
    offers: list[Offer] = []
    for finding in here:
        fixes = proved(look, finding, policy)
        offers += [Offer(KINDS[0], each.title, each, finding) for each in fixes]
        same = [each for each in found if each.code == finding.code]
        if fixes and fixes[0].sure and len(same) > 1:
            together = everything(look, same, policy)
            if together is not None and len(together.changes) > len(fixes[0].changes):
                offers.append(Offer(KINDS[0], f"Mend every `{finding.code}`", together, finding))
    unique = {(each.title, each.fix.changes if each.fix else ()): each for each in reversed(offers)}
    return list(reversed(unique.values()))


def proved(look: Look, finding: Finding, policy: Policy = DEFAULT) -> list[Fix]:
    """Return the fixes of a finding that hold."""
    fixer = FIXERS.get(finding.code)
    return [each for each in fixer(look, finding) if holds(look, finding, each, policy)] if fixer else []


def everything(look: Look, found: Iterable[Finding], policy: Policy = DEFAULT) -> Fix | None:
    """Return all sure fixes in one, as far as they do not touch each other; None when there is none.

    They are tried together; only when that spoils something, the first of them are tried one by one.
    """
    sure = list(_sure(look, list(found)[:_MOST_AT_ONCE]))
    whole = _together(each for _, each in sure)
    if whole is None or mends(look, whole, policy):
        return whole
    return _together(each for finding, each in sure[:_MOST] if holds(look, finding, each, policy))


def _sure(look: Look, found: Iterable[Finding]) -> Iterator[tuple[Finding, Fix]]:
    for finding in found:
        fixer = FIXERS.get(finding.code)
        fix = next((each for each in fixer(look, finding) if each.sure), None) if fixer else None
        if fix is not None:
            yield finding, fix


def _together(fixes: Iterable[Fix]) -> Fix | None:
    changes: list[Change] = []
    naming = False
    for fix in fixes:
        if not any(_touch(one, other) for one in fix.changes for other in changes):
            changes += fix.changes
            naming = naming or fix.naming
    return Fix("Mend everything that is sure", tuple(changes), True, naming) if changes else None


def _touch(one: Change, other: Change) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _action(
    server: Server, document: Document, look: Look, offer: Offer, context: t.CodeActionContext
) -> t.CodeAction:
    action = t.CodeAction(title=offer.title, kind=offer.kind)
    if offer.finding is not None:
        action.diagnostics = [
            each for each in context.diagnostics if _is_of(each, offer.finding, look)
        ] or None
    if offer.fix is not None:
        edits = [t.TextEdit(look.lines.range(start, end), new) for start, end, new in offer.fix.changes]
        action.edit = versioned(server, document.uri, look.version, edits)
        action.is_preferred = True if offer.fix.sure and offer.kind == KINDS[0] else None
    else:
        action.command = t.Command(title=offer.title, command=offer.command, arguments=[*offer.arguments])
    return action


def _is_of(diagnostic: t.Diagnostic, finding: Finding, look: Look) -> bool:
    start, end = look.lines.span(diagnostic.range)
    return diagnostic.code == finding.code and start <= finding.end and finding.start <= end


__all__ = [
    "FIXERS",
    "FIX_ALL",
    "KINDS",
    "Fix",
    "Offer",
    "applied",
    "everything",
    "offered",
    "proved",
    "register",
]
