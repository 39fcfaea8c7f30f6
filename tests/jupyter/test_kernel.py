"""In a real kernel: live output, the stop button, shutdown, restart and SIGKILL; nothing stays attached, data is as promised."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.jupyter.conftest import PATIENCE, Kernel
from tests.trace.conftest import Watch, until

from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace
from gpttrace.trace import Result, Store, load_run, recover

pytestmark = pytest.mark.kernel

# No end of its own within a test; what it has is known.
WAITING = "BEGIN { @begun = 7; } interval:s:1000 { exit(); }"
# Twenty tracepoints take about 1.6 s to detach: room for a second press.
CALLS = """acct adjtimex alarm bind capget capset chmod chown chroot creat dup dup3 fallocate fchmod fchown fdatasync flock
fsetxattr getcpu getitimer"""
MANY = "BEGIN { @begun = 7; } " + " ".join(
    f"tracepoint:syscalls:sys_enter_{name} {{ @c = count(); }}" for name in CALLS.split()
)


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    """What kinds of messages a cell sent, in order."""
    return [each["msg_type"] for each in messages]


def until_shown(jupyter: Kernel, request: str, words: str) -> None:
    """Read messages of a cell until one of its displays says those words."""
    for message in jupyter.messages(request):
        if words in message["content"].get("data", {}).get("text/plain", ""):
            return
    pytest.fail(f"the cell ended and never said {words!r}")


def kept(state: Path) -> Result:
    """The run that a kernel left; its supervisor may still be writing down the end of it."""
    settings = Settings.load({**os.environ, "GPTTRACE_STATE": str(state)})
    until(lambda: recover(settings) or Store(state).list(), "the run is kept")
    return load_run("last", settings)


def test_a_cell_shows_one_output_that_changes_and_then_its_frame(jupyter: Kernel) -> None:
    said = jupyter.run(
        '%%gpttrace --for 2s\ninterval:ms:50 { @ticks = count(); printf("%d %s\\n", pid, comm); }'
    )
    displays = [each for each in said if each["msg_type"] == "display_data"]
    updates = [each for each in said if each["msg_type"] == "update_display_data"]
    assert len(displays) == 1
    place = displays[0]["content"]["transient"]["display_id"]
    assert len(updates) >= 3
    assert {each["content"]["transient"]["display_id"] for each in updates} == {place}
    assert all(
        {"text/plain", "text/html"} <= each["content"]["data"].keys() for each in (*displays, *updates)
    )
    assert any("s left" in each["content"]["data"]["text/plain"] for each in updates)
    assert "time limit" in updates[-1]["content"]["data"]["text/plain"]
    results = [each for each in said if each["msg_type"] == "execute_result"]
    assert len(results) == 1
    assert kinds(said)[-1] == "execute_result"


def test_a_frame_that_goes_into_a_variable_is_not_shown(jupyter: Kernel) -> None:
    said = jupyter.run("%%gpttrace --for 1s -o begun\nBEGIN { @begun = 7; }")
    assert "execute_result" not in kinds(said)
    assert jupyter.value("begun.iloc[0, 0]") == "7"


def test_the_stop_button_ends_the_trace_and_returns_what_there_is(jupyter: Kernel, watch: Watch) -> None:
    request = jupyter.start(f"%%gpttrace --for 100s -o begun\n{WAITING}")
    jupyter.attached(watch)
    jupyter.manager.interrupt_kernel()
    said = list(jupyter.messages(request))
    assert "error" not in kinds(said), said
    assert jupyter.value("begun.attrs['gpttrace']['status']") == "stopped"
    assert jupyter.value("begun.attrs['gpttrace']['complete']") == "True"
    assert jupyter.value("begun.iloc[0, 0]") == "7"


def test_a_second_press_kills_the_trace_and_still_returns(jupyter: Kernel, watch: Watch) -> None:
    request = jupyter.start(f"%%gpttrace --for 100s -o begun\n{MANY}")
    jupyter.attached(watch)
    until_shown(jupyter, request, "tracing")
    jupyter.manager.interrupt_kernel()
    until_shown(jupyter, request, "detaching")
    jupyter.manager.interrupt_kernel()
    said = list(jupyter.messages(request))
    assert "error" not in kinds(said), said
    assert jupyter.value("begun.attrs['gpttrace']['complete']") == "False"


@pytest.mark.parametrize("behind", [False, True], ids=["foreground", "background"])
@pytest.mark.parametrize("how", ["shutdown", "restart", "kill"])
def test_nothing_stays_attached_when_the_kernel_goes_and_its_data_is_kept(
    jupyter: Kernel, watch: Watch, tmp_path: Path, how: str, behind: bool
) -> None:
    option = "--background" if behind else "--for 100s"
    request = jupyter.start(f"%%gpttrace {option} -o begun\n{WAITING}")
    jupyter.attached(watch)
    if behind:
        list(jupyter.messages(request))
    if how == "kill":
        os.kill(jupyter.pid, signal.SIGKILL)
    elif how == "restart":
        jupyter.manager.restart_kernel(now=False)
    else:
        jupyter.manager.shutdown_kernel(now=False)
    watch.prove()
    assert list(kept(tmp_path / "state").table("@begun").rows()) == [(7,)]


def test_a_restarted_kernel_has_the_run_again(jupyter: Kernel, watch: Watch, tmp_path: Path) -> None:
    jupyter.start(f"%%gpttrace --background -o begun\n{WAITING}")
    jupyter.attached(watch)
    os.kill(jupyter.pid, signal.SIGKILL)
    watch.prove()
    kept(tmp_path / "state")
    jupyter.client.stop_channels()
    jupyter.manager.restart_kernel(now=True)
    jupyter._connect()
    jupyter.run("import gpttrace")
    assert jupyter.value("list(gpttrace.load_run('last').table('@begun').rows())") == "[(7,)]"
    jupyter.run("%gpttrace --show last -o again")
    assert jupyter.value("again.iloc[0, 0]") == "7"


def test_a_cell_that_is_run_again_stops_its_former_trace_and_no_other(jupyter: Kernel, watch: Watch) -> None:
    jupyter.run(f"%%gpttrace --background -o one\n{WAITING}", cellId="a")
    jupyter.attached(watch)
    jupyter.run(f"%%gpttrace --background -o two\n{WAITING}", cellId="b")
    jupyter.run("first = one")
    jupyter.run(f"%%gpttrace --background -o one\n{WAITING} // changed", cellId="a")
    until(lambda: len(jupyter.tracers()) == 2, "two traces run")
    jupyter.attached(watch)
    assert jupyter.value("*(first.status, two.running, one.running)") == "stopped True True"
    jupyter.run("%unload_ext gpttrace_jupyter")
    assert jupyter.value("*(one.status, two.status)") == "stopped stopped"


def test_traces_that_one_run_of_a_cell_starts_do_not_stop_each_other(jupyter: Kernel, watch: Watch) -> None:
    code = f"%gpttrace --background -o one --program {WAITING}\n%gpttrace --background -o two --program {WAITING}"
    jupyter.run(code, cellId="a")
    until(lambda: len(jupyter.tracers()) == 2, "two traces run")
    jupyter.attached(watch)
    assert jupyter.value("one.running, two.running") == "True True"
    jupyter.run("%gpttrace --stop")
    assert jupyter.value("one.status, two.status") == "stopped stopped"


def test_an_error_is_one_block_without_a_traceback(jupyter: Kernel) -> None:
    said = jupyter.run("%%gpttrace\n\nBEGIN { @a = cnt(); }")
    assert kinds(said)[-2:] == ["display_data", "error"]
    shown = said[-2]["content"]["data"]["text/plain"]
    assert "cell:3:14: error" in shown
    assert "             ^^^" in shown
    assert said[-1]["content"]["traceback"] == ["gpttrace: 1 error in the program; nothing was run"]


def test_completion_in_a_cell_offers_options_probes_fields_and_words(jupyter: Kernel) -> None:
    def offered(code: str) -> tuple[list[str], str]:
        reply = jupyter.client.complete(code, len(code), reply=True, timeout=30)["content"]
        return reply["matches"], code[reply["cursor_start"] : reply["cursor_end"]]

    assert "--background" in offered("%%gpttrace --ba")[0]
    names, replaced = offered("%%gpttrace\ntracepoint:syscalls:sys_enter_open")
    assert "tracepoint:syscalls:sys_enter_openat" in names
    assert replaced == "tracepoint:syscalls:sys_enter_open"
    fields, replaced = offered("%%gpttrace\ntracepoint:syscalls:sys_enter_openat { @[str(args.fi")
    assert (fields, replaced) == (["filename"], "fi")
    assert "count(" in offered("%%gpttrace\nBEGIN { @a = cou")[0]
    assert offered("%%gpttrace\nBEGIN { @begun = 1; @be")[0] == ["@begun"]
    assert "print" in offered("pri")[0]


def test_who_cannot_be_asked_is_told_what_approves(jupyter: Kernel) -> None:
    said = jupyter.run("%%gpttrace --for 1s\ntracepoint:syscalls:sys_enter_execve { join(args->argv); }")
    assert kinds(said)[-1] == "error"
    assert "--yes" in said[-1]["content"]["traceback"][-1]


def test_a_person_is_asked_before_people_s_data_is_read(jupyter: Kernel) -> None:
    cell = "%%gpttrace --cmd 'sleep 0.1' -o execs\ntracepoint:syscalls:sys_enter_execve { join(args->argv); @n = count(); }"
    for answer, outcome in (("n", "was not approved"), ("y", "")):
        request = jupyter.client.execute(cell, allow_stdin=True)
        question = jupyter.client.get_stdin_msg(timeout=PATIENCE)["content"]["prompt"]
        assert "command lines" in question or "Run it?" in question
        jupyter.client.input(answer)
        errors = [
            each["content"]["traceback"] for each in jupyter.messages(request) if each["msg_type"] == "error"
        ]
        assert outcome in str(errors)
        assert bool(errors) is (answer == "n")
    assert int(jupyter.value("execs.iloc[0, 0]")) >= 1


def test_the_stop_button_ends_the_cell_and_not_what_goes_on_behind_it(jupyter: Kernel, watch: Watch) -> None:
    jupyter.run(f"%%gpttrace --background -o behind\n{WAITING}")
    jupyter.attached(watch)
    before = set(jupyter.tracers())
    request = jupyter.start(f"%%gpttrace --for 100s -o begun\n{WAITING} // again")
    until(lambda: len(jupyter.tracers()) == 2, "the cell traces too")
    until_shown(jupyter, request, "tracing")
    jupyter.attached(watch)
    jupyter.manager.interrupt_kernel()
    list(jupyter.messages(request))
    assert jupyter.value("*(begun.iloc[0, 0], begun.attrs['gpttrace']['status'])") == "7 stopped"
    assert set(jupyter.tracers()) == before
    assert jupyter.value("behind.status") == "tracing"
    assert jupyter.value("behind.stop().iloc[0, 0]") == "7"


def test_a_notebook_that_is_executed_keeps_the_last_state_of_each_output(
    tmp_path: Path, host_bpftrace: InstalledBpftrace
) -> None:
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "%load_ext gpttrace",
        "%%gpttrace --for 1s\nBEGIN { @begun = 7; }",
        "ticks = %gpttrace --for 1s --program interval:ms:100 { @ticks = count(); }\nint(ticks.iloc[0, 0]) > 5",
    ]
    made: Any = nbformat.v4  # not typed
    written = made.new_notebook(cells=[made.new_code_cell(each) for each in cells])
    client = NotebookClient(
        written, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env={**os.environ, "GPTTRACE_STATE": str(tmp_path / "state")})
    shown, value = written.cells[1].outputs
    assert shown["output_type"] == "display_data"
    assert "the time limit of 1 s was reached" in shown["data"]["text/plain"]
    assert "attaching" not in shown["data"]["text/plain"]
    assert value["output_type"] == "execute_result"
    assert "7" in value["data"]["text/plain"]
    assert written.cells[2].outputs[-1]["data"]["text/plain"] == "True"
