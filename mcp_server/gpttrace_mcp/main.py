"""What `gpttrace mcp` does: serve one client on standard input and output, or many over HTTP."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from gpttrace.settings import Settings
from gpttrace_mcp.safety import Bounds
from gpttrace_mcp.state import Mode


class WithoutPandas:
    """Keeps pandas out of this process: nothing here uses it, but pyarrow imports it, where it is installed, for its first array.

    That costs 0.2 s of the first run and 40 MB for good (measured).
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Raise ImportError for pandas; other finders look for the rest."""
        if name == "pandas":
            raise ModuleNotFoundError("this server does without pandas", name=name)


def serve(
    settings: Settings,
    *,
    http: str | None,
    token_file: str | None,
    hosts: Sequence[str],
    mode: Mode,
    bounds: Bounds,
    verbose: bool,
) -> int:
    """Serve until the client goes or a signal comes, and return the exit code. Raises UsageError and NotPermitted."""
    # Standard output is the protocol's: every word for people goes to standard error.
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="gpttrace mcp: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("gpttrace_mcp").setLevel(logging.INFO if verbose else logging.WARNING)
    sys.meta_path.insert(0, WithoutPandas())
    from gpttrace_mcp.server import make_server

    if http is None:
        from gpttrace_mcp.lifecycle import serve_stdio

        return serve_stdio(make_server(settings, mode=mode, bounds=bounds))
    from gpttrace_mcp.http import check_place, read_place, read_token, serve_http

    place, token = read_place(http), read_token(settings.mcp_token, token_file)
    check_place(place, token)
    return serve_http(make_server(settings, mode=mode, bounds=bounds), place, token, hosts)
