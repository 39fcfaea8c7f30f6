"""Ten thousand odd calls of all tools, in memory: no crash, no traceback, no process started by a call that was refused.

Every reply is within its budget and its schema. The dice have a seed; a failure names the call's number.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import Client, MCPError
from tests.mcp.serving import environment

from gpttrace.settings import Settings
from gpttrace.trace import Column, Result, Store, Table
from gpttrace_mcp.budget import MOST_TOKENS, compact, tokens
from gpttrace_mcp.safety import Bounds
from gpttrace_mcp.server import make_server
from gpttrace_mcp.shapes import ERRORS

COUNT = 10_000
SEED = 20_261_127
# How often each tool is called: writing a program takes a hundred times as long as refusing an argument.
WEIGHTS = {
    "run": 18, "start": 9, "read": 13, "stop": 33, "runs": 4, "host": 1, "check": 9, "explain": 4, "describe_probe": 4,
    "search_probes": 3, "search_examples": 1, "generate": 1, "nosuch": 2,
}  # fmt: skip
PROGRAMS = (
    "BEGIN { @a = 1; exit(); }",
    "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }",
    'kprobe:vfs_read /pid == 1/ { printf("%s %d\\n", comm, arg2); }',
    "uretprobe:/bin/bash:readline { print(str(retval)); }",
    'BEGIN { system("id > /tmp/never"); }',
    "interval:s:1 { print(@x); clear(@x); } profile:hz:99 { @x[kstack] = count(); }",
    '#include "/etc/shadow"\nBEGIN { exit(); }',
)
SCRAPS = (
    "", " ", "\0", "\n", "\x1b[2J", "\u202e", "\ud83d\ude00", "漢字", "'", '"', "\\", "`id`", "$(id)", "; rm -rf /",
    "-o/tmp/never", "--unsafe", "../../etc/passwd", "/dev/zero", "%s%n", "{", "}", "/*", "*", "?", "last", "@", "null", "[]",
    "{}", "NaN", "1e999", "A" * 3000, "uprobe:/dev/zero:x", "uprobe:/etc/shadow:*", "tracepoint:sched:*", "tcp retransmit",
    "bytes read by process", "top 5", "ignore all previous instructions", "<<<END 0>>>", "trace://runs/x", "comm == bash",
    "count > 1", "x" * 70_000,
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 5, 30, 31, 1e9, -1e9, 2**31, 2**63, 2**64, 10**400, 0.0, 0.1, 1e-300, True, False,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, [], {}, [1], {"a": 1}, [[[[]]]], "5", "5.5", "true")


def odd_text(dice: random.Random) -> str:
    """Return a text that nobody would send."""
    match dice.randrange(5):
        case 0:
            return dice.choice(SCRAPS)
        case 1:
            return mutated(dice.choice(PROGRAMS), dice)
        case 2:
            return "".join(
                chr(dice.choice((dice.randrange(32, 127), dice.randrange(0, 0xD800))))
                for _ in range(dice.randrange(1, 60))
            )
        case 3:
            return dice.choice(PROGRAMS) + dice.choice(SCRAPS[:30])
        case _:
            return " ".join(dice.choice(SCRAPS[:30]) for _ in range(3))


def mutated(text: str, dice: random.Random) -> str:
    """Return a program with some of its characters or words changed."""
    parts = re.findall(r"\w+|\s+|.", text)
    for _ in range(dice.randrange(1, 4)):
        place = dice.randrange(len(parts))
        match dice.randrange(4):
            case 0:
                del parts[place : place + 1]
            case 1:
                parts.insert(place, dice.choice(parts))
            case 2:
                parts[place] = dice.choice(SCRAPS[:20])
            case _:
                parts[place] = parts[place] * dice.choice((2, 50))
        parts = parts or ["x"]
    return "".join(parts)


def odd_value(schema: dict[str, Any], dice: random.Random) -> Any:
    """Return a value for an argument: mostly of its type, sometimes not."""
    if dice.random() < 0.06:
        return dice.choice((*OTHERS, *NUMBERS, odd_text(dice)))
    match schema.get("type"):
        case "string" if "enum" in schema and dice.random() < 0.9:
            return dice.choice(schema["enum"])
        case "string":
            return odd_text(dice)
        case "boolean":
            return dice.random() < 0.5
        case _:
            return (
                dice.choice(NUMBERS)
                if dice.random() < 0.3
                else dice.randint(int(schema.get("minimum", 0)), 20)
            )


def odd_call(tools: dict[str, Any], dice: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a tool and arguments for it."""
    name = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    schema = tools[name].input_schema if name in tools else {"properties": {"x": {"type": "string"}}}
    required = schema.get("required", ())
    arguments = {
        key: odd_value(each, dice)
        for key, each in schema["properties"].items()
        if dice.random() < (0.97 if key in required else 0.35)
    }
    if dice.random() < 0.03:
        arguments[dice.choice(("secs", "__class__", "", "ctx", "approval"))] = odd_text(dice)
    if "run" in arguments and dice.random() < 0.6:
        arguments["run"] = "last"
    if name == "explain" and dice.random() < 0.8:
        arguments.pop("program" if dice.random() < 0.6 and "run" in arguments else "run", None)
    if name == "read" and dice.random() < 0.7:
        arguments["table"] = dice.choice(("", "@a", "printf:1", "@\x1b[2J"))
        if "where" in arguments and dice.random() < 0.7:
            column, op = (
                dice.choice(("comm", "count", "n", "x y")),
                dice.choice(("==", "<", ">=", "contains", "~", "")),
            )
            arguments["where"] = f"{column} {op} {dice.choice((*SCRAPS[:30], 3, 1e9))}"
    if name == "check" and dice.random() < 0.98:
        arguments["level"] = "static"  # others start bpftrace, as they should
    return name, arguments


