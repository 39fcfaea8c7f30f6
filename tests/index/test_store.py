"""The index file: made once, kept up to date, whole whatever happens to whoever makes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gpttrace.index.face import look_up, open_kept
from gpttrace.index.filters import Wanted
from gpttrace.index.places import Places, remove_folder
from gpttrace.index.schema import one, rows
from gpttrace.index.sources import all_sources
from gpttrace.index.store import Index, open_fresh

from .conftest import OURS

WANTED = Wanted(sources=("user",))
CHILD = """
import signal, sys
from pathlib import Path
from gpttrace.index.places import Places
from gpttrace.index.store import open_fresh
def progress(what, done, of):
    if sys.argv[2] == "hang" and (done == of) == (sys.argv[3] == "end"):
        print("now", flush=True)
        signal.pause()
at = Path(sys.argv[1])
index = open_fresh(Places(at / "cache", at / "data", at / "config", system=at / "system"), progress)
print(index.database.execute("select count(*) from examples").get, index.warnings, flush=True)
"""


def names(index: Index) -> list[str]:
    found = [
        name for (name,) in rows(index.database, "select name from examples where source = 'user' order by 1")
    ]
    index.close()
    return found


def child(places: Places, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", CHILD, str(places.cache_dir.parent), *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_index_has_corpus_catalogue_tools_and_the_users_folder(places: Places, folder: Path) -> None:
    index = open_fresh(places)
    sources = {source for (source,) in rows(index.database, "select distinct source from examples")}
    assert sources >= {"catalogue", "bpftrace", "bcc", "user"}
    assert (
        one(index.database, "select title from examples where name = 'frobsnoop'") == "Trace frobs of a disk."
    )
    assert one(index.database, "select title from examples where name = 'glorp'") == "Count glorps of a lock."
    assert index.warnings == ()
    index.close()


def test_what_is_added_changed_and_removed_is_followed_and_nothing_else_read(
    places: Places, folder: Path
) -> None:
    assert names(open_fresh(places)) == ["opens"]
    assert open_fresh(places).changes is None
    (folder / "below").mkdir()
    (folder / "below" / "more.bt").write_text(OURS)
    index = open_fresh(places)
    assert index.changes is not None
    assert (index.changes.added, index.changes.changed, index.changes.removed) == (1, 0, 0)
    assert names(index) == ["more", "opens"]
    (folder / "opens.bt").write_text(OURS.replace("Files opened,", "Glimpsed files,"))
    index = open_fresh(places)
    assert index.changes is not None
    assert (index.changes.added, index.changes.changed, index.changes.removed) == (0, 1, 0)
    assert [f.example.name for f in look_up("glimpsed", 3, WANTED, places).found] == ["opens"]
    (folder / "opens.bt").unlink()
    assert names(open_fresh(places)) == ["more"]
    remove_folder(places, str(folder))
    assert names(open_fresh(places)) == []


def test_a_file_that_was_only_touched_is_the_same(places: Places, folder: Path) -> None:
    open_fresh(places).close()
    os.utime(folder / "opens.bt", ns=(1, 1))
    index = open_fresh(places)
    assert index.changes is not None
    assert (index.changes.changed, index.changes.added) == (0, 0)
    assert names(index) == ["opens"]


@pytest.mark.parametrize("how", ["noise", "cut", "empty", "middle", "foreign"])
def test_a_damaged_file_is_said_and_made_again(places: Places, folder: Path, how: str) -> None:
    open_fresh(places).close()
    data = places.index.read_bytes()
    half = len(data) // 2
    places.index.write_bytes(
        {
            "noise": b"noise" * 1000, "cut": data[:half], "empty": b"", "foreign": b"SQLite format 3\0" + bytes(4096),
            "middle": data[:4096] + b"\xff" * (len(data) - 4096),
        }[how]
    )  # fmt: skip
    index = open_fresh(places)
    assert "damaged" in index.warnings[0]
    assert names(index) == ["opens"]
    assert open_fresh(places).warnings == ()


@pytest.mark.parametrize("then", ["search", "refresh"])
def test_damage_in_the_middle_is_found_when_it_is_met(places: Places, folder: Path, then: str) -> None:
    open_fresh(places).close()
    data = bytearray(places.index.read_bytes())
    for page in range(8, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    places.index.write_bytes(bytes(data))
    if then == "refresh":
        (folder / "more.bt").write_text(OURS)
    hits = look_up("files opened by process", 5, WANTED, places)
    assert "opens" in [each.example.name for each in hits.found]
    assert "damaged" in hits.warnings[0]
    assert open_fresh(places).warnings == ()


def test_a_folder_that_went_away_is_counted(places: Places, folder: Path) -> None:
    (folder / "opens.bt").unlink()
    folder.rmdir()
    index = open_fresh(places)
    assert rows(index.database, "select skipped from files where origin = 'user'") == [
        ("folder not there or not readable",)
    ]
    index.close()


def test_an_index_of_another_version_is_made_again_without_a_word(places: Places, folder: Path) -> None:
    import apsw

    open_fresh(places).close()
    database = apsw.Connection(str(places.index))
    database.execute("pragma user_version = 99")
    database.close()
    index = open_fresh(places)
    assert index.warnings == ()
    assert names(index) == ["opens"]


@pytest.mark.parametrize("point", ["begin", "end"])
def test_kill_9_while_it_is_made_leaves_the_old_one_or_none(places: Places, folder: Path, point: str) -> None:
    for before in ([], ["opens"]):
        if before:
            assert names(open_fresh(places)) == before
            (folder / "more.bt").write_text(OURS)
        running = child(places, "hang", point)
        assert running.stdout is not None
        assert running.stdout.readline() == "now\n"
        if before:
            # It holds the lock; whoever searches meanwhile gets the old one.
            held = open_fresh(places)
            assert "another process" in held.warnings[0]
            assert names(held) == before
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        assert places.index.exists() is bool(before)
    assert names(open_fresh(places)) == ["more", "opens"]
    assert sorted(path.name for path in places.cache_dir.iterdir()) == ["examples.lock", "examples.sqlite"]


def test_processes_that_start_at_once_agree(places: Places, folder: Path) -> None:
    running = [child(places, "go") for _ in range(3)]
    told = [each.communicate(timeout=60) for each in running]
    assert len({out for out, _ in told}) == 1, told
    assert told[0][0].endswith("()\n")
    assert sorted(path.name for path in places.cache_dir.iterdir()) == ["examples.lock", "examples.sqlite"]


def test_where_nothing_can_be_written_the_index_is_in_memory(
    places: Places, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for cache in (tmp_path / "file" / "cache", Path("/proc/no/such")):
        index = open_fresh(replace(places, cache_dir=cache))
        assert index.path is None
        assert "cannot be written" in index.warnings[0]
        assert names(index) == ["opens"]


def test_a_process_keeps_its_index_and_sees_changes(
    places: Places, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpttrace.index.face.LOOK_EVERY", 0.0)
    first = open_kept(places)
    assert open_kept(places) is first
    (folder / "other.bt").write_text(OURS)
    assert open_kept(places) is not first


def test_ten_thousand_files_with_everything_that_is_odd(places: Places, folder: Path) -> None:
    deep = folder / "deep"
    deep.mkdir()
    for number in range(10_000):
        (deep / f"t{number}.bt").write_text(f"// Widget {number} seen.\nBEGIN {{ }}\n")
    (deep / "loop").symlink_to(folder)
    (deep / "self").symlink_to("self")
    (deep / "gone.bt").symlink_to("nowhere")
    (deep / "binary.bt").write_bytes(b"\x7fELF\0\0")
    (deep / "latin.bt").write_bytes(b"// caf\xe9\n")
    (deep / "large.bt").write_bytes(b"// large\n" * 40_000)
    (deep / "empty.bt").write_bytes(b"")
    (deep / "notes.txt").write_bytes(b"// not ours\n")
    (deep / "folder.bt").mkdir()
    os.mkfifo(deep / "pipe.bt")
    (deep / os.fsdecode(b"na\xffme.bt")).write_text("// Odd name.\nBEGIN { }\n")
    index = open_fresh(places)
    skipped = dict(rows(index.database, "select skipped, count(*) from files where skipped != '' group by 1"))
    assert skipped == {
        "not readable": 1, "binary": 1, "not UTF-8": 1, "larger than 256 KB": 1, "empty": 1, "no regular file": 1
    }  # fmt: skip
    assert one(index.database, "select count(*) from examples where source = 'user'") == 10_002
    index.close()
    assert [f.example.title for f in look_up("widget 7777", 1, WANTED, places).found] == ["Widget 7777 seen."]


def test_a_folder_inside_another_is_indexed_once(places: Places, folder: Path) -> None:
    from gpttrace.index.places import add_folder

    (folder / "below").mkdir()
    (folder / "below" / "more.bt").write_text(OURS)
    add_folder(places, str(folder / "below"))
    assert len([each for each in all_sources(places) if each.origin == "user"]) == 2
    assert names(open_fresh(places)) == ["more", "opens"]
