"""Completion on a made machine: a text with a `|` where the cursor is, and what is suggested there.

Held: at each kind of place the right names, in order, with types; nothing where nothing helps; what this machine's bpftrace does
not have is not suggested; each suggestion, when it is taken, replaces the right part of the text.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from lsprotocol import types as t
from tests.host.made import make_host

import gpttrace_corpus
from gpttrace.check.policy import DEFAULT
from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.settings import Settings
from gpttrace_lsp.completion.complete import Asked, answers, complete
from gpttrace_lsp.completion.explained import explain
from gpttrace_lsp.completion.place import place_at
from gpttrace_lsp.completion.suggestions import Client, Suggestions, listed
from gpttrace_lsp.look import Look, look_at
from gpttrace_lsp.positions import Lines

FULL = Client(snippets=True, both_ranges=True, defaults=True, markdown=True, commands=True)


def made(folder: Path, version: tuple[int, ...]) -> Host:
    """Return the machine of these tests with a bpftrace."""
    return make_host(
        folder,
        version=version,
        tracepoints={
            "sched:sched_switch": {"prev_comm": "char[16]", "prev_pid": "pid_t", "next_pid": "pid_t"},
            "sched:sched_wakeup": {"comm": "char[16]", "pid": "pid_t", "prev_pid": "pid_t"},
            "syscalls:sys_enter_openat": {"dfd": "int", "filename": "const char *", "flags": "int"},
            "syscalls:sys_exit_openat": {"ret": "long"},
        },
        functions=[
            "ssize_t vfs_read(struct file *file, char *buf, size_t count, loff_t *pos)",
            "ssize_t vfs_readv(struct file *file)",
            "int tcp_retransmit_skb(struct sock *sk)",
            "struct file *get_file(struct file *file)",
        ],
        structs={
            "file": {"f_mode": "unsigned int", "f_inode": "struct inode *"},
            "inode": {"i_ino": "unsigned long", "i_sb": "struct super_block *"},
            "sock": {"sk_state": "int"},
            "task_struct": {"pid": "pid_t", "real_parent": "struct task_struct *", "comm": "char[16]"},
        },
        enums={"states": {"TCP_ESTABLISHED": 1, "TCP_LISTEN": 10}},
        iterators={"task": {"task": "struct task_struct *"}},
        rawtracepoints={"sched_switch": "bool preempt, struct task_struct *prev"},
    )


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The machine with bpftrace 0.17."""
    return made(tmp_path_factory.mktemp("old"), (0, 17, 0))


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The machine with bpftrace 0.27."""
    return made(tmp_path_factory.mktemp("new"), (0, 27, 1))


def at(text: str, host: Host | None, **options: bool) -> tuple[str, int, Suggestions]:
    """Return the text without its mark, where the mark was, and what is suggested there."""
    offset = text.index("|")
    text = text[:offset] + text[offset + 1 :]
    place = place_at(text, offset)
    if not answers(place, None):
        return text, offset, Suggestions([])
    asked = Asked(host, Settings.load(), **{"examples": False, **options})  # type: ignore[arg-type]
    return text, offset, complete(place, looked(text, host), asked)


def looked(text: str, host: Host | None) -> Look:
    """Look at a text as the server does."""
    return look_at(Lines(text), 1, host, DEFAULT)


def labels(text: str, host: Host | None, **options: bool) -> list[str]:
    """Return the labels of what is suggested at the mark."""
    return [each.label for each in at(text, host, **options)[2].items]


def taken(text: str, label: str, host: Host, client: Client = FULL, *, replace: bool = True) -> str:
    """Return the text after a suggestion was taken, its tab stops with their defaults left as they are."""
    plain, offset, found = at(text, host)
    lines = Lines(plain)
    said = listed(found, place_at(plain, offset), lines, client, 300, "file:///a.bt")
    item = next(each for each in said.items if each.label == label)
    if item.text_edit is None:
        assert said.item_defaults is not None
        ranges, insert = said.item_defaults.edit_range, item.text_edit_text or item.label
    elif isinstance(item.text_edit, t.InsertReplaceEdit):
        ranges, insert = (
            t.EditRangeWithInsertReplace(item.text_edit.insert, item.text_edit.replace),
            item.text_edit.new_text,
        )
    else:
        ranges, insert = item.text_edit.range, item.text_edit.new_text
    if isinstance(ranges, t.EditRangeWithInsertReplace):
        ranges = ranges.replace if replace else ranges.insert
    assert isinstance(ranges, t.Range)
    start, end = lines.span(ranges)
    return plain[:start] + insert + plain[end:]


# What must come first, in this order; `-name` must not be there at all.
FIRST = [
    ("trace|", "tracepoint:"),
    ("tracepoint:|", "sched: syscalls:"),
    ("tracepoint:sched:sched_sw|", "sched:sched_switch"),
    ("tracepoint:switch|", "sched:sched_switch"),
    ("tracepoint:sched:|", "sched:sched_switch sched:sched_wakeup"),
    ("tracepoint:sched:sched_swich|", "sched:sched_switch"),
    ("tracepoint:sched:sched_switch,\ntracepoint:sched:sched_w|", "sched:sched_wakeup"),
    ("kprobe:vfs_r|", "vfs_read vfs_readv -tcp_retransmit_skb"),
    ("kprobe:retransmit|", "tcp_retransmit_skb"),
    ("k:vfs_r|", "vfs_read"),
    ("kretprobe:vfs_r|", "vfs_read"),
    ("rawtracepoint:|", "sched_switch"),
    ("profile:|", "hz:99"),
    ("interval:ms:|", "ms:100"),
    ("software:page|", "page-faults"),
    ("software:cpu-clock:|", "cpu-clock:1"),
    ("tracepoint:sched:sched_switch,\nkp|", "kprobe:"),
    ("tracepoint:sched:sched_switch,|", "tracepoint:"),
    ("tracepoint:sched:sched_switch { args->|", "prev_comm prev_pid next_pid"),
    ("tracepoint:sched:sched_switch, tracepoint:sched:sched_wakeup { args->|", "prev_pid"),
    ("tracepoint:sched:sched_* { args->|", "prev_pid"),
    ("tracepoint:syscalls:sys_enter_openat /args->fil|/", "filename str(args->filename)"),
    ("BEGIN { curtask->re|", "real_parent"),
    ("BEGIN { curtask->real_parent->real_parent->p|", "pid -comm"),
    ("kprobe:vfs_read { ((struct file *)arg0)->f_inode->|", "i_ino i_sb"),
    ("kprobe:vfs_read { $f = (struct file *)arg0; if ($f->f_m|", "f_mode"),
    ("kprobe:vfs_read { @f[tid] = (struct file *)arg0; $f = @f[tid]; $f->|", "f_mode f_inode"),
    ("struct mine { int a; char b[8]; };\nBEGIN { $m = (struct mine *)1; $m->|", "a b"),
    ("fexit:vfs_read { ret|", "return retval"),
    ("iter:task { ctx->task->real_p|", "real_parent"),
    ("fexit:get_file { retval->f_inode->|", "i_ino i_sb"),
    ("BEGIN { if (1) { } |", "else if"),
    ("BEGIN { $t = (1, \"a\"); $t.|", "0 1"),
    ("BEGIN { @m[pid] = 1; for ($kv : @m) { $kv.|", "0 1"),
    ("kprobe:vfs_read { arg|", "arg0 arg1 -args"),
    ("tracepoint:sched:sched_switch { arg|", "args -arg0 -retval"),
    ("BEGIN { @a[pid, comm] = count(); @b = 1; print(@|", "@a @b"),
    ("BEGIN { @a[pid, comm] = count(); delete(@a[|", "pid, comm"),
    ("BEGIN { $one = 1; $two = \"x\"; print($|", "$one $two $1"),
    ("BEGIN { $one = 1; $on|", "$one"),
    ("BEGIN { @a = co|", "count comm"),
    ("BEGIN { @a = |", "count sum avg"),
    ("BEGIN { TCP_E|", "TCP_ESTABLISHED"),
    ("enum mine { MINE_A, MINE_B };\nBEGIN { MINE|", "MINE_A MINE_B"),
    ("BEGIN { printf(\"%d %|\", pid, comm); }", "%s %d"),
    ("BEGIN { printf(\"%|\", curtask); }", "%p"),
    ("BEGIN { printf(\"%l|\"", "%lld %llu %llx"),
    ("BEGIN { strftime(\"%|", "%H:%M:%S"),
    ("BEGIN { signal(\"K|", "KILL"),
    ("BEGIN { $x = reg(\"i|", "ip"),
    ("BEGIN { kaddr(\"vfs_r|", "vfs_read"),
    ("BEGIN { kstack(|", "bpftrace perf"),
    ("BEGIN { $x = (struct fi|", "file"),
    ("BEGIN { sizeof(struct fi|", "file"),
    ("BEGIN { $x = (uint|", "uint16"),
    ("config = { stack|", "stack_mode"),
    ("config = { stack_mode = |", "bpftrace perf raw"),
    ("config = { max_map_keys = 1; max_m|", "-max_map_keys"),
    ("let @m = |", "hash lruhash percpuhash"),
    ("macro twice($x) { $x * 2 }\nBEGIN { tw|", "twice"),
    ("#|", "#include #define"),
    ("sched_sw|", "tracepoint:sched:sched_switch"),
    ("tracepoint:sched:sched_switch |", "{/…/"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), FIRST, ids=[text for text, _ in FIRST])
def test_what_comes_first(old: Host, text: str, wanted: str) -> None:
    found = labels(text, old)
    if text.endswith("switch |"):
        assert found == ["{ … }", "/ … /"]
        return
    if wanted == "pid, comm":
        assert found[0] == wanted
        return
    first = [each for each in wanted.split() if not each.startswith("-")]
    plain = [each for each in found if "…" not in each]
    assert plain[: len(first)] == first
    assert not {each[1:] for each in wanted.split() if each.startswith("-")} & set(found)


NOTHING = [
    "BEGIN { // count|", "BEGIN { /* args->|", "BEGIN { printf(\"hello |", "BEGIN { printf(\"100%%|", "BEGIN { $x |",
    "BEGIN { pid |", "#!/usr/bin/bpf|", "#include <linux/|", "struct mine { int |", "macro one(|", "BEGIN { nosuch.|",
    "BEGIN { pid.|", "BEGIN { join(\"|",
    "tracepoint:a:b \"|", "kprobe:vfs_read { args->|", "BEGIN { $x = 5m|",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_suggested_where_nothing_helps(old: Host, text: str) -> None:
    assert labels(text, old) == []


@pytest.mark.parametrize(
    "text",
    ["BEGIN { 1 >", "BEGIN { 10 %", "BEGIN { 10 /", "BEGIN { f(1,", "BEGIN { a ? b :", "tracepoint:a:b { f("],
)
def test_a_letter_that_begins_nothing_here_is_not_answered(text: str) -> None:
    assert not answers(place_at(text, len(text)), text[-1])


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN { curtask->",
        'BEGIN { printf("%',
        "uprobe:/",
        "kprobe:a,",
        "kprobe:",
        "BEGIN { $",
        "BEGIN { print(",
    ],
)
def test_a_letter_that_begins_something_is_answered(text: str) -> None:
    assert answers(place_at(text, len(text)), text[-1])


# (before, label, after): the whole text before and after.
SWITCH, OPENAT = "tracepoint:sched:sched_switch", "tracepoint:syscalls:sys_enter_openat"
TAKEN = [
    ("tracepoint:sched:sched_sw|", "sched:sched_switch", SWITCH),
    ("tracepoint:sched:sched_sw|akeup\n{ }", "sched:sched_switch", f"{SWITCH}\n{{ }}"),
    ("tracepoint:switch| { @ = count(); }", "sched:sched_switch", f"{SWITCH} {{ @ = count(); }}"),
    ("sched_swi|", SWITCH, SWITCH),
    ("BEGIN { }\n😀 é\ntracepoint:sched:sched_sw|", "sched:sched_switch", f"BEGIN {{ }}\n😀 é\n{SWITCH}"),
    (f'{SWITCH} {{ printf("😀%d", args->prev_p|); }}', "prev_pid", f'{SWITCH} {{ printf("😀%d", args->prev_pid); }}'),
    (f"{SWITCH} {{ args.|", "prev_pid", f"{SWITCH} {{ args->prev_pid"),
    (f"{SWITCH} {{ args.prev|", "prev_pid", f"{SWITCH} {{ args->prev_pid"),
    ("BEGIN { curtask.re|", "real_parent", "BEGIN { curtask->real_parent"),
    (f"{OPENAT} {{ args->fi|", "str(args->filename)", f"{OPENAT} {{ str(args->filename)"),
    (f"{OPENAT} {{ args.fi|", "str(args->filename)", f"{OPENAT} {{ str(args->filename)"),
    ("BEGIN { @start[tid] = 1; print(@st|art); }", "@start", "BEGIN { @start[tid] = 1; print(@start); }"),
    ("BEGIN { $one = 1; print($o|); }", "$one", "BEGIN { $one = 1; print($one); }"),
    ("BEGIN { strl|(\"a\"); }", "strlen", "BEGIN { strlen(\"a\"); }"),
    ("BEGIN { @a = cou|; }", "count", "BEGIN { @a = count(); }"),
    ('BEGIN { printf("%|\\n", pid); }', "%d", 'BEGIN { printf("%d\\n", pid); }'),
    ('BEGIN { printf("%-8l|\\n", pid); }', "%lld", 'BEGIN { printf("%-8lld\\n", pid); }'),
    ("kprobe:vfs_read { $f = (struct fi|)arg0; }", "file", "kprobe:vfs_read { $f = (struct file *)arg0; }"),
]  # fmt: skip
CLIENTS = {"all": FULL, "both": Client(snippets=True, both_ranges=True), "bare": Client(snippets=True)}


@pytest.mark.parametrize(("before", "label", "after"), TAKEN, ids=[row[0] for row in TAKEN])
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_a_suggestion_replaces_the_right_part(
    old: Host, before: str, label: str, after: str, client: Client
) -> None:
    got = taken(before, label, old, client)
    if client.both_ranges or not before[before.index("|") + 1 :][:1].isalnum():
        assert got == after
    else:
        assert got != after  # such a client only inserts, and the rest of the word stays


def test_a_dot_stays_a_dot_where_bpftrace_takes_it(new: Host) -> None:
    assert taken("tracepoint:sched:sched_switch { args.prev_p|", "prev_pid", new).endswith("args.prev_pid")
    assert taken("BEGIN { curtask.re|", "real_parent", new).endswith("curtask.real_parent")


def test_inserting_keeps_the_rest_of_the_word_and_replacing_does_not(old: Host) -> None:
    text = "BEGIN { curtask->re|al_other; }"
    assert taken(text, "real_parent", old, replace=False) == "BEGIN { curtask->real_parental_other; }"
    assert taken(text, "real_parent", old) == "BEGIN { curtask->real_parent; }"


@pytest.mark.parametrize(
    ("text", "newer", "older"),
    [
        ("BEGIN { st|", "strlen", "str"),
        ("fe|", "fentry:", ""),
        ("kf|", "", "kfunc:"),
        ("|", "begin", "BEGIN"),
        ("|", "macro", "tracepoint:"),
        ("|", "config", "tracepoint:"),
        ("BEGIN { l|", "let", "clear"),
        ("BEGIN { @ = h|", "has_key", "hist"),
        ("BEGIN { nsecs(|", "monotonic", "boot"),
        ("BEGIN { $x = 5m|", "5ms", ""),
        ("BEGIN { f|", "for", ""),
    ],
)  # fmt: skip
def test_what_is_newer_than_this_bpftrace_is_not_suggested(
    old: Host, new: Host, text: str, newer: str, older: str
) -> None:
    assert not newer or newer in labels(text, new)
    assert newer not in [each.label for each in at(text, old)[2].items if "not here" not in each.detail]
    assert not older or older in labels(text, old)


def test_it_is_shown_with_its_version_when_nothing_else_is_like_it(old: Host) -> None:
    [only] = at("BEGIN { strlen|", old)[2].items
    assert (only.label, only.detail) == ("strlen", "since bpftrace 0.24, not here")


def test_details_tell_types_keys_and_units(old: Host) -> None:
    text = (
        "tracepoint:sched:sched_switch { @s[tid] = nsecs; $d = nsecs - @s[tid]; @h[comm] = hist($d); print("
    )
    found = {each.label: each.detail for each in at(f"{text}|", old)[2].items}
    assert found["@s"] == "[uint32] → uint64, ns"
    assert found["@h"] == "[string] → hist, ns"
    assert found["$d"] == "uint64"
    text = f"{SWITCH},tracepoint:sched:sched_wakeup {{ args->|"
    fields = {each.label: each.detail for each in at(text, old)[2].items}
    assert fields["prev_pid"] == "pid_t"
    assert fields["comm"] == "char[16], at 1 of 2 probes"
    args = {each.label: each.detail for each in at("kprobe:vfs_read { ar|", old)[2].items}
    assert args["arg0"] == "struct file * file"


def test_a_variable_of_another_probe_or_of_later_is_not_in_scope(old: Host) -> None:
    text = "BEGIN { $first = 1; }\nEND { $second = 1; print($|); $third = 1; }"
    assert labels(text, old)[0] == "$second"
    assert not {"$first", "$third"} & set(labels(text, old))


def test_what_is_being_written_is_no_name_yet(old: Host) -> None:
    assert "$on" not in labels("BEGIN { $on|", old)
    assert labels("BEGIN { @sta|", old) == []


def test_a_whole_probe_comes_behind_the_tracepoint_that_was_named(old: Host) -> None:
    items = {each.label: each for each in at("tracepoint:syscalls:sys_enter_openat|", old)[2].items}
    whole = items["syscalls:sys_enter_openat { … }"].insert
    assert "str(args->filename)" in whole
    both = items["syscalls:sys_enter_openat … latency"].insert
    assert both.count("openat") == 2
    assert "delete(@start[tid])" in both
    assert labels("tracepoint:syscalls:sys_enter_openat| { }", old) == ["syscalls:sys_enter_openat"]
    assert "…" not in "".join(labels("tracepoint:syscalls:sys_enter_openat|", old, snippets=False))


@pytest.mark.parametrize(
    "text",
    [
        "|",
        "BEGIN { |",
        "BEGIN { if (1) { } |",
        "tracepoint:syscalls:sys_enter_openat|",
        "tracepoint:sched:sched_switch |",
    ],
)
@pytest.mark.parametrize("which", ["old", "new"])
def test_every_snippet_parses_where_it_is_put(request: pytest.FixtureRequest, which: str, text: str) -> None:
    host: Host = request.getfixturevalue(which)
    plain, offset, found = at(text, host)
    place = place_at(plain, offset)
    snippets = [
        each for each in found.items if each.snippet and each.label not in ("import", "#include", "#define")
    ]
    assert snippets
    for each in snippets:
        start = place.start if each.start is None else each.start
        whole = (
            plain[:start]
            + (each.insert if len(each.insert) > len(each.label) else filled(each.snippet))
            + plain[offset:]
        )
        if plain.startswith("BEGIN"):
            whole += " }"
        findings = [
            f.message for f in parse(whole.replace("condition", "1")).findings if f.severity == "error"
        ]
        assert findings == [] or each.label == "config", (each.label, whole)


def filled(snippet: str) -> str:
    """Return a snippet as it is when its stops are left as they are."""
    from gpttrace_lsp.completion.scripts import plain

    return plain(snippet)


def test_a_client_that_takes_no_snippets_gets_none(old: Host) -> None:
    plain, offset, found = at("BEGIN { print|", old)
    said = listed(found, place_at(plain, offset), Lines(plain), Client(), 300, "file:///a.bt")
    assert all(
        each.insert_text_format is None and "$" not in (each.text_edit.new_text if each.text_edit else "")
        for each in said.items
    )
    assert all(isinstance(each.text_edit, t.TextEdit) for each in said.items)


def test_the_text_of_a_field_is_offered_while_no_other_field_fits_better(old: Host) -> None:
    probe = "tracepoint:syscalls:sys_enter_openat { print(args->"
    assert "str(args->filename)" in labels(f"{probe}fil|", old)
    assert labels(f"{probe}fla|", old)[0] == "flags"
    assert "str(args->filename)" not in labels(f"{probe}fla|", old)
    assert at(f"{probe}|", old)[2].cut  # an editor that filters by itself would keep it


def test_a_list_that_is_cut_says_so(old: Host) -> None:
    plain, offset, found = at("BEGIN { |", old)
    place = place_at(plain, offset)
    said = listed(found, place, Lines(plain), FULL, 5, "file:///a.bt")
    assert said.is_incomplete
    assert [each.sort_text for each in said.items] == ["0000", "0001", "0002", "0003", "0004"]
    fields = at("tracepoint:sched:sched_switch { args->|", old)[2]
    assert not fields.cut


def test_what_the_client_would_leave_out_is_matched_by_what_was_typed(old: Host) -> None:
    plain, offset, found = at("tracepoint:sched:sched_siwtch|", old)
    said = listed(found, place_at(plain, offset), Lines(plain), FULL, 300, "file:///a.bt")
    assert (said.items[0].label, said.items[0].filter_text) == ("sched:sched_switch", "sched:sched_siwtch")
    # One that holds the letters by itself must not come behind one that is said to hold them.
    plain, offset, found = at("sched_swit|", old)
    said = listed(found, place_at(plain, offset), Lines(plain), FULL, 300, "file:///a.bt")
    texts = [each.filter_text or each.label for each in said.items]
    assert said.items[0].label == "tracepoint:sched:sched_switch"
    assert len(set(texts)) == 1 or all("swit" in text for text in texts)


def test_without_a_machine_the_language_is_still_completed() -> None:
    assert labels("trac|", None) == ["tracepoint:", "rawtracepoint:"]
    assert labels("BEGIN { @a = cou|", None)[0] == "count"
    assert labels("tracepoint:sched|", None) == []
    assert labels("tracepoint:a:b { args->|", None) == []


def test_explanations_say_what_a_thing_is(old: Host) -> None:
    look = looked("tracepoint:sched:sched_switch { @s[tid] = nsecs; }", old)

    def told(*about: str) -> str:
        found = explain(about, old, look)
        return found.markdown() if found is not None else ""

    probe = told("probe", "tracepoint:sched:sched_switch")
    assert "a processor turns from one thread to another" in probe
    assert "| `args->prev_comm` | `char[16]` |" in probe
    assert "ssize_t vfs_read(struct file *file" in told("probe", "kprobe:vfs_read")
    assert "written in line 1" in told("map", "@s")
    assert "lhist(n, min, max, step)" in told("function", "lhist")
    assert "Since bpftrace 0.24: **this one is 0.17 and lacks it**." in told("function", "strlen")
    assert "member of `struct file`" in told("member", "struct file", "f_inode")
    assert "| `f_mode` | `unsigned int` |" in told("struct", "struct file")
    assert "how stacks are printed" in told("setting", "stack_mode")
    assert "typed arguments" in told("kind", "fentry")
    assert told("builtin", "nsecs") == "```bpftrace\nnsecs: uint64\n```\n\ntime since boot, in ns"
    for about in (["map", "@none"], ["member", "struct none", "x"], ["struct", "none"], [], ["x"]):
        assert told(*about) == ""


def test_no_place_of_any_program_is_an_error(old: Host) -> None:
    chance = random.Random(7)
    folder = Path(gpttrace_corpus.__file__).parent / "examples"
    for path in chance.sample(sorted(folder.glob("*.bt")), 40):
        text = path.read_text(encoding="utf-8")
        look = looked(text, old)
        for _ in range(6):
            offset = chance.randrange(len(text) + 1)
            place = place_at(text, offset)
            assert place.start <= offset <= place.stop
            if answers(place, None):
                found = complete(place, look, Asked(old, Settings.load(), examples=False))
                listed(found, place, look.lines, FULL, 50, "file:///a.bt")
