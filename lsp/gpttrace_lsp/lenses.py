"""Code lenses: run and stop, explain and verify at the top; above probes how many hook points a wildcard stands for and what
the verifier said; above a comment that asks for a program, writing it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types as t

from gpttrace.language import nodes as n
from gpttrace_lsp.explaining import EXPLAIN
from gpttrace_lsp.generating import GENERATE, offered
from gpttrace_lsp.matches import MATCHES, hook_points, is_wild, number_of
from gpttrace_lsp.options import Options
from gpttrace_lsp.running import RUN, STOP, Runs
from gpttrace_lsp.verifying import VERIFY, Said, Verifying, verdict_on

if TYPE_CHECKING:
    from gpttrace_lsp.document import Document
    from gpttrace_lsp.look import Look
    from gpttrace_lsp.running.tracing import Tracing
    from gpttrace_lsp.server import Server


@dataclass(frozen=True, slots=True)
class Now:
    """What lenses tell besides the text: the run of the document, what the verifier said of it, and whether it may run."""

    tracing: Tracing | None = None
    said: Said | None = None
    may_run: bool = True


def register(server: Server) -> None:
    """Register the request."""

    @server.feature(t.TEXT_DOCUMENT_CODE_LENS, t.CodeLensOptions(resolve_provider=False))
    async def lenses_of(params: t.CodeLensParams) -> list[t.CodeLens] | None:
        document = server.documents.get(params.text_document.uri)
        if document is None:
            return None
        look = await server.look_of(document)
        tracing, said = server.part(Runs).of(document.uri), server.part(Verifying).said_of(document)
        now = Now(tracing, said, _may_run(server))
        # A wildcard over a program's functions reads that file.
        return await asyncio.to_thread(lenses, look, document, server.options, now)


def _may_run(server: Server) -> bool:
    host = server.hosting.host
    return server.may_run and host is not None and not host.saved


def lenses(look: Look, document: Document, options: Options, now: Now) -> list[t.CodeLens]:
    """Return the lenses of a text, as the options want them."""
    found = [*_top(look, document, options, now), *_written(look, document)]
    for probe in look.tree.probes:
        found += _over(probe, look, document, options, now)
    return found


def _top(look: Look, document: Document, options: Options, now: Now) -> Iterator[t.CodeLens]:
    if not look.tree.probes:
        return
    start = look.tree.items[0].start
    first = next((each.start for each in look.tree.comments if each.start < start), start)
    place = look.lines.range(first, first)
    uri = document.uri
    if options.codeLens_run and now.tracing is not None:
        yield _lens(place, stop_title(now.tracing), STOP, now.tracing.id)
    elif options.codeLens_run and now.may_run:
        yield _lens(place, f"▶ run for {options.run_seconds:g} s", RUN, uri, {"seconds": options.run_seconds})
    if options.codeLens_explain:
        yield _lens(place, "explain", EXPLAIN, uri)
    if options.codeLens_verify and now.may_run:
        yield _lens(place, "verify" if now.said is None else f"verify · {now.said.sentence}", VERIFY, uri)


def stop_title(tracing: Tracing) -> str:
    """Return the words of the lens of a run that is on."""
    left = tracing.seconds_left
    told = [f"{left:.0f} s left" if left is not None else tracing.state]
    if tracing.rows:
        told.append("1 row" if tracing.rows == 1 else f"{tracing.rows:,} rows")
    return f"■ stop ({', '.join(told)})"


def _written(look: Look, document: Document) -> Iterator[t.CodeLens]:
    for each in offered(look.tree):
        line = look.lines.line_of(each.start)
        place = look.lines.range(each.start, each.start)
        yield _lens(place, "write this program", GENERATE, document.uri, {"line": line})


def _over(probe: n.Probe, look: Look, document: Document, options: Options, now: Now) -> Iterator[t.CodeLens]:
    for point in probe.points if options.codeLens_matches else ():
        number = number_of(point, look.host) if is_wild(point) else None
        if number is not None:
            place = look.lines.range(point.start, point.end)
            begin = {"line": place.start.line, "character": place.start.character}
            yield _lens(place, hook_points(number), MATCHES, document.uri, begin)
    said = verdict_on(document, now.said, probe.start, probe.end) if now.said is not None else None
    if said is not None and options.codeLens_verify:
        yield _lens(look.lines.range(probe.start, probe.start), said, VERIFY, document.uri)


def _lens(place: t.Range, title: str, command: str, *arguments: Any) -> t.CodeLens:
    return t.CodeLens(place, command=t.Command(title=title, command=command, arguments=list(arguments)))
