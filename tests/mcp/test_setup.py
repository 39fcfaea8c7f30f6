"""`gpttrace setup mcp`: a client's file gets our entry and loses nothing; what is written starts a server; server.json is so."""

from __future__ import annotations

import json
import os
import pty
import re
import stat
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from mcp import StdioServerParameters
from tests.mcp.serving import GPTTRACE, PATIENCE, environment, talking

from gpttrace.cli import commands
from gpttrace.cli.main import cli, run
from gpttrace_mcp.clients import CLIENTS, Way
from gpttrace_mcp.splice import with_entry

ROOT = Path(__file__).parents[2]
FILES = {
    "claude-desktop": (".config/Claude/claude_desktop_config.json", "mcpServers"),
    "claude-code": (".claude.json", "mcpServers"),
    "cursor": (".cursor/mcp.json", "mcpServers"),
    "vscode": (".config/Code/User/mcp.json", "servers"),
}
OURS = {"command": "x", "args": []}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of this test's own."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path / "home"


def entry_of(path: Path, key: str) -> dict[str, Any]:
    """Return our entry of a client's file."""
    return dict(json.loads(path.read_text())[key]["gpttrace"])


@pytest.mark.parametrize("client", FILES)
def test_each_client_gets_the_file_that_it_reads(home: Path, client: str) -> None:
    assert run(["setup", "mcp", "--client", client, "--yes"]) == 0
    name, key = FILES[client]
    typed = {"type": "stdio"} if client in ("claude-code", "vscode") else {}
    assert entry_of(home / name, key) == {**typed, "command": GPTTRACE, "args": ["mcp"]}
    assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert [each for each in home.rglob("*") if each.is_file()] == [home / name]


@pytest.mark.parametrize(
    ("options", "argv"),
    [
        ([], [GPTTRACE, "mcp"]),
        (["--read-only"], [GPTTRACE, "mcp", "--read-only"]),
        (["--sudo"], ["sudo", "-n", GPTTRACE, "mcp"]),
        (["--ssh", "me@box"], ["ssh", "-T", "-o", "BatchMode=yes", "me@box", "gpttrace mcp"]),
        (
            ["--ssh", "box", "--sudo", "--program", "/opt/my tools/gpttrace", "--read-only"],
            ["ssh", "-T", "-o", "BatchMode=yes", "box", "sudo -n '/opt/my tools/gpttrace' mcp --read-only"],
        ),
    ],
)
def test_the_ways_to_the_machine(home: Path, options: list[str], argv: list[str]) -> None:
    assert run(["setup", "mcp", "--client", "cursor", "--yes", *options]) == 0
    entry = entry_of(home / ".cursor/mcp.json", "mcpServers")
    assert [entry["command"], *entry["args"]] == argv


@pytest.mark.parametrize("host", ["-oProxyCommand=touch x", "-box", "", "a b", "a\nb", "bóx"])
def test_what_ssh_would_not_take_for_a_host_is_refused(home: Path, host: str) -> None:
    assert run(["setup", "mcp", "--client", "cursor", "--yes", f"--ssh={host}"]) == 2
    assert not home.exists()


def test_the_line_for_sudo_allows_this_mode_and_nothing_else() -> None:
    way = Way("/opt/my tools/gpttrace", sudo=True, options=("--read-only",))
    assert way.sudoers("me") == r"me ALL=(root) NOPASSWD: /opt/my\ tools/gpttrace mcp --read-only"


# ------------------------------------------------------------------------------------ other people's files


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "s": {\n    "g": {\n      "command": "x",\n      "args": []\n    }\n  }\n}\n'),
        ("{}", '{"s": {"g": {"command": "x", "args": []}}}'),
        ('{"a":1E5}', '{"a":1E5, "s": {"g": {"command": "x", "args": []}}}'),
        ('{"s":{"o":{}},"b":2}', '{"s":{"o":{}, "g": {"command": "x", "args": []}},"b":2}'),
        ('{"s":{"g":{"command":"old"},"b":[1.0]}}', '{"s":{"g":{"command": "x", "args": []},"b":[1.0]}}'),
        (
            '{\n\t"a": 0.10,\n\t"s": {\n\t\t"o": "é\\u00e9"\n\t}\n}\n',
            '{\n\t"a": 0.10,\n\t"s": {\n\t\t"o": "é\\u00e9",'
            '\n\t\t"g": {\n\t\t\t"command": "x",\n\t\t\t"args": []\n\t\t}\n\t}\n}\n',
        ),
        (
            '{\r\n    "s": {},\r\n    "z": 1\r\n}',
            '{\r\n    "s": {\r\n        "g": {\r\n            "command": "x",\r\n            "args": []\r\n        }\r\n    },'
            '\r\n    "z": 1\r\n}',
        ),
        ('{"g": {"s": {}}, "s": {"x": {"g": 1}}}', None),
        ('{\n  "s": {\n    "g": {"command": "x", "args": []}\n  }\n}', "same"),
    ],
)
def test_every_other_byte_of_a_file_stays(before: str, after: str | None) -> None:
    made = with_entry(before, "s", "g", OURS)
    if after is not None:
        assert made == (before if after == "same" else after)
    known = json.loads(before or "{}")
    assert json.loads(made) == {**known, "s": {**known.get("s", {}), "g": OURS}}
    assert with_entry(made, "s", "g", OURS) == made


