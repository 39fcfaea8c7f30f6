"""Running the open script: news, stops, approval, what is refused, and that nothing stays attached however the server ends.

The tables that clients in JavaScript are sent are held on their own, without a server.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.lsp.answering import Answering
from tests.lsp.wire import PATIENCE, Wire, codes
from tests.trace.conftest import Watch, children, until

from gpttrace import sync
from gpttrace.check.policy import DEFAULT
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace import Column, Limits, Store, Table
from gpttrace_lsp.running.tables import MOST_ROWS, SAFE, table_json
from gpttrace_lsp.running.words import escaped

URI = "file:///nowhere/run.bt"
COUNTS = 'BEGIN { printf("%d %s\\n", 1, "a"); }\nsoftware:cpu-clock:10000000 { @[cpu] = count(); }\n'
READS_PEOPLE = "uretprobe:/bin/bash:readline { print(str(retval)); }\n"
CAN = {
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {"codeLens": {"refreshSupport": True}},
}
Wired = Callable[..., Wire]


# ------------------------------------------------------------------------------------------- tables


def test_no_number_is_one_that_javascript_would_round() -> None:
    table = Table(
        "@",
        "map",
        (Column("k", "int64", role="key"), Column("v", "uint64")),
        [[1, -SAFE - 1], [SAFE, 2**64 - 1]],
    )
    sent = table_json(table)
    assert sent["rows"] == [[str(-SAFE - 1), str(2**64 - 1)], [1, SAFE]]
    assert [each["type"] for each in sent["columns"]] == ["int64", "uint64"]
    floats = Table("@", "scalar", (Column("v", "float"),), [[float("nan")]])
    assert json.loads(json.dumps(table_json(floats), allow_nan=False))["rows"] == [[None]]


def test_of_long_tables_the_newest_events_and_the_largest_values_are_sent() -> None:
    events = table_json(Table("printf:1", "events", (Column("n", "int64"),), [list(range(1000))]), first=50)
    assert (events["total"], events["first"], events["rows"][0], events["rows"][-1]) == (
        1050,
        850,
        [800],
        [999],
    )
    numbers = [list(range(1000)), list(range(1000))]
    largest = table_json(Table("@", "map", (Column("k", "int64", role="key"), Column("v", "int64")), numbers))
    assert (largest["total"], largest["first"], len(largest["rows"])) == (1000, 0, MOST_ROWS)
    assert largest["rows"][0] == [999, 999]


def test_a_histogram_has_bars_that_are_ready_to_draw() -> None:
    columns = (
        Column("comm", "string", role="key"), Column("low", "int64", "ns", "bucket"), Column("high", "int64", "ns", "bucket"),
        Column("count", "int64"),
    )  # fmt: skip
    data = [["a", "a", "b"], [1024, 2048, 1], [2047, None, 1], [4, 1, 0]]
    assert table_json(Table("@", "hist", columns, data))["buckets"] == [
        {"label": "1.02 µs to 2.05 µs", "count": 4, "share": 1.0},
        {"label": "2.05 µs or more", "count": 1, "share": 0.25},
        {"label": "1 ns", "count": 0, "share": 0.0},
    ]


def test_names_of_the_traced_world_are_only_shown() -> None:
    assert escaped("<b>[x](http://a)|\n`\x1b") == r"\<b\>\[x\](http:\/\/a)\|\\n\`\\x1b"


# ---------------------------------------------------------------------------------------------- runs


def news(wire: Wire, *states: str, run: str | None = None) -> dict[str, Any]:
    """Wait for news of a run, or of the named one, in one of these states."""

    def wanted(each: dict[str, Any]) -> bool:
        said = each["params"] if each.get("method") == "gpttrace/run" else {}
        return said.get("state") in states and run in (None, said["id"])

    return dict(wire.until(wanted)["params"])


def command(wire: Wire, name: str, *arguments: Any) -> Any:
    """Have a command carried out."""
    return wire.ask("workspace/executeCommand", {"command": f"gpttrace.{name}", "arguments": list(arguments)})


def tracers(wire: Wire) -> list[int]:
    """Return the bpftraces below the server's supervisors."""
    return [pid for each in children(wire.process.pid) for pid in children(each)]


