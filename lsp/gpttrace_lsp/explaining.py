"""`gpttrace.explain` and `gpttrace.explainFinding`: a program, or the code of a finding, in plain words as Markdown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gpttrace_lsp.calling import document_of, tell, text_at
from gpttrace_lsp.showing import show_markdown

if TYPE_CHECKING:
    from gpttrace.language import Finding
    from gpttrace_lsp.look import Look
    from gpttrace_lsp.server import Server

EXPLAIN, EXPLAIN_FINDING = "gpttrace.explain", "gpttrace.explainFinding"
_SEVERITIES = ("error", "warning", "information", "hint")


def register(server: Server) -> None:
    """Register the commands."""

    @server.command(EXPLAIN)
    async def explain(*arguments: Any) -> dict[str, str] | None:
        document = document_of(server, arguments)
        if document is None:
            return None
        look = await server.look_of(document)
        findings = server.diagnosing.findings(document, look)
        text = await asyncio.to_thread(explained, look, findings)
        await show_markdown(server, f"about-{document.uri.rpartition('/')[2].removesuffix('.bt')}", text)
        return {"markdown": text}

    @server.command(EXPLAIN_FINDING)
    async def explain_finding(*arguments: Any) -> dict[str, str] | None:
        code = text_at(arguments, 0)
        text = explained_code(code)
        if text is None:
            tell(server, f"there is no finding {code}")
            return None
        await show_markdown(server, code, text)
        return {"markdown": text}


def explained(look: Look, findings: Sequence[Finding]) -> str:
    """Return what a program does, what it cannot see, and what was found in it."""
    from gpttrace.explain import explain_program

    if not look.tree.ok:
        lines = ["It has syntax errors, so what it does cannot be told."]
    elif not look.tree.probes:
        lines = ["There is no probe in it: it does nothing."]
    else:
        lines = explain_program(look.tree)
    missed = _missed(look) if look.tree.ok else ()
    parts = ["# What this program does", *lines]
    if missed:
        parts += ["## What it cannot see", "\n".join(f"- {each}" for each in missed)]
    if findings:
        parts += ["## What was found", "\n".join(_listed(look, findings))]
    return "\n\n".join(parts) + "\n"


def _missed(look: Look) -> Sequence[str]:
    from gpttrace.check.meant import recognised
    from gpttrace.spec.catalogue import load_catalogue

    spec = recognised(look.tree, look.host).spec
    catalogue = load_catalogue()
    return catalogue[spec.event].misses if spec is not None and spec.event in catalogue else ()


def _listed(look: Look, findings: Sequence[Finding]) -> list[str]:
    ordered = sorted(findings, key=lambda each: (_SEVERITIES.index(each.severity), each.start))
    lines = []
    for each in ordered:
        line = look.lines.line_of(each.start) + 1
        hint = f" {each.hint[0].upper()}{each.hint[1:]}." if each.hint else ""
        lines.append(f"- **{each.severity}**, line {line} (`{each.code}`): {each.message}.{hint}")
    return lines


def explained_code(name: str) -> str | None:
    """Return the documentation of a code: what it means, why it matters, a wrong program and the mended one."""
    from gpttrace.check.codes import all_codes, code_block  # every room's table, wanted only now

    code = all_codes().get(name)
    if code is None:
        return None
    parts = [f"# `{code.name}`", f"{code.severity}: {code.title}", code.why]
    for word, text in (("Wrong", code.bad), ("Right", code.good)):
        if text:
            parts += [f"{word}:", "\n".join(code_block(text))]
    return "\n\n".join(parts) + "\n"
