"""A running trace shows its maps on request, with exact keys, and goes on."""

from __future__ import annotations

import anyio
import pytest

from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace.dialect import dialect_of
from gpttrace.trace.items import Snapshot
from gpttrace.trace.result import Result
from gpttrace.trace.run import trace
from gpttrace.trace.table import Table

pytestmark = pytest.mark.kernel
PROGRAM = 'BEGIN { @m["a b, (c)", 7] = 5; @h = hist(100); @x = 3; } interval:s:50 { exit(); }'


def test_a_snapshot_shows_all_maps_and_the_trace_goes_on(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    seen: dict[str, Table] = {}

    async def main() -> Result:
        with anyio.fail_after(60):
            async with trace(PROGRAM, bpftrace=any_bpftrace.path, settings=settings, keep=False) as run:
                assert await run.ready()
                await run.snapshot()
                async for batch in run:
                    seen.update({item.table.name: item.table for item in batch if isinstance(item, Snapshot)})
                    if seen.keys() >= {"@m", "@h", "@x"}:
                        break
                await run.stop()
                return await run.result()

    result = anyio.run(main)
    assert [row[-3:] for row in seen["@m"].rows()] == [("a b, (c)", 7, 5)]
    assert [row[-3:] for row in seen["@h"].rows()] == [(64, 127, 1)]
    assert [row[-1] for row in seen["@x"].rows()] == [3]
    assert list(result.table("@m").rows()) == [("a b, (c)", 7, 5)]
    assert result.table("@h").kind == "hist"


def test_a_dialect_is_found_by_trying_and_then_known(
    any_bpftrace: InstalledBpftrace, settings: Settings
) -> None:
    first = dialect_of(any_bpftrace.path, cache_dir=settings.cache_dir)
    assert dialect_of(any_bpftrace.path, cache_dir=settings.cache_dir) == first
    assert any(settings.cache_dir.glob("bpftrace-dialects*.json"))
    assert first.loops == (any_bpftrace.version >= (0, 21))
    assert first.erases_spaces_in_keys == (any_bpftrace.version >= (0, 24))
