"""A scripted endpoint: a real HTTP server on the loopback that plays turns, right and wrong ones, and keeps what it was asked.

    with serving(Script([say("hello"), status(429, {"Retry-After": "0"}), answer({"a": 1})])) as served:
        model = Model(served.settings(), Budget())

A turn may be a function of the request, for a look at the prompt. `refuses` names request parts that this server does not know.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gpttrace.settings import ModelSettings, Secret

KEY = "sk-test-Zq81LmW0pXv7RtY3"
PATIENCE = 30.0
JSON = "application/json"


@dataclass(frozen=True)
class Asked:
    """One request as it came; names of `headers` in any case, `body` is {} when there was none."""

    path: str
    headers: Message
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """The texts of all messages."""
        return "\n".join(str(each.get("content") or "") for each in self.body.get("messages", ()))


@dataclass(frozen=True)
class Turn:
    """What the server does once. With `status` other than 200, or `raw`, it sends that body and nothing of the model's.

    `pause` is the seconds between chunks, `hang_up` the chunk after which the connection is cut, `endless` sends chunks until
    the client is gone; `bare` cuts before any byte of HTTP.
    """

    text: str | None = ""
    calls: tuple[tuple[str, str], ...] = ()
    finish: str | None = None
    refusal: str | None = None
    usage: tuple[int, int] | None = (100, 10)
    choices: bool = True
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    kind: str = JSON
    pause: float = 0.0
    hang_up: int | None = None
    endless: bool = False
    bare: bytes | None = None
    stays: bool = False

    def message(self) -> dict[str, Any]:
        """The assistant's message."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.refusal is not None:
            message["refusal"] = self.refusal
        if self.calls:
            message["tool_calls"] = [
                {
                    "index": at,
                    "id": f"call-{at}",
                    "type": "function",
                    "function": {"name": name, "arguments": arguments},
                }
                for at, (name, arguments) in enumerate(self.calls)
            ]
        return message

    @property
    def finished(self) -> str:
        """Why it ended."""
        return self.finish or ("tool_calls" if self.calls else "stop")

    def whole(self) -> dict[str, Any]:
        """The completion, unstreamed."""
        choice = {"index": 0, "message": self.message(), "finish_reason": self.finished}
        return {
            "id": "c",
            "object": "chat.completion",
            "choices": [choice] if self.choices else [],
            **self._usage(),
        }

    def _usage(self) -> dict[str, Any]:
        if self.usage is None:
            return {}
        taken, made = self.usage
        return {"usage": {"prompt_tokens": taken, "completion_tokens": made, "total_tokens": taken + made}}

    def chunks(self, with_usage: bool) -> Iterator[dict[str, Any]]:
        """The completion, streamed: texts and arguments in small pieces."""

        def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return {"id": "c", "object": "chat.completion.chunk", "choices": [choice] if self.choices else []}

        yield chunk({"role": "assistant", "content": ""})
        for name, said in (("content", self.text), ("refusal", self.refusal)):
            for at in range(0, len(said or ""), 1000 if len(said or "") > 5000 else 7):
                yield chunk({name: (said or "")[at : at + (1000 if len(said or "") > 5000 else 7)]})
        for call in self.message().get("tool_calls", ()):
            arguments = call["function"]["arguments"]
            yield chunk({"tool_calls": [{**call, "function": {**call["function"], "arguments": ""}}]})
            for at in range(0, len(arguments), 5):
                part = {"index": call["index"], "function": {"arguments": arguments[at : at + 5]}}
                yield chunk({"tool_calls": [part]})
        yield chunk({}, self.finished)
        if with_usage and self.usage is not None:
            yield {"id": "c", "object": "chat.completion.chunk", "choices": [], **self._usage()}


Step = Turn | Callable[[Asked], Turn]


def say(text: str | None, **more: Any) -> Turn:
    """The model says this."""
    return Turn(text=text, **more)


def answer(value: Any, **more: Any) -> Turn:
    """The model says this as JSON."""
    return Turn(text=json.dumps(value), **more)


def call(*calls: tuple[str, Any], **more: Any) -> Turn:
    """The model calls tools: (name, arguments) each; arguments that are text go as they are."""
    told = tuple((name, given if isinstance(given, str) else json.dumps(given)) for name, given in calls)
    return Turn(text=None, calls=told, **more)


def status(number: int, headers: Mapping[str, str] | None = None, message: str = "no", **more: Any) -> Turn:
    """An error of the server in the spelling of most; `more` are fields of its error object."""
    body = json.dumps({"error": {"message": message, **more}}).encode()
    return Turn(status=number, headers=headers or {}, raw=body)


def raw(body: bytes, kind: str = JSON, code: int = 200, **more: Any) -> Turn:
    """Any bytes."""
    return Turn(raw=body, kind=kind, status=code, **more)


def wrong_key(asked: Asked) -> Turn:
    """401, with the header that was sent in the error, as careless servers do."""
    return status(
        401,
        message=f"Incorrect API key provided: {asked.headers.get('Authorization')}.",
        code="invalid_api_key",
    )


