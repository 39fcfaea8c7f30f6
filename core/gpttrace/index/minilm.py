"""MiniLM: text to 384 numbers by all-MiniLM-L6-v2, in NumPy alone; a sentence takes some milliseconds on one core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpttrace.index.blas import one_thread
from gpttrace.index.weights import DIMENSION, IDENTITY, read_weights
from gpttrace.index.wordpiece import read_vocabulary, token_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAYERS, HEADS, WIDTH = 6, 12, 32
_EPSILON = 1e-12


class MiniLM:
    """The model in memory (some 60 MB)."""

    identity = IDENTITY
    dimension = DIMENSION

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        import numpy as np

        self._vocabulary = read_vocabulary(bytes(arrays["vocabulary"]).decode())
        self._words = arrays["embeddings.word_embeddings.weight"]
        self._word_scales = arrays["embeddings.word_embeddings.weight:scale"]
        self._places = _floats(arrays, "embeddings.position_embeddings.weight")
        self._places = self._places + _floats(arrays, "embeddings.token_type_embeddings.weight")[0]
        self._norm = (arrays["embeddings.LayerNorm.weight"], arrays["embeddings.LayerNorm.bias"])
        self._layers = [_Layer(arrays, f"encoder.layer.{number}.") for number in range(LAYERS)]
        self._float = np.float32

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """Return one row of length 1 for each text."""
        import numpy as np

        with one_thread():
            rows = [self._embed(text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), np.float32)

    def _embed(self, text: str) -> NDArray[Any]:
        import numpy as np

        # One text at a time: no padding, so no work for nothing and no mask.
        numbers = token_numbers(text, self._vocabulary)
        values = (
            self._words[numbers].astype(np.float32) * self._word_scales[numbers]
            + self._places[: len(numbers)]
        )
        values = _normal(values, *self._norm)
        for layer in self._layers:
            values = layer.apply(values)
        mean = values.mean(axis=0)
        unit: NDArray[Any] = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
        return unit


class _Layer:
    def __init__(self, arrays: Mapping[str, NDArray[Any]], name: str) -> None:
        import numpy as np

        own = f"{name}attention.self."
        parts = ("query", "key", "value")
        # One product for the three: fewer, larger multiplications are quicker.
        self.look = np.concatenate([_floats(arrays, f"{own}{part}.weight") for part in parts]).T.copy()
        self.look_bias = np.concatenate([arrays[f"{own}{part}.bias"] for part in parts])
        self.dense = [
            (_floats(arrays, f"{name}{part}.weight").T, arrays[f"{name}{part}.bias"]) for part in _DENSE
        ]
        self.norms = [
            (arrays[f"{name}{part}.LayerNorm.weight"], arrays[f"{name}{part}.LayerNorm.bias"])
            for part in ("attention.output", "output")
        ]

    def apply(self, values: NDArray[Any]) -> NDArray[Any]:
        (mix, mix_bias), (up, up_bias), (down, down_bias) = self.dense
        values = _normal(values + self._attend(values) @ mix + mix_bias, *self.norms[0])
        return _normal(values + _gelu(values @ up + up_bias) @ down + down_bias, *self.norms[1])

    def _attend(self, values: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        looked = (
            (values @ self.look + self.look_bias).reshape(len(values), 3, HEADS, WIDTH).transpose(1, 2, 0, 3)
        )
        scores = looked[0] @ looked[1].transpose(0, 2, 1) / np.sqrt(np.float32(WIDTH))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        seen = (scores / scores.sum(axis=-1, keepdims=True)) @ looked[2]
        joined: NDArray[Any] = seen.transpose(1, 0, 2).reshape(len(values), HEADS * WIDTH)
        return joined


_DENSE = ("attention.output.dense", "intermediate.dense", "output.dense")


def load_minilm(path: Path) -> MiniLM | None:
    """Return the model, or None when its weights are not there or not right."""
    arrays = read_weights(path)
    return MiniLM(arrays) if arrays is not None else None


def _floats(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    values: NDArray[Any] = arrays[name].astype("float32") * arrays[f"{name}:scale"]
    return values


def _normal(values: NDArray[Any], weight: NDArray[Any], bias: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    away = values - values.mean(axis=-1, keepdims=True)
    spread = np.sqrt((away * away).mean(axis=-1, keepdims=True) + _EPSILON)
    normal: NDArray[Any] = away / spread * weight + bias
    return normal


def _gelu(values: NDArray[Any]) -> NDArray[Any]:
    """x·Φ(x); erf after Abramowitz and Stegun 7.1.26, off by at most 1.5e-7, since NumPy has none."""
    import numpy as np

    size = np.abs(values) * np.float32(0.70710678)
    step = 1 / (1 + np.float32(0.3275911) * size)
    sum_ = np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        sum_ = sum_ * step + np.float32(factor)
    erf = np.copysign(1 - sum_ * step * np.exp(-size * size), values)
    out: NDArray[Any] = values * np.float32(0.5) * (1 + erf)
    return out