@pytest.mark.parametrize(
    "text",
    [
        '{"mcpServers": {}, // mine\n}',
        '{"mcpServers": {"a": 1},}',
        "[]",
        "null",
        '{"mcpServers": []}',
        '{"mcpServers": null}',
        '{"mcpServers": {}, "mcpServers": {}}',
        '{"mcpServers": {"gpttrace": 1, "gpttrace": 2}}',
        "[" * 100_000,
        "\ufeff{}",
        "mcpServers:\n  a: 1",
    ],
)
def test_a_file_that_cannot_be_changed_safely_is_never_touched(
    home: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = home / ".cursor/mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert run(["setup", "mcp", "--client", "cursor", "--yes"]) == 1
    assert path.read_text() == text
    assert os.listdir(path.parent) == ["mcp.json"]
    said = capsys.readouterr().err
    assert "was not touched" in said
    assert '"command"' in said, "what to put there by hand is said"


@pytest.mark.parametrize("content", [b"\xff\xfe{}", None])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(
    home: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = home / ".cursor/mcp.json"
    path.parent.mkdir(parents=True)
    path.mkdir() if content is None else path.write_bytes(content)
    assert run(["setup", "mcp", "--client", "cursor", "--yes"]) == 1
    assert str(path) in capsys.readouterr().err


def test_mode_link_and_backup_of_a_file_are_kept(home: Path, tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.json", home / ".claude.json"
    before = '{"projects": {"/x": {"history": [1]}}, "mcpServers": {"other": {"command": "o"}}}'
    home.mkdir()
    real.write_text(before)
    real.chmod(0o640)
    link.symlink_to(real)
    assert run(["setup", "mcp", "--client", "claude-code", "--yes"]) == 0
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert json.loads(real.read_text())["mcpServers"]["other"] == {"command": "o"}
    (backup,) = tmp_path.glob("dotfiles.json.bak-*")
    assert backup.read_text() == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o640
    assert run(["setup", "mcp", "--client", "claude-code", "--yes", "--read-only"]) == 0
    assert len(list(tmp_path.glob("dotfiles.json.bak-*"))) == 2
    assert not list(tmp_path.glob(".dotfiles*")), "nothing half written lies about"


# --------------------------------------------------------------------------------------------- asking first


def test_to_show_writes_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / ".cursor/mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{\n  "mcpServers": {\n    "o": {\n      "env": {"KEY": "secret"},\n      "command": "o"\n    }\n  }\n}\n'
    )
    before = path.read_bytes()
    assert run(["setup", "mcp", "--client", "cursor", "--show"]) == 0
    said = capsys.readouterr().out
    assert '+    "gpttrace": {' in said
    assert "secret" not in said
    assert path.read_bytes() == before


def test_nobody_to_ask_changes_nothing(home: Path) -> None:
    done = subprocess.run(
        [GPTTRACE, "setup", "mcp", "--client", "cursor"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert not home.exists()


def asked(said: str, meanwhile: Callable[[], object]) -> tuple[int, str]:
    """Run the command on a terminal, answer its question, and return the exit code and what was shown until then."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [GPTTRACE, "setup", "mcp", "--client", "cursor"], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(ours, 4096)
        meanwhile()
        os.write(ours, said.encode())
        code = process.wait(PATIENCE)
    os.close(ours)
    return code, shown.decode()


@pytest.mark.parametrize(("said", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 130)])
def test_a_person_is_asked_and_only_yes_changes_the_file(home: Path, said: str, code: int) -> None:
    ended, shown = asked(said, lambda: None)
    assert ended == code
    assert '"gpttrace": {' in shown, "the change is shown before the question"
    assert (home / ".cursor/mcp.json").exists() == (code == 0)


def test_a_file_that_its_client_changed_meanwhile_is_left_as_that_made_it(home: Path) -> None:
    path = home / ".cursor/mcp.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    code, _ = asked("y\n", lambda: path.write_text('{"new": 1}'))
    assert code == 1
    assert path.read_text() == '{"new": 1}'
    assert os.listdir(path.parent) == ["mcp.json"]


def test_what_is_there_already_is_not_written_again(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["setup", "mcp", "--client", "vscode", "--yes"]) == 0
    assert run(["setup", "mcp", "--client", "vscode"]) == 0
    assert "already" in capsys.readouterr().err
    assert not list(home.rglob("*.bak-*"))


def test_without_a_client_all_are_listed_with_what_to_paste(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["setup", "mcp"]) == 0
    said = capsys.readouterr().out
    for name, key in FILES.values():
        assert str(home / name) in said
        assert f'"{key}"' in said
    blocks = re.findall(r"^\{.*?^\}", said, re.MULTILINE | re.DOTALL)
    assert all("gpttrace" in next(iter(json.loads(each).values())) for each in blocks)
    assert not home.exists()


def test_the_command_line_knows_the_same_clients() -> None:
    assert commands  # imported for what it does
    command: Any = cli.commands["setup"]
    option = next(each for each in command.commands["mcp"].params if each.name == "client")
    assert list(option.type.choices) == list(CLIENTS) == list(FILES)


# --------------------------------------------------------------------------------------------- does it work?


@pytest.mark.parametrize("ssh", [False, True])
def test_what_was_written_starts_a_server_that_answers(
    home: Path, tmp_path: Path, portal: BlockingPortal, monkeypatch: pytest.MonkeyPatch, ssh: bool
) -> None:
    # There is no ssh server here: this one does with the last word what sshd does, hand it to a shell.
    there = tmp_path / "bin/ssh"
    there.parent.mkdir()
    there.write_text('#!/bin/sh\nfor last; do :; done\nexec /bin/sh -c "$last"\n')
    there.chmod(0o755)
    monkeypatch.setenv("PATH", f"{there.parent}:{os.environ['PATH']}")
    options = ["--ssh", "box", "--program", GPTTRACE] if ssh else []
    assert run(["setup", "mcp", "--client", "cursor", "--yes", "--read-only", *options]) == 0
    entry = entry_of(home / ".cursor/mcp.json", "mcpServers")
    target = StdioServerParameters(**entry, env=environment(tmp_path / "state"))
    with talking(portal, target, "auto") as talk:
        names = {each.name for each in talk.ask("list_tools").tools}
        assert "generate" in names
        assert "run" not in names
        assert talk.call("generate", question="count syscalls by program").data["status"] == "ok"


# --------------------------------------------------------------------------------------------- the registry


def test_the_registry_is_told_what_is_true() -> None:
    told = json.loads((ROOT / "mcp_server/server.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (package,) = told["packages"]
    assert told["version"] == package["version"] == project["version"]
    assert package["identifier"] == project["name"]
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", told["name"])
    assert 1 <= len(told["description"]) <= 100
    assert f"mcp-name: {told['name']}" in (ROOT / project["readme"]).read_text(), (
        "how the registry knows the owner"
    )
    (extra,) = project["optional-dependencies"]["mcp"]
    assert [each["value"] for each in package["runtimeArguments"]] == [extra]
    command, *options = package["packageArguments"]
    known = {name for each in cli.commands[command["value"]].params for name in each.opts}
    assert {each["name"] for each in options} <= known


@pytest.mark.parametrize("number", range(len(re.findall(r"```json\n", (ROOT / "docs/mcp.md").read_text()))))
def test_what_the_page_says_to_paste_is_what_setup_writes(home: Path, number: int) -> None:
    text = re.findall(r"```json\n(.*?)```", (ROOT / "docs/mcp.md").read_text(), re.DOTALL)[number]
    pasted = json.loads(text)
    (key,) = pasted
    (entry,) = pasted[key].values()
    assert list(pasted[key]) == ["gpttrace"]
    assert key in ("mcpServers", "servers")
    if "url" in entry:
        assert entry["headers"]["Authorization"].startswith("Bearer ")
        return
    argv = [entry["command"], *entry["args"]]
    program = "/usr/local/bin/gpttrace"
    ways = [
        Way(program), Way(program, sudo=True), Way(program, options=("--read-only",)), Way(ssh="root@HOST"),
        Way(ssh="USER@HOST", sudo=True),
    ]  # fmt: skip
    assert argv in [each.argv for each in ways]
