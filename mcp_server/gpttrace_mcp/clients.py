"""The programs that people use this server from: where each keeps its list of servers, and what our entry there says.

Nothing is read, written or started here, and no SDK is imported: a desk without it can still be set up to reach another machine.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "gpttrace"


@dataclass(frozen=True, slots=True)
class Client:
    """One such program.

    `key` is the object of its file that holds the servers. The file is `path` below the home folder, or below the folder of
    settings (`~/.config`, on macOS `~/Library/Application Support`) when `in_settings`. `typed` says that an entry names its
    transport, `then` what to do after a change.
    """

    name: str
    title: str
    key: str
    path: str
    in_settings: bool
    typed: bool
    then: str

    def file(self, home: Path, settings: Path) -> Path:
        """Return where its file is."""
        return (settings if self.in_settings else home) / self.path


CLIENTS: Mapping[str, Client] = {
    each.name: each
    for each in (
        Client(
            "claude-desktop",
            "Claude Desktop",
            "mcpServers",
            "Claude/claude_desktop_config.json",
            True,
            False,
            "quit Claude Desktop wholly and start it again",
        ),
        Client(
            "claude-code",
            "Claude Code",
            "mcpServers",
            ".claude.json",
            False,
            True,
            "start a new session; /mcp shows the server",
        ),
        Client(
            "cursor",
            "Cursor",
            "mcpServers",
            ".cursor/mcp.json",
            False,
            False,
            "restart Cursor and switch the server on in its list of MCP servers",
        ),
        Client(
            "vscode",
            "VS Code",
            "servers",
            "Code/User/mcp.json",
            True,
            True,
            "run the command `MCP: List Servers` and start gpttrace",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Way:
    """How the server is reached: on this machine or over ssh, as this user or through `sudo -n`; `program` is gpttrace there."""

    program: str = NAME
    ssh: str | None = None
    sudo: bool = False
    options: tuple[str, ...] = ()

    @property
    def there(self) -> list[str]:
        """What runs on the machine that is traced."""
        return [*(("sudo", "-n") if self.sudo else ()), self.program, "mcp", *self.options]

    @property
    def argv(self) -> list[str]:
        """What the client starts. Batch mode: a client has no terminal on which ssh could ask for a password."""
        if self.ssh is None:
            return self.there
        return ["ssh", "-T", "-o", "BatchMode=yes", self.ssh, shlex.join(self.there)]

    def sudoers(self, user: str) -> str:
        """Return the line that lets `user` start exactly this, and nothing else, as root without a password."""
        words = [re.sub(r"([\s,:=\\])", r"\\\1", word) for word in self.there[2:]]
        return f"{user} ALL=(root) NOPASSWD: {' '.join(words)}"


def entry(client: Client, way: Way) -> dict[str, Any]:
    """Return our entry of a client's file."""
    command, *args = way.argv
    return {**({"type": "stdio"} if client.typed else {}), "command": command, "args": args}


def block(client: Client, way: Way) -> dict[str, Any]:
    """Return a whole file with our entry alone, to paste."""
    return {client.key: {NAME: entry(client, way)}}
