"""The server, put together: tools with their annotations, resources, prompts, and the life that they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from difflib import get_close_matches
from importlib.metadata import version
from inspect import getdoc
from typing import Any

import anyio
from mcp import MCPError
from mcp.server import CacheHint, MCPServer
from mcp.server.caching import CacheableMethod
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

from gpttrace.settings import Settings
from gpttrace_mcp import background, finding, prompts, resources, running, writing
from gpttrace_mcp.answering import UNEXPECTED, invalid
from gpttrace_mcp.handles import Tracings
from gpttrace_mcp.instructions import instructions_for
from gpttrace_mcp.safety import Allowance, Bounds
from gpttrace_mcp.shapes import ALWAYS
from gpttrace_mcp.state import App, Mode, log
from gpttrace_mcp.tables import clean_text

NAME = "gpttrace"
_LISTED: tuple[CacheableMethod, ...] = (
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "prompts/list",
)
_LARGE = {"anthropic/maxResultSizeChars": 60_000}


class Server(MCPServer[App]):
    """An MCPServer whose errors are replies in the shape of every other one, and which takes no argument it does not know.

    `app` is the state of the life that it serves in, None before.
    """

    app: App | None = None

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[App, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; what is wrong with the call itself is said so that a model can mend it."""
        tool = self._tool_manager.get_tool(name)
        if tool is None:
            known = [each.name for each in self._tool_manager.list_tools()]
            return invalid(f"there is no tool {clean_text(name, 60)!r}", f"the tools are {', '.join(known)}")
        known = list(tool.parameters.get("properties", {}))
        if unknown := [each for each in arguments if each not in known]:
            near = get_close_matches(str(unknown[0]), known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            return invalid(
                f"{name} has no argument {clean_text(str(unknown[0]), 60)!r}",
                f"{hint}it has {', '.join(known)}",
            )
        try:
            return await super().call_tool(name, arguments, context)
        except MCPError:
            raise
        except UnexpectedToolError as error:
            log.exception("%s failed unexpectedly", name, exc_info=error.__cause__ or error)
            return invalid(UNEXPECTED, "check the arguments, and report the bug", status="failed")
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                return invalid(
                    f"{name} was called wrongly: {_problems(error.__cause__)}",
                    "the input schema has the bounds",
                )
            return invalid(str(error.__cause__ or error), "call it again")


def _problems(error: ValidationError) -> str:
    """Return what is wrong with which argument; the values themselves are not said again."""
    said = [
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:6]
    ]
    return "; ".join(said)


def make_server(settings: Settings, *, mode: Mode = "full", bounds: Bounds | None = None) -> Server:
    """Return a server with the tools that its mode allows; nothing is started or looked at before it serves."""

    @asynccontextmanager
    async def life(server: MCPServer[App]) -> AsyncIterator[App]:
        app = App(settings, mode, Allowance(bounds or Bounds()), Tracings())
        made.app = app
        async with anyio.create_task_group() as group:
            app.tracings.live_in(group)
            try:
                yield app
            finally:
                # Whatever ends the server ends its traces, and waits until the kernel has nothing of them.
                with anyio.CancelScope(shield=True):
                    await app.tracings.close()
                group.cancel_scope.cancel()

    made = Server(
        NAME,
        title="GPTtrace",
        version=version("gpttrace"),
        instructions=instructions_for(mode),
        lifespan=life,
        log_level="WARNING",
        cache_hints={each: CacheHint(ttl_ms=60_000, scope="public") for each in _LISTED},
    )
    for title, tool, hints in _tools(mode, model=settings.model.is_set):
        made.add_tool(tool, title=title, description=getdoc(tool), annotations=hints, meta=_LARGE)
    for known in made._tool_manager.list_tools():
        known.parameters = {**_without_titles(known.parameters), "additionalProperties": False}
        known.fn_metadata.output_schema = {
            **_without_titles(known.fn_metadata.output_schema, empty=False),
            "required": list(ALWAYS),
        }
    resources.register(made)
    prompts.register(made)
    return made


def _without_titles(schema: Any, *, empty: bool = True) -> Any:
    """Return a schema without titles that repeat its names, and unless `empty` without defaults that say nothing.

    Every client pays for them with each list of tools.
    """
    if isinstance(schema, list):
        return [_without_titles(each, empty=empty) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: each for name, each in schema.items() if name != "title" or not isinstance(each, str)}
    if not empty and not kept.get("default", True):
        del kept["default"]
    return {name: _without_titles(each, empty=empty) for name, each in kept.items()}


def _tools(mode: Mode, *, model: bool) -> list[tuple[str, Callable[..., Any], ToolAnnotations]]:
    """Return the tools with what they truly do: only `run`, `start` and `stop` do something to the machine."""
    looks = ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    # With a model set, `generate` may ask it over the network.
    writes = ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=not model, open_world_hint=model
    )
    attaches = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
    )
    stops = ToolAnnotations(
        read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    tracing: list[tuple[str, Callable[..., Any], ToolAnnotations]] = [
        ("Run a program", running.run, attaches),
        ("Start a trace", background.start, attaches),
        ("Stop a trace", background.stop, stops),
    ]
    return [
        ("Write a program", writing.generate, writes),
        ("Check a program", writing.check, looks),
        *(tracing if mode == "full" else []),
        ("Read a run", background.read, looks),
        ("List runs", background.runs, looks),
        ("Explain", writing.explain, looks),
        ("Search examples", finding.search_examples, looks),
        ("Search probes", finding.search_probes, looks),
        ("Describe a probe", finding.describe_probe, looks),
        ("This machine", finding.host, looks),
    ]
