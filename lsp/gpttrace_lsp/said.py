"""Findings as the protocol's diagnostics: the same place, the same words."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types as t

from gpttrace.language import Finding
from gpttrace_lsp.positions import Lines

_SEVERITY = {
    "error": t.DiagnosticSeverity.Error,
    "warning": t.DiagnosticSeverity.Warning,
    "information": t.DiagnosticSeverity.Information,
    "hint": t.DiagnosticSeverity.Hint,
}
# What an editor greys out, and what it strikes through.
_UNNECESSARY = frozenset(
    ("unused-variable", "unused-value", "unreachable", "never-reached", "unnecessary-cast")
)
_DEPRECATED = frozenset(("deprecated", "rare-syscall"))


def diagnostics(uri: str, lines: Lines, findings: Iterable[Finding]) -> list[t.Diagnostic]:
    """Return diagnostics for findings that stand in this version of a text."""
    return [diagnostic(uri, lines, each) for each in findings]


def diagnostic(uri: str, lines: Lines, finding: Finding) -> t.Diagnostic:
    """Return one diagnostic; its `data` holds the code and the hint, for code actions."""
    start, end = visible(lines.text, finding.start, finding.end)
    tags = [t.DiagnosticTag.Unnecessary] if finding.code in _UNNECESSARY else []
    tags += [t.DiagnosticTag.Deprecated] if finding.code in _DEPRECATED else []
    return t.Diagnostic(
        range=lines.range(start, end),
        message=finding.message if not finding.hint else f"{finding.message}\n{finding.hint}",
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        source=finding.source,
        tags=tags or None,
        related_information=[
            t.DiagnosticRelatedInformation(t.Location(uri, lines.range(each.start, each.end)), each.message)
            for each in finding.related
        ]
        or None,
        data={"code": finding.code, "hint": finding.hint},
    )


def visible(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a range that has something to underline: an empty one takes the word it touches, or one character."""
    start, end = min(max(start, 0), len(text)), min(max(end, 0), len(text))
    if start < end:
        return start, end
    stop = start
    while stop < len(text) and (text[stop].isalnum() or text[stop] in "_$@"):
        stop += 1
    if stop > start:
        return start, stop
    if start < len(text) and text[start] not in "\r\n":
        return start, start + 1
    back = start
    while back > 0 and text[back - 1] in " \t\r\n":
        back -= 1
    return (back - 1, back) if back > 0 else (start, end)
