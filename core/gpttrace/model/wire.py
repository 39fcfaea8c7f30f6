"""Wire: one request to the endpoint through the `openai` package, and the bytes of its answer, bounded; failures as values.

Nothing that the libraries raise leaves this module: their exceptions hold the request with its key, so what went wrong is taken
out of them here and they are dropped. Only cancellation passes through, and closes the connection.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2
import openai

from gpttrace.model.clean import clean
from gpttrace.model.failures import Failure, told
from gpttrace.model.masking import PLACEHOLDER, KeyFilter, masked
from gpttrace.settings import ModelSettings, Secret

MOST_BYTES = 10_000_000
CONNECT_SECONDS = 10.0
DRAIN_SECONDS = 0.25
_DONE = re.compile(rb"[\r\n]data: ?\[DONE\]")
OFFICIAL = "https://api.openai.com/v1"


class _TooLarge(Exception):
    pass


class _Packed(Exception):
    pass


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in `_TooLarge` beyond the limit, error bodies as well, which the library would read whole."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken = 0
        async for chunk in self._inner:
            taken += len(chunk)
            if taken > MOST_BYTES:
                raise _TooLarge
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _read(response: httpx2.Response) -> list[bytes]:
    parts: list[bytes] = []
    tail, rest = b"", response.aiter_raw()
    async for part in rest:
        parts.append(part)
        tail = (tail + part)[-256:]
        if _DONE.search(tail):
            # Some servers say so and stay; those that end at once leave a connection for the next question.
            with anyio.move_on_after(DRAIN_SECONDS):
                parts += [last async for last in rest]
            break
    return parts


async def _bound(response: httpx2.Response) -> None:
    # Asked for plain bytes; what comes packed could unpack to any size.
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        await response.aclose()
        raise _Packed
    response.stream = _Bounded(response.stream)


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer of one request; `kind` is its content type."""

    body: bytes
    kind: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Wire:
    """One connection pool to one endpoint; open until `aclose`."""

    def __init__(self, settings: ModelSettings) -> None:
        self._key: Secret | None = settings.key
        self._filter = KeyFilter(settings.key)
        self._client = openai.AsyncOpenAI(
            api_key=settings.key.reveal() if settings.key else PLACEHOLDER,
            base_url=settings.base_url or OFFICIAL,
            max_retries=0,  # there is one place that tries again, and it is ours
            http_client=httpx2.AsyncClient(
                event_hooks={"response": [_bound]},
                follow_redirects=False,
                headers={"Accept-Encoding": "identity"},
            ),
        )
        self._filter.attach()

    async def post(self, path: str, body: Mapping[str, Any], seconds: float) -> Answer | Failure:
        """Send a JSON object; streamed or not, the answer is read to its end."""
        return await self._exchange(self._client.post, path, {"body": dict(body)}, seconds)

    async def get(self, path: str, seconds: float) -> Answer | Failure:
        """Read what is at a path."""
        return await self._exchange(self._client.get, path, {}, seconds)

    async def _exchange(self, send: Any, path: str, more: dict[str, Any], seconds: float) -> Answer | Failure:
        # Whoever asks keeps the time; this only ends what they forgot.
        timeout = httpx2.Timeout(seconds + 5.0, connect=min(seconds, CONNECT_SECONDS))
        try:
            response: httpx2.Response = await send(
                path, cast_to=httpx2.Response, options={"timeout": timeout}, stream=True,
                stream_cls=openai.AsyncStream[Any], **more,
            )  # fmt: skip
            try:
                parts = await _read(response)
            finally:
                await response.aclose()
            return Answer(
                b"".join(parts), response.headers.get("content-type", "").lower(), dict(response.headers)
            )
        except Exception as error:  # whatever it is, it may hold the key: only words leave
            return _failure(error, self._key)

    async def aclose(self) -> None:
        """Close all connections."""
        self._filter.detach()
        await self._client.close()


def _failure(error: Exception, key: Secret | None) -> Failure:
    if isinstance(error, openai.APIStatusError):
        body = error.response.content if error.response.is_stream_consumed else b""
        return Failure("status", told(body, key), error.status_code, dict(error.response.headers))
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    words = " ".join(masked(clean(str(cause or error)), key).split())[:300]
    match cause:
        case _TooLarge():
            return Failure("too_large")
        case _Packed():
            return Failure("not_json", "it is compressed, which was not asked for")
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
            return Failure("setup", f"OPENAI_BASE_URL is not an address that can be asked: {words}")
        case httpx2.TimeoutException():
            return Failure(
                "timeout",
                "no connection in time" if isinstance(cause, httpx2.ConnectTimeout) else "no answer in time",
            )
        case httpx2.ConnectError() if _is_certificate(cause):
            return Failure("setup", f"the endpoint's certificate is not valid: {words}", headers=_CERTIFICATE)
        case httpx2.RemoteProtocolError() | httpx2.ReadError() | httpx2.WriteError():
            return Failure("broken", words)
        case httpx2.TransportError():
            return Failure("connection", words)
        case _:
            return Failure("setup", f"the request could not be made: {type(cause).__name__}: {words}")


_CERTIFICATE = {"hint": "set SSL_CERT_FILE to the certificates of who signed it; it is never left unchecked"}


def _is_certificate(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error)
