"""What `gpttrace lsp` does: serve one editor on standard input and output, or on a port of this machine."""

from __future__ import annotations

import gc
import logging
import sys

from gpttrace.errors import UsageError
from gpttrace.settings import Settings

_LOCAL = ("127.0.0.1", "::1", "localhost")


def serve(settings: Settings, *, tcp: str | None, verbose: bool) -> int:
    """Serve until the editor goes, and return the exit code. Raises UsageError for a port that cannot be served.

    Whoever can open a port of this machine would have its root's rights, so over TCP nothing is traced or loaded.
    """
    # Standard output is the protocol's: every word for people goes to standard error.
    logging.basicConfig(level=logging.WARNING, format="gpttrace lsp: %(message)s", stream=sys.stderr)
    logging.getLogger("gpttrace_lsp").setLevel(logging.INFO if verbose else logging.WARNING)
    # pygls tells of a client's slips (an unknown method, a late cancel) as if they were ours.
    logging.getLogger("pygls").setLevel(logging.WARNING if verbose else logging.CRITICAL)
    from gpttrace_lsp.server import make_server

    # A look makes 50,000 objects that die with the next keystroke, none of them in cycles: at Python's own pace looking for
    # garbage among them takes as long as the look itself (30 ms instead of 15 at 300 lines, measured). It is looked for in the
    # pauses of typing instead (`diagnose`).
    gc.disable()
    if tcp is None:
        from gpttrace_lsp.stdio import serve_stdio

        return serve_stdio(make_server(settings))
    host, port = _place(tcp)
    try:
        make_server(settings, may_run=False).start_tcp(host, port)
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be served: {error.strerror}", hint="choose another port"
        ) from None
    return 0


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = (host or "127.0.0.1").strip("[]")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise UsageError(f"{text} is no port to serve at", hint="give HOST:PORT, such as 127.0.0.1:8932")
    if host not in _LOCAL:
        raise UsageError(
            f"a language server is for this machine only, and {host} is not",
            hint="use 127.0.0.1, or run it over ssh",
        )
    return host, int(port)
