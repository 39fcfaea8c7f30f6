"""The example index: its first build, opening it, and search at 1,000 and 100,000 examples, by words and with vectors.

The large indexes are made of invented examples with invented vectors, spread like real ones; questions are real, and what it
costs to embed a question is a figure of its own (an answer to a question asked before needs none).
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import apsw
import numpy as np

from bench.figures import Figure, median, percentile, seconds, spread
from gpttrace.index import schema, vectors
from gpttrace.index.embed import find_embedding
from gpttrace.index.filters import Wanted
from gpttrace.index.header import Example
from gpttrace.index.nearest import question_row
from gpttrace.index.places import Places, find_places
from gpttrace.index.search import search
from gpttrace.index.store import Index, open_fresh
from gpttrace.index.weights import DIMENSION, IDENTITY

QUESTIONS = (
    "which processes open which files", "why is my disk so slow", "who is using the cpu", "tcp connections that are refused",
    "memory leaks of a program", "slow dns lookups", "count system calls by process", "how long do threads wait for a lock",
    "which files are deleted", "page faults by process", "distribution of read sizes", "what wakes my laptop", "oom",
    "time spent off cpu by stack", "short lived processes", "queries that are slow in mysql", "dropped packets and why",
)  # fmt: skip
_WORDS = """
    process file disk latency read write open close tcp udp connect accept packet drop memory page fault allocation leak
    cpu stack sample switch wait lock mutex futex signal exec fork exit thread user kernel function call return error
    count size histogram distribution time slow queue request device interrupt timer network socket port address dns query
    mount inode cache miss hit flush sync reclaim swap migrate wakeup schedule idle frequency driver module container
    cgroup syscall argument string
"""
WORDS = _WORDS.split()
TIMES = 6
RARE = [
    f"{a}{b}"
    for a in ("blk", "tcp", "vfs", "nvme", "xfs", "sock", "page", "proc", "irq", "net")
    for b in range(2_000)
]


def figures() -> Iterator[Figure]:
    """Yield the figures of the index."""
    here = find_places()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = Places(folder / "words", folder / "none", folder)
        yield Figure("first build, words alone", seconds(lambda: open_fresh(words).close()), "s", 2)
        yield Figure(
            "open, nothing changed", 1e3 * median(spread(lambda: open_fresh(words).close(), 50)), "ms", 5
        )
        both = replace(words, cache_dir=folder / "both", data_dir=here.data_dir)
        with_weights = here.weights.exists()
        if with_weights:
            yield Figure("load the weights", 1e3 * seconds(lambda: find_embedding(both)), "ms")
            yield Figure("first build with vectors", seconds(lambda: open_fresh(both).close()), "s", 10)
        yield Figure("first answer of a process", 1e3 * _first_answer(both if with_weights else words), "ms")
        for count in (1_000, 100_000):
            yield from _searches(both, count, with_weights)


def _first_answer(places: Places) -> float:
    code = (
        "import sys; from pathlib import Path; from gpttrace.index.places import Places; from gpttrace.index import face\n"
        "places = Places(*map(Path, sys.argv[1:4]))\n"
        "assert face.look_up('which processes open which files', 5, face.Wanted(), places).found"
    )
    argv = [sys.executable, "-c", code, str(places.cache_dir), str(places.data_dir), str(places.config_dir)]
    return median(spread(lambda: subprocess.run(argv, check=True), 5))


def _searches(places: Places, count: int, with_weights: bool) -> Iterator[Figure]:
    path = places.cache_dir / f"{count}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    _make(path, count)
    index = Index(schema.open_index(path), path)
    nowhere = replace(places, data_dir=Path("/nonexistent"))
    yield from _asked(f"{count:,} examples, words", index, nowhere, count)
    if with_weights:
        embedding = find_embedding(places)
        assert embedding is not None
        first = sorted(seconds(lambda q=q: question_row(embedding, q)) for q in QUESTIONS)  # type: ignore[misc]
        if count == 1_000:
            yield Figure("embed a question, p50", 1e3 * percentile(first, 0.5), "ms")
        yield from _asked(f"{count:,}, words and vectors", index, places, count)
    index.close()


def _asked(what: str, index: Index, places: Places, count: int) -> Iterator[Figure]:
    search(index, places, QUESTIONS[0], 5, Wanted())
    times = sorted(
        seconds(lambda q=q: search(index, places, q, 5, Wanted()))  # type: ignore[misc]
        for q in itertools.chain(*[QUESTIONS] * TIMES)
    )
    yield Figure(f"{what}, p50", 1e3 * percentile(times, 0.5), "ms")
    yield Figure(f"{what}, p99", 1e3 * percentile(times, 0.99), "ms", 10 if count == 1_000 else 50)


def _make(path: Path, count: int) -> None:
    chance, dice = random.Random(1), np.random.default_rng(1)
    database = schema.create(path)
    with database:
        database.execute("insert into meta values ('identity', ?), ('state', 'bench')", (IDENTITY,))
        for number in range(count):
            _insert(database, number + 1, chance)
        # Real rows are no even spread: topics with neighbours around them.
        topics = dice.standard_normal((200, DIMENSION), np.float32)
        for start in range(0, count, 1_000):
            rows = topics[dice.integers(0, 200, 1_000)] + 0.8 * dice.standard_normal(
                (1_000, DIMENSION), np.float32
            )
            packed = vectors.packed(rows / np.linalg.norm(rows, axis=1, keepdims=True))
            given = [(start + at + 1, *row) for at, row in enumerate(packed)]
            database.executemany("insert into vectors values (?, ?, ?)", given)
        vectors._refresh_bits(database)
    database.close()


def _sentence(chance: random.Random, length: int) -> str:
    # A third are words that anybody asks for, the others are as rare as names are.
    common = chance.choices(WORDS, weights=range(len(WORDS), 0, -1), k=length // 3)
    return " ".join(common + chance.choices(RARE, k=length - length // 3))


def _insert(database: apsw.Connection, number: int, chance: random.Random) -> None:
    questions = tuple(_sentence(chance, 6) for _ in range(3))
    about, title = _sentence(chance, 30), _sentence(chance, 6)
    whole = json.dumps(
        asdict(
            Example(f"e{number}", f"/e{number}.bt", title, questions, explanation=about, program="x" * 500)
        )
    )
    given = (number, f"/e{number}.bt", "user", f"e{number}", title, "", "", "", "", "", str(number), whole)
    database.execute(f"insert into examples values ({', '.join('?' * 12)})", given)
    given_words = (number, f"e{number}", "\n".join(questions), title, "files", "", about, "sched switch")
    database.execute(
        "insert into words (rowid, name, questions, title, tags, events, explanation, probes) values (?, ?, ?, ?, ?, ?, ?, ?)",
        given_words,
    )
