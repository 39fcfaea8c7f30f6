"""What a host costs: the scan of the machine (cold, kept), a look at a struct, and search over 150,000 names."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, median, percentile, seconds, spread
from gpttrace.host import Host
from gpttrace.host.names import Names
from gpttrace.host.search import Search
from gpttrace.settings import Settings

NAMES = 150_000
TIMES = 5
QUERIES = (
    "sched_switch", "sched_swich", "tcp retransmit", "retransmit tcp", "open", "read", "vfs_read", "vfs_raed", "tcp_sendmgs",
    "schedswitch", "sched", "s", "get", "init", "page fault", "block rq issue", "openat", "kprobe:vfs_*", "*tcp*send*",
    "nothing_like_this_exists", "tcp retransmision", "oom kill", "do_sys_openat2", "execve", "ext4 write", "irq handler",
    "memory allocation", "kmaloc", "net_recieve", "recvform", "switch_sched", "a b c d", "sched:sched_process_exce", "nvme_quue",
)  # fmt: skip


def settings(folder: Path) -> Settings:
    """Return settings whose cache is a folder of the bench's own."""
    return Settings.load({**os.environ, "GPTTRACE_CACHE": str(folder)})


def opened(folder: Path) -> int:
    """Open the lists of this machine, scanning it when the folder holds nothing yet."""
    return Host.local(settings(folder)).count("kprobe")


def many(host: Host) -> Search:
    """Return a search over NAMES names: this machine's own, and copies of its functions as modules would name theirs."""
    own = {kind: host.sources.names(kind) for kind in ("tracepoint", "rawtracepoint", "software", "iter")}
    functions = list(host.sources.names("kprobe"))
    room = NAMES - sum(names.count for names in own.values())
    copies = (f"{head}_{name}" for head in ("nvme", "mlx5e", "i915") for name in functions)
    own["kprobe"] = Names.of(
        name.encode() for name, _ in zip([*functions, *copies], range(room), strict=False)
    )
    assert sum(names.count for names in own.values()) > NAMES * 0.99
    return Search(lambda kind: own.get(kind, Names()))


def figures() -> Iterator[Figure]:
    """Yield the host figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cold = [seconds(lambda each=each: opened(folder / str(each))) for each in range(TIMES)]  # type: ignore[misc]
        yield Figure("scan of the machine, cold", median(cold), "s", 1)
        warm = spread(lambda: opened(folder / "0"), TIMES)
        yield Figure("the same, kept", 1e3 * median(warm), "ms", 50)
        first = spread(lambda: Host.local(settings(folder / "0")).struct("task_struct"), TIMES)
        yield Figure("first struct of a process", 1e3 * median(first), "ms", 100)
        host = Host.local(settings(folder / "0"))
        yield from _lookups(host)
        yield from _search(host)


def _lookups(host: Host) -> Iterator[Figure]:
    structs = host.sources.types.indexes["struct"].match("*", 2000)
    host.struct(structs[0])
    asked = sorted(seconds(lambda name=name: host.struct(name)) for name in structs)  # type: ignore[misc]
    yield Figure("a struct never asked before, p99", 1e3 * percentile(asked, 0.99), "ms", 1)


def _search(host: Host) -> Iterator[Figure]:
    search = many(host)
    yield Figure(
        "first query with a slip, of a process", 1e3 * seconds(lambda: search.find("sched_swich")), "ms"
    )
    times = sorted(seconds(lambda q=q: search.find(q)) for _ in range(10) for q in QUERIES)  # type: ignore[misc]
    yield Figure(f"search over {NAMES:,} names, p50", 1e3 * median(times), "ms")
    yield Figure("the same, p99", 1e3 * percentile(times, 0.99), "ms", 15)
