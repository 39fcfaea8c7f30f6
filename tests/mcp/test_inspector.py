"""The protocol's own inspector (npm), a client that we did not write, finds and calls our tools in both eras."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.mcp.serving import GPTTRACE, TOKEN, environment, listening

from gpttrace.cli.main import run

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]

PACKAGES = ("node@24", "@modelcontextprotocol/inspector@2")
START = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
TOOLS = {
    *("generate", "check", "run", "explain", "start", "read", "stop", "runs"),
    *("search_examples", "search_probes", "describe_probe", "host"),
}
COUNTING = "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"
Inspect = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """The inspector's command, from npm: it wants a newer Node than most distributions have, so that comes from there too."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("npm")
    if npm is None:
        pytest.skip("npm is not here: apt-get install npm")
    # npm's own settings, such as which registry, are those of the person who runs the tests.
    env = {**os.environ, "HOME": pwd.getpwuid(os.getuid()).pw_dir}
    command = [
        npm,
        "install",
        "--no-audit",
        "--no-fund",
        "--cache",
        str(folder / "cache"),
        "--prefix",
        str(folder),
    ]
    done = subprocess.run([*command, *PACKAGES], env=env, capture_output=True, text=True)
    node = folder / "node_modules/node/bin/node"
    if done.returncode or not node.exists():
        pytest.skip(f"npm could not fetch the inspector: {done.stderr.strip()[-300:]}")
    return [str(node), str(folder / START), "--cli"]


@pytest.fixture
def inspect(inspector: Sequence[str], tmp_path: Path) -> Inspect:
    """Run the inspector with options."""

    def inspect(*options: str) -> subprocess.CompletedProcess[str]:
        env = environment(tmp_path / "state", HOME=str(tmp_path))
        return subprocess.run([*inspector, *options], env=env, capture_output=True, text=True, timeout=60)

    return inspect


def printed(done: subprocess.CompletedProcess[str]) -> Any:
    """Return the JSON that it printed."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_it_lists_every_tool_and_finds_no_error_in_a_schema(inspect: Inspect, era: str) -> None:
    # Strict: a schema that other clients could not use makes it fail.
    done = inspect(GPTTRACE, "mcp", "--method", "tools/list", "--strict", "--protocol-era", era)
    assert {each["name"] for each in printed(done)["tools"]} == TOOLS


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize(
    ("tool", "arguments", "status"),
    [
        ("generate", {"question": "count syscalls by program"}, "ok"),
        ("check", {"program": "BEGIN { @a = nope; }"}, "program_error"),
        ("explain", {"program": COUNTING}, "ok"),
        ("search_examples", {"question": "why is my disk slow"}, "ok"),
        ("search_probes", {"query": "openat"}, "ok"),
        ("describe_probe", {"probe": "tracepoint:sched:sched_switch"}, "ok"),
        ("host", {}, "ok"),
        ("runs", {}, "ok"),
        ("read", {"run": "last"}, "invalid"),
        ("stop", {"handle": "none"}, "invalid"),
    ],
)
def test_it_calls_every_tool_that_traces_nothing(
    inspect: Inspect, tool: str, arguments: dict[str, str], status: str, era: str
) -> None:
    called = ["--tool-name", tool, "--tool-args-json", json.dumps(arguments), "--protocol-era", era]
    done = inspect(GPTTRACE, "mcp", "--method", "tools/call", *called)
    reply = json.loads(done.stdout)
    assert reply["structuredContent"]["status"] == status
    assert reply["content"][0]["text"]


@pytest.mark.kernel
@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("tool", ["run", "start"])
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_it_traces(inspect: Inspect, tool: str, era: str) -> None:
    wanted = json.dumps({"program": COUNTING, "seconds": 1})
    called = ["--tool-name", tool, "--tool-args-json", wanted, "--protocol-era", era]
    found = printed(inspect(GPTTRACE, "mcp", "--method", "tools/call", *called))["structuredContent"]
    assert found["status"] == ("time_limit" if tool == "run" else "running")
    assert found["run_id"]


@pytest.mark.parametrize(
    ("method", "key", "name"),
    [
        ("resources/list", "resources", "language_index"),
        ("resources/templates/list", "resourceTemplates", "run_as_json"),
        ("prompts/list", "prompts", "slow_disk"),
    ],
)
def test_it_lists_resources_and_prompts(inspect: Inspect, method: str, key: str, name: str) -> None:
    found = printed(inspect(GPTTRACE, "mcp", "--method", method))[key]
    assert name in {each["name"] for each in found}


def test_it_reads_the_file_that_setup_wrote(
    inspect: Inspect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["setup", "mcp", "--client", "cursor", "--yes", "--read-only"]) == 0
    config = ["--config", str(tmp_path / ".cursor/mcp.json"), "--server", "gpttrace"]
    found = printed(inspect(*config, "--method", "tools/list"))
    assert {each["name"] for each in found["tools"]} == TOOLS - {"run", "start", "stop"}


@pytest.mark.parametrize(("token", "works"), [(TOKEN, True), ("another-token-0123456789", False)])
def test_it_reaches_a_server_over_http_with_the_token_alone(
    inspect: Inspect, tmp_path: Path, token: str, works: bool
) -> None:
    with listening(tmp_path / "state") as server:
        header = ["--transport", "http", "--header", f"Authorization: Bearer {token}", "--stored-auth-only"]
        done = inspect("--server-url", server.url, *header, "--method", "tools/list")
    assert (done.returncode == 0) == works, done.stderr
    assert ('"generate"' in done.stdout) == works
