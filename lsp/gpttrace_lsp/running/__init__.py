"""Running the open script: `gpttrace.run`, `gpttrace.stop`, `gpttrace.csv`, and the news of a run while it runs.

What runs is the present text, saved or not, checked and held against the policy as `gpttrace run` does. Nothing stays attached
however the server ends: the trace's own supervisor sees to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpttrace_lsp.calling import document_of, number_in, options_at, text_at
from gpttrace_lsp.running.runs import Runs

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

RUN, STOP, CSV = "gpttrace.run", "gpttrace.stop", "gpttrace.csv"
LONGEST = 86_400.0


def register(server: Server) -> None:
    """Register the commands, and that runs end with the server."""
    runs = server.part(Runs)
    server.at_end(runs.end)

    @server.command(RUN)
    async def run(*arguments: Any) -> dict[str, str] | None:
        document = document_of(server, arguments)
        if document is None:
            return None
        await server.hosting.ready(server.options)
        seconds = number_in(options_at(arguments, 1), "seconds", 0.1, LONGEST)
        return {"id": await runs.start(document, seconds or server.options.run_seconds)}

    @server.command(STOP)
    async def stop(*arguments: Any) -> None:
        await runs.stop(text_at(arguments, 0))

    @server.command(CSV)
    async def csv(*arguments: Any) -> dict[str, str] | None:
        text = await runs.csv(text_at(arguments, 0), text_at(arguments, 1))
        return None if text is None else {"csv": text}


__all__ = ["CSV", "RUN", "STOP", "Runs", "register"]
