"""Hover: what is said of each sort of word, on a host that has just what is named here; and one over the real server.

Held: the range is the word alone, nothing is said in comments, names of the traced world never become Markdown, and a text cut
anywhere is hovered over without a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.lsp.looks import look_of, pointed

from gpttrace.host import Host
from gpttrace_lsp.hover import hover
from gpttrace_lsp.hover.telling import Telling, quoted


@pytest.fixture
def host(made_host: Callable[..., Host]) -> Host:
    """A host with a few tracepoints, functions, structs and an enum, that has no kprobes."""
    return made_host(
        tracepoints={
            "block:block_rq_issue": {"dev": "dev_t", "bytes": "unsigned int", "rwbs": "char[10]"},
            "block:block_rq_complete": {"dev": "dev_t"},
        },
        functions=["ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)"],
        structs={
            "file": {"f_flags": "unsigned int"},
            "task_struct": {"pid": "int", "files": "struct file *"},
        },
        enums={"tcp": {"TCP_LISTEN": 10}},
        broken={"kprobe": ("this kernel was built without kprobes", "use a tracepoint")},
        version=(0, 17, 0),
    )


CASES = {
    "tracepoint:block:block_rq_i¦ssue { }": [
        "tracepoint:block:block_rq_issue", "Shows: a request goes to a disk", "Not seen", "cost: medium", "args->bytes", "bytes",
    ],
    "tracepoint:block:block_rq_* ¦{ }": None,
    "tracepoint:block:block_¦rq_* { }": ["2 hook points", "block:block_rq_complete", "Fields of"],
    "tracepoint:block:nothing_¦* { }": ["no hook point matches"],
    "tracepoint:block:block_rq_isue¦ { }": ["there is no tracepoint:block:block_rq_isue", "tracepoint:block:block_rq_issue"],
    "kprobe:vfs_¦read { }": ["Does not work here", "use a tracepoint", "ssize_t vfs_read(struct file *file"],
    "kprobe:vfs_read { print(arg¦0); }": ["`struct file * file` of `vfs_read`"],
    "kretprobe:vfs_read { print(retv¦al); }": ["`ssize_t` of `vfs_read`"],
    "profile:hz¦:99 { }": ["samples what runs"],
    "tracepoint:block:block_rq_issue { print(args.byt¦es); }": ["unsigned int bytes", "4 bytes, in bytes"],
    "tracepoint:block:block_rq_issue { print(ar¦gs.bytes); }": ["args->rwbs"],
    "begin { print(curtask->fil¦es->f_flags); }": ["struct file * files", "`struct task_struct`, 8 bytes at offset"],
    "begin { print(curtask->files->f_fl¦ags); }": ["unsigned int f_flags", "`struct file`, 4 bytes at offset 0"],
    "begin { @b¦[comm] = sum(5); } end { clear(@b); }": ["@b[comm: string]: sum", "written in line 1", "cleared in line 1"],
    "begin { @b¦[comm] = count(); }": ["printed when the trace ends"],
    "begin { $x = nsecs; print($¦x); }": ["$x: uint64", "in ns", "assigned in line 1"],
    "begin { @a = hi¦st(5); }": ["hist(", "distribution in powers of two"],
    "begin { system¦(\"ls\"); }": ["--unsafe"],
    "begin { print(has_¦key(@a, 1)); @a[1] = 1; }": ["Since bpftrace 0.22", "this one is 0.17 and lacks it"],
    "begin { print(nse¦cs); }": ["nsecs: uint64", "in ns"],
    "begin { print(TCP_LIS¦TEN); }": ["TCP_LISTEN = 10"],
    "begin { print(5m¦s); }": ["5ms = 5,000,000 ns"],
    "begin { print(0x10¦00); }": ["4,096", "2^12"],
    "begin { print(07¦55); }": ["493", "octal"],
    "begin { print(1e¦6); }": ["1,000,000"],
    "begin { print(¦7); }": None,
    "begin { print(str($¦1)); }": ["argument 1 behind the script"],
    'begin { printf("é %-8¦d\\n", pid); }': ["pid: uint32", "at the left of 8 columns"],
    'begin { printf("%d %¦s\\n", pid); }': ["there is no argument 2"],
    'begin { printf("%d p¦lain\\n", pid); }': None,
    "config = { max_str¦len = 64 }": ["max_strlen = 1024"],
    "let @a = lru¦hash(5);": ["used longest ago"],
    "macro twice($x) { $x * 2 } begin { print(twi¦ce(1)); }": ["macro twice($x)"],
    "#define LIMIT 5\nbegin { print(LIM¦IT); }": ["#define LIMIT 5", "defined in line 1"],
    "struct mine { int a; };\nbegin { print(((struct mine *)0)->a¦); }": ["int a", "`struct mine`"],
    "begin { print((struct fi¦le *)0); }": ["f_flags"],
    "begin { print(size¦of(struct file)); }": ["= "],
    "begin { /* pi¦d */ print(1); }": None,
    "begin { } // comm¦": None,
    "¦": None,
}  # fmt: skip


@pytest.mark.parametrize("text", CASES, ids=lambda text: text.replace("\n", " ")[:50])
def test_each_sort_of_word_is_told(text: str, host: Host) -> None:
    look, offset = pointed(text, host)
    found = hover(look, offset)
    wanted = CASES[text]
    if wanted is None:
        assert found is None
        return
    assert found is not None
    told, start, end = found
    assert start <= offset <= end
    assert [each for each in wanted if each not in told.plain()] == []


def test_the_range_is_the_word_alone(host: Host) -> None:
    look, offset = pointed("tracepoint:block:block_rq_issue { @x[args.by¦tes] = count(); }", host)
    found = hover(look, offset)
    assert found is not None
    assert look.text[found[1] : found[2]] == "bytes"
    look, offset = pointed("begin { @by¦tes[comm] = count(); }", host)
    found = hover(look, offset)
    assert found is not None
    assert look.text[found[1] : found[2]] == "@bytes"


def test_without_a_host_the_language_is_still_told() -> None:
    look, offset = pointed("tracepoint:a:¦b { }")
    found = hover(look, offset)
    assert found is not None
    assert "tracepoint:a:b" in found[0].plain()


def test_no_name_becomes_markdown() -> None:
    assert quoted("a`b\n[x](y)") == "`a'b�[x](y)`"
    told = Telling().code("x ``` y").table(("a", "b"), [("p|q", "*r*")]).markdown()
    assert told.startswith("````bpftrace\n")
    assert "`p\\|q`" in told
    assert "`*r*`" in told
    assert Telling().text("no *a_b*").markdown() == r"no \*a\_b\*"


def test_no_place_of_a_cut_text_is_a_fault(host: Host) -> None:
    whole = (Path(__file__).parent / "data" / "everything.bt").read_text(encoding="utf-8")
    for stop in range(0, len(whole), 7):
        look = look_of(whole[:stop], host)
        for offset in range(max(0, stop - 40), stop + 1, 3):
            found = hover(look, offset)
            assert found is None or 0 <= found[1] <= offset <= found[2] <= stop


@pytest.mark.asyncio(loop_scope="function")
async def test_a_client_gets_markdown_and_a_range(client: LanguageClient) -> None:
    uri = "file:///hover.bt"
    text = "begin { @bytes[comm] = sum(5); }"
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(uri, "bpftrace", 1, text)))
    found = await client.text_document_hover_async(
        t.HoverParams(t.TextDocumentIdentifier(uri), t.Position(0, 10))
    )
    assert found is not None
    assert isinstance(found.contents, t.MarkupContent)
    assert found.contents.kind is t.MarkupKind.Markdown
    assert "@bytes[comm: string]: sum" in found.contents.value
    assert found.range == t.Range(t.Position(0, 8), t.Position(0, 14))
    closed = t.HoverParams(t.TextDocumentIdentifier("file:///other.bt"), t.Position(0, 10))
    assert await client.text_document_hover_async(closed) is None
