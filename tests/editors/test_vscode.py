"""The extension in VS Code itself: what a person sees under the words, is offered, runs, reads, exports and is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.editors.vscode import Code
from tests.trace.conftest import busy as busy

from gpttrace.testing import InstalledBpftrace

pytestmark = [pytest.mark.tools, pytest.mark.kernel]

WRONG = "tracepoint:syscalls:sys_enter_openat\n{\n\t@[comm, nope] = count();\n\tprint(args->filenam);\n}\n"
UNTIDY = "tracepoint:syscalls:sys_enter_openat{@opens[comm]=count();}\n"
TIDY = "tracepoint:syscalls:sys_enter_openat {\n\t@opens[comm] = count();\n}\n"
SECRET = 'tracepoint:syscalls:sys_enter_write /pid == 1/ { printf("%s\\n", str(args->buf, 32)); }\n'
THEMES = {"dark": "Dark Modern", "light": "Light Modern"}


@pytest.fixture(autouse=True)
def _front(request: pytest.FixtureRequest, host_bpftrace: InstalledBpftrace, code: Code) -> Iterator[None]:
    """Each test begins and ends with an empty window; a picture tells what a failed one saw."""
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        code.picture(f"failed-{request.node.name}")
    code.page.keyboard.press("Escape")
    code.close_all()


def counting(pid: int) -> str:
    """Return a script that counts what a process does, with a map, a histogram and stacks."""
    return (
        f"// What process {pid} calls.\ntracepoint:syscalls:sys_enter_getppid\n/pid == {pid}/\n{{\n"
        "\t@calls[comm] = count();\n\t@size = lhist(nsecs % 100, 0, 100, 20);\n\t@stacks[ustack(3)] = count();\n}\n"
    )


def test_the_status_tells_which_bpftrace_checks(code: Code, host_bpftrace: InstalledBpftrace) -> None:
    code.open("opens.bt", TIDY)
    said = code.page.wait_for_selector(
        "#gpttrace\\.gpttrace\\.gpttrace\\.bar:has-text('bpftrace')"
    ).text_content()
    assert said.strip() == f"bpftrace {'.'.join(map(str, host_bpftrace.version))} · root"


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_wrong_is_underlined_at_its_word(code: Code, theme: str) -> None:
    code.set(workbench__colorTheme=THEMES[theme])
    code.open("wrong.bt", WRONG)
    code.settle()
    code.until(lambda: len(code.page.query_selector_all(".squiggly-error")) == 2)
    lines = [each.bounding_box() for each in code.page.query_selector_all(".squiggly-error")]
    for word, drawn in zip(("nope", "filenam"), sorted(lines, key=lambda box: box["y"]), strict=True):
        wanted = code.place(word)
        assert drawn["x"] == pytest.approx(wanted["x"], abs=2)
        assert drawn["width"] == pytest.approx(wanted["width"], abs=2)
        assert wanted["y"] - 2 <= drawn["y"] <= wanted["y"] + wanted["height"]
    code.picture(f"wrong-{theme}")


def test_a_tracepoint_and_its_field_are_completed(code: Code) -> None:
    file = code.open("new.bt", "")
    code.type_at_end("tracepoint:syscalls:sys_enter_opena")
    code.accept("syscalls:sys_enter_openat")
    code.page.keyboard.type(" { print(args->filena", delay=15)
    code.page.wait_for_selector(".suggest-widget.visible .monaco-list-row.focused")
    code.picture("complete")
    # The field is a pointer to text; as it is, it is the second that is offered.
    code.accept("str(args->filename)")
    code.page.keyboard.type(", args->fla", delay=15)
    code.accept("flags")
    wanted = "tracepoint:syscalls:sys_enter_openat { print(str(args->filename), args->flags)}"
    assert code.saved(file, wanted) == wanted


def test_hover_shows_a_probes_fields(code: Code) -> None:
    code.open("opens.bt", TIDY)
    code.settle()
    place = code.place("sys_enter_openat")
    row = ".monaco-hover:not(.hidden) .hover-row:has-text('filename')"

    def rested() -> str:
        code.page.mouse.move(place["x"] + 20, place["y"] + 200)
        code.page.mouse.move(place["x"] + 20, place["y"] + place["height"] / 2, steps=5)
        code.page.wait_for_timeout(1500)
        return "".join(each.text_content() for each in code.page.query_selector_all(row))

    shown = code.until(rested)
    code.picture("hover")
    assert "a process opens a file" in shown


def test_a_script_is_formatted(code: Code) -> None:
    file = code.open("untidy.bt", UNTIDY)
    code.settle()
    code.page.click(".editor-instance .view-lines")
    code.command("Format Document")
    assert code.saved(file, TIDY) == TIDY


def test_a_quick_fix_mends_a_name(code: Code) -> None:
    file = code.open("mend.bt", "tracepoint:syscalls:sys_enter_openat { print(args->filenam); }\n")
    code.settle()
    code.page.wait_for_selector(".squiggly-error")
    place = code.place("filenam")
    code.page.mouse.click(place["x"] + 10, place["y"] + place["height"] / 2)
    code.page.keyboard.press("Control+.")
    code.page.wait_for_selector(".action-widget .monaco-list-row.focused:has-text('filename')")
    code.picture("fix")
    code.page.keyboard.press("Enter")
    code.page.wait_for_selector(".squiggly-error", state="detached")
    wanted = "tracepoint:syscalls:sys_enter_openat { print(args->filename); }\n"
    assert code.saved(file, wanted) == wanted


def test_the_lens_runs_rows_come_while_it_runs_and_are_exported(code: Code, busy: int) -> None:
    code.open("calls.bt", counting(busy))
    code.page.click(".codelens-decoration a:has-text('run for')")
    frame = code.results()
    frame.wait_for_selector("section[aria-label='@calls'] tbody td.number", timeout=20_000)

    def count() -> int:
        return int(
            frame.text_content("section[aria-label='@calls'] tbody td.number")
            .replace(",", "")
            .replace(" ", "")
        )

    first = count()
    assert first > 0
    assert code.until(lambda: count() > first, 10.0), "the rows stand still"
    assert frame.query_selector("[role=tab].running") is not None
    code.page.wait_for_selector(".codelens-decoration a:has-text('stop')")
    code.picture("running")
    frame.dblclick("button.stop")
    frame.wait_for_selector("button:has-text('Run again')")
    # What stands there then was not meant: neither is the script run again, nor are the results taken away.
    code.page.wait_for_timeout(500)
    assert len(frame.query_selector_all("[role=tab]")) == 1
    assert frame.query_selector("[role=tab].ended") is not None
    at_last = count()
    for theme, name in THEMES.items():
        code.set(workbench__colorTheme=name)
        code.page.wait_for_timeout(800)
        code.picture(f"ended-{theme}")
    frame.click("section[aria-label='@calls'] button[aria-label*=CSV]")
    box = code.page.wait_for_selector(".quick-input-widget input[type=text]")
    file = code.workspace / "calls-calls.csv"
    assert code.until(lambda: box.input_value() == str(file)), box.input_value()
    code.page.keyboard.press("Enter")
    assert code.until(lambda: file.exists() and file.stat().st_size > 0)
    assert str(at_last) in file.read_text(encoding="utf-8")


def test_the_title_button_runs_and_stops(code: Code, busy: int) -> None:
    code.open("title.bt", counting(busy))
    code.settle()
    code.page.click(".editor-actions a[aria-label*='Run This Script']")
    code.page.wait_for_selector(".codelens-decoration a:has-text('row')")
    code.page.click(".editor-actions a[aria-label*='Stop This Script']")
    code.results().wait_for_selector("[role=tab][aria-selected=true].ended:has-text('title.bt')")
    code.settle()


@pytest.mark.parametrize("answer", ["Run", "Cancel"])
def test_a_script_that_reads_peoples_data_asks_first(code: Code, answer: str) -> None:
    name = f"secret-{answer.lower()}.bt"
    code.open(name, SECRET)
    code.settle()
    code.command("GPTtrace: Run This Script")
    asked = code.page.wait_for_selector('.notification-list-item:has-text("reads people\'s data")')
    code.picture(f"asks-{answer.lower()}")
    # A list of messages has its own buttons: ours is the one of exactly this word.
    [button] = [each for each in asked.query_selector_all(".monaco-button") if each.text_content() == answer]
    button.click()
    frame = code.results()
    if answer == "Cancel":
        frame.wait_for_selector(f"[role=tab].ended:has-text('{name}')")
        assert "table" not in frame.inner_html("#results")
        return
    frame.wait_for_selector(f"[role=tab].running:has-text('{name}')")
    frame.click("button.stop")
    frame.wait_for_selector("button:has-text('Run again')")


def test_a_server_that_is_missing_is_told_with_what_can_be_done_and_found_when_it_is_there(
    code: Code,
) -> None:
    code.open("opens.bt", TIDY)
    before = code.settings()["gpttrace.server.path"]
    code.set(gpttrace__server__path="/nowhere/gpttrace")
    said = code.page.wait_for_selector(".notification-list-item:has-text('was not found')")
    buttons = [each.text_content() for each in said.query_selector_all(".monaco-button")]
    assert buttons == ["Copy Install Command", "Open Settings", "Retry"]
    assert "/nowhere/gpttrace" in said.text_content()
    code.picture("missing")
    code.set(gpttrace__server__path=before)
    code.page.wait_for_selector("#gpttrace\\.gpttrace\\.gpttrace\\.bar:has-text('bpftrace')")
