"""What the exact copy computes is what bpftrace computes: histograms, statistics, values, where bpftrace itself is right."""

from __future__ import annotations

import anyio
import pytest

from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace import run as running
from gpttrace.trace.result import Result
from gpttrace.trace.run import trace
from gpttrace.trace.table import Table

pytestmark = pytest.mark.kernel

EVERYWHERE = """BEGIN {
 @h = hist(2); @h = hist(1025); @h = hist(0); @h = hist(-5); @h = hist(1); @h = hist(3); @h = hist(4); @h = hist(1 << 20);
 @hk["a", 1] = hist(7); @hk["a", 1] = hist(100); @hk["c", 2] = hist(9); @narrow = hist((int32)-5);
 @l = lhist(2, 0, 100, 10); @l = lhist(50, 0, 100, 10); @l = lhist(1000, 0, 100, 10); @l = lhist(-5, 0, 100, 10);
 @l = lhist(100, 0, 100, 10); @l = lhist(99, 0, 100, 10); @lk["x"] = lhist(15, 10, 20, 5);
 @st = stats(3); @st = stats(-10); @sk["x"] = stats(-7); @sk["x"] = stats(2); @a = avg(3); @a = avg(-10); @ak["x"] = avg(5);
 @mn = min(-3); @mx = max(9); @s = sum(5); @s = sum(-7); @c = count(); @i = 5; @text = "a b"; @t = (1, "x", (2, "y"));
 @big = 9007199254740993; @kt[1, "a"] = 2; exit(); }"""
SINCE_LOOPS = """BEGIN { $i = 0; while ($i < 64) { @b = hist($i * 7, 3); $i++; } @b0 = hist(100, 0);
 @b5 = hist(12345678, 5); @b2[1] = hist(-4, 2); @u[(uint64)18446744073709551615] = 1; exit(); }"""


def tables_at(
    level: int, program: str, bpftrace: str, settings: Settings, patch: pytest.MonkeyPatch
) -> dict[str, Table]:
    patch.setattr(running, "EXACT", level)

    async def main() -> Result:
        with anyio.fail_after(60):
            async with trace(program, bpftrace=bpftrace, settings=settings, keep=False) as run:
                return await run.result()

    result = anyio.run(main)
    assert result.status == "ok", result.reason
    return {table.name: table for table in result.tables}


def test_the_exact_copy_agrees_with_bpftrace(
    any_bpftrace: InstalledBpftrace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in (EVERYWHERE,) if any_bpftrace.version < (0, 21) else (EVERYWHERE, SINCE_LOOPS):
        plain = tables_at(1, program, any_bpftrace.path, settings, monkeypatch)
        exact = tables_at(2, program, any_bpftrace.path, settings, monkeypatch)
        assert exact.keys() == plain.keys()
        for name, table in exact.items():
            assert table == plain[name], name


def test_large_histogram_values_are_right_where_old_bpftrace_overflows(
    any_bpftrace: InstalledBpftrace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "BEGIN { @h = hist((uint64)1 << 33); @h = hist(10000000000); @top = hist((uint64)1 << 62); exit(); }"
    )
    exact = tables_at(2, program, any_bpftrace.path, settings, monkeypatch)
    assert list(exact["@h"].rows()) == [(1 << 33, (1 << 34) - 1, 2)]
    assert list(exact["@top"].rows()) == [(1 << 62, (1 << 63) - 1, 1)]
