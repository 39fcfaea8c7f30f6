"""Whatever an endpoint does wrong becomes one error with a hint; what may pass is tried again, and nothing else."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.model.asked import HELLO, PAUSE, ask, error_of
from tests.model.scripted import (
    ENDLESS,
    GARBAGE,
    HUGE,
    KEY,
    NO_CHOICE,
    NO_MODEL,
    TOO_LONG,
    WEB_PAGE,
    Script,
    Turn,
    raw,
    say,
    serving,
    status,
    wrong_key,
)  # fmt: skip

from gpttrace.errors import GpttraceError, NotPermitted, Unavailable
from gpttrace.model import Budget, ContextTooLong, Model
from gpttrace.model.pauses import asked_pause
from gpttrace.settings import ModelSettings, Secret

STREAM = "text/event-stream"
AT_ONCE = [
    (wrong_key, NotPermitted, "does not accept the key", "OPENAI_API_KEY"),
    (status(403, message="not yours"), NotPermitted, "not yours", "OPENAI_API_KEY"),
    (TOO_LONG, ContextTooLong, "longer than m can take", "longer context"),
    (status(400, message="prompt is too long: 9 > 8"), ContextTooLong, "longer than m", "longer context"),
    (status(404, message="404 page not found"), Unavailable, "nothing at this address", "/v1"),
    (status(429, message="You exceeded your current quota", code="insufficient_quota"), Unavailable, "quota", "endpoint says"),
    (status(301, {"Location": "http://127.0.0.1:1/"}), Unavailable, "elsewhere (301)", "/v1"),
    (status(402, message="pay first"), Unavailable, "pay first", "endpoint says"),
    (WEB_PAGE, Unavailable, "web page", "/v1"),
    (raw(b"<html>no type", ""), Unavailable, "web page", "/v1"),
    (NO_CHOICE, Unavailable, "gave no answer", "GPTTRACE_MODEL"),
    (raw(b'{"choices": [{}]}'), Unavailable, "no message", "GPTTRACE_MODEL"),
    (raw(b'{"choices": {"0": 1}}'), Unavailable, "gave no answer", "GPTTRACE_MODEL"),
    (raw(b"data: [DONE]\n\n", STREAM), Unavailable, "gave no answer", "GPTTRACE_MODEL"),
    (GARBAGE, Unavailable, "not JSON", "/v1"),
    (raw(b""), Unavailable, "not JSON", "/v1"),
    (raw(b"[" * 100_000), Unavailable, "not JSON", "/v1"),
    (raw(b"[1, 2]"), Unavailable, "not JSON", "/v1"),
    (raw(b"data: \xff\xfe\n\ndata: [DONE]\n\n", STREAM), Unavailable, "not JSON", "/v1"),
    (raw(b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}), Unavailable, "compressed", "/v1"),
    (raw(b'{"error": {"message": "context_length_exceeded", "code": "x"}}'), ContextTooLong, "longer than m", "context"),
    (HUGE, Unavailable, "10 MB", "again"),
    (ENDLESS, Unavailable, "10 MB", "again"),
    (raw(b"x" * 11_000_000, code=500), Unavailable, "10 MB", "again"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "kind", "message", "hint"), AT_ONCE)
def test_what_cannot_pass_is_told_at_once(step: Any, kind: type, message: str, hint: str) -> None:
    script = Script([step] * 9)
    error = error_of(script)
    assert type(error) is kind
    assert message in error.message
    assert hint in str(error.hint)
    assert len(script.chats) == 1
    assert len(error.message) < 500


AGAIN = [
    *[(status(code), "did not answer") for code in (408, 409, 429, 500, 502, 503, 529)],
    (raw(b"<html>bad gateway</html>", "text/html", code=502), "bad gateway"),
    (say("a long answer that is cut off", hang_up=3), "broke its answer off"),
    (Turn(bare=b""), "broke its answer off"),
    (Turn(bare=b"220 mail.example ESMTP ready\r\n\r\n"), "broke its answer off"),
    (raw(b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n', STREAM), "broke its answer off"),
    (raw(b'data: {"choices": [{"delta": {"conte', STREAM), "broke its answer off"),
    (raw(b'data: {"error": {"message": "overloaded"}}\n\n', STREAM), "overloaded"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "message"), AGAIN)
def test_what_may_pass_is_tried_four_times(step: Turn, message: str) -> None:
    script = Script([step] * 9)
    error = error_of(script)
    assert type(error) is Unavailable
    assert message in error.message
    assert "4 tries" in error.message
    assert error.hint
    assert len(script.chats) == 4


@pytest.mark.parametrize(("step", "message"), AGAIN)
def test_what_passes_is_not_told(step: Turn, message: str) -> None:
    script = Script([step, step, step, say("here")])
    assert ask(script).text == "here"


def test_an_unknown_model_is_told_with_the_nearest_ones() -> None:
    script = Script([NO_MODEL] * 2, models=("large-model", "small-model", "embedder"))
    error = error_of(script, settings={"name": "smal-model"})
    assert "does not know the model smal-model" in error.message
    assert error.hint == "set GPTTRACE_MODEL to one of its models: small-model, large-model"
    assert len(script.chats) == 1


def test_an_unknown_model_where_none_are_listed() -> None:
    assert error_of(Script([NO_MODEL], models=None)).hint == "set GPTTRACE_MODEL to a model that it has"


def test_a_prompt_that_the_filter_stops_is_a_refusal() -> None:
    reply = ask([status(400, message="The prompt was held back", code="content_filter")])
    assert (reply.finish, reply.text) == ("content_filter", "")
    assert "The prompt was held back" in str(reply.refused)


@pytest.mark.parametrize("name", ["Retry-After", "retry-after-ms"])
def test_what_the_server_asks_to_wait_is_waited_when_there_is_time(name: str) -> None:
    script = Script([status(429, {name: "0"}), say("here")])
    assert ask(script).text == "here"
    script = Script([status(429, {name: "9000000"}), say("here")])
    error = error_of(script)
    assert "it asks to wait 9,000" in error.message
    assert len(script.chats) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_pause_that_is_asked_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_pause(headers) == seconds


def test_the_pause_may_be_a_date() -> None:
    pause = asked_pause({"retry-after": formatdate(time.time() + 1000, usegmt=True)})
    assert pause is not None
    assert 900 < pause <= 1001


def error_at(settings: ModelSettings) -> GpttraceError:
    async def run() -> None:
        model = Model(settings, Budget(seconds=60), pause=PAUSE)
        try:
            await model.ask(HELLO)
        finally:
            await model.aclose()

    with pytest.raises(GpttraceError) as caught:
        anyio.run(run)
    return caught.value


def test_without_a_model_nothing_is_asked() -> None:
    error = error_at(ModelSettings())
    assert (type(error), error.message) == (Unavailable, "no model is set")


@pytest.mark.parametrize(
    "address",
    ["localhost:1", "ftp://localhost/v1", "http://[oops", "http://", "http://local host/v1", "http://a..b/v1", "\x00", "http://x:99999999/"],
)  # fmt: skip
def test_an_address_that_is_none_is_told(address: str) -> None:
    error = error_at(ModelSettings(address, Secret(KEY), "m"))
    assert type(error) is Unavailable
    assert error.hint


def test_an_endpoint_that_is_down_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = error_at(ModelSettings(f"http://me:password@127.0.0.1:{port}/v1?token=abc", Secret(KEY), "m"))
    assert error.message.startswith(f"127.0.0.1:{port} cannot be reached (4 tries)")
    assert "running" in str(error.hint)


def test_a_name_that_no_one_has_is_told() -> None:
    error = error_at(ModelSettings("http://nowhere.invalid/v1", Secret(KEY), "m"))
    assert error.message.startswith("nowhere.invalid cannot be reached")


def test_tls_to_a_plain_server_is_told() -> None:
    with serving(Script()) as served:
        error = error_at(replace(served.settings(), base_url=served.base_url.replace("http:", "https:")))
    assert type(error) is Unavailable
    assert "cannot be reached" in error.message


@pytest.mark.parametrize("key", ["sk-ü", "sk-a\nb: c", "sk-\x00"])
def test_a_key_that_no_header_can_carry_is_told(key: str) -> None:
    error = error_at(ModelSettings("http://127.0.0.1:1/v1", Secret(key), "m"))
    assert type(error) is NotPermitted


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script([say("through the proxy")])
    with serving(script) as served:
        monkeypatch.setenv("HTTP_PROXY", served.base_url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        async def run() -> str:
            model = Model(replace(served.settings(), base_url="http://nowhere.invalid/v1"), Budget())
            try:
                return (await model.ask(HELLO)).text
            finally:
                await model.aclose()

        assert anyio.run(run) == "through the proxy"
    assert script.asked[0].path == "http://nowhere.invalid/v1/chat/completions"


def test_a_certificate_that_no_one_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += ["-keyout", "key.pem", "-out", "cert.pem"]
    try:
        subprocess.run(["openssl", *made], cwd=tmp_path, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    script = Script([say("secret")])
    with serving(script, context) as served:
        error = error_at(replace(served.settings(), base_url=served.base_url.replace("http:", "https:")))
    assert "certificate is not valid" in error.message
    assert "SSL_CERT_FILE" in str(error.hint)
    assert script.asked == []
