"""Code actions: every code's own wrong example through them, texts as people lay them out, and one over the real server.

Held for each fix that is offered: the text after it parses, has the finding no more and no other that it had not.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from lsprotocol import types as t
from pytest_lsp import LanguageClient
from tests.check.static.hosts import MEASURED, here, host_with

from gpttrace.check.codes import all_codes
from gpttrace.check.meant import meaning_step
from gpttrace.check.policy import DEFAULT
from gpttrace.language import Finding, parse
from gpttrace.testing import require
from gpttrace_lsp.actions import FIXERS, applied, everything, offered, proved
from gpttrace_lsp.look import Look, look_at
from gpttrace_lsp.options import Options
from gpttrace_lsp.positions import Lines

SHOWN = [code for code in all_codes().values() if code.bad]
OLD, MIDDLE, NEW = MEASURED
# These need more than the example has, or are told of by another code there; each has a text of its own below.
NOT_BY_EXAMPLE = {
    "deprecated", "growing-map", "needs-newer-bpftrace", "removed", "stale-keys", "undefined-map", "undefined-variable",
    "unknown-probe", "unknown-type", "unseen-begin", "missing-symbol", "string-cut",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _kernel() -> None:
    require(here().tracepoint_names() and here().has_types, "needs tracefs and the kernel's types")


def found_in(text: str, version: tuple[int, ...] = MIDDLE) -> tuple[Look, list[Finding]]:
    """Look at a text as the server does, the meaning included."""
    look = look_at(Lines(text), 1, host_with(version), DEFAULT)
    if not look.tree.ok:
        return look, list(look.findings)
    return look, [*look.findings, *meaning_step(look.tree, look.host, None, look.findings)[1]]


def mended(text: str, code: str, version: tuple[int, ...] = MIDDLE) -> dict[str, str]:
    """Return what each fix of the findings of a code makes of a text, by its title."""
    look, found = found_in(text, version)
    assert code in {each.code for each in found}
    return {
        fix.title: applied(text, fix.changes)
        for finding in found
        if finding.code == code
        for fix in proved(look, finding)
    }


@pytest.mark.parametrize("version", MEASURED, ids=str)
def test_every_fix_of_every_example_mends_its_finding_and_spoils_nothing(version: tuple[int, ...]) -> None:
    wrong: list[tuple[str, str, str]] = []
    for code in SHOWN:
        look, found = found_in(code.bad, version)
        for finding in found:
            for fix in proved(look, finding):
                after, left = found_in(applied(code.bad, fix.changes), version)
                before, now = Counter(each.code for each in found), Counter(each.code for each in left)
                if now[finding.code] >= before[finding.code] or (look.tree.ok and now - before):
                    wrong.append((code.name, fix.title, after.text))
                errors = len(look.tree.findings) - (finding in look.tree.findings)
                if len(after.tree.findings) > errors:
                    wrong.append((code.name, fix.title, after.text))
    assert wrong == []


def test_every_fixer_has_an_example_that_it_mends_or_a_text_below() -> None:
    fixed = set()
    for code in SHOWN:
        for version in MEASURED:
            look, found = found_in(code.bad, version)
            fixed |= {each.code for each in found if proved(look, each)}
    assert set(FIXERS) - fixed <= NOT_BY_EXAMPLE
    assert set(FIXERS) <= set(all_codes())


READ = "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; }\n"
EXIT = "tracepoint:syscalls:sys_exit_read"


@pytest.mark.parametrize(
    ("code", "version", "text", "expected"),
    [
        (
            "unguarded-map", MIDDLE,
            READ + EXIT + "\n/args->ret > 0 || pid == 1/\n{\n\t@ = hist(nsecs - @start[tid]);\n\tdelete(@start[tid]);\n}\n",
            READ + EXIT + "\n/@start[tid] && (args->ret > 0 || pid == 1)/\n{\n\t@ = hist(nsecs - @start[tid]);\n"
            "\tdelete(@start[tid]);\n}\n",
        ),
        (
            "growing-map", MIDDLE,
            READ + EXIT + "\n/@start[tid]/\n{\n\t@ = hist(nsecs - @start[tid])\n}\n",
            READ + EXIT + "\n/@start[tid]/\n{\n\t@ = hist(nsecs - @start[tid]);\n\tdelete(@start[tid]);\n}\n",
        ),
        (
            "growing-map", MIDDLE,
            READ + EXIT + " /@start[tid]/ { $d = nsecs - @start[tid]; @ = hist($d); }",
            READ + EXIT + " /@start[tid]/ { $d = nsecs - @start[tid]; @ = hist($d); delete(@start[tid]); }",
        ),
        (
            "unused-variable", MIDDLE, "BEGIN\n{\n\t$x = pid;\n\tprint(1); // one\n}\n", "BEGIN\n{\n\tprint(1); // one\n}\n",
        ),
        ("expected-semicolon", MIDDLE, "BEGIN { print(1) // one\n print(2) }", "BEGIN { print(1); // one\n print(2) }"),
        (
            "expected-block", MIDDLE, "tracepoint:sched:sched_switch /pid == 1/\n",
            "tracepoint:sched:sched_switch /pid == 1/ { }\n",
        ),
        ("unknown-probe", MIDDLE, "tracepont:sched:sched_switch { @ = count(); }",
         "tracepoint:sched:sched_switch { @ = count(); }"),
        ("unknown-probe-name", MIDDLE, "t:sched:sched_swich { @ = count(); }", "t:sched:sched_switch { @ = count(); }"),
        ("undefined-variable", MIDDLE, "BEGIN { $count = 1; print($cuont, $count); }",
         "BEGIN { $count = 1; print($count, $count); }"),
        ("undefined-map", MIDDLE, "BEGIN { @bytes = 1; print(@byte); }", "BEGIN { @bytes = 1; print(@bytes); }"),
        ("undefined-map", NEW, "BEGIN { @bytes = 1; } END { if (@byte > 2) { print(1); } }",
         "BEGIN { @bytes = 1; } END { if (@bytes > 2) { print(1); } }"),
        ("needs-newer-bpftrace", OLD, "tracepoint:sched:sched_switch { @[args.next_pid] = count(); }",
         "tracepoint:sched:sched_switch { @[args->next_pid] = count(); }"),
        ("needs-newer-bpftrace", OLD, "BEGIN { let $x = 5; print($x); }", "BEGIN { $x = 5; print($x); }"),
        ("needs-newer-bpftrace", MIDDLE, "BEGIN { @ = sum(5ms); }", "BEGIN { @ = sum(5000000); }"),
        ("needs-newer-bpftrace", MIDDLE, "BEGIN { print(pid ?: 3); }", "BEGIN { print(pid ? pid : 3); }"),
        ("needs-newer-bpftrace", MIDDLE, "BEGIN { print(pid()); }", "BEGIN { print(pid); }"),
        ("needs-newer-bpftrace", MIDDLE, "BEGIN { print(ppid); }", "BEGIN { print(curtask->real_parent->tgid); }"),
        ("needs-newer-bpftrace", MIDDLE, "BEGIN { { print(1); } }", "BEGIN { print(1); }"),
        ("needs-newer-bpftrace", OLD, "BEGIN { @a[1] = 1; delete(@a, 1); }", "BEGIN { @a[1] = 1; delete(@a[1]); }"),
        ("needs-newer-bpftrace", MIDDLE, "BEGIN { @a[1] = 1; for $kv : @a { print($kv); } }",
         "BEGIN { @a[1] = 1; for ($kv : @a) { print($kv); } }"),
        ("needs-newer-bpftrace", MIDDLE, "BEGIN { unroll 5 { @ = count(); } }", "BEGIN { unroll (5) { @ = count(); } }"),
        ("format-type", MIDDLE, 'BEGIN { printf("%% %-5d %d\\n", pid, comm); }', 'BEGIN { printf("%% %-5d %s\\n", pid, comm); }'),
        ("unclosed-bracket", MIDDLE, "BEGIN { print(1);\nEND { print(2); }\n", "BEGIN { print(1);}\nEND { print(2); }\n"),
        ("preempted-state", MIDDLE, "tracepoint:sched:sched_switch { if (args->prev_state != 0 && pid > 1) { @ = count(); } }",
         "tracepoint:sched:sched_switch { if ((args->prev_state != 0 && args->prev_state != 256) && pid > 1) { @ = count(); } }"),
        ("loose-bits", MIDDLE, "BEGIN /1 == pid & 1/ { print(pid); }", "BEGIN /1 == (pid & 1)/ { print(pid); }"),
        ("bad-attach-point", MIDDLE, "interval:5 { exit(); }", "interval:s:5 { exit(); }"),
        ("bad-type", NEW, "BEGIN { print((unsigned long long)1); }", "BEGIN { print((uint64)1); }"),
        ("misplaced-definition", MIDDLE, "// a\nBEGIN { }\r\n#define Y 2\r\nEND { print(Y); }",
         "// a\n#define Y 2\r\nBEGIN { }\r\nEND { print(Y); }"),
    ],
)  # fmt: skip
def test_a_fix_writes_as_its_surroundings_are_written(
    code: str, version: tuple[int, ...], text: str, expected: str
) -> None:
    assert expected in mended(text, code, version).values()


def test_what_a_variable_reads_is_not_thrown_away_with_it_when_reading_acts() -> None:
    assert mended("BEGIN { $x = @n++; print(@n); }", "unused-variable") == {}


def test_no_text_is_one_that_fixes_stumble_over() -> None:
    chance = random.Random(20)  # what is typed badly, in places that nobody chose
    pieces = ['"', "/", "{", "}", "(", ")", ";", "=", "\r\n", "\x00", "é", "let ", "// ", "&&", "@"]
    tried = 0
    for _ in range(400):
        text = chance.choice(SHOWN).bad
        for _ in range(chance.randint(1, 2)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(pieces) + text[at + chance.randint(0, 2) :]
        look = look_at(Lines(text), 1, host_with(chance.choice(MEASURED)), DEFAULT)
        for finding in look.findings:
            for fix in proved(look, finding):
                after = parse(applied(text, fix.changes))
                assert after.ok or not look.tree.ok
                tried += 1
        place = look.lines.position(chance.randrange(len(text) + 1))
        asked = t.CodeActionParams(
            t.TextDocumentIdentifier("file:///a.bt"), t.Range(place, place), t.CodeActionContext([])
        )
        for offer in offered(look, look.findings, asked, Options()):
            assert offer.fix is None or parse(applied(text, offer.fix.changes)).ok or not look.tree.ok
    assert tried > 100


def titles(text: str, version: tuple[int, ...] = MIDDLE, only: list[str] | None = None) -> list[str]:
    """Return the titles of what is offered at the `^` of a text."""
    at = text.index("^")
    look, found = found_in(text.replace("^", "", 1), version)
    place = look.lines.position(at)
    context = t.CodeActionContext([], list(only) if only else None)
    asked = t.CodeActionParams(t.TextDocumentIdentifier("file:///a.bt"), t.Range(place, place), context)
    return [each.title for each in offered(look, found, asked, Options())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BEGIN { print(^piid); }", ["Write `pid`", "Explain `unknown-name`", "End the trace after 10 s", "Add a `#!` line"]),
        (
            "\ntracepoint:sched:sched_switch { @[args->^next_pid, args->prev_pid] = count(); }",
            ["Write `args.next_pid`", "Write `args.…` in the whole file", "End the trace after 10 s", "Print `@` each second",
             'Leave bpftrace itself out: `/comm != "bpftrace"/`'],
        ),
        ("\ninterval:s:1 { @^ = count(); exit(); }", ["Print `@` each second"]),
        ('\ntracepoint:sched:sched_switch /comm != "bpftrace"/ { ^@ = count(); exit(); print(@); }',
         ["Show bpftrace itself, too"]),
        ("// count reads ^by process\n", ["Write this program"]),
        ("BEGIN { ^", None),
    ],
)  # fmt: skip
def test_what_is_offered_at_a_place(text: str, expected: list[str] | None) -> None:
    found = titles(text)
    if expected is None:
        assert "Explain `unclosed-bracket`" in found
        assert not any("End the trace" in each for each in found)
    else:
        assert [each for each in found if each not in ("Explain `empty-program`",)] == expected


def test_only_the_wanted_kinds_are_offered() -> None:
    text = "BEGIN { print(^piid); }"
    assert titles(text, only=["quickfix"]) == ["Write `pid`", "Explain `unknown-name`"]
    assert titles(text, only=["source.fixAll"]) == ["Mend everything that is sure"]
    assert titles(text, only=["source.organizeImports"]) == []


def test_everything_that_is_sure_is_mended_at_once_and_the_rest_left() -> None:
    text = "BEGIN { let $x = 5ms; print($x, args); }\n"
    text += "tracepoint:sched:sched_switch { @[args.next_pid, args.prev_pid] = count(); }"
    look, found = found_in(text, OLD)
    whole = everything(look, found)
    assert whole is not None
    assert applied(text, whole.changes) == text.replace("let ", "").replace("5ms", "5000000").replace(
        "args.", "args->"
    )


@pytest.mark.asyncio
async def test_the_editor_is_given_versioned_edits_and_what_explains(client: LanguageClient) -> None:
    uri, text = "file:///nowhere/actions.bt", "// \U0001f40d\nBEGIN { /* \U0001f40d */ prinf(1); }\n"
    client.text_document_did_open(t.DidOpenTextDocumentParams(t.TextDocumentItem(uri, "bpftrace", 7, text)))
    await client.wait_for_notification(t.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    said = client.diagnostics[uri]
    asked = t.CodeActionParams(
        t.TextDocumentIdentifier(uri), said[0].range, t.CodeActionContext(said, [t.CodeActionKind.QuickFix])
    )
    fix, explain = await client.text_document_code_action_async(asked) or ()
    assert isinstance(fix, t.CodeAction)
    assert fix.is_preferred
    assert fix.diagnostics == said
    change: Any = (fix.edit.document_changes or [])[0] if fix.edit is not None else None
    assert change.text_document.version == 7
    assert list(change.edits) == [t.TextEdit(t.Range(t.Position(1, 17), t.Position(1, 22)), "printf")]
    assert (
        explain.title == "Explain `unknown-function`"
    )  # the client's library takes an action without an edit for a command
