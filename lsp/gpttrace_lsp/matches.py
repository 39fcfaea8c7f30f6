"""`gpttrace.matches`: the hook points that an attach point stands for, as Markdown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from gpttrace.host.kinds import IN_BINARIES
from gpttrace.language import nodes as n
from gpttrace_lsp.calling import document_of, offset_in, options_at, tell
from gpttrace_lsp.showing import show_markdown

if TYPE_CHECKING:
    from gpttrace.host import Host
    from gpttrace_lsp.look import Look
    from gpttrace_lsp.server import Server

MATCHES = "gpttrace.matches"
SHOWN = 100


def register(server: Server) -> None:
    """Register the command."""

    @server.command(MATCHES)
    async def matches(*arguments: Any) -> dict[str, str] | None:
        document = document_of(server, arguments)
        if document is None:
            return None
        look = await server.look_of(document)
        point = point_at(look, offset_in(document, options_at(arguments, 1)))
        if point is None:
            tell(server, "there is no attach point at that place")
            return None
        text = await asyncio.to_thread(matched, point, look.host)
        await show_markdown(server, "hook-points", text)
        return {"markdown": text}


def point_at(look: Look, offset: int) -> n.AttachPoint | None:
    """Return the attach point at a place; on a probe's other places its first one."""
    for probe in look.tree.probes:
        if not probe.start <= offset <= probe.end:
            continue
        here = next((each for each in probe.points if each.start <= offset <= each.end), None)
        return here or (probe.points[0] if probe.points else None)
    return None


def is_wild(point: n.AttachPoint) -> bool:
    """Tell whether an attach point may stand for several hook points."""
    return any(mark in part for part in point.parts for mark in "*?[")


def number_of(point: n.AttachPoint, host: Host | None) -> int | None:
    """Return how many hook points an attach point stands for; None where the host cannot tell. May read a program file."""
    if host is None or not point.parts or "$" in point.text or "[" in point.text:
        return None
    if not host.lists(point.kind) and point.kind not in IN_BINARIES:
        return None
    return host.count(point.kind, ":".join(point.parts))


def matched(point: n.AttachPoint, host: Host | None) -> str:
    """Return the list of hook points, the first hundred of them."""
    number = number_of(point, host)
    if number is None or host is None:
        return f"# `{point.text}`\n\nHow many hook points this matches cannot be told here.\n"
    names = host.match(point.kind, ":".join(point.parts), SHOWN)
    lines = [f"# `{point.text}`", "", f"{hook_points(number)} on {host.name}.", ""]
    lines += [f"- `{point.kind}:{each}`" for each in names]
    if number > len(names):
        lines.append(f"- and {number - len(names):,} more")
    return "\n".join(lines) + "\n"


def hook_points(number: int) -> str:
    """Return a number of hook points in words."""
    return "1 hook point" if number == 1 else f"{number:,} hook points"
