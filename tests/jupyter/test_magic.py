"""The magic on the real kernel, in an IPython inside this process: questions, programs, every option, and what can go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas
import pytest
from tests.jupyter.conftest import Notebook
from tests.trace.conftest import Watch, busy, tiny_disk, until

from gpttrace.errors import (
    GpttraceError,
    NotPermitted,
    ProgramRejected,
    QuestionRefused,
    StoreError,
    Unavailable,
    UsageError,
)
from gpttrace.host import Host

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("host_bpftrace")]
__all__ = ["busy", "tiny_disk"]  # fixtures of the tracing tests

COUNT = "tracepoint:syscalls:sys_enter_getppid { @calls[comm, pid] = count(); }"
ROWS = 'tracepoint:syscalls:sys_enter_getppid { printf("%d %s\\n", pid, comm); }'
WAITING = "BEGIN { @begun = 7; } interval:s:1000 { exit(); }"
NOBODY = "tracepoint:syscalls:sys_enter_getppid /pid == 0/"
# Renames itself, calls getppid(2) three times and ends.
CALLS = "import ctypes, os, sys; ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0); [os.getppid() for _ in range(3)]"
HOSTILE = "<img src=x>'\"&"


def test_a_question_gives_the_frame_that_answers_it(notebook: Notebook, busy: int) -> None:
    frame = notebook.cell(f"--for 1s --pid {busy}", "count syscalls by process")
    about = frame.attrs["gpttrace"]
    assert (about["question"], about["status"]) == ("count syscalls by process", "time_limit")
    assert frame.index.name == "comm"
    assert str(frame.index.dtype) == "category"
    assert list(frame.index) == ["python"]
    assert str(frame["count"].dtype) == "int64"
    assert frame["count"].sum() > 1_000
    assert "Number of system calls by process name" in notebook.left()
    assert about["run_id"] in notebook.left()


def test_a_program_gives_exact_values(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook.shell.user_ns["wanted"] = HOSTILE[:15]
    command = f"{sys.executable} -c '{CALLS}' \"$WANTED\""
    monkeypatch.setenv("WANTED", HOSTILE[:15])
    frame = notebook.cell(
        f"--cmd={quoted(command)}", 'tracepoint:syscalls:sys_enter_getppid /comm == "{{wanted}}"/ { @calls[comm] = count(); }'
    )  # fmt: skip
    assert dict(frame["count"]) == {HOSTILE[:15]: 3}


def quoted(command: str) -> str:
    """Quote a shell command as the value of an option."""
    whole = "sh -c " + "'" + command.replace("'", "'\"'\"'") + "'"
    return '"' + whole.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_hostile_names_are_text_in_everything_that_is_shown(notebook: Notebook, tmp_path: Path) -> None:
    script = f"import ctypes, os\nctypes.CDLL(None).prctl(15, {HOSTILE[:15].encode()!r}, 0, 0, 0)\nwhile True: os.getppid()"
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        try:
            frame = notebook.cell(
                f"--for 3s --rows 100000000 --pid {process.pid}",
                f"{COUNT} interval:ms:200 {{ print((comm, 1)); }}",
            )
        finally:
            process.kill()
    html = notebook.shown("text/html")
    assert "&lt;img" in html
    assert "<img" not in html
    assert HOSTILE[:15] in list(frame["comm"])
    assert all("<img" not in text for text in (frame.to_html(), frame._repr_html_()))
    assert sum(1 for each in notebook.outputs if len(str(each.data).encode()) > 50_000) == 0


def test_a_trace_that_yields_nothing_says_why_and_has_its_columns(notebook: Notebook) -> None:
    frame = notebook.cell("--for 1s", NOBODY + " { @calls[comm] = count(); }")
    assert len(frame) == 0
    assert list(frame.reset_index().dtypes.astype(str)) == ["category", "int64"]
    assert "No events were seen in 1." in notebook.left()
    frame = notebook.cell("--for 1s", NOBODY + ' { printf("%d %s\\n", pid, comm); }')
    assert dict(frame.dtypes.astype(str)) == {"pid": "int64", "comm": "category"}


def test_all_tables_are_a_dict_and_the_value_is_the_one_that_answers(notebook: Notebook) -> None:
    program = 'BEGIN { @a[comm] = count(); @h = hist(5); @s = sum(3); printf("%d", 1); }'
    frames = notebook.cell("--for 1s --all", program)
    assert list(frames) == ["@a", "printf:1", "@h", "@s"]
    assert all(isinstance(each, pandas.DataFrame) for each in frames.values())
    assert frames["@s"].iloc[0, 0] == 3
    assert list(frames["@h"].iloc[0]) == [4, 7, 1]
    assert notebook.cell("--for 1s -o one", program) is None
    assert notebook.names["one"].attrs["gpttrace"]["table"] == "@a"


def test_quiet_shows_nothing_but_the_value(notebook: Notebook) -> None:
    frame = notebook.cell("--for 1s --quiet", "BEGIN { @a = 1; }")
    assert (len(frame), notebook.outputs, notebook.printed) == (1, [], "")


def test_the_row_limit_ends_the_trace_and_holds_exactly(notebook: Notebook, busy: int) -> None:
    frame = notebook.cell(f"--for 60s --rows 1000 --pid {busy}", ROWS)
    assert len(frame) == 1_000
    assert frame.attrs["gpttrace"]["status"] == "row_limit"
    assert set(frame.columns) == {"pid", "comm"}


def test_the_first_interrupt_returns_what_there_is(notebook: Notebook, watch: Watch) -> None:
    threading.Thread(target=press_when_attached, args=(watch,)).start()
    frame = notebook.cell("--for 100s", WAITING)
    assert frame.iloc[0, 0] == 7
    assert (frame.attrs["gpttrace"]["status"], frame.attrs["gpttrace"]["complete"]) == ("stopped", True)


def press_when_attached(watch: Watch) -> None:
    """Send this process the stop button's signal once its trace is attached."""
    wait_attached(watch)
    os.kill(os.getpid(), signal.SIGINT)