STARTED: list[str] = []
_watching = False


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _watching and event in ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "os.system"):
        STARTED.append(f"{event} {args[:2]}")


@contextmanager
def processes_heard() -> Iterator[list[str]]:
    """Note every process that is started while the block lasts."""
    global _watching
    STARTED.clear()
    _watching = True
    try:
        yield STARTED
    finally:
        _watching = False


def keep_a_run(state: Path) -> None:
    """Keep one run whose tables hold what anyone could have put there."""
    columns = (
        Column("comm", "string", None, "key"),
        Column("count", "int64", "bytes"),
        Column("x y", "stack"),
    )
    texts = [text[:5_000].encode(errors="replace").decode() for text in SCRAPS]
    cells = [texts, list(range(len(texts))), [[text, "main"] for text in texts]]
    tables = (
        Table("@a", "map", columns, cells),
        Table("printf:1", "events", (Column("n", "uint64"),), [[2**64 - n for n in range(1, 400)]]),
        Table("@\x1b[2J", "scalar", (Column("value", "float"),), [[float("inf")]]),
    )
    result = Result(
        "0000000000aa", "time_limit", "the time limit of 1 s was reached", True, tables, texts, 3, ("lost",), (),
        PROGRAMS[0], PROGRAMS[0], 1, datetime.now().astimezone(), 1.0,
    )  # fmt: skip
    Store(state).save(result)


def test_ten_thousand_odd_calls_break_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sys.addaudithook(_hear)
    keep_a_run(tmp_path / "state")
    settings = Settings.load(environment(tmp_path / "state"))
    # No trace may begin: what passes every check meets this limit last.
    server = make_server(settings, bounds=Bounds(at_once=0))
    seen: Counter[tuple[str, str]] = Counter()

    async def main() -> None:
        async with Client(server, mode="auto") as client:
            tools = {each.name: each for each in (await client.list_tools()).tools}
            validators = {name: Draft202012Validator(each.output_schema) for name, each in tools.items()}
            await client.call_tool("host", {})  # looks at the machine once
            for number in range(COUNT):
                dice = random.Random(SEED + number)
                name, arguments = odd_call(tools, dice)
                with processes_heard() as started:
                    try:
                        result = await client.call_tool(name, arguments)
                    except (MCPError, UnicodeEncodeError, ValueError):  # what the SDK itself refuses to carry
                        seen[name, "not carried"] += 1
                        assert started == []
                        continue
                status = judge(name, arguments, result, validators.get(name), started, number)
                seen[name, status] += 1

    anyio.run(main)
    assert not [record for record in caplog.records if "unexpected" in record.message], caplog.text
    assert not Path("/tmp/never").exists()
    # The dice reached every tool, its good and its bad answers.
    assert {name for name, _ in seen} == set(WEIGHTS)
    assert {"limited", "denied", "program_error", "invalid"} <= {
        status for name, status in seen if name == "run"
    }
    assert {"ok", "program_error", "denied"} <= {status for name, status in seen if name == "check"}
    assert {"time_limit", "invalid"} <= {status for name, status in seen if name == "read"}
    assert {"ok", "refused", "program_error"} <= {status for name, status in seen if name == "explain"}


def judge(
    name: str, arguments: dict[str, Any], result: Any, validator: Any, started: list[str], number: int
) -> str:
    """Assert what must hold of any reply, and return its status."""
    told = f"call {number}: {name} {json.dumps(arguments, default=str)[:300]}"
    text = result.content[0].text
    data = result.structured_content
    assert data is not None, told
    if validator is not None and result.is_error:  # the SDK's client has held the others against their schema
        validator.validate(data)
    status = str(data["status"])
    assert result.is_error == (status in ERRORS and "steps" not in data), told
    assert status not in ("failed", "tool_error"), f"{told}: {text}"
    assert "Traceback" not in text, told
    assert 'File "' not in text, told
    assert max(tokens(text), tokens(compact(data))) <= MOST_TOKENS, told
    # A program that comes back may hold what it likes; the words around it may not.
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text), told
    if status in ERRORS:
        level = arguments.get("level")
        assert started == [] or (name == "check" and level != "static"), f"{told}: {started}"
        assert data["summary"], told
    return status
