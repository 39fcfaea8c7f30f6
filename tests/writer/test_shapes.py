"""Forms beyond one event with one map: several events, shares, different values, linear histograms, one named hook alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.writer.conftest import KnownHost

from gpttrace import sync
from gpttrace.check.policy import load_policy
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.trace import Limits, Result
from gpttrace.writer import Draft, Options, write_offline


def draft(question: str, host: KnownHost) -> Draft:
    found = write_offline(question, host)
    assert found.program is not None, found.refused
    return found


def test_two_events_have_a_map_each_and_one_interval(known_host: KnownHost) -> None:
    program = draft("bytes read and written by process every 2 seconds", known_host).program

    assert program is not None
    assert "@reads_bytes[comm] = sum(args->ret);" in program
    assert "@writes_bytes[comm] = sum(args->ret);" in program
    assert program.count("interval:s:2") == 1


def test_what_one_of_two_cannot_measure_is_counted_for_both(known_host: KnownHost) -> None:
    spec = draft("page faults and syscalls by process", known_host).spec

    assert spec is not None
    assert (spec.shape, spec.keys, [other.event for other in spec.others]) == (
        "count",
        ("comm",),
        ["syscall"],
    )


def test_an_option_holds_for_every_event_of_the_question(known_host: KnownHost) -> None:
    program = write_offline("bytes read and written by process", known_host, Options(pid=189, top=5)).program

    assert program is not None
    assert program.count("pid == 189") == 2
    assert "print(@reads_bytes, 5);" in program
    assert "print(@writes_bytes, 5);" in program


def test_helper_maps_of_two_timed_events_do_not_clash(known_host: KnownHost) -> None:
    program = draft("latency of reads and writes by process", known_host).program

    assert program is not None
    assert {"@start_reads[tid]", "@start_writes[tid]"} <= set(
        program.replace(";", " ").replace("(", " ").replace(")", " ").split()
    )


def test_a_share_counts_all_and_tells_the_part_in_percent(known_host: KnownHost) -> None:
    found = draft("error rate of opens by process", known_host)

    assert found.program is not None
    assert "@opens[comm] = count();" in found.program
    assert "@failed_percent[comm] = avg(args->ret < 0 ? 100 : 0);" in found.program
    assert found.units["@failed_percent"] == "%"


def test_a_share_of_nothing_is_refused(known_host: KnownHost) -> None:
    found = write_offline("percentage of opens by process", known_host)

    assert found.refused is not None
    assert "name it" in found.refused.why


def test_a_linear_histogram_has_the_buckets_that_were_asked_for(known_host: KnownHost) -> None:
    program = draft("linear histogram of read sizes from 0 to 64k in steps of 4k", known_host).program

    assert program is not None
    assert "lhist(args->ret, 0, 65536, 4096)" in program


def test_a_named_call_is_that_call_alone(known_host: KnownHost) -> None:
    assert draft("fdatasync latency by process", known_host).hooks == (
        "tracepoint:syscalls:sys_enter_fdatasync",
        "tracepoint:syscalls:sys_exit_fdatasync",
    )


@pytest.mark.parametrize("tool", ["biolatency", "opensnoop", "runqlat", "tcpretrans", "execsnoop"])
def test_the_name_of_a_tool_is_a_question(tool: str, known_host: KnownHost) -> None:
    assert write_offline(tool, known_host).program is not None


def test_a_condition_that_only_the_begin_knows_holds_at_the_end(known_host: KnownHost) -> None:
    program = draft("count permission changes by process with mode 511", known_host).program

    assert program is not None
    assert "/args->mode == 511/" in program
    assert "/@start[tid]/" in program


# ------------------------------------------------------------------------------------------------ numbers


def answer(question: str, tmp_path: Path, *acts: str) -> Result:
    settings = Settings(None, tmp_path / "state", tmp_path / "cache")
    found = write_offline(question, Host.local())
    assert found.program is not None, found.refused
    command = [sys.executable, "-m", "gpttrace_corpus.workloads", *acts, "--now"]
    return sync.run(
        found.program,
        limits=Limits(seconds=30),
        command=command,
        settings=settings,
        policy=load_policy(settings),
        approved=True,
    )


def row(result: Result, table: str) -> tuple[object, ...]:
    return next(tuple(r) for r in result.table(table).rows() if r[0] == "gptcanary")


@pytest.mark.kernel
def test_two_events_are_both_counted(tmp_path: Path) -> None:
    result = answer(
        "count files opened and files deleted by process", tmp_path, "open-file", "23", "delete-file", "11"
    )

    assert row(result, "@deletes")[1] == 11
    assert row(result, "@opens")[1] in (
        23,
        23 + 11,
    )  # the workload may have to make the files that it deletes


@pytest.mark.kernel
@pytest.mark.parametrize(("address", "times"), [("127.0.0.1", 23), ("127.0.0.2", 0)])
def test_only_connects_to_an_address_are_counted(address: str, times: int, tmp_path: Path) -> None:
    result = answer(f"count tcp connects to {address} by process", tmp_path, "tcp-connect", "23")

    rows = [tuple(r) for table in result.tables for r in table.rows() if r[0] == "gptcanary"]
    assert rows == [("gptcanary", times)] * bool(times)


@pytest.mark.kernel
def test_different_values_are_counted_once(tmp_path: Path) -> None:
    result = answer("how many different files does each process open", tmp_path, "open-file", "23")

    assert row(result, "@distinct_filename") == ("gptcanary", 1)


@pytest.mark.kernel
def test_a_share_is_exact_in_its_counts(tmp_path: Path) -> None:
    result = answer("error rate of opens by process", tmp_path, "open-file", "23", "open-missing", "23")

    assert row(result, "@opens") == ("gptcanary", 46)
    assert row(result, "@failed_percent") == ("gptcanary", 50)