def watched(wire: Wire, watch: Watch) -> None:
    """Note what the server has attached now."""
    found = tracers(wire)
    assert found, "no tracer runs: the watch would prove nothing"
    for pid in found:
        watch(pid)


@pytest.mark.kernel
def test_the_present_text_runs_is_told_of_and_is_stopped(
    host_bpftrace: InstalledBpftrace, watch: Watch, wired: Wired, tmp_path: Path
) -> None:
    wire = wired()
    wire.begin(panel=True, capabilities=CAN)
    wire.open(URI, "BEGIN { nosuch }")
    wire.change(URI, 2, {"text": COUNTS})  # never saved
    assert command(wire, "run", URI, {"seconds": 60}) == {"id": "r1"}
    seen = [news(wire, "running")]
    watched(wire, watch)
    while not any(each["name"] == "@" and each["rows"] for each in seen[-1]["tables"]):
        seen.append(news(wire, "running"))
    assert 0 < seen[-1]["secondsLeft"] <= 60
    assert seen[-1]["rows"] >= 2
    titles = [
        each["command"]["title"] for each in wire.ask("textDocument/codeLens", {"textDocument": {"uri": URI}})
    ]
    assert titles[0].startswith("■ stop (")
    assert command(wire, "csv", "r1", "printf:1")["csv"].splitlines()[1:] == ["1,a"]
    assert command(wire, "stop", "r1") is None
    last = news(wire, "ended", "failed")
    assert (last["state"], last["id"], last["uri"]) == ("ended", "r1", URI)
    assert {each["name"] for each in last["tables"]} == {"printf:1", "@"}
    assert last["explanation"]
    kept = Store(tmp_path / "state").load(last["runId"])
    assert kept.program == COUNTS
    assert command(wire, "csv", last["runId"], "@")["csv"].startswith("cpu,")
    assert tracers(wire) == []
    assert wire.end() == 0


@pytest.mark.kernel
def test_each_document_has_one_run_and_a_second_takes_its_place(
    host_bpftrace: InstalledBpftrace, watch: Watch, wired: Wired
) -> None:
    wire, other = wired(), "file:///nowhere/other.bt"
    wire.begin(panel=True)
    wire.open(URI, COUNTS)
    wire.open(other, COUNTS)
    for uri in (URI, other):
        begun = command(wire, "run", uri, {"seconds": 60})["id"]
        news(wire, "running", run=begun)
    watched(wire, watch)
    command(wire, "run", URI, {"seconds": 0.2})
    ends = [news(wire, "ended", "failed") for _ in range(2)]
    assert [(each["id"], each["state"]) for each in ends] == [("r1", "ended"), ("r3", "ended")]
    watched(wire, watch)  # the other's goes on
    assert wire.end() == 0  # and ends with the server


ENDINGS: dict[str, Callable[[Wire], object]] = {
    "SIGKILL": lambda wire: wire.process.kill(),
    "SIGTERM": lambda wire: wire.process.send_signal(signal.SIGTERM),
    "the editor is gone": lambda wire: wire.process.stdin.close() if wire.process.stdin else None,
    "exit without shutdown": lambda wire: wire.tell("exit", None),
}


@pytest.mark.kernel
@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_stays_attached_however_the_server_ends(
    host_bpftrace: InstalledBpftrace, watch: Watch, wired: Wired, ending: str, tmp_path: Path
) -> None:
    from gpttrace.trace import load_run

    wire = wired()
    wire.begin(panel=True)
    wire.open(URI, COUNTS)
    command(wire, "run", URI, {"seconds": 60})
    run_id = news(wire, "running")["runId"]
    watched(wire, watch)
    watch.pids |= set(children(wire.process.pid))  # the supervisor, which writes down what was printed
    ENDINGS[ending](wire)
    wire.process.wait(PATIENCE)
    watch.prove()
    kept = load_run(run_id, Settings.load({"GPTTRACE_STATE": str(tmp_path / "state")}))
    assert {each.name for each in kept.tables} == {"printf:1", "@"}


# ------------------------------------------------------------------------------------ what is refused