NO_MODEL = status(
    404, message="The model `m` does not exist or you do not have access to it.", code="model_not_found"
)
TOO_LONG = status(
    400,
    message="This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
    code="context_length_exceeded",
    param="messages",
)
WEB_PAGE = raw(b"<!DOCTYPE html><html><body>Welcome</body></html>", "text/html")
NO_CHOICE = Turn(choices=False)
GARBAGE = raw(b"\xff\xfe\x00\x81garbage", "application/octet-stream")
HUGE = raw(b'{"choices": [{"message": {"content": "' + b"x" * 11_000_000 + b'"}}]}')
ENDLESS = Turn(text="again and again ", endless=True)


@dataclass
class Script:
    """The turns in their order, the models that the server lists, and request parts that it refuses by name.

    `refuses` holds names of body parts, or `json_schema` and `json_object` for the types of `response_format`; such a request
    takes no turn. `silently` refuses without naming anything.
    """

    turns: Sequence[Step] = ()
    models: tuple[str, ...] | None = ("m",)
    refuses: frozenset[str] = frozenset()
    refusal_status: int = 400
    silently: bool = False
    asked: list[Asked] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def from_recording(cls, path: Path) -> Script:
        """Return a script that replays what GPTTRACE_RECORD has kept."""
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        turns = [
            Turn(
                text=each["reply"]["text"],
                calls=tuple((made["name"], made["arguments"]) for made in each["reply"]["calls"]),
                finish=each["reply"]["finish"],
                refusal=each["reply"]["refused"],
                usage=None
                if each["usage"]["estimated"]
                else (each["usage"]["input"], each["usage"]["output"]),
            )
            for each in lines
        ]
        return cls(turns, models=(lines[0]["model"],) if lines else ("m",))

    @property
    def chats(self) -> list[Asked]:
        """The requests for a completion."""
        return [each for each in self.asked if each.path.endswith("/chat/completions")]

    def next_turn(self, asked: Asked) -> Turn:
        """Note a request and return what to do."""
        self.asked.append(asked)
        if asked.path.endswith("/models"):
            return self._models()
        if refused := self._refused(asked.body):
            message = "Bad request" if self.silently else f"{refused} is not supported by this server"
            return status(self.refusal_status, message=message)
        taken = sum(not self._refused(each.body) for each in self.chats) - 1
        if taken >= len(self.turns):
            return status(418, message="the script is at its end")
        step = self.turns[taken]
        return step if isinstance(step, Turn) else step(asked)

    def _models(self) -> Turn:
        if self.models is None:
            return status(404, message="page not found")
        listed = [{"id": each, "object": "model"} for each in self.models]
        return raw(json.dumps({"object": "list", "data": listed}).encode())

    def _refused(self, body: Mapping[str, Any]) -> str | None:
        form = body.get("response_format") or {}
        held = {*body, str(form.get("type"))} - {"None"}
        return next(iter(sorted(held & self.refuses)), None)


@dataclass(frozen=True)
class Served:
    """A running server."""

    script: Script
    base_url: str

    def settings(self, **more: Any) -> ModelSettings:
        """Settings that lead here, with a key and a model's name unless told otherwise."""
        return replace(ModelSettings(base_url=self.base_url, key=Secret(KEY), name="m"), **more)


class _Chat(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script
    ended: threading.Event

    def do_GET(self) -> None:
        self._play({})

    def do_POST(self) -> None:
        self._play(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _play(self, body: dict[str, Any]) -> None:
        turn = self.script.next_turn(Asked(self.path, self.headers, body))
        try:
            if turn.bare is not None:
                self._cut(turn.bare)
            elif turn.raw is not None:
                self._send_whole(turn, turn.raw, turn.kind)
            elif not body.get("stream"):
                self.ended.wait(turn.pause)
                self._send_whole(turn, json.dumps(turn.whole()).encode(), JSON)
            else:
                self._send_stream(turn, bool(body.get("stream_options")))
        except OSError:
            self.script.gone.set()
            self.close_connection = True

    def _head(self, turn: Turn, kind: str, **more: str) -> None:
        self.send_response(turn.status)
        for name, value in {"Content-Type": kind, **more, **turn.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_whole(self, turn: Turn, body: bytes, kind: str) -> None:
        self._head(turn, kind, **{"Content-Length": str(len(body))})
        self.script.begun.set()
        self.wfile.write(body)

    def _send_stream(self, turn: Turn, with_usage: bool) -> None:
        self._head(turn, "text/event-stream", **{"Transfer-Encoding": "chunked"})
        for count, chunk in enumerate(turn.chunks(with_usage)):
            if turn.hang_up is not None and count >= turn.hang_up:
                return self._cut(b"")
            self._chunk(f"data: {json.dumps(chunk)}\n\n".encode())
            self.script.begun.set()
            self.ended.wait(turn.pause)
            while turn.endless and not self.ended.is_set():
                self._chunk(f"data: {json.dumps(chunk)}\n\n".encode())
                self.ended.wait(turn.pause)
        self._chunk(b"data: [DONE]\n\n")
        if turn.stays:
            self.ended.wait(PATIENCE)
        self._chunk(b"")
        return None

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _cut(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is what many of these tests are about."""


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """Run the script on a free port of the loopback; the address ends in /v1."""
    ended = threading.Event()
    chat = type("_ThisChat", (_Chat,), {"script": script, "ended": ended})
    with _Quiet(("127.0.0.1", 0), chat) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield Served(script, f"http://127.0.0.1:{server.server_address[1]}/v1")
        finally:
            ended.set()
            server.shutdown()
            thread.join(PATIENCE)
