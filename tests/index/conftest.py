"""Places of a test's own: an empty cache, a user's folder, a made machine with two tools, an embedding server on loopback."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gpttrace.index import sources
from gpttrace.index.places import Endpoint, Places

OURS = """#!/usr/bin/env bpftrace
// Files opened, counted by process and file.
//
// question: which processes open which files most often?
// question: how many times is each file opened, and by whom?
// tags: files, syscalls
// event: file-open
// needs: tracepoint, program bash
// bpftrace: 0.17
// cost: medium
// check: open-file 23 -> @opens[gptcanary] = 23
//
// Opens are counted where they begin,
// so failed ones count as well.

tracepoint:syscalls:sys_enter_openat { @opens[comm, str(args->filename)] = count(); }
"""
TOOL = """#!/usr/bin/env bpftrace
/*
 * frobsnoop.bt	Show frobs of the disk as they happen.
 *		For Linux, uses bpftrace and eBPF.
 *
 * Copyright 2018 Somebody.
 * Licensed under the Apache License, Version 2.0 (the "License")
 *
 * 13-Sep-2018	Somebody	Created this.
 */
kprobe:frob_start, kprobe:frob_begin { @[comm] = count(); }
"""
MANUAL = r""".TH frobsnoop 8 "2018-09-13" "USER COMMANDS"
.SH NAME
frobsnoop.bt \- Trace frobs of a disk. Uses bpftrace/eBPF.
.SH DESCRIPTION
This shows \fBfrobs\fP of a disk,
one line each.

More about it.
.SH EXAMPLES
.TP
Trace all frobs with the time they took:
#
.B frobsnoop.bt
"""
BCC = "#!/usr/bin/python3\n# glorp   Count glorps of a lock.\n#\nfrom bcc import BPF\nb.attach_kprobe(event='x')\n"


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of three areas of the catalogue and one program, so that an index is made in no time."""
    folder = tmp_path_factory.mktemp("corpus")
    for area in ("files", "sockets", "memory"):
        _write(folder / "events" / f"{area}.toml", (sources.CORPUS / "events" / f"{area}.toml").read_bytes())
    _write(
        folder / "examples" / "widget.bt", OURS.replace("file", "widget").replace("File", "Widget").encode()
    )
    return folder


@pytest.fixture(autouse=True)
def _small(small_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CORPUS", small_corpus)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Places without weights, on a machine with one bpftrace tool and one bcc tool."""
    system = tmp_path / "system"
    for name, text in (
        ("usr/sbin/frobsnoop.bt", TOOL),
        ("usr/sbin/glorp-bpfcc", BCC),
        ("usr/sbin/ls", "no tool"),
    ):
        _write(system / name, text.encode())
    _write(system / "usr/share/man/man8/frobsnoop.bt.8.gz", gzip.compress(MANUAL.encode()))
    return Places(tmp_path / "cache", tmp_path / "data", tmp_path / "config", system=system)


@pytest.fixture
def folder(places: Places, tmp_path: Path) -> Path:
    """A folder that the user added, with one program."""
    from gpttrace.index.places import add_folder

    _write(tmp_path / "mine" / "opens.bt", OURS.encode())
    return add_folder(places, str(tmp_path / "mine"))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@dataclass
class Server:
    """An embedding server: rows of word hashes; `answers` may be set to something wrong, `asked` is what came."""

    url: str = ""
    size: int = 64
    answers: Any = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def endpoint(self, places: Places, model: str = "one") -> Places:
        """Return the places with this server as the embedding."""
        return replace(places, endpoint=Endpoint(model, self.url, "key"))

    def row(self, text: str) -> list[float]:
        """Return the row of a text: how often each word is in it, by a hash of the word."""
        row = [0.001] * self.size
        for word in text.lower().replace("?", "").split():
            row[hashlib.sha256(word.encode()).digest()[0] % self.size] += 1
        return row


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that speaks as much of the protocol as is asked for."""
    pytest.importorskip("openai")
    told = Server()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append({**asked, "path": self.path, "key": self.headers["Authorization"]})
            rows = [
                {"object": "embedding", "index": n, "embedding": told.row(t)}
                for n, t in enumerate(asked["input"])
            ]
            usage = {"prompt_tokens": 1, "total_tokens": 1}
            # In another order than asked: the index says which is which.
            whole = {"object": "list", "model": asked["model"], "data": rows[::-1], "usage": usage}
            data = json.dumps(whole if told.answers is None else told.answers).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as http:
        told.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield told
        finally:
            http.shutdown()
            thread.join()
