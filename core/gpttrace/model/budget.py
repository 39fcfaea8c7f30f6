"""Budget: what one question may cost, kept while it is asked: tokens, seconds of waiting for the model, money."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gpttrace.errors import Unavailable
from gpttrace.model.values import Reply, Usage
from gpttrace.settings import ModelSettings


class BudgetSpent(Unavailable):
    """The question's budget is spent; `reply` is the answer that went over it, when there is one."""

    def __init__(self, message: str, *, hint: str | None = None, reply: Reply | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent; `money` is None without prices."""

    tokens_in: int
    tokens_out: int
    money: float | None
    seconds: float
    calls: int

    def line(self) -> str:
        """Return it in a line: `3 calls, 4,210 + 612 tokens, $0.0021, 8.4 s`."""
        calls = f"{self.calls} call{'' if self.calls == 1 else 's'}"
        money = f", ${self.money:.4f}" if self.money is not None else ""
        return f"{calls}, {self.tokens_in:,} + {self.tokens_out:,} tokens{money}, {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Left:
    """What is left; `money` is None without a limit."""

    tokens: int
    seconds: float
    money: float | None


class Budget:
    """Counts against limits; `prices` are money for a million tokens in and out."""

    def __init__(
        self,
        tokens: int = 200_000,
        seconds: float = 120.0,
        money: float | None = None,
        prices: tuple[float, float] | None = None,
    ) -> None:
        self.tokens, self.seconds, self.money, self.prices = tokens, seconds, money, prices
        self._in = self._out = self._calls = 0
        self._waited = 0.0
        self._waiting, self._since = 0, 0.0

    @classmethod
    def of(cls, settings: ModelSettings) -> Budget:
        """Return a fresh budget with the limits of the settings."""
        told = settings.input_price is not None and settings.output_price is not None
        prices = (settings.input_price or 0.0, settings.output_price or 0.0) if told else None
        return cls(settings.tokens, settings.seconds, settings.money, prices)

    def spend(self, usage: Usage) -> None:
        """Count one call; raises nothing, `check` does."""
        self._calls += 1
        self._in += max(0, usage.input)
        self._out += max(0, usage.output)

    @property
    def spent(self) -> Spent:
        """What was spent until now."""
        running = time.monotonic() - self._since if self._waiting else 0.0
        money = self.price(self._in, self._out)
        return Spent(self._in, self._out, money, self._waited + running, self._calls)

    def price(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return what so many tokens cost; None without prices."""
        if self.prices is None:
            return None
        return (tokens_in * self.prices[0] + tokens_out * self.prices[1]) / 1e6

    def left(self) -> Left:
        """Return what is left; below 0 when more was spent."""
        spent = self.spent
        money = None if self.money is None else self.money - (spent.money or 0.0)
        return Left(
            self.tokens - spent.tokens_in - spent.tokens_out, max(0.0, self.seconds - spent.seconds), money
        )

    def check(self, coming: int = 0) -> None:
        """Raise BudgetSpent when it is spent, or would be by a call whose input has so many tokens (0: only what was spent)."""
        left = self.left()
        over = 1 if coming else 0  # a call needs at least one token of answer
        if left.tokens - coming < over:
            raise _spent(f"{self.tokens:,} tokens", "GPTTRACE_MODEL_TOKENS", self.spent)
        if left.money is not None and left.money < (self.price(coming, over) or 0.0):
            raise _spent(f"${self.money:g}", "GPTTRACE_MODEL_MONEY", self.spent)
        if left.seconds <= 0:
            raise self.out_of_time()

    def out_of_time(self) -> BudgetSpent:
        """Return the error for a call that the budget's seconds ended."""
        return _spent(f"{self.seconds:g} s", "GPTTRACE_MODEL_SECONDS", self.spent)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time inside as waiting for the model; time that calls wait together counts once."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._waited += time.monotonic() - self._since


def _spent(limit: str, variable: str, spent: Spent) -> BudgetSpent:
    return BudgetSpent(
        f"the model's budget for this question, {limit}, does not allow more ({spent.line()})",
        hint=f"ask something smaller, or set {variable} higher",
    )
