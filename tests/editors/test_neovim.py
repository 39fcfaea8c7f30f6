"""Neovim's own client, configured word for word as docs/editors.md says, gets everything that it can show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.editors.neovim import Neovim

from gpttrace.testing import InstalledBpftrace

pytestmark = [pytest.mark.tools, pytest.mark.kernel]

WRONG = "#!/usr/bin/env bpftrace\n/* äöü 🐝 */ BEGIN { @[comm, nope] = count(); }\n"
OPENS = (
    "tracepoint:syscalls:sys_enter_openat\n{\n\t@opens[comm] = count();\n}\n\nEND {\n    print(@opens);\n}\n"
)


@pytest.fixture(autouse=True)
def _machine(host_bpftrace: InstalledBpftrace) -> None:
    """What is completed and run is this machine's."""


def diagnostics(neovim: Neovim) -> Any:
    """Return (line, first and last column in bytes, code) of what is shown in the buffer in front."""
    shown = neovim.ask("vim.diagnostic.get(0)")
    return [(each["lnum"], each["col"], each["end_col"], each["code"]) for each in shown]


def choose(neovim: Neovim, title: str) -> None:
    """Have the person choose what has this in its title whenever something is to be chosen."""
    neovim.do(f"""vim.ui.select = function(items, _, done)
        for number, each in ipairs(items) do
            if vim.inspect(each):find({json.dumps(title)}, 1, true) then return done(each, number) end
        end
        done(nil)
    end""")


@pytest.mark.parametrize("name", ["wrong.bt", "wrong"])
def test_what_is_wrong_is_underlined_with_and_without_an_extension(neovim: Neovim, name: str) -> None:
    neovim.open(name, WRONG)
    assert neovim.ask("vim.bo.filetype") == "bpftrace"
    line = WRONG.splitlines()[1]
    start = len(line[: line.index("nope")].encode())
    assert neovim.until(lambda: diagnostics(neovim), "nothing is said") == [
        (1, start, start + 4, "unknown-name")
    ]


def test_what_is_mended_is_no_longer_underlined(neovim: Neovim) -> None:
    neovim.open("wrong.bt", WRONG)
    neovim.until(lambda: diagnostics(neovim), "nothing is said")
    neovim.put_cursor("nope")
    neovim.keys("ciwpid<Esc>")
    neovim.until(lambda: not diagnostics(neovim), "what was mended stays underlined")


@pytest.mark.parametrize(
    ("text", "typed", "becomes"),
    [
        ("", "itracepoint:syscalls:sys_enter_openat2", "tracepoint:syscalls:sys_enter_openat2\n"),
        (
            "tracepoint:syscalls:sys_enter_openat { print(args->",
            "Afilena",
            "tracepoint:syscalls:sys_enter_openat { print(args->filename\n",
        ),
        ("BEGIN { @a = cou", "A", "BEGIN { @a = count\n"),
    ],
)
def test_a_tracepoint_its_field_and_a_function_are_completed(
    neovim: Neovim, text: str, typed: str, becomes: str
) -> None:
    neovim.open("complete.bt", text)
    neovim.keys(f"{typed}<C-x><C-o>")
    items = neovim.until(lambda: neovim.ask("vim.fn.complete_info({'items'}).items"), "nothing is offered")
    assert not any("\n" in each["word"] for each in items)
    neovim.keys("<C-y>")
    # Today's Neovim fills in a call's parentheses, an older one takes words.
    neovim.until(lambda: neovim.text().startswith(becomes.rstrip("\n")), neovim.text())
    neovim.keys("<Esc>")


def test_a_whole_probe_is_filled_in_where_the_editor_can(neovim: Neovim) -> None:
    neovim.open("whole.bt", "")
    neovim.keys("itracepoint:syscalls:sys_enter_openat<C-x><C-o>")
    items = neovim.until(lambda: neovim.ask("vim.fn.complete_info({'items'}).items"), "nothing is offered")
    whole = [number for number, each in enumerate(items) if each["kind"] == "Snippet"]
    assert bool(whole) == (neovim.version >= (0, 11))
    neovim.keys("<C-n>" * (whole[0] if whole else 1) + "<C-y>")
    shown = 'printf("dfd=%d filename=%s' if whole else "tracepoint:syscalls:sys_enter_openat2\n"
    neovim.until(lambda: shown in neovim.text(), neovim.text())
    neovim.keys("<Esc>")


