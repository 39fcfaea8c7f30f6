"""The tools as a model uses them, on the real kernel, over both transports and in both eras of the protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.mcp.serving import HttpServer, Reply, Talk, listening, reaching, stdio, talking
from tests.trace.conftest import until

from gpttrace_mcp.budget import MOST_TOKENS, compact, tokens

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

COUNTING = "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"


@pytest.fixture(scope="module")
def http(state: Path) -> Iterator[HttpServer]:
    """One server that listens, for the module."""
    with listening(state, "--runs-a-minute", "1000") as server:
        yield server


@pytest.fixture(scope="module", params=["stdio-auto", "stdio-legacy", "http-auto", "http-legacy"])
def talk(request: pytest.FixtureRequest, portal: BlockingPortal, state: Path) -> Iterator[Talk]:
    """A client of each transport and era in turn."""
    transport, _, era = str(request.param).partition("-")
    if transport == "stdio":
        with talking(portal, stdio(state, "--runs-a-minute", "1000"), era) as talk:
            yield talk
    else:
        with reaching(portal, request.getfixturevalue("http"), era) as talk:
            yield talk


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[str]:
    """A process of a known name that reads a file as fast as it can."""
    file = tmp_path / "read-me"
    file.write_bytes(b"x" * 4096)
    script = (
        "import os, sys\nopen('/proc/self/comm', 'w').write('mcp-reader')\nf = os.open(sys.argv[1], os.O_RDONLY)\n"
        "while True: os.pread(f, 4096, 0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(file)]) as process:
        yield "mcp-reader"
        process.kill()


def sound(reply: Reply, *, error: bool = False) -> Reply:
    """Assert what holds of every reply: the fields that are always there, a text that stands alone, and the budget."""
    assert reply.is_error is error, reply.text
    assert {"status", "summary", "warnings", "hint", "next"} <= set(reply.data)
    assert reply.data["summary"] in reply.text
    assert tokens(compact(reply.data)) <= MOST_TOKENS
    assert tokens(reply.text) <= MOST_TOKENS
    return reply


def test_an_investigation_goes_from_a_question_to_a_table_and_an_answer(talk: Talk, reader: str) -> None:
    written = sound(talk.call("generate", question="bytes read by process", top=5))
    assert written.data["hooks"]
    ran = sound(talk.call("run", program=written.data["program"], seconds=1.5))
    assert ran.data["status"] == "time_limit"
    table = ran.table("@bytes")
    sums = {row[0]: row[-1] for row in table["rows"]}
    assert sums[reader] > 4096
    assert sums[reader] % 4096 == 0
    # The units and the question survive the way through the model.
    assert table["columns"][-1]["unit"] == "bytes"
    assert ran.data["question"] == "bytes read by process"
    assert reader in ran.text
    # News came each second, with the totals so far.
    assert len(ran.progress) >= 1
    assert [each[0] for each in ran.progress] == sorted({each[0] for each in ran.progress})
    assert any("@bytes" in (each[2] or "") for each in ran.progress)
    answered = sound(talk.call("explain", run=ran.data["run_id"], question=f"only {reader}"))
    assert [row[0] for row in answered.data["tables"][0]["rows"]] == [reader]


def test_a_wrong_program_is_mended_from_its_findings(talk: Talk) -> None:
    wrong = "tracepoint:raw_syscalls:sys_entr { @[comm] = count(); }\nBEGIN { @x = nosuchthing; }"
    denied = sound(talk.call("run", program=wrong, seconds=1), error=True)
    assert denied.data["status"] == "program_error"
    assert "run_id" not in denied.data
    first = denied.data["findings"][0]
    assert (first["line"], first["column"]) == (1, 1)
    assert "gpttrace" not in first["hint"]  # a model has tools, no command line
    lines = wrong.splitlines()
    lines[0] = "tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }"
    checked = sound(talk.call("check", program="\n".join(lines)))
    assert checked.data["status"] == "program_error"
    (left,) = [each for each in checked.data["findings"] if each["severity"] == "error"]
    assert lines[left["line"] - 1][left["column"] - 1 : left["end_column"] - 1] == "nosuchthing"
    lines[1] = lines[1].replace("nosuchthing", "1")
    checked = sound(talk.call("check", program="\n".join(lines), level="load"))
    assert (checked.data["right"], checked.data["level"]) == (True, "load")
    ran = sound(talk.call("run", program="\n".join(lines), seconds=0.5))
    assert ran.table("@x")["rows"] == [[1]]


def test_a_long_trace_is_read_by_snapshots_and_stopped_early(talk: Talk, reader: str) -> None:
    program = (
        f'tracepoint:syscalls:sys_enter_pread64 /comm == "{reader}"/ {{ @calls[comm] = count(); @n++; '
        '  if (@n % 1000 == 1) { printf("%d %s\\n", @n, comm); } }'
    )
    begun = sound(talk.call("start", program=program, seconds=20))
    assert begun.data["status"] == "running"
    handle = begun.data["handle"]

    def snapshot() -> Reply:
        return sound(talk.call("read", run=handle))

    until(lambda: snapshot().data.get("rows_total", 0) > 3, "rows have arrived")
    first, second = snapshot(), snapshot()
    assert second.data["status"] == "running"
    assert second.table("@calls")["rows"][0][1] > first.table("@calls")["rows"][0][1]
    page = sound(talk.call("read", run=handle, table="printf:1", offset=1, limit=2))
    assert [row[0] for row in page.table("printf:1")["rows"]] == [1001, 2001]
    fitting = sound(talk.call("read", run=handle, table="printf:1", where="n == 1001"))
    assert fitting.table("printf:1")["rows"] == [[1001, reader]]
    assert handle in json.dumps(sound(talk.call("runs")).data)
    stopped = sound(talk.call("stop", run=handle))
    assert stopped.data["status"] == "stopped"
    assert stopped.data["took_s"] < 15
    assert stopped.table("@calls")["rows"][0][1] >= second.table("@calls")["rows"][0][1]
    again = sound(talk.call("read", run=stopped.data["run_id"], table="@calls"))
    assert again.table("@calls")["rows"] == stopped.table("@calls")["rows"]
    listed = sound(talk.call("runs", limit=1))
    assert [(each["run_id"], each["status"]) for each in listed.data["runs"]] == [
        (stopped.data["run_id"], "stopped")
    ]
    assert listed.data["runs"][0]["asked_by"] == "mcp:mcp"


def test_a_large_result_is_cut_from_its_end_and_read_in_pages(talk: Talk) -> None:
    program = (
        'BEGIN { $i = 0; unroll(60) { @big[$i, "a name that is long enough to fill a reply"] = $i; $i++; } '
        "exit(); }"
    )
    ran = sound(talk.call("run", program=program, seconds=2))
    run = ran.data["run_id"]
    (table,) = [each for each in ran.data["tables"] if each["name"] == "@big"]
    assert table["total"] == 60
    assert len(table["rows"]) < 60
    assert any(f"offset={len(table['rows'])}" in each for each in ran.data["next"])
    rows, offset = [], 0
    while offset < 60:
        page = sound(talk.call("read", run=run, table="@big", offset=offset, limit=25)).table("@big")
        rows += page["rows"]
        offset += len(page["rows"])
    assert sorted(row[0] for row in rows) == list(range(60))
    last = sound(talk.call("read", run=run, table="@big", offset=-3)).table("@big")
    assert last["rows"] == rows[-3:]
    top = sound(
        talk.call("read", run=run, table="@big", top=2, where=f"{table['columns'][-1]['name']} < 50")
    ).table("@big")
    assert [row[-1] for row in top["rows"]] == [49, 48]


def test_whole_results_are_resources(talk: Talk) -> None:
    run = sound(talk.call("run", program="BEGIN { @a[1] = 2; @b = 3; exit(); }", seconds=2)).data["run_id"]
    whole = json.loads(talk.read(f"trace://runs/{run}"))
    assert {each["name"] for each in whole["tables"]} == {"@a", "@b"}
    assert talk.read(f"trace://runs/{run}/@a.csv").splitlines()[1] == "1,2"


def test_what_this_machine_has_is_found_and_described(talk: Talk) -> None:
    host = sound(talk.call("host"))
    assert {"run", "start", "check (load)"} <= set(host.data["can"])
    found = sound(talk.call("search_probes", query="sched switch", kind="tracepoint", limit=3))
    assert "tracepoint:sched:sched_switch" in [each["probe"] for each in found.data["probes"]]
    told = sound(talk.call("describe_probe", probe="tracepoint:sched:sched_switch"))
    assert "args->next_comm" in [each["read"] for each in told.data["fields"]]
    examples = sound(talk.call("search_examples", question="why is my disk slow?", limit=3))
    assert len(examples.data["examples"]) == 3
    unknown = sound(talk.call("describe_probe", probe="tracepoint:sched:sched_swich"), error=True)
    assert "sched_switch" in unknown.data["hint"]


def test_the_language_and_the_catalogue_are_resources_whose_names_complete(talk: Talk) -> None:
    from mcp.types import ResourceTemplateReference

    assert "print a formatted line" in talk.read("gpttrace://language/printf")
    assert "kstack" in talk.read("gpttrace://language")
    events = talk.read("gpttrace://events").splitlines()
    assert len(events) > 500
    assert "hook 1:" in talk.read(f"gpttrace://events/{events[0].partition(':')[0]}")
    language = ResourceTemplateReference(type="ref/resource", uri="gpttrace://language/{name}")
    found = talk.ask("complete", language, {"name": "name", "value": "kst"})
    assert found.completion.values == ["kstack"]


def test_prompts_plan_an_investigation(talk: Talk) -> None:
    prompts = talk.ask("list_prompts").prompts
    assert {each.name for each in prompts} == {"slow_disk", "high_cpu", "latency", "leaks", "network_errors"}
    got = talk.ask("get_prompt", "latency", {"operation": "fsync"})
    assert '"fsync"' in got.messages[0].content.text


def test_instructions_teach_the_workflow_in_two_kilobytes(talk: Talk) -> None:
    said = talk.client.instructions
    assert said is not None
    assert len(said.encode()) < 2_048
    for tool in ("generate", "check", "run", "start", "read", "stop", "explain", "search_probes"):
        assert tool in said


def test_two_clients_trace_at_the_same_time(portal: BlockingPortal, http: HttpServer) -> None:
    with reaching(portal, http, "auto") as one, reaching(portal, http, "legacy") as other:
        programs = [f"BEGIN {{ @mine = {n}; }} {COUNTING}" for n in range(2)]
        begun = [
            each.call("start", program=program, seconds=20)
            for each, program in zip((one, other), programs, strict=True)
        ]
        handles = [each.data["handle"] for each in begun]
        assert handles[0] != handles[1]
        for n, (each, handle) in enumerate(zip((one, other), handles, strict=True)):
            assert each.call("read", run=handle, table="@mine").table("@mine")["rows"] == [[n]]
        for n, (each, handle) in enumerate(zip((one, other), handles, strict=True)):
            assert each.call("stop", run=handle).table("@mine")["rows"] == [[n]]


def test_five_hundred_calls_leave_a_server_as_it_was(portal: BlockingPortal, state: Path) -> None:
    with talking(portal, stdio(state), "auto") as talk:
        for n in range(500):
            match n % 5:
                case 0:
                    reply = talk.call("check", program=f"BEGIN {{ @x = {n}; }}", level="static")
                case 1:
                    reply = talk.call("search_probes", query=f"sched {n % 7}", limit=3)
                case 2:
                    reply = talk.call("runs", limit=2)
                case 3:
                    reply = talk.call("describe_probe", probe="tracepoint:sched:sched_wakeup")
                case _:
                    reply = talk.call("explain", program=f"BEGIN {{ @x = {n}; }}")
            sound(reply)
        assert talk.call("host").data["status"] == "ok"