@pytest.mark.kernel
@pytest.mark.parametrize(("answer", "runs"), [("Run", True), ("Cancel", False), (None, False)])
def test_what_reads_peoples_data_runs_only_when_a_person_agrees(
    host_bpftrace: InstalledBpftrace, tmp_path: Path, watch: Watch, answer: str | None, runs: bool
) -> None:
    wire = Answering(env={"GPTTRACE_STATE": str(tmp_path / "state")})
    try:
        wire.answers["window/showMessageRequest"] = lambda params: {"title": answer} if answer else None
        wire.begin(panel=True)
        wire.open(URI, READS_PEOPLE)
        command(wire, "run", URI, {"seconds": 0.2})
        last = news(wire, "ended", "failed")
        (_, asked), *others = wire.asked
        assert others == []
        assert "what people type" in asked["message"]
        assert [each["title"] for each in asked["actions"]] == ["Run", "Cancel"]
        assert (last["state"] == "ended" and last["runId"] is not None) is runs
        assert runs or last["message"] == "nobody has approved it; nothing was run"
    finally:
        wire.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("BEGIN { nosuch(1); }", "line 1: there is no function `nosuch`"),
        ('BEGIN { system("id"); }', "changes the machine"),
        ("BEGIN { ", "line 1:"),
    ],
)
@pytest.mark.kernel
def test_what_is_wrong_or_not_allowed_is_not_started(
    host_bpftrace: InstalledBpftrace, wired: Wired, text: str, message: str
) -> None:
    wire = wired()
    # What diagnostics were told to allow is still not allowed to run.
    wire.begin(panel=True, settings={"diagnostics": {"unsafe": True}})
    wire.open(URI, text)
    command(wire, "run", URI)
    last = news(wire, "ended", "failed")
    assert last["state"] == "failed"
    assert message in last["message"]
    assert last["runId"] is None
    assert tracers(wire) == []


@pytest.mark.kernel
def test_a_client_without_a_panel_is_shown_the_result_as_a_document_of_its_own_user(
    host_bpftrace: InstalledBpftrace, wired: Wired, tmp_path: Path
) -> None:
    wire = wired()
    wire.begin(capabilities=CAN)
    wire.open(URI, COUNTS)
    command(wire, "run", URI, {"seconds": 0.5})
    shown = wire.until(lambda each: each.get("method") == "window/showDocument")["params"]
    path = Path(shown["uri"].removeprefix("file://"))
    assert path.parent == tmp_path / "state" / "editor"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    text = path.read_text()
    assert "## `@`" in text
    assert "| number | text |" in text or "printf:1" in text
    kinds = [each["params"]["value"]["kind"] for each in wire.seen if each.get("method") == "$/progress"]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    assert not any(each.get("method") == "gpttrace/run" for each in wire.seen)


@pytest.mark.kernel
def test_the_cancel_of_a_bar_stops_the_run_and_keeps_its_result(
    host_bpftrace: InstalledBpftrace, watch: Watch, wired: Wired
) -> None:
    wire = wired()
    wire.begin(capabilities=CAN)
    wire.open(URI, COUNTS)
    command(wire, "run", URI, {"seconds": 60})
    begun = wire.until(
        lambda each: each.get("method") == "$/progress" and "running" in str(each["params"]["value"])
    )
    watched(wire, watch)
    wire.tell("window/workDoneProgress/cancel", {"token": begun["params"]["token"]})
    assert wire.until(lambda each: each.get("method") == "window/showDocument")


@pytest.mark.kernel
def test_what_went_wrong_while_it_ran_is_a_finding_of_the_document_until_its_text_is_another(
    host_bpftrace: InstalledBpftrace, wired: Wired
) -> None:
    wire = wired()
    wire.begin(panel=True)
    text = "// keys without end\nprofile:hz:9999 { @[nsecs] = 1; }\n"
    wire.open(URI, text)
    command(wire, "run", URI, {"seconds": 60})
    while not any("a map is full" in each for each in news(wire, "running")["warnings"]):
        continue
    command(wire, "stop", "r1")
    assert any("a map is full" in each for each in news(wire, "ended", "failed")["warnings"])
    told = [each["params"] for each in wire.seen if each.get("method") == "textDocument/publishDiagnostics"]
    places = [
        each["range"]["start"]["line"] for each in told[-1]["diagnostics"] if each["code"] == "map-full"
    ]
    assert places == [1]
    wire.change(URI, 2, {"text": "BEGIN { exit(); }\n"})
    wire.diagnostics(URI, lambda said: said["version"] == 2 and codes(said) == [])


