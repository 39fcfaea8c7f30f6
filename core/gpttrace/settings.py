"""Settings: one frozen value, made once at the edge and passed down.

The only module that reads the environment. Variables begin with `GPTTRACE_`; folders follow the XDG rules.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

from platformdirs import PlatformDirs

from gpttrace.errors import UsageError

MACHINE_POLICY = Path("/etc/gpttrace/policy.toml")


class Secret:
    """A text that no print, format, log line or pickle shows; only `reveal()` gives it: `model/` and the MCP server call that."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; hand it to nothing that may print it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return format("***", form)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    # Copies of frozen settings may share it; a pickle would write it somewhere.
    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which model is asked, and how much one question may cost: tokens, seconds of waiting, money in the prices' currency.

    Prices are for a million tokens. `record` is a folder that exchanges are kept in. The address may hold a password, so no
    print shows it.
    """

    base_url: str | None = field(default=None, repr=False)
    key: Secret | None = None
    name: str | None = None
    input_price: float | None = None
    output_price: float | None = None
    tokens: int = 200_000
    seconds: float = 120.0
    money: float | None = None
    record: Path | None = None

    @property
    def is_set(self) -> bool:
        """Tell whether there is a model to ask."""
        return self.key is not None or self.base_url is not None

    @classmethod
    def load(cls, env: Mapping[str, str]) -> ModelSettings:
        """Read `OPENAI_BASE_URL`, `_API_KEY` and `_MODEL`; `GPTTRACE_MODEL`, `_PRICE`, `_RECORD`, and of limits `_MODEL_TOKENS`,
        `_MODEL_SECONDS` and `_MODEL_MONEY`; UsageError with the variable's name for a bad number.
        """
        key = env.get("OPENAI_API_KEY", "").strip()
        prices = _prices(env)
        money = _amount(env, "GPTTRACE_MODEL_MONEY")
        if money is not None and prices is None:
            raise UsageError(
                "GPTTRACE_MODEL_MONEY: a limit of money needs the prices", hint='set GPTTRACE_PRICE="IN/OUT"'
            )
        return cls(
            base_url=env.get("OPENAI_BASE_URL", "").strip() or None,
            key=Secret(key) if key else None,
            name=(env.get("GPTTRACE_MODEL") or env.get("OPENAI_MODEL") or "").strip() or None,
            input_price=prices[0] if prices else None,
            output_price=prices[1] if prices else None,
            tokens=int(_amount(env, "GPTTRACE_MODEL_TOKENS", whole=True) or 200_000),
            seconds=_amount(env, "GPTTRACE_MODEL_SECONDS") or 120.0,
            money=money,
            record=Path(env["GPTTRACE_RECORD"]).expanduser() if env.get("GPTTRACE_RECORD") else None,
        )


def _amount(env: Mapping[str, str], name: str, *, whole: bool = False) -> float | None:
    text = env.get(name, "").strip()
    if not text:
        return None
    try:
        number: float = int(text) if whole else float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < 1e15:
        raise UsageError(
            f"{name}: {text[:40]!r} is not a {'whole ' if whole else ''}number above 0",
            hint=f"give a number, or unset {name}",
        )
    return number


def _prices(env: Mapping[str, str]) -> tuple[float, float] | None:
    text = env.get("GPTTRACE_PRICE", "").strip()
    if not text:
        return None
    try:
        told = [float(each) for each in text.split("/")]
    except ValueError:
        told = []
    if len(told) != 2 or not all(0 <= each < 1e15 for each in told):
        raise UsageError(
            f"GPTTRACE_PRICE: {text[:40]!r} is not two prices",
            hint='give the money for a million tokens in and out, such as "0.15/0.60"',
        )
    return told[0], told[1]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are: `bpftrace` is a path or None (search PATH); the folders need not exist yet.

    `machine_policy` is root's policy file and the only one that may widen what is allowed, so no variable moves it; `policy` is
    one more that tightens it, beside `policy.toml` in `config_dir`.
    """

    bpftrace: str | None
    state_dir: Path
    cache_dir: Path
    config_dir: Path = Path("/nonexistent")
    policy: Path | None = None
    machine_policy: Path = MACHINE_POLICY
    model: ModelSettings = ModelSettings()
    mcp_token: Secret | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `GPTTRACE_BPFTRACE`, `_STATE`, `_CACHE`, `_CONFIG`, `_POLICY`, `_MCP_TOKEN`, the model's; folders are XDG's."""
        env = os.environ if environ is None else environ
        token = env.get("GPTTRACE_MCP_TOKEN", "").strip()
        dirs = PlatformDirs("gpttrace", appauthor=False)
        return cls(
            bpftrace=env.get("GPTTRACE_BPFTRACE") or None,
            state_dir=Path(env.get("GPTTRACE_STATE") or dirs.user_state_path),
            cache_dir=Path(env.get("GPTTRACE_CACHE") or dirs.user_cache_path),
            config_dir=Path(env.get("GPTTRACE_CONFIG") or dirs.user_config_path),
            policy=Path(env["GPTTRACE_POLICY"]) if env.get("GPTTRACE_POLICY") else None,
            model=ModelSettings.load(env),
            mcp_token=Secret(token) if token else None,
        )


def environment() -> dict[str, str]:
    """Return the caller's own environment, for the programs that they asked to run."""
    return dict(os.environ)


def wants_colour(stream: IO[str]) -> bool:
    """Tell whether to colour what goes to a stream: a terminal that is not dumb, and no `NO_COLOR` (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