def test_hover_tells_a_probes_fields(neovim: Neovim) -> None:
    neovim.open("opens.bt", OPENS)
    neovim.put_cursor("sys_enter")
    neovim.ask("vim.lsp.buf.hover()")
    floating = """for _, window in ipairs(vim.api.nvim_list_wins()) do
        if vim.api.nvim_win_get_config(window).relative ~= "" then
            return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
        end
    end"""
    shown = "\n".join(neovim.until(lambda: neovim.do(floating), "nothing is shown"))
    assert "args->filename" in shown
    assert "a process opens a file" in shown
    neovim.keys("<Esc>ll")


def test_definition_rename_and_formatting(neovim: Neovim) -> None:
    neovim.open("opens.bt", OPENS)
    neovim.put_cursor("print(@opens", 7)
    neovim.ask("vim.lsp.buf.definition()")
    neovim.until(lambda: neovim.ask("vim.api.nvim_win_get_cursor(0)") == [3, 1], "it went nowhere")
    neovim.ask("vim.lsp.buf.rename('files')")
    renamed = OPENS.replace("@opens", "@files")
    neovim.until(lambda: neovim.text() == renamed, "nothing was renamed")
    # What is asked before the server has the new text is answered for the new text.
    neovim.do("if vim.lsp.buf.format then vim.lsp.buf.format() else vim.lsp.buf.formatting_sync() end")
    formatted = renamed.replace("    print", "\tprint")
    assert neovim.text() == formatted


def test_a_code_action_mends_a_name(neovim: Neovim) -> None:
    neovim.open("mend.bt", "tracepoint:syscalls:sys_enter_openat { print(args->filenam); }\n")
    neovim.until(lambda: diagnostics(neovim), "nothing is said")
    neovim.put_cursor("filenam")
    choose(neovim, "filename")
    neovim.ask("vim.lsp.buf.code_action()")
    neovim.until(lambda: "args->filename)" in neovim.text(), "nothing was mended")
    neovim.until(lambda: not diagnostics(neovim), "what was mended stays underlined")


def test_the_lens_runs_the_script_for_as_long_as_was_set_and_what_it_found_is_shown(neovim: Neovim) -> None:
    # The document's own ten seconds are too long for a test.
    neovim.do(f"""local client = ({neovim.clients})[1]
        client.config.settings.gpttrace.run.seconds = 1
        if client.settings then client.settings.gpttrace.run.seconds = 1 end
        client.notify("workspace/didChangeConfiguration", {{settings = client.config.settings}})""")
    neovim.open("run.bt", 'BEGIN { printf("seen %d\\n", 6 * 7); }\n')
    titles = "vim.tbl_map(function(lens) return lens.command.title end, vim.lsp.codelens.get(vim.fn.bufnr()))"

    def shown() -> Any:
        neovim.ask("vim.lsp.codelens.refresh()")
        return "▶ run for 1 s" in (found := neovim.ask(titles)) and found

    assert neovim.until(shown, "no lens")[1:] == ["explain", "verify"]
    choose(neovim, "run for")
    neovim.ask("vim.lsp.codelens.run()")
    # The first that shows a document which a server asks it to show.
    if neovim.version >= (0, 9):
        windows = """local texts = {}
            for _, window in ipairs(vim.api.nvim_list_wins()) do
                local buffer = vim.api.nvim_win_get_buf(window)
                texts[vim.fn.bufname(buffer)] = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
            end
            return texts"""
        beside = neovim.until(lambda: len(found := neovim.do(windows)) == 2 and found, "no result")
        [result] = [text for name, text in beside.items() if "result-run" in name]
        assert "42" in "\n".join(result)
    else:
        neovim.until(lambda: "42" in neovim.messages(), "no result")