@pytest.mark.kernel
def test_what_a_saved_script_includes_is_looked_for_beside_it(
    host_bpftrace: InstalledBpftrace, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "beside.h").write_text("#define ANSWER 42\n")
    program = '#include "beside.h"\nBEGIN { printf("%d\\n", ANSWER); exit(); }\n'
    # Such an include is the machine's policy to allow; that of this machine stays as it is.
    policy = replace(DEFAULT, includes="folder")
    result = sync.run(
        program,
        settings=settings,
        policy=policy,
        bpftrace=host_bpftrace.path,
        folder=str(tmp_path),
        limits=Limits(seconds=5),
    )
    assert result.status == "ok", result.reason
    assert result.table("printf:1").data == [[42]]


@pytest.mark.kernel
def test_four_scripts_run_at_one_time_and_a_fifth_is_told_so(
    host_bpftrace: InstalledBpftrace, watch: Watch, wired: Wired
) -> None:
    wire = wired()
    wire.begin(panel=True)
    for number in range(5):
        wire.open(f"file:///nowhere/{number}.bt", COUNTS)
        command(wire, "run", f"file:///nowhere/{number}.bt", {"seconds": 60})
    refused = news(wire, "failed")
    assert (refused["id"], refused["message"]) == ("r5", "4 scripts run already: stop one of them first")
    for number in range(4):  # also those that have not begun yet
        command(wire, "stop", f"file:///nowhere/{number}.bt")
    ended = {news(wire, "ended", "failed")["id"] for _ in range(4)}
    assert ended == {"r1", "r2", "r3", "r4"}
    until(lambda: children(wire.process.pid) == [], "nothing runs any more")


def test_for_a_host_file_nothing_is_run(wired: Wired, made_host: Callable[..., Host], tmp_path: Path) -> None:
    made_host(name="elsewhere")
    (saved,) = tmp_path.glob("*.host")
    wire = wired()
    wire.begin(panel=True, settings={"hostFile": str(saved)})
    wire.open(URI, COUNTS)
    command(wire, "run", URI)
    last = news(wire, "ended", "failed")
    assert last["message"] == "scripts are checked for the host file elsewhere, and nothing runs there"
    assert "gpttrace.hostFile" in last["hint"]


def test_over_tcp_nothing_is_run_and_a_sentence_says_so() -> None:
    import asyncio

    from gpttrace_lsp.running import Runs
    from gpttrace_lsp.server import make_server

    server = make_server(Settings.load(), may_run=False)
    sent: list[Any] = []
    server.panel = True
    server.protocol.notify = lambda method, params=None: sent.append(params)  # type: ignore[method-assign]
    from lsprotocol import types as t

    document = server.documents.open(t.TextDocumentItem(URI, "bpftrace", 1, COUNTS))

    async def whole() -> None:
        runs = server.part(Runs)
        await runs.start(document, 1.0)
        await asyncio.gather(*runs._tasks)

    asyncio.run(whole())
    assert sent[-1]["state"] == "failed"
    assert sent[-1]["message"] == "this server was started without the right to run programs"


def test_news_come_at_most_four_times_a_second(wired: Wired, host_bpftrace: InstalledBpftrace) -> None:
    import time

    wire = wired()
    wire.begin(panel=True)
    wire.open(URI, 'interval:ms:1 { printf("%d\\n", nsecs); }\n')
    command(wire, "run", URI, {"seconds": 4})
    times = []
    while (state := news(wire, "starting", "running", "ending", "ended", "failed")["state"]) not in (
        "ended",
        "failed",
    ):
        times.append((state, time.monotonic()))
    running = [at for state, at in times if state == "running"]
    assert len(running) >= 2
    assert min(later - earlier for earlier, later in pairwise(running)) > 0.1
    until(lambda: tracers(wire) == [], "the tracer is gone")
