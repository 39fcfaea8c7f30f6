"""What `mcp` and `lsp` do: start a server, each a package of its own that the core does not import by itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from gpttrace.errors import Unavailable, UsageError
from gpttrace.settings import Settings


def mcp(
    *,
    http: str | None,
    token_file: str | None,
    hosts: tuple[str, ...],
    read_only: bool,
    no_run: bool,
    max_seconds: float | None,
    runs_a_minute: int | None,
    at_once: int | None,
    verbose: bool,
) -> int:
    """Serve until the client goes or a signal comes; UsageError for options that do not go together."""
    if http is None and (token_file or hosts):
        raise UsageError("--token-file and --allow-host are for HTTP", hint="add --http")
    import gc

    gc.enable()  # see cli.main: this process lives long
    given = {"start_seconds": max_seconds, "runs_a_minute": runs_a_minute, "at_once": at_once}
    limits: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if max_seconds is not None:
        limits["run_seconds"] = min(max_seconds, 30.0)
    bounds = imported("gpttrace_mcp.safety", "mcp").Bounds(**limits)
    code = imported("gpttrace_mcp.main", "mcp").serve(
        Settings.load(),
        http=http,
        token_file=token_file,
        hosts=hosts,
        mode="read-only" if read_only else "no-run" if no_run else "full",
        bounds=bounds,
        verbose=verbose,
    )
    return int(code)


def lsp(*, tcp: str | None, stdio: bool, verbose: bool) -> int:
    """Serve an editor until it goes."""
    if tcp is not None and stdio:
        raise UsageError("--tcp and --stdio are two ways of serving", hint="give one of them")
    return int(imported("gpttrace_lsp.main", "lsp").serve(Settings.load(), tcp=tcp, verbose=verbose))


def imported(name: str, extra: str) -> Any:
    """Return a module of a server; Unavailable when that, or what it needs, is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise Unavailable(
            f"the {extra.upper()} server cannot be started: {error.name or error} is not installed",
            hint=f"pip install 'gpttrace[{extra}]'",
        ) from None
