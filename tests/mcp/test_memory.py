"""What a server keeps in memory once it has traced: no library that only other programs need."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

PROGRAM = "BEGIN { @a[1] = 1; exit(); }"


def test_a_server_that_has_traced_did_so_without_pandas(wire: Callable[..., Any]) -> None:
    assert importlib.util.find_spec("pandas") is not None, (
        "where it is not installed this would prove nothing"
    )
    server = wire("auto")
    reply = server.result(server.tool("run", program=PROGRAM))["structuredContent"]
    assert reply["tables"][0]["rows"] == [[1, 1]]
    mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "pyarrow" in mapped, "the run was stored"
    assert "pandas" not in mapped
