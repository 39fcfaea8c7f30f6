"""The key is nowhere: not in what is raised, its causes and frames, not in logs, replies or recordings, whatever is echoed."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.model.asked import ask, error_of
from tests.model.scripted import KEY, Asked, Script, Turn, raw, say, status, wrong_key

from gpttrace.errors import GpttraceError
from gpttrace.model.masking import masked, without_key
from gpttrace.settings import Secret

PIECES = [KEY[at : at + 8] for at in range(len(KEY) - 7)]


def echo_message(code: int) -> Any:
    return lambda asked: status(code, message=f"no: {asked.headers['Authorization']} was sent")


def echo_body(code: int, kind: str) -> Any:
    return lambda asked: raw(f"<html>{asked.headers}</html>".encode(), kind, code)


def echo_header(asked: Asked) -> Turn:
    return status(400, {"X-You-Sent": KEY, "Retry-After": KEY}, message="no")


def echo_in_stream(asked: Asked) -> Turn:
    return raw(f'data: {{"error": {{"message": "{KEY}", "code": 400}}}}\n\n'.encode(), "text/event-stream")


ECHOES = [
    wrong_key,
    *[echo_message(code) for code in (400, 401, 403, 404, 422, 429, 500)],
    *[echo_body(code, "text/html") for code in (200, 401, 500)],
    *[echo_body(code, "application/json") for code in (200, 401, 500)],
    echo_header,
    echo_in_stream,
    lambda asked: status(401, message="\x1b[0m".join(KEY[at : at + 4] for at in range(0, len(KEY), 4))),
    lambda asked: status(401, message=f"Incorrect API key provided: {KEY[:7]}********{KEY[-4:]}."),
    lambda asked: status(401, message=f"Incorrect API key provided: sk-…{KEY[-4:]}"),
    lambda asked: status(401, message=f"the key begins with {KEY[:12]} and ends with {KEY[-8:]}"),
    lambda asked: status(302, {"Location": f"http://127.0.0.1:1/?key={KEY}"}),
    lambda asked: Turn(bare=f"HTTP/1.1 {KEY}\r\n\r\n".encode()),
    lambda asked: raw(b"{}", code=401, headers={"Content-Type": f"text/plain; charset={KEY}"}),
]


def everything(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [frame for frame in told.stack if "/gpttrace/model/" in frame.filename]
        assert ours
        yield from (repr(frame.locals) for frame in ours)
        # The library's own frames hold the request; none of them may be part of what is raised.
        yield from (frame.filename for frame in told.stack)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("echo", ECHOES)
def test_no_echo_of_the_key_is_in_what_is_raised(echo: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = error_of(Script([echo] * 9))
    assert isinstance(error, GpttraceError)
    texts = list(everything(error))
    assert [(piece, text) for text in texts for piece in PIECES if piece in text] == []
    assert [text for text in texts if "site-packages/openai" in text or "httpx2" in text] == []
    assert not any(piece in f"{error.message} {error.hint}" for piece in (*PIECES, KEY[-4:]))
    assert error.__cause__ is None
    assert error.__context__ is None
    assert caplog.records
    assert [
        each.getMessage() for each in caplog.records if any(piece in each.getMessage() for piece in PIECES)
    ] == []


def test_an_echoed_key_shows_as_stars() -> None:
    assert "Bearer ***" in error_of([wrong_key]).message


def test_the_filters_of_the_log_are_gone_with_the_model(caplog: pytest.LogCaptureFixture) -> None:
    ask([say("ok")])
    assert [
        each for each in logging.getLogger("httpcore2.http11").filters if "gpttrace" in type(each).__module__
    ] == []


def test_no_echo_of_the_key_is_in_a_reply_or_its_recording(tmp_path: Path) -> None:
    reply = ask(
        [lambda asked: say(f"you sent {asked.headers['Authorization']}")], settings={"record": tmp_path}
    )
    assert reply.text == "you sent Bearer ***"
    (path,) = tmp_path.iterdir()
    assert not any(piece in path.read_text() for piece in PIECES)


@pytest.mark.parametrize(
    ("text", "key", "wanted"),
    [
        (f"a {KEY} b {KEY[3:11]} c", KEY, "a *** b *** c"),
        (f"{KEY}{KEY}", KEY, "******"),
        (KEY[:7], KEY, KEY[:7]),
        ("short abc, not abd", "abc", "short ***, not abd"),
        ("none of it", "none", "none of it"),
        ("task-*** and kprobe:vfs_** stay", "Zq81LmW0pXv7RtY3", "task-*** and kprobe:vfs_** stay"),
        ("x" * 100_000, KEY, "x" * 100_000),
    ],
)
def test_pieces_are_masked(text: str, key: str, wanted: str) -> None:
    assert masked(text, Secret(key)) == wanted
    assert masked(text, None) == text


def test_a_reply_is_not_masked_for_its_stars() -> None:
    assert without_key("task-*** sk-...", Secret(KEY)) == "task-*** sk-..."
