"""What completion costs where there are 150,000 names to choose from: each letter of what people type, and the loop meanwhile."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lsprotocol import converters
from lsprotocol import types as t

from bench.figures import Figure, median, percentile, seconds
from bench.host import NAMES
from gpttrace.host import Host
from gpttrace.host.names import Names
from gpttrace.settings import Settings
from gpttrace_lsp.completion import complete_in
from gpttrace_lsp.server import Server, make_server

TYPED = (
    "kprobe:vfs_read", "kprobe:tcp_retransmit_skb", "kprobe:get_user_pages", "kprobe:nvme_queue_rq", "kprobe:swich_to",
    "tracepoint:sched:sched_switch", "tracepoint:switch", "rawtracepoint:sched", "sched_switch", "page_fault",
)  # fmt: skip
BODY = "tracepoint:sched:sched_switch\n{\n\t@start[tid] = nsecs;\n\t$p = curtask->"
INSIDE = ("", "se", "real_parent->", "mm->pgd", "TCP_ES", "tg")
ROUNDS = 5
_IDLE = 1.0  # seconds that the loop is watched with nothing to do, for what the machine itself costs


class _Lists:
    """An inventory whose lists of functions are `own`."""

    def __init__(self, given: Any, own: Names) -> None:
        self._given, self._own = given, own

    def names(self, name: str) -> Names:
        """Return a list."""
        return self._own if name in ("kprobe", "fentry") else self._given.names(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._given, name)


def big_host() -> Host:
    """Return this machine with as many functions as make NAMES names: copies are called as modules would call theirs."""
    host = Host.local()
    others = sum(
        host.sources.names(kind).count for kind in ("tracepoint", "rawtracepoint", "iter", "software")
    )
    functions = list(host.sources.names("kprobe"))
    copies = (f"{head}_{name}" for head in ("nvme", "mlx5e", "i915") for name in functions)
    chosen = zip([*functions, *copies], range(NAMES - others), strict=False)
    lists: Any = _Lists(host.sources.inventory, Names.of(name.encode() for name, _ in chosen))
    return replace(host, sources=replace(host.sources, _inventory=lists, _search=None, _names={}))


def figures() -> Iterator[Figure]:
    """Yield the figures of completion."""
    server = make_server(Settings.load())
    server.documents.encoding = "utf-16"
    yield from asyncio.run(_measured(server))


async def _measured(server: Server) -> list[Figure]:
    await server.hosting.choose(server.options)
    server.hosting.host = big_host()
    type(server).client_capabilities = property(lambda self: _can())  # type: ignore[assignment,method-assign]
    first = await _asked(server, "kprobe:vf")
    gaps: list[float] = []
    idle: list[float] = []
    ticking = asyncio.ensure_future(_ticks(idle))
    await asyncio.sleep(_IDLE)
    ticking.cancel()
    ticking = asyncio.ensure_future(_ticks(gaps))
    texts = [word[:end] for word in TYPED for end in range(1, len(word) + 1)]
    texts += [BODY + each for each in INSIDE]
    gc.freeze()
    times = sorted([await _asked(server, text) for _ in range(ROUNDS) for text in texts])
    ticking.cancel()
    big = (
        "\n".join(f"tracepoint:sched:sched_switch {{ @a{at}[comm] = count(); }}" for at in range(20_000))
        + "\n"
    )
    await server.look_of(server.documents.open(t.TextDocumentItem("file:///big.bt", "bpftrace", 1, big)))
    long = await _asked(server, big + BODY, "file:///big.bt")
    return [
        Figure(f"first completion among {NAMES:,} names", 1e3 * first, "ms"),
        Figure("completion while typing, p50", 1e3 * median(times), "ms"),
        Figure("the same, p99", 1e3 * percentile(times, 0.99), "ms", 15),
        Figure("longest time that the loop stood, p99", 1e3 * percentile(sorted(gaps), 0.99), "ms", 10),
        Figure("the same with nothing to do", 1e3 * percentile(sorted(idle), 0.99), "ms"),
        Figure("completion at the end of 20,000 lines", 1e3 * long, "ms"),
    ]


def _can() -> t.ClientCapabilities:
    item = t.ClientCompletionItemOptions(snippet_support=True, insert_replace_support=True)
    listed = t.CompletionListCapabilities(item_defaults=["editRange"])
    own = t.CompletionClientCapabilities(completion_item=item, completion_list=listed)
    return t.ClientCapabilities(text_document=t.TextDocumentClientCapabilities(completion=own))


async def _asked(server: Server, text: str, uri: str = "file:///bench.bt") -> float:
    """Return how long one completion at the end of a text takes, its text for the wire included."""
    known = server.documents.get(uri)
    document = server.documents.open(t.TextDocumentItem(uri, "bpftrace", 1, text))
    if known is not None:
        document.looked = known.looked
    position = document.lines.position(len(text))
    began = time.perf_counter()
    found = await complete_in(server, document, position, None)
    json.dumps(_CONVERTER.unstructure(found))
    return time.perf_counter() - began


async def _ticks(gaps: list[float]) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        gaps.append(max(0.0, now - last - 0.001))
        last = now


_CONVERTER = converters.get_converter()

if __name__ == "__main__":
    print(seconds(big_host))
    for figure in figures():
        print(figure.line())
