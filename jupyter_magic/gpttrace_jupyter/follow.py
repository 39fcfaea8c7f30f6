"""Following a trace for a notebook: what it has so far, on a screen, a few times a second, at little cost to the trace.

Maps are asked for once a second and no more once one is large; of printed events the latest are decoded as long as few come.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from gpttrace.cli.text import plural
from gpttrace.errors import Unavailable
from gpttrace.trace import Progress, Run, Table
from gpttrace.trace.live import Live
from gpttrace_jupyter.frames import rank
from gpttrace_jupyter.screen import PERIOD, Screen

_LARGE = 2_000  # keys: printing a larger map each second would disturb what is measured
_CALM = 2_000  # new rows between two looks: more are counted and not shown
_LATEST = 8
_MAPS_EVERY = 1.0


@dataclass(slots=True)
class Follower:
    """Follows one run; `seconds` is its limit. `run` and `live` are for whoever looks at it meanwhile."""

    screen: Screen
    seconds: float | None = None
    run: Run | None = None
    live: Live = field(default_factory=Live)
    began: float = 0.0
    phase: str = "starting"
    _seen: dict[str, int] = field(default_factory=dict)
    _tails: dict[str, Table] = field(default_factory=dict)
    _leaving: str = ""
    _stopped: bool = False

    async def __call__(self, run: Run) -> None:
        """Show the trace until it has ended."""
        self.run = run
        if self._stopped:
            await run.stop()
        async with anyio.create_task_group() as group:
            group.start_soon(self._redraw, run)
            group.start_soon(self._ask_for_maps, run)
            async for batch in run:
                self.live.take(batch)
                for item in batch:
                    if isinstance(item, Progress):
                        self._enter(item)
            group.cancel_scope.cancel()

    async def stop(self) -> None:
        """End the trace gracefully, now or as soon as it begins."""
        self._stopped = True
        if self.run is not None:
            await self.run.stop()

    def forget(self) -> None:
        """Let go of what was kept for looking at a running trace."""
        self.live, self._tails = Live(), {}

    def _enter(self, item: Progress) -> None:
        self.phase = item.phase
        if item.phase == "tracing":
            self.began = time.monotonic()
        elif item.phase == "detaching":
            self._leaving = item.text
            self.screen.draw(self.status())

    async def _redraw(self, run: Run) -> None:
        if not await run.ready():
            return
        while run.phase != "ended":
            counts = self.live.counts
            events = await anyio.to_thread.run_sync(self._latest, counts) if run.phase == "tracing" else []
            self.screen.draw(self.status(), [*self._kept_maps(), *events], self._remarks())
            await anyio.sleep(PERIOD)

    async def _ask_for_maps(self, run: Run) -> None:
        """Ask for the maps again and again; what comes arrives with the batches. It may take a moment: drawing does not wait."""
        if not await run.ready():
            return
        while run.phase == "tracing" and all(len(each) < _LARGE for each in self.live.maps.values()):
            try:
                await run.snapshot()
            except Unavailable:
                return
            await anyio.sleep(_MAPS_EVERY)

    def _kept_maps(self) -> list[Table]:
        """Return the maps that say something, what was asked for first; what a program only remembers is left out beside them."""
        maps = sorted((each for each in self.live.maps.values() if len(each)), key=rank)
        return [each for each in maps if rank(each) < 2] or maps

    def _latest(self, counts: dict[str, int]) -> list[Table]:
        """Return the latest rows of each printing statement that is not in a flood."""
        for name, count in counts.items():
            seen = self._seen.get(name, 0)
            self._seen[name] = count
            if seen < count <= seen + _CALM and name not in self.live.maps:
                latest = self.live.events(name, max(count - _LATEST, 0), _LATEST)
                if latest is not None:
                    self._tails[name] = latest
            elif count > seen + _CALM:
                self._tails.pop(name, None)
        return list(self._tails.values())

    def status(self) -> str:
        """Return one line: how long still, how many rows, how many lost."""
        if self._leaving:
            return self._leaving
        if not self.began:
            return "attaching …"
        passed = time.monotonic() - self.began
        said = [
            "tracing",
            f"for {_span(passed)}" if self.seconds is None else f"{_span(self.seconds - passed)} left",
        ]
        if self.run is not None and self.run.rows:
            said.append(plural(self.run.rows, "row"))
        if self.live.lost:
            said.append(f"{self.live.lost:,} events lost")
        return ", ".join(said)

    def _remarks(self) -> list[str]:
        return list(dict.fromkeys(each.message for each in self.live.problems))[:3]


def _span(seconds: float) -> str:
    return f"{max(seconds, 0):.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
