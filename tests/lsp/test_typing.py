"""10,000 random edits of a script through a real server: what it says of the text is always what it says of the model."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.lsp.answering import Answering
from tests.lsp.test_positions import place

EDITED, FRESH = "file:///nowhere/edited.bt", "file:///nowhere/fresh.bt"
EDITS, EACH = 10_000, 50
MOST_GROWTH = 2_000_000  # bytes; a look kept for each edit would be a hundred times as much
PIECES = [
    "\n", "\r\n", "\u2028", "\x85", " ", "\t", "é", "漢", "😀", "// don't\n", "/* 😀 */", '"', "{", "}", "}\n", ";",
    "BEGIN { }\n", "@calls[comm] = count();", "$x = 1;", "tracepoint:syscalls:sys_enter_openat\n{\n", "args->filenam",
    "if (pid == 1) { exit(); }", 'printf("%d\\n", pid);', "#define A 1\n", "kprobe:vfs_*,", "macro m($a) { $a }\n", "/",
]  # fmt: skip
FEATURES = ("diagnostic", "documentSymbol", "foldingRange", "semanticTokens/full", "codeLens", "documentLink")


def without(name: str, value: Any) -> Any:
    """Return JSON without what is told apart by a document's name or number."""
    if isinstance(value, dict):
        return {key: without(name, each) for key, each in value.items() if key not in ("resultId", "version")}
    if isinstance(value, list):
        return [without(name, each) for each in value]
    return value.replace(name, "") if isinstance(value, str) else value


def answers(wire: Answering, uri: str) -> Any:
    """Return all that the server tells of a document when it is asked, without its name."""
    document = {"textDocument": {"uri": uri}}
    asked = [wire.ask(f"textDocument/{each}", document) for each in FEATURES]
    return without(uri, asked)


def of_version(version: int, params: Any) -> bool:
    """Tell whether diagnostics are those of a version."""
    return bool(params["version"] == version)


def memory(wire: Answering) -> int:
    """Return the bytes of memory that the server has to itself."""
    lines = Path(f"/proc/{wire.process.pid}/smaps_rollup").read_text().splitlines()
    return sum(1024 * int(each.split()[1]) for each in lines if each.startswith("Private"))


def edit(chance: random.Random, model: str) -> tuple[str, dict[str, Any]]:
    """Return the model after an edit, and the edit as a client sends it."""
    start = chance.randint(0, len(model))
    end = min(len(model), start + chance.randint(0, 60 if len(model) > 500 else 4))
    # A client never names a place inside `\r\n`.
    start, end = (each - (model[each - 1 : each + 1] == "\r\n") for each in (start, end))
    text = "".join(chance.choices(PIECES, k=chance.randint(0, 3)))
    places = [place(model, each, "utf-16") for each in (start, end)]
    first, last = ({"line": each.line, "character": each.character} for each in places)
    return model[:start] + text + model[end:], {"range": {"start": first, "end": last}, "text": text}


def test_ten_thousand_edits_leave_the_text_of_the_model_no_error_and_no_more_memory(
    wired: Callable[..., Answering],
) -> None:
    chance = random.Random(7)
    wire = wired()
    wire.begin(settings={"diagnostics": {"compile": "off"}})
    model, sizes = "", []
    wire.open(EDITED, model, 0)
    for number in range(1, EDITS + 1):
        model, change = edit(chance, model)
        wire.change(EDITED, number, change)
        if number % EACH == 0:
            wire.diagnostics(EDITED, partial(of_version, number))
            wire.open(FRESH, model)
            assert answers(wire, EDITED) == answers(wire, FRESH), f"after {number} edits"
            wire.tell("textDocument/didClose", {"textDocument": {"uri": FRESH}})
            wire.seen.clear()
            sizes.append(memory(wire))
    assert max(sizes[-20:]) - max(sizes[20:40]) < MOST_GROWTH
    assert wire.end() == 0
    assert b"Traceback" not in wire.log
    assert b"ERROR" not in wire.log
