"""What tests of the language server share: a real server, spoken to by a client like VS Code or on the bare wire, and hosts."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types as t
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from tests.lsp.answering import Answering
from tests.trace.conftest import busy as busy  # fixtures of other tests, used here too
from tests.trace.conftest import watch as watch

GPTTRACE = str(Path(sys.executable).with_name("gpttrace"))


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[GPTTRACE, "lsp"]))  # type: ignore[untyped-decorator]
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A client with the capabilities of VS Code and a panel, and its server."""
    await lsp_client.initialize_session(
        t.InitializeParams(
            capabilities=client_capabilities("visual-studio-code"),
            initialization_options={"panel": True},
            workspace_folders=[],
        )
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Callable[..., Answering]]:
    """Start servers on the bare wire; their runs and files are in this test's own folder."""
    started: list[Answering] = []

    def start(*options: str, **given: Any) -> Answering:
        env = {"GPTTRACE_STATE": str(tmp_path / "state"), **given.pop("env", {})}
        started.append(Answering(*options, cwd=tmp_path, env=env, **given))
        return started[-1]

    yield start
    for each in started:
        each.close()
