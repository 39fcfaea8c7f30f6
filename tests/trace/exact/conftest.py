"""Exactness tests: an actor that does known things, and names made to break whoever reads them back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace.limits import Limits
from gpttrace.trace.result import Result
from gpttrace.trace.run import trace

ACTOR = Path(__file__).with_name("actor.py")
UID = 54321  # the actor becomes this user: nobody else is traced
PATIENCE = 60.0
DONE = f" tracepoint:syscalls:sys_enter_getppid /uid == {UID}/ {{ exit(); }}"
Act = tuple[Any, ...]
Traced = Callable[..., Result]


@pytest.fixture
def hostile() -> dict[bytes, int]:
    """Names as a kernel may hold them, at most 15 bytes, each with a number of its own."""
    names = [
        b"plain",
        b"a,b",
        b"Web Content",
        b"(sd-pam)",
        b'q"uote',
        b"back\\slash",
        b"new\nline",
        b"esc\x1b[31m",
        b"tab\there",
        b"h\xc3\xa9llo",
        b"bad\xff\xfe",
        b"15bytes_15bytes",
        b"\\xff",
        b"ab",
        b"a b",
        b"(ab)",
        b"7",
        b"1,2",
        b'"}',
        b'","x":1',
        b"%s%d|",
        b"cut\xe2\x82",
        b" lead",
        b"trail ",
    ]
    primes = (n for n in range(2, 1000) if all(n % k for k in range(2, n)))
    return dict(zip(names, primes, strict=False))


@pytest.fixture
def traced(any_bpftrace: InstalledBpftrace, settings: Settings) -> Traced:
    """Trace a program while the actor acts; the program is given its end and the run's result comes back."""

    def run(program: str, *acts: Act, string_length: int | None = None, **options: Any) -> Result:
        limits = Limits(string_length=string_length, **options)

        async def main() -> Result:
            with anyio.fail_after(PATIENCE):
                async with trace(
                    program + DONE, limits=limits, bpftrace=any_bpftrace.path, settings=settings, keep=False
                ) as running:
                    assert await running.ready(), (await running.result()).reason
                    await anyio.to_thread.run_sync(_perform, acts)
                    return await running.result()

        result = anyio.run(main)
        assert result.status == "ok", (result.reason, result.findings, result.ran)
        assert "as it is" not in " ".join(result.warnings), result.findings
        return result

    return run


def _perform(acts: tuple[Act, ...]) -> None:
    # On one CPU: what is printed per CPU is read in any order, and exit() shall come last.
    orders = {"cpu": min(os.sched_getaffinity(0)), "uid": UID, "acts": [*acts, ("done",)]}
    text = json.dumps(orders, default=bytes.hex)
    subprocess.run(
        [sys.executable, "-I", "-S", str(ACTOR)], input=text.encode(), check=True, timeout=PATIENCE
    )
