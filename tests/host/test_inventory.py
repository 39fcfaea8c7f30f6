"""The inventory is kept, refreshed, and never in the way: broken, foreign, shared or unwritable."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gpttrace.host import Host
from gpttrace.host.inventory import KEPT_FILES, Scanned, local_inventory, machine_state
from gpttrace.host.names import Names
from gpttrace.settings import Settings
from gpttrace.testing import require

WORDS = Scanned({"kprobe": ("/somewhere", Names.of([b"one", b"two"]))}, {"offsets": b"1234"})


class Scans:
    """Counts how often the machine was scanned."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Scanned:
        self.times += 1
        return WORDS


def test_the_second_look_does_not_scan(tmp_path: Path) -> None:
    scans = Scans()
    first, second = (local_inventory(tmp_path, "state", scans) for _ in range(2))

    assert scans.times == 1
    assert list(first.names("kprobe")) == list(second.names("kprobe")) == ["one", "two"]
    assert second.note("kprobe") == "/somewhere"
    assert second.blob("offsets") == b"1234"
    assert second.names("unknown").count == 0


def test_another_state_of_the_machine_is_another_file_and_the_oldest_go(tmp_path: Path) -> None:
    scans = Scans()
    for number in range(KEPT_FILES + 3):
        local_inventory(tmp_path, f"state{number}", scans)

    assert scans.times == KEPT_FILES + 3
    assert len(list(tmp_path.glob("host-*.sqlite"))) == KEPT_FILES
    assert machine_state("bpftrace 1") != machine_state("bpftrace 2")
    assert machine_state("same") == machine_state("same")


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "schema", "foreign"])
def test_a_broken_cache_is_scanned_again_and_replaced(tmp_path: Path, damage: str) -> None:
    local_inventory(tmp_path, "state", Scans())
    path = tmp_path / "host-state.sqlite"
    _damage(path, damage)
    scans = Scans()
    again = local_inventory(tmp_path, "state", scans)

    assert list(again.names("kprobe")) == ["one", "two"]
    assert scans.times == 1
    assert list(local_inventory(tmp_path, "state", scans).names("kprobe")) == ["one", "two"]
    assert scans.times == 1


def _damage(path: Path, how: str) -> None:
    if how in ("empty", "text", "cut"):
        data = path.read_bytes()
        path.write_bytes({"empty": b"", "text": b"no database\n" * 99, "cut": data[: len(data) // 3]}[how])
        return
    database = sqlite3.connect(path)
    database.execute("pragma user_version = 99" if how == "schema" else "pragma application_id = 5")
    database.commit()
    database.close()


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    scans = Scans()
    found = local_inventory(tmp_path / "file" / "below", "state", scans)

    assert list(found.names("kprobe")) == ["one", "two"]
    assert scans.times == 1


@pytest.mark.kernel
def test_two_processes_that_scan_at_once_both_have_everything(tmp_path: Path) -> None:
    code = "from gpttrace.host import Host; h = Host.local(); print(h.count('kprobe'), h.struct('task_struct').size)"
    env = {**os.environ, "GPTTRACE_CACHE": str(tmp_path / "cache")}
    require(Host.local().has_types, "this kernel has no BTF")
    both = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = {child.communicate(timeout=60)[0] for child in both}

    assert len(said) == 1
    assert int(said.pop().split()[0]) > 1000
    assert len(list((tmp_path / "cache").glob("host-*"))) == 1


@pytest.mark.kernel
def test_asking_about_tracepoints_scans_nothing(tmp_path: Path) -> None:
    settings = Settings.load({**os.environ, "GPTTRACE_CACHE": str(tmp_path)})
    host = Host.local(settings)
    require(host.tracefs, "tracefs is not mounted")

    assert host.has_tracepoint("sched:sched_switch")
    assert host.tracepoint_fields("sched:sched_switch")
    assert host.works("tracepoint")
    assert not list(tmp_path.glob("host-*"))
