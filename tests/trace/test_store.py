"""The run store gives back what it was given, keeps it private, and says what to do when it cannot."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from gpttrace.errors import StoreError, UsageError
from gpttrace.language.findings import Finding, Related
from gpttrace.settings import Settings
from gpttrace.trace.dialect import Dialect
from gpttrace.trace.job import ALPHABET, Job, job_from_json, new_run_id
from gpttrace.trace.limits import Limits
from gpttrace.trace.plan import Plan
from gpttrace.trace.recovery import recover
from gpttrace.trace.result import Result
from gpttrace.trace.spool import Spool
from gpttrace.trace.store import MIGRATIONS, Store
from gpttrace.trace.table import Column, Table

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TABLES = (
    Table(
        "@bytes",
        "map",
        (Column("comm", "string", role="key"), Column("bytes", "uint64", "bytes")),
        [["Web Content", "(sd-pam)", "\\xff,'\"\n"], [2**64 - 1, 2**53 + 1, 0]],
    ),
    Table(
        "printf:1",
        "events",
        (Column("pid", "int64"), Column("late", "int64", "ns")),
        [[-1, 2], [None, -(2**63)]],
    ),
    Table("print:2", "events", (Column("value", "string"),), [[]]),
)


def a_result(**changes: Any) -> Result:
    """A result with something in every field."""
    result = Result(
        run_id="0123456789ab",
        status="time_limit",
        reason="the time limit of 1 s was reached",
        complete=True,
        tables=TABLES,
        output=("one", "zwei \N{SNOWMAN}"),
        lost=3,
        warnings=("careful",),
        findings=(
            Finding(1, 2, "warning", "code", "message", "hint", "bpftrace", (Related(3, 4, "there"),)),
        ),
        program="BEGIN { }",
        ran="BEGIN { /* copy */ }",
        probes=2,
        began=NOON,
        took=1.25,
        bpftrace="/usr/bin/bpftrace",
        question="what?",
        spec={"event": "open", "keys": ["pid"]},
        explanation=None,
        command_status=7,
    )
    return replace(result, **changes)


def test_a_saved_run_is_loaded_equal(tmp_path: Path) -> None:
    Store(tmp_path).save(a_result())
    assert Store(tmp_path).load("0123456789ab") == a_result()


def test_saving_a_run_again_replaces_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(a_result())
    store.save(a_result(tables=TABLES[:1], reason="again"))
    assert store.load("0123456789ab") == a_result(tables=TABLES[:1], reason="again")


def test_runs_are_listed_newest_first_and_found_by_the_beginning_of_their_id(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.save(a_result(run_id=f"run{number}", began=NOON + timedelta(seconds=number)))
    assert [summary.run_id for summary in store.list(2)] == ["run2", "run1"]
    assert store.load("last").run_id == "run2"
    assert store.load("run1").run_id == "run1"
    with pytest.raises(UsageError, match="more than one run begins with 'run'"):
        store.load("run")


def test_an_empty_store_lists_nothing_and_makes_nothing(tmp_path: Path) -> None:
    assert Store(tmp_path / "none").list() == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("run_id", ["nothing", "", "last", "%"])
def test_a_run_that_is_not_there_is_a_usage_error(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(UsageError):
        Store(tmp_path).load(run_id)


def test_an_explanation_can_be_added_and_a_run_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(a_result())
    store.explain("last", "it means this")
    assert store.load("last").explanation == "it means this"
    store.delete("last")
    assert store.list() == []
    assert not any((tmp_path / "runs").iterdir())


def test_everything_in_the_store_is_private(tmp_path: Path) -> None:
    state = tmp_path / "state"
    Store(state).save(a_result())
    spool = Spool(state, "some-run")
    modes = {path: path.stat().st_mode & 0o777 for path in (state, *state.rglob("*"))}
    spool.remove()
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_two_threads_save_into_a_new_store_at_once(tmp_path: Path) -> None:
    problems: list[Exception] = []

    def save(number: int) -> None:
        try:
            Store(tmp_path).save(a_result(run_id=f"run{number}"))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    assert len(Store(tmp_path).list()) == 4


def test_a_store_of_an_older_form_is_brought_up_to_date(tmp_path: Path) -> None:
    database = apsw.Connection(str(tmp_path / "runs.sqlite"))
    MIGRATIONS[0](database)
    database.pragma("user_version", 1)
    database.close()
    Store(tmp_path).save(a_result())
    assert Store(tmp_path).load("last") == a_result()


def test_a_store_of_a_newer_form_is_left_alone(tmp_path: Path) -> None:
    database = apsw.Connection(str(tmp_path / "runs.sqlite"))
    database.pragma("user_version", len(MIGRATIONS) + 1)
    database.close()
    with pytest.raises(StoreError, match="newer GPTtrace"):
        Store(tmp_path).save(a_result())


def test_a_damaged_store_is_a_store_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "runs.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError) as caught:
        Store(tmp_path).list()
    assert caught.value.hint


def test_a_damaged_table_is_a_store_error_with_a_hint(tmp_path: Path) -> None:
    Store(tmp_path).save(a_result())
    (tmp_path / "runs" / "0123456789ab" / "0.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path).load("last")
    assert caught.value.hint


def test_a_full_disk_is_a_store_error_and_leaves_no_half_run(tiny_disk: Path) -> None:
    many = Table("@", "map", (Column("v", "string"),), [[f"{number:x}" * 40 for number in range(20_000)]])
    with pytest.raises(StoreError, match="cannot save run 0123456789ab"):
        Store(tiny_disk).save(a_result(tables=(many,)))
    assert Store(tiny_disk).list() == []
    assert not [path for path in (tiny_disk / "runs").iterdir() if path.is_dir()]


def test_the_json_shape_of_a_result_is_the_documented_one() -> None:
    shape = a_result().to_json()
    assert json.loads(json.dumps(shape)) == shape
    assert {"run_id", "status", "reason", "took_s", "rows", "lost", "tables", "output", "warnings"} <= set(
        shape
    )
    assert shape["tables"][0]["rows"][0] == ["Web Content", 2**64 - 1]


# --- what a killed run leaves


def a_job() -> tuple[Job, Plan]:
    """A job and a plan that runs the program as it is."""
    program = "BEGIN { @x = 5; }"
    plan = Plan(program, program, 0, "n" * 16, Dialect(), clock=0)
    job = Job(
        "abc", program, "/usr/bin/bpftrace", Limits(seconds=3), NOON, "why?", {"event": "e"}, ("ls",), 1
    )
    return job, plan


def test_a_job_survives_a_trip_through_json() -> None:
    job, plan = a_job()
    assert job_from_json(json.loads(json.dumps(job.to_json(plan)))) == (job, plan)


def leave(state: Path, output: bytes, events: list[dict[str, Any]]) -> Path:
    """Leave the spool that a killed run would have left."""
    spool = Spool(state, "abc")
    spool.describe(*a_job())
    (spool.path / "output").write_bytes(output)
    (spool.path / "events").write_text(
        "".join(json.dumps(event) + "\n" for event in events) + '{"event": "cut of'
    )
    spool.release()
    return spool.path


EXIT = {
    "event": "exit",
    "rc": 0,
    "signal": None,
    "cause": "parent_gone",
    "forced": False,
    "command_status": None,
    "bytes": 1,
    "took": 1.5,
    "cpu": 0.1,
    "own_cpu": 0.1,
}


def test_a_killed_run_is_saved_once_with_what_was_printed(settings: Settings) -> None:
    folder = leave(
        settings.state_dir,
        b'{"type": "map", "data": {"@x": 5}}\n{"type": "pri',
        [{"event": "ready", "probes": 1, "took": 0.1}, EXIT],
    )
    assert recover(settings) == ["abc"]
    assert recover(settings) == []
    assert not folder.exists()
    result = Store(settings.state_dir).load("abc")
    assert (result.status, result.complete, result.question) == ("stopped", True, "why?")
    assert [list(table.rows()) for table in result.tables if table.name == "@x"] == [[(5,)]]
    assert any("killed" in warning for warning in result.warnings)


def test_a_run_whose_supervisor_was_killed_too_is_saved_as_incomplete(settings: Settings) -> None:
    leave(settings.state_dir, b"", [{"event": "ready", "probes": 1, "took": 0.1}])
    assert recover(settings) == ["abc"]
    assert Store(settings.state_dir).load("abc").status == "tool_error"


def test_a_run_that_is_still_going_is_left_alone(settings: Settings) -> None:
    spool = Spool(settings.state_dir, "abc")
    spool.describe(*a_job())
    assert recover(settings) == []
    assert spool.path.exists()
    spool.remove()


def test_a_run_that_was_killed_before_it_began_is_forgotten(settings: Settings) -> None:
    spool = Spool(settings.state_dir, "abc")
    spool.release()
    assert recover(settings) == []
    assert not spool.path.exists()


def test_a_killed_run_stays_on_disk_while_the_store_cannot_be_written(settings: Settings) -> None:
    folder = leave(settings.state_dir, b"", [EXIT])
    (settings.state_dir / "runs.sqlite").write_bytes(b"damaged" * 1000)
    assert recover(settings) == []
    assert folder.exists()


def test_run_ids_are_short_different_and_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for second in (1_800_000_000, 1_800_000_001, 1_900_000_000):
        monkeypatch.setattr("time.time", lambda second=second: float(second))
        ids.append(new_run_id())
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {12}
    assert set("".join(ids)) <= set(ALPHABET)
    assert new_run_id() != new_run_id()
