"""Endpoint: embeddings of an OpenAI-compatible server, for those who name a model; through the `openai` package, if installed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gpttrace.index.embed import NoEmbedding
from gpttrace.index.places import Endpoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 64
QUESTION_SECONDS, BUILD_SECONDS = 5.0, 60.0  # a person waits for a search; by words it has an answer anyway


def identity_of(endpoint: Endpoint) -> str:
    """Return the identity; the same model at two servers need not give the same rows."""
    server = hashlib.sha256((endpoint.base_url or "").encode(errors="surrogateescape")).hexdigest()[:16]
    return f"{endpoint.model}/endpoint/{server}"


class RemoteEmbedding:
    """A model behind HTTP; made when it is first asked."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.identity = identity_of(endpoint)

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return one row for each text, in their order; NoEmbedding with the server's reason."""
        import numpy as np

        rows: list[NDArray[Any]] = []
        for start in range(0, len(texts), BATCH):
            rows += self._batch([text or " " for text in texts[start : start + BATCH]])
        if len({len(row) for row in rows}) > 1:
            raise NoEmbedding(f"{self.endpoint.model}: the endpoint gave rows of different lengths")
        return np.stack(rows) if rows else np.zeros((0, 0), np.float32)

    def _batch(self, texts: list[str]) -> list[NDArray[Any]]:
        import numpy as np

        client = self._client
        import openai

        seconds = QUESTION_SECONDS if len(texts) == 1 else BUILD_SECONDS
        try:
            # `float` is what every server that calls itself compatible knows.
            answer = client.embeddings.create(
                model=self.endpoint.model, input=texts, encoding_format="float", timeout=seconds
            )
            told = sorted(answer.data, key=lambda each: each.index)
            rows = [np.asarray(each.embedding, np.float32) for each in told]
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise NoEmbedding(
                f"{self.endpoint.model}: the embedding endpoint did not answer: {error}"
            ) from error
        if len(rows) != len(texts) or not all(
            row.ndim == 1 and row.size and np.isfinite(row).all() for row in rows
        ):
            raise NoEmbedding(
                f"{self.endpoint.model}: the endpoint gave {len(rows)} rows for {len(texts)} texts, or broken ones"
            )
        return [row / max(float(np.linalg.norm(row)), 1e-12) for row in rows]

    @cached_property
    def _client(self) -> Any:
        try:
            import openai
        except ImportError as error:
            raise NoEmbedding(
                "the package `openai` is missing", hint="pip install 'gpttrace[model]'"
            ) from error
        # Local servers want no key, the package wants one.
        return openai.OpenAI(
            base_url=self.endpoint.base_url, api_key=self.endpoint.key or "none", max_retries=1
        )
