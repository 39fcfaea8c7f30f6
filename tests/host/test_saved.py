"""A host file tells on another machine what the host itself would, and a file that cannot serve is named as what it is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gpttrace.errors import StoreError, UsageError
from gpttrace.host import Host
from gpttrace.host.kinds import KINDS
from gpttrace.host.tracefs import read_fields
from gpttrace.testing import require


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host file of this machine."""
    path = tmp_path_factory.mktemp("hosts") / "this.host"
    Host.local().save(path)
    return path


@pytest.mark.kernel
def test_what_is_loaded_is_what_was_saved(file: Path) -> None:
    here, there = Host.local(), Host.load(file)
    require(here.tracefs, "tracefs is not mounted")
    names = sorted(here.tracepoint_names())

    assert there.saved
    assert (there.version, there.kernel, there.arch, there.name) == (
        here.version,
        here.kernel,
        here.arch,
        here.name,
    )
    assert there.tool is None
    assert there.tracepoint_names() == here.tracepoint_names()
    assert all(there.fields("tracepoint", name) == here.fields("tracepoint", name) for name in names[::20])
    assert [
        (there.works(kind), there.why_not(kind), there.lists(kind), there.count(kind)) for kind in KINDS
    ] == [(here.works(kind), here.why_not(kind), here.lists(kind), here.count(kind)) for kind in KINDS]
    assert there.struct("task_struct") == here.struct("task_struct")
    assert there.function("vfs_read") == here.function("vfs_read")
    assert there.constant("TCP_LISTEN") == here.constant("TCP_LISTEN")
    assert there.search("sched_swich")[0] == here.search("sched_swich")[0]
    assert there.rights()["root"] == here.rights()["root"]
    assert file.stat().st_size < 5_000_000


def test_a_saved_host_has_no_processes_and_no_problems(made_host: Callable[..., Host]) -> None:
    host = made_host()

    assert not host.pid_exists(os.getpid())
    assert host.comm_of(os.getpid()) is None
    assert host.problems() == []
    assert host.bpftrace is None
    assert host.to_json()["bpftrace"]["version"] == "0.23.2"
    assert host.match("uprobe", "libc:*") == []


LOADING = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event in ("open", "subprocess.Popen") else None)
from gpttrace.host import Host
host = Host.load(PATH)
host.struct("task_struct"), host.search("sched_swich"), host.similar("kprobe", "vfs_raed"), host.count("tracepoint")
[host.works(kind) for kind in ("kprobe", "hardware", "tracepoint")]
print([name for name in opened if str(name).startswith(("/sys", "/proc", "bpftrace"))])
"""


@pytest.mark.kernel
def test_loading_asks_nothing_of_the_machine_that_loads(file: Path) -> None:
    code = LOADING.replace("PATH", repr(str(file)))
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert child.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "No such file"), (b"", "is not a host file"), (b"hello\n" * 99, "is not a host file")],
)
def test_a_file_that_is_no_host_file_is_said(tmp_path: Path, data: bytes | None, words: str) -> None:
    path = tmp_path / "some.host"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError) as caught:
        Host.load(path)

    assert words in caught.value.message
    assert "gpttrace host save" in (caught.value.hint or "")


def execute(path: Path, statement: str) -> None:
    """Change a database behind our back."""
    with (
        closing(sqlite3.connect(path)) as database,
        database,
    ):  # `with` on it alone commits and does not close
        database.execute(statement)


def test_a_database_of_others_and_a_newer_form_are_told_apart(
    made_host: Callable[..., Host], tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    execute(other, "create table t (x)")
    made_host()
    newer = next(tmp_path.glob("made-*.host"))
    execute(newer, "pragma user_version = 99")
    said = []
    for path in (other, newer):
        with pytest.raises(UsageError) as caught:
            Host.load(path)
        said.append((caught.value.message, caught.value.hint))

    assert "is not a host file" in said[0][0]
    assert "newer GPTtrace" in said[1][0]
    assert "upgrade" in (said[1][1] or "")


def test_a_damaged_file_is_said_when_it_shows(made_host: Callable[..., Host], tmp_path: Path) -> None:
    made_host(structs={"file": {"f_flags": "int"}})
    path = next(tmp_path.glob("made-*.host"))
    execute(path, "update blobs set data = x'0011223344'")
    host = Host.load(path)
    with pytest.raises(UsageError) as caught:
        host.struct("file")

    assert "is damaged" in caught.value.message


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        Host.local().save(tmp_path / "file" / "below.host")

    assert "cannot write the host file" in caught.value.message
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.kernel
def test_the_snapshot_of_a_file_is_that_of_the_machine(file: Path, tmp_path: Path) -> None:
    here, there = Host.local(), Host.load(file)
    require(here.tracefs, "tracefs is not mounted")
    types = there.snapshot(tmp_path / "there")
    name = "sched:sched_switch"
    text = (tmp_path / "there/events/sched/sched_switch/format").read_text(encoding="utf-8")
    listed = (tmp_path / "there/available_events").read_text(encoding="utf-8").split()
    functions = (tmp_path / "there/available_filter_functions").read_text(encoding="utf-8").splitlines()

    assert read_fields(text) == here.tracepoint_fields(name)
    assert "print fmt" not in text
    assert set(listed) == here.tracepoint_names()
    assert len(functions) == here.count("kprobe")
    assert types is not None
    assert types.read_bytes() == Path("/sys/kernel/btf/vmlinux").read_bytes()


def test_a_finished_snapshot_is_kept_and_a_changed_one_made_again(
    made_host: Callable[..., Host], tmp_path: Path
) -> None:
    folder = tmp_path / "snapshot"
    first, second = (made_host(tracepoints={f"a:{event}": {"x": "int"}}) for event in ("one", "two"))
    first.snapshot(folder)
    marked = folder / "events/a/one/format"
    kept = marked.stat().st_ino
    first.snapshot(folder)

    assert marked.stat().st_ino == kept
    second.snapshot(folder)
    assert (folder / "available_events").read_text(encoding="utf-8") == "a:two\n"
    assert not marked.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
