"""Where a finding stands: programs with the place marked by «…», for this machine and any bpftrace."""

from __future__ import annotations

import pytest

from gpttrace.check.static import static_findings
from gpttrace.language import parse
from gpttrace.testing import require

from .hosts import MEASURED, here, host_with

pytestmark = pytest.mark.kernel
OLD, MIDDLE, NEW = MEASURED
OPENAT = "tracepoint:syscalls:sys_enter_openat"


@pytest.mark.parametrize(
    ("marked", "code", "version"),
    [
        ("«tracepoint:sched:sched_swich» { @ = count(); }", "unknown-probe-name", NEW),
        ("«profile:99» { @ = count(); }", "bad-attach-point", MIDDLE),
        ("«begin» { exit(); }", "newer-probe-type", OLD),
        ("«interval:1s» { exit(); }", "bad-attach-point", MIDDLE),
        ("«software:pagefaults:1» { @ = count(); }", "unknown-probe-name", NEW),
        (OPENAT + " { print(str(args->«filenam»)); }", "unknown-field", NEW),
        (OPENAT + " { print(args«.dfd»); }", "needs-newer-bpftrace", OLD),
        ("tracepoint:sched:sched_* { print(args->«prev_pid»); }", "unknown-field", NEW),
        ("BEGIN { print(curtask->mm->«nothing»); }", "unknown-member", NEW),
        ("BEGIN { print(((«struct tusk_struct *»)curtask)->pid); }", "unknown-type", NEW),
        ("struct s { int a; };\nBEGIN { print(((struct s *)0)->«b»); }", "unknown-member", NEW),
        ("BEGIN { print(«retval»); }", "builtin-place", NEW),
        (OPENAT + " { print(«arg0»); }", "builtin-place", MIDDLE),
        ("BEGIN { print(«piid»); }", "unknown-name", OLD),
        ("BEGIN { «prinf»(1); }", "unknown-function", OLD),
        ("BEGIN { print(«strlen»(comm)); }", "needs-newer-bpftrace", MIDDLE),
        ("BEGIN { «for» ($i : 0..3) { print($i); } }", "needs-newer-bpftrace", MIDDLE),
        ("BEGIN { $x = «5ms»; print($x); }", "needs-newer-bpftrace", MIDDLE),
        ("BEGIN { @ = «count(1)»; }", "argument-count", NEW),
        ("BEGIN { @ = hist(«comm»); }", "argument-type", NEW),
        ("BEGIN { @ = count(); «@ = sum(1)»; }", "mixed-map", NEW),
        ("BEGIN { $x = «count()»; }", "misplaced-aggregation", NEW),
        ('BEGIN { @x[1] = 1; «@x["a"]» = 1; }', "map-keys", NEW),
        ('BEGIN { @x[1] = 1; «delete(@x, "a")»; }', "map-keys", MIDDLE),
        ("BEGIN { print(«@nothing»); }", "undefined-map", NEW),
        ('BEGIN { $x = 1; «$x = "a"»; print($x); }', "type-clash", NEW),
        ("BEGIN { $x = 0; «$x = nsecs»; print($x); }", "type-clash", MIDDLE),
        ("BEGIN { $x = 0; «$x = pid == 1»; print($x); }", "type-clash", NEW),
        ("BEGIN { if (1) { $x = 1; } print(«$x»); }", "undefined-variable", NEW),
        ("BEGIN { if («comm == 1») { print(1); } }", "operand-type", OLD),
        ("BEGIN { $x = «comm»; print($x); if («$x») { print(1); } }", "operand-type", NEW),
        ('BEGIN { printf("%d", «comm»); }', "format-type", NEW),
        ('BEGIN { printf("%s", «pid»); }', "format-type", MIDDLE),
        ('BEGIN { «printf("%d", 1, 2)»; }', "format-count", NEW),
        ('BEGIN { printf(«"%f"», 1); }', "unknown-format", NEW),
        ("BEGIN { «break»; }", "misplaced-jump", NEW),
        ("BEGIN { unroll(«1000») { @ = count(); } }", "bad-unroll", NEW),
        ("config = { «max_map_key» = 10 }\nBEGIN { exit(); }", "unknown-setting", NEW),
        ("profile:hz:99 /«pid == 1 && pid == 2»/ { @ = count(); }", "never-true", NEW),
        ('profile:hz:99 /comm == «"abcdefghijklmnop"»/ { @ = count(); }', "long-comm", NEW),
        ('tracepoint:sched:sched_process_exec { print(«str(args->filename)»); }', "empty-string", MIDDLE),
        ('BEGIN { print(«pid ? "a" : "bcd"»); }', "unequal-strings", MIDDLE),
        ('tracepoint:sched:sched_switch { «printf("x")»; }', "hot-print", NEW),
    ],
)  # fmt: skip
def test_a_finding_stands_at_the_words_that_are_wrong(
    marked: str, code: str, version: tuple[int, ...]
) -> None:
    require(here().tracepoint_names() and here().has_types, "needs tracefs and the kernel's types")
    *before, last = marked.split("«")
    text = "".join(before) + last
    start = text.index("»") - len(last.split("»")[0])
    text, end = text.replace("»", ""), text.index("»")
    if len(before) > 1:  # two marks: the last one is meant
        start = len("".join(before).replace("»", ""))
        end = start + len(last.split("»")[0])
    found = [each for each in static_findings(parse(text), host_with(version)) if each.code == code]
    assert found, [each.code for each in static_findings(parse(text), host_with(version))]
    assert text[found[0].start : found[0].end] == text[start:end]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tracepoint:sched:sched_swich { @ = count(); }", "did you mean `sched:sched_switch`?"),
        (OPENAT + " { print(str(args->filenam)); }", "did you mean `filename`?"),
        ("BEGIN { print(curtask->piid); }", "did you mean `pid`?"),
        ("BEGIN { print(comn); }", "did you mean `comm`?"),
        ("BEGIN { $time = 1; print($tme); }", "did you mean `$time`?"),
        ("BEGIN { @bytes = 1; print(@byte); }", "did you mean `@bytes`?"),
        ("BEGIN { prinf(1); }", "did you mean `printf`?"),
        ("BEGIN { print(TCP_LISTENN); }", "did you mean `TCP_LISTEN`?"),
        ("BEGIN { $x = 1; print(x); }", "did you mean `$x`?"),
        ("software:pagefaults:1 { @ = count(); }", "did you mean `page-faults`?"),
        ("config = { max_map_key = 1 }\nBEGIN { exit(); }", "did you mean `max_map_keys`?"),
    ],
)
def test_a_mistyped_word_gets_the_one_that_was_meant(text: str, words: str) -> None:
    require(here().tracepoint_names() and here().has_types, "needs tracefs and the kernel's types")
    assert words in "; ".join(each.message for each in static_findings(parse(text), host_with(NEW)))
