"""What `setup` does: enter the MCP server into an AI assistant's file, shown and agreed to first, with a backup beside it."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import platformdirs

from gpttrace.cli.failures import say
from gpttrace.cli.serving import imported
from gpttrace.cli.text import printable
from gpttrace.errors import StoreError, UsageError

_HOST = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9_.@:%/\[\]-]*")
WIDEST = 160  # of a line of a difference: some files are one line


def mcp(
    *,
    client: str | None,
    ssh: str | None,
    sudo: bool,
    read_only: bool,
    program: str | None,
    file: str | None,
    show: bool,
    yes: bool,
) -> int:
    """Set a client up, or list them all; 1 when the person said no."""
    clients = imported("gpttrace_mcp.clients", "mcp")
    way = _way(clients, ssh=ssh, sudo=sudo, read_only=read_only, program=program)
    if client is None:
        if file is not None or yes:
            raise UsageError("which client is meant?", hint=f"--client {'|'.join(clients.CLIENTS)}")
        return _list(clients, way)
    chosen = clients.CLIENTS[client]
    path = (Path(file) if file is not None else _file(chosen)).expanduser().absolute()
    before = _text(path)
    after = _changed(chosen, path, before or "", clients.entry(chosen, way))
    if after == before:
        say(f"gpttrace: {path} has this entry already")
        return 0
    for line in _difference(path, before or "", after):
        click.echo(line, err=not show)
    if show:
        return 0
    for note in _notes(way):
        say(note)
    if not yes and not _agreed(path):
        say("gpttrace: nothing was changed")
        return 1
    if _text(path) != before:
        raise StoreError(f"{path} was changed meanwhile; nothing was written", hint="run it again")
    kept = _write(path, after)
    say(f"gpttrace: wrote {path}" + (f"; what it was is in {kept.name} beside it" if kept else ""))
    say(f"  now: {chosen.then}")
    return 0


def _way(clients: Any, *, ssh: str | None, sudo: bool, read_only: bool, program: str | None) -> Any:
    # ssh takes what begins with a dash for an option of its own.
    if ssh is not None and not _HOST.fullmatch(ssh):
        raise UsageError(f"--ssh {ssh!r} is no host", hint="a name as for ssh: HOST or USER@HOST")
    if program is None:
        program = clients.NAME if ssh is not None else _own_program()
    options = ("--read-only",) if read_only else ()
    return clients.Way(program=program, ssh=ssh, sudo=sudo, options=options)


def _own_program() -> str:
    # An assistant starts it from anywhere, with another PATH than a shell has.
    beside = Path(sys.executable).with_name("gpttrace")
    found = str(beside) if beside.exists() else shutil.which("gpttrace")
    if found is None:
        raise UsageError("where gpttrace is installed is not known", hint="say it: --program PATH")
    return found


def _list(clients: Any, way: Any) -> int:
    """Print each client, its file, and what to paste there."""
    for each in clients.CLIENTS.values():
        path = _file(each)
        found = "" if path.exists() else "  (not there yet)"
        click.echo(f"{each.name:<15} {each.title:<15} {path}{found}")
    blocks: dict[str, list[str]] = {}
    for each in clients.CLIENTS.values():
        text = json.dumps(clients.block(each, way), indent=2, ensure_ascii=False)
        blocks.setdefault(text, []).append(each.title)
    for text, titles in blocks.items():
        click.echo(f"\n{', '.join(titles)}:\n{text}")
    for note in _notes(way):
        say(note)
    say("gpttrace: to have it written there: gpttrace setup mcp --client NAME")
    return 0


def _notes(way: Any) -> Iterator[str]:
    """Say what else must be so for the entry to work."""
    if way.ssh is None and importlib.util.find_spec("mcp") is None:
        yield "note: the server itself is not installed here: pip install 'gpttrace[mcp]'"
    if way.sudo:
        import pwd

        user = pwd.getpwuid(os.getuid()).pw_name if way.ssh is None else "USER"
        where = "there" if way.ssh is not None else "here"
        yield f"note: sudo {where} must not ask for a password: `visudo -f /etc/sudoers.d/gpttrace`, and this line:"
        yield f"  {way.sudoers(user)}"
    elif way.ssh is None and os.geteuid() != 0:
        yield "note: you are not root, so this server will write, check and explain, and trace nothing; --sudo changes that"
    if way.ssh is not None:
        yield f"note: `ssh {way.ssh} true` must work without a question: a key, and the host known"


def _file(client: Any) -> Path:
    path: Path = client.file(Path.home(), platformdirs.user_config_path())
    return path


def _text(path: Path) -> str | None:
    """Return what a file holds, None when it is not there."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None


def _changed(client: Any, path: Path, before: str, entry: dict[str, Any]) -> str:
    splice, name = imported("gpttrace_mcp.splice", "mcp"), imported("gpttrace_mcp.clients", "mcp").NAME
    try:
        return str(splice.with_entry(before, client.key, name, entry))
    except ValueError as error:
        pasted = json.dumps({name: entry}, ensure_ascii=False)
        raise StoreError(
            f"{path} was not touched: {error}", hint=f'put this into its "{client.key}" yourself: {pasted}'
        ) from None


def _difference(path: Path, before: str, after: str) -> Iterator[str]:
    """Yield the change, with little of what is around it: other entries may hold keys."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(path), f"{path} (new)", n=1, lineterm=""
    )
    for line in lines:
        shown = printable(line)
        yield shown if len(shown) <= WIDEST else f"{shown[:WIDEST]}…"


def _agreed(path: Path) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("nobody is there to agree to this change", hint="--yes agrees, --show only shows it")
    return click.confirm(f"Change {path}?", default=False, err=True)


def _write(path: Path, text: str) -> Path | None:
    """Put a new file in the place of the old one, at once; return the backup of the old one."""
    path = path.resolve()  # a link of someone's dotfiles stays one
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = _backup(path)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            if kept is not None:
                known = path.stat()
                os.fchown(stream.fileno(), known.st_uid, known.st_gid)
                os.fchmod(stream.fileno(), known.st_mode & 0o7777)
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise StoreError(
            f"{error.filename or path} cannot be written: {error.strerror}", hint="--show prints the change"
        ) from None
    return kept


def _backup(path: Path) -> Path | None:
    if not path.exists():
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"{path.name}.bak-{stamp}{more}" for more in ("", *(f"-{n}" for n in range(2, 100))))
    kept = next(each for each in map(path.with_name, names) if not each.exists())
    shutil.copy2(path, kept)
    return kept
