"""Streamable HTTP: for those who hold the token, or who may enter the folder of a Unix socket; Host and Origin are checked.

Whoever reaches this server can trace as root, so it does not start without one of these.
"""

from __future__ import annotations

import hmac
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from gpttrace.errors import NotPermitted, UsageError
from gpttrace.settings import Secret
from gpttrace_mcp.lifecycle import until_signalled
from gpttrace_mcp.server import Server
from gpttrace_mcp.state import log

DEFAULT_PLACE = "127.0.0.1:8931"
LOCAL = ("127.0.0.1", "localhost", "[::1]")
LEAST_TOKEN = 16
PATH = "/mcp"
HANG_UP = 3  # seconds that clients get to close their connections
NEEDS_TOKEN = "set GPTTRACE_MCP_TOKEN to at least 16 characters (`openssl rand -hex 16`), or use --token-file FILE or unix:PATH"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen: a host and a port, or a Unix socket."""

    host: str = ""
    port: int = 0
    socket: Path | None = None

    def __str__(self) -> str:
        return f"unix:{self.socket}" if self.socket is not None else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Tell whether only this machine can connect."""
        return self.socket is not None or self.host in ("127.0.0.1", "localhost", "::1")


def read_place(text: str) -> Place:
    """Read `HOST:PORT`, `[V6]:PORT`, a port, or `unix:PATH`; UsageError for anything else."""
    if text.startswith("unix:"):
        return Place(socket=Path(text.removeprefix("unix:")).absolute())
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdecimal() or int(port) > 65_535:
        raise UsageError(
            f"--http {text!r} is no place to listen", hint=f"HOST:PORT ({DEFAULT_PLACE}) or unix:PATH"
        )
    return Place(host=host, port=int(port))


def read_token(given: Secret | None, file: str | None) -> str | None:
    """Return the token that clients must show; UsageError for one that is too short, or a file that others can read."""
    text = given.reveal() if given is not None else ""
    if file is not None:
        path = Path(file)
        try:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise NotPermitted(
                    f"{path} can be read by others, so its token is no secret", hint=f"chmod 600 {path}"
                )
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--token-file {path}: {getattr(error, 'strerror', error)}", hint=NEEDS_TOKEN
            ) from None
    if text and (len(text) < LEAST_TOKEN or not text.isascii() or not text.isprintable() or " " in text):
        raise UsageError(
            f"the token is shorter than {LEAST_TOKEN} characters, or not plain text", hint=NEEDS_TOKEN
        )
    return text or None


def check_place(place: Place, token: str | None) -> None:
    """Raise UsageError or NotPermitted when a server there would be open to others."""
    if place.socket is None:
        if token is None:
            raise UsageError("an HTTP server that traces as root needs a token", hint=NEEDS_TOKEN)
        if not place.is_local:
            log.warning(
                "listening on %s: the token crosses the network in the clear unless TLS is put before it",
                place.host,
            )
        return
    folder = place.socket.parent
    try:
        status = folder.stat()
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", hint=f"mkdir -m 700 {folder}") from None
    if token is None and (status.st_uid != os.geteuid() or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)):
        raise NotPermitted(
            f"others can enter {folder}, so anyone could use the socket there",
            hint=f"chmod 700 {folder}, or set a token",
        )
    if place.socket.exists() and not stat.S_ISSOCK(place.socket.stat().st_mode):
        raise UsageError(f"{place.socket} is there and is no socket", hint="give another path")


class Door:
    """What each request passes first: the token, compared in constant time; and it notes when a client hangs up."""

    def __init__(self, app: Any, token: str | None) -> None:
        self._app = app
        self._token = token.encode() if token is not None else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not self._holds_token(scope["headers"]):
            await _unauthorized(send)
        else:
            gone = scope["gpttrace.gone"] = anyio.Event()

            async def listened() -> Any:
                message = await receive()
                if message["type"] == "http.disconnect":
                    gone.set()
                return message

            await self._app(scope, listened, send)

    def _holds_token(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        if self._token is None:
            return True
        given = [value for name, value in headers if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)


async def _unauthorized(send: Any) -> None:
    body = b'{"error":"invalid_token","error_description":"give the token: Authorization: Bearer TOKEN"}'
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", b'Bearer error="invalid_token"'),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def make_app(server: Server, place: Place, token: str | None, hosts: Sequence[str] = ()) -> Any:
    """Return the ASGI application: the protocol behind Host and Origin checks, behind the door."""
    from mcp.server.transport_security import TransportSecuritySettings

    names = [*LOCAL, *hosts]
    if place.socket is None and place.host not in ("0.0.0.0", "::", ""):
        names.append(f"[{place.host}]" if ":" in place.host else place.host)
    names = list(dict.fromkeys(names))
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[form for name in names for form in (name, f"{name}:*")],
        allowed_origins=[
            f"{scheme}://{name}{port}"
            for name in names
            for scheme in ("http", "https")
            for port in ("", ":*")
        ],
    )
    return Door(server.streamable_http_app(streamable_http_path=PATH, transport_security=security), token)


def listen(place: Place) -> socket.socket:
    """Return a socket that listens there; UsageError when that cannot be had. A Unix socket is its owner's alone."""
    try:
        if place.socket is None:
            family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
            # asyncio turns Nagle's algorithm off only where the protocol is named: each reply would wait 40 ms (measured).
            listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((place.host, place.port))
            listening.listen(128)
            return listening
        if _answers(place.socket):
            raise UsageError(f"another server listens at {place}", hint="give another path, or stop that one")
        place.socket.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listening.bind(str(place.socket))
        finally:
            os.umask(before)
        listening.listen(128)
    except OSError as error:
        raise UsageError(
            f"cannot listen at {place}: {error.strerror}", hint="give another place: --http HOST:PORT"
        ) from None
    return listening


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return False
    return True


def serve_http(server: Server, place: Place, token: str | None, hosts: Sequence[str] = ()) -> int:
    """Serve many clients until a signal comes; return the exit code. UsageError when nobody can listen there."""
    import uvicorn

    check_place(place, token)
    wire = listen(place)

    class Quiet(uvicorn.Server):
        """uvicorn without its own handling of signals: traces are stopped first."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        make_app(server, place, token, hosts),
        log_level="warning",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=HANG_UP,
        lifespan="on",
    )
    listening = Quiet(config)

    async def serve() -> None:
        log.warning("listening on %s%s", _address(wire, place), PATH)
        await listening.serve(sockets=[wire])

    try:
        return anyio.run(until_signalled, server, serve, lambda: setattr(listening, "should_exit", True))
    finally:
        wire.close()
        if place.socket is not None:
            place.socket.unlink(missing_ok=True)


def _address(wire: socket.socket, place: Place) -> str:
    if place.socket is not None:
        return f"unix:{place.socket}:"
    return f"http://{f'[{place.host}]' if ':' in place.host else place.host}:{wire.getsockname()[1]}"