def wait_attached(watch: Watch) -> None:
    """Wait until a trace of this process is attached, and note it."""
    from tests.trace.conftest import children

    def noted() -> bool:
        try:
            for supervisor in children(os.getpid()):
                for pid in children(supervisor):
                    watch(pid)
            return bool(watch.programs)
        except (AssertionError, OSError):
            return False

    until(noted, "a trace of this process is attached")


@pytest.mark.parametrize(
    ("line", "body", "kind", "said"),
    [
        ("", "something utterly odd about bananas", QuestionRefused, ""),
        ("", "BEGIN { @a = cnt(); }", ProgramRejected, "1 error in the program; nothing was run"),
        ("", "BEGIN { system(\"id\"); }", NotPermitted, "the policy denies this program"),
        ("--comm bash", WAITING, UsageError, "--comm is for questions"),
        ("--top 5", WAITING, UsageError, "--top is for questions"),
        ("--cmd 'no-such-command'", WAITING, UsageError, "no-such-command"),
        ("--cmd \"sh -c 'ls\"", WAITING, UsageError, "--cmd"),
        ("--host nowhere.host", "count opens", UsageError, "nowhere.host"),
        ("--check", "BEGIN { @a = cnt(); }", ProgramRejected, "nothing was run"),
        ("--writer model", "count opens", Unavailable, ""),
        ("--for 1s", "tracepoint:syscalls:sys_enter_execve { join(args->argv); }", NotPermitted, "nobody can be asked"),
        ("--show nothing", "\n", UsageError, "there is no run"),
        ("--runs", "count opens", UsageError, "--runs takes no cell"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_an_error_of_ours(
    notebook: Notebook, line: str, body: str, kind: type[GpttraceError], said: str
) -> None:
    with pytest.raises(GpttraceError) as caught:
        notebook.cell(line, body)
    assert isinstance(caught.value, kind)
    assert said in caught.value.message
    rendered = caught.value._render_traceback_()
    assert rendered[0].startswith("gpttrace: ")
    assert not any("Traceback" in each or "\x1b" in each for each in rendered)


def test_findings_stand_under_the_lines_of_the_cell(notebook: Notebook) -> None:
    with pytest.raises(ProgramRejected):
        notebook.cell("", "// one\nBEGIN {\n  @a = <b>;\n}")
    assert "cell:4:" in notebook.shown()
    assert "&lt;b&gt;" in notebook.shown("text/html")
    assert "<b>" not in notebook.shown("text/html")
    with pytest.raises(ProgramRejected):
        notebook.line("--program BEGIN { @a = cnt(); }")
    assert "cell:1:14: error" in notebook.shown()


def test_dry_and_check_run_nothing(notebook: Notebook, tmp_path: Path) -> None:
    notebook.cell("--dry -o text", "count opens by process")
    assert "sys_" in notebook.names["text"]
    assert "count()" in notebook.left()
    notebook.cell("--check -o report", "BEGIN { @a = count(); }")
    assert notebook.names["report"].ok
    assert "nothing was run" in notebook.left()
    assert len(notebook.line("--runs")) == 0


def test_for_another_machine_it_is_written_and_checked_and_never_run(
    notebook: Notebook, tmp_path: Path
) -> None:
    file = tmp_path / "prod.host"
    Host.local().save(file)
    notebook.cell(f"--host {file} -o text", "count opens by process")
    assert "sys_" in notebook.names["text"]
    assert "nothing was run" in notebook.left()
    assert len(notebook.line("--runs")) == 0


def test_what_reads_people_s_data_runs_when_it_is_approved(notebook: Notebook) -> None:
    frame = notebook.cell(
        "--yes --cmd 'sleep 0.1'", 'tracepoint:syscalls:sys_enter_execve { printf("%s\\n", str(args->filename)); }'
    )  # fmt: skip
    assert frame["filename"].str.endswith("sleep").any()


def test_a_full_disk_loses_the_copy_and_not_the_data(
    notebook: Notebook, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPTTRACE_STATE", str(tiny_disk / "state"))
    (tiny_disk / "filler").write_bytes(b"x" * 60_000)
    frame = notebook.cell("--for 1s", "BEGIN { @begun = 7; }")
    assert frame.iloc[0, 0] == 7
    assert "not saved" in notebook.left()
    with pytest.raises((StoreError, UsageError)):
        notebook.line("--show last")


# --- behind the notebook


@pytest.fixture
def three(notebook: Notebook, busy: int, watch: Watch) -> Iterator[Notebook]:
    """A notebook with three traces behind it: a map, rows, and one that only waits."""
    notebook.cell(f"--background -o maps --for 100s --pid {busy}", COUNT + " // maps")
    notebook.cell(
        f"--background -o rows --for 100s --rows 100000 --pid {busy}",
        NOBODY.replace("== 0", "!= 0")
        + ' { @n = count(); @i++; if (@i % 10000 == 1) { printf("%d %s\\n", pid, comm); } }',
    )
    notebook.cell("--background -o waits", WAITING)
    until(
        lambda: all(notebook.names[each].status == "tracing" for each in ("maps", "rows", "waits")),
        "all are tracing",
    )
    wait_attached(watch)
    yield notebook
    notebook.line("--stop")


def test_several_traces_go_on_behind_the_notebook_and_can_be_looked_at(three: Notebook) -> None:
    maps, rows, waits = (three.names[each] for each in ("maps", "rows", "waits"))
    until(lambda: len(maps.snapshot()) and maps.snapshot()["count"].max() > 100, "the map grows")
    first = maps.snapshot()["count"].max()
    until(lambda: maps.snapshot()["count"].max() > first, "the map goes on growing")
    until(lambda: rows.frames.get("printf:1") is not None, "rows have come")
    assert set(rows.frames["printf:1"].columns) == {"pid", "comm"}
    assert waits.snapshot().iloc[0, 0] == 7
    assert waits.frame.attrs["gpttrace"]["status"] == "running"
    listed = three.line("--runs")
    assert list(listed.loc[[maps.run_id, rows.run_id, waits.run_id], "status"]) == ["tracing"] * 3
    assert "tracing" in repr(maps)
    final = maps.stop()
    assert final["count"].max() > first
    assert (maps.status, maps.running) == ("stopped", False)
    assert final.attrs["gpttrace"]["run_id"] == maps.run_id
    assert rows.running
    assert waits.running
    assert "stopped" in repr(maps)
    assert three.line(f"--stop {waits.run_id}") == [waits]
    with pytest.raises(UsageError, match="no trace"):
        three.line("--stop nonsense")
    again = three.line(f"--show {maps.run_id}")
    pandas.testing.assert_frame_equal(again, final)


def test_an_error_behind_the_notebook_is_told_by_the_handle(notebook: Notebook) -> None:
    notebook.cell("--background -o broken --cmd no-such-command", WAITING)
    broken = notebook.names["broken"]
    with pytest.raises(UsageError, match="no-such-command"):
        broken.stop()
    assert broken.status == "failed"
    assert "no-such-command" in repr(broken)


def test_an_interpreter_that_ends_stops_what_runs_behind_it(tmp_path: Path, watch: Watch) -> None:
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_line_magic('load_ext', 'gpttrace')\n"
        f"shell.run_cell_magic('gpttrace', '--background -o h', {WAITING!r})\n"
        "import time\n"
        "while shell.user_ns['h'].status != 'tracing': time.sleep(0.05)\n"
        "print('tracing', flush=True)\n"
        "input()\n"
    )
    env = {**os.environ, "GPTTRACE_STATE": str(tmp_path / "state"), "IPYTHONDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
    )
    with process:
        assert process.stdout is not None
        assert any("tracing" in each for each in process.stdout)
        from tests.trace.conftest import children

        for supervisor in children(process.pid):
            for pid in children(supervisor):
                watch(pid)
        assert watch.pids
        process.communicate("\n", timeout=30)
    assert process.returncode == 0
    from gpttrace import load_run
    from gpttrace.settings import Settings

    kept = load_run("last", Settings.load(env))
    assert kept.status == "stopped"
    assert list(kept.table("@begun").rows()) == [(7,)]
    assert "recovered" not in " ".join(kept.warnings)


def test_a_picture_is_shown_beside_the_value(notebook: Notebook) -> None:
    program = "BEGIN { @a[1] = count(); @a[2] = count(); @a[1] = count(); }"
    frame = notebook.cell("--for 1s --plot bar", program)
    assert dict(frame["count"]) == {1: 2, 2: 1}
    assert "image/png" in notebook.outputs[-1].data
    frame = notebook.cell("--for 1s --plot=flame", program)
    assert len(frame) == 2
    assert "no picture" in notebook.outputs[-1].data["text/plain"]
