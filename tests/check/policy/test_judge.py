"""The policy holds on the tree: every known way round a text filter is refused, and what is harmless is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.check.policy import DEFAULT, Policy, judge
from gpttrace.check.policy.codes import CODES
from gpttrace.check.policy.patterns import may_meet
from gpttrace.language import parse

READLINE = "uretprobe:/bin/bash:readline"
FORBIDDEN = Policy(deny_probes=("kprobe:do_exit", "uprobe:*:readline", "uretprobe:*:readline"))


@pytest.mark.parametrize(
    "program",
    [
        # The seven ways round a regular expression (notes/mcp.md §1.1).
        "kprobe:do_exit /1/ { @ = count(); }",
        "BEGIN { exit(); } kprobe:do_exit { @ = count(); }",
        "kprobe:do_exit\n{ @ = count(); }",
        "kprobe:do_exit /* harmless */ { @ = count(); }",
        "uprobe:/bin/bash:readline { @ = count(); }",
        "k:do_exit { @ = count(); }",
        'BEGIN { system ("id"); }',
        # Others of their kind.
        "kprobe:do_ex* { @ = count(); }",
        "kprobe:*it { @ = count(); }",
        "kprobe:do_?xit { @ = count(); }",
        "kprobe:do_[e]xit { @ = count(); }",
        'kprobe:"do_exit" { @ = count(); }',
        "kprobe:vmlinux:do_exit { @ = count(); }",
        "kprobe:do_exit+8 { @ = count(); }",
        "k : do_exit { @ = count(); }",
        "BEGIN, kprobe:do_exit { @ = count(); }",
        "u:/bin/bash:readline { @ = count(); }",
        "uprobe:/bin/bash:rea* { @ = count(); }",
        "uprobe:/bin/ba*:* { @ = count(); }",
        'BEGIN { system/**/("id"); }',
        'BEGIN { if (0) { system("id"); } }',
        'BEGIN { $x = 1 ? signal("KILL") : 0; }',
        'macro m() { system("id") } BEGIN { m(); }',
        'macro m() { system("id") } BEGIN { exit(); }',
        'macro a() { b() } macro b() { system("id") } BEGIN { a(); }',
        'fn f(): void { system("id"); } BEGIN { exit(); }',
        '#define X @x=1; system("id")\nBEGIN { X; }',
        '#define Y system("id")\n#define X Y\nBEGIN { X; }',
        '#define X sys tem("id")\nBEGIN { X; }',
        "#define A A\nBEGIN { print(A); }",
        "BEGIN { override(1); }",
        "kprobe:x { signal(9); }",
        'kprobe:x { skboutput("f.pcap", arg0, 100, 0); }',
    ],
)
def test_no_spelling_gets_round_it(program: str) -> None:
    verdict = judge(parse(program), FORBIDDEN)
    assert verdict.allowed == "no", verdict
    assert all(finding.source == "policy" and finding.hint for finding in verdict.findings)


@pytest.mark.parametrize(
    "text",
    [
        '#include "/etc/shadow"',
        "#include </etc/shadow>",
        "#include <../../../etc/shadow>",
        "#include <linux/../../../../etc/shadow>",
        '   #   include "/etc/shadow"',
        '#define F "/etc/shadow"\n#include F',
        '#include_next "/etc/shadow"',
        '#import "/etc/shadow"',
        "#include_alias <a> </etc/shadow>",
        '#pragma GCC dependency "/etc/shadow"',
        'struct x {\n#include "/etc/shadow"\n};',
        'struct x {\n%:include "/etc/shadow"\n};',
        'struct x {\n ??=include "/etc/shadow"\n};',
        'struct x {\n#inc\\\nlude "/etc/shadow"\n};',
        'struct x {\n#/**/include "/etc/shadow"\n};',
        'struct x { char a[\n#embed "/etc/shadow"\n]; };',
        '#if __has_include("/etc/shadow")\n#define X 1\n#endif',
        'struct x { int a; _Pragma("once") };',
        'import "/etc/shadow";',
        'import "../x.bt";',
        'import "beside.bt";',
    ],
)
def test_no_file_comes_in(text: str) -> None:
    verdict = judge(parse(text + "\nBEGIN { exit(); }\n"), DEFAULT)
    assert verdict.allowed == "no", verdict


def test_an_include_inside_a_macro_does_not_come_in() -> None:
    assert judge(parse('macro m() { import "x.bt"; 1 }\nBEGIN { m(); }'), DEFAULT).allowed == "no"


@pytest.mark.parametrize(
    "program",
    [
        "BEGIN { unroll (100) { unroll (100) { unroll (100) { @ = count(); } } } }",
        "BEGIN { unroll (100) { unroll (100) { @a++; @b++; @c++; } } }",
        "macro a() { @++; @++; @++ } macro b() { a(); a(); a(); a() } BEGIN { unroll (100) { unroll (100) { b(); } } }",
        "macro m($n) { unroll ($n) { unroll ($n) { unroll ($n) { @++; } } } 1 } BEGIN { m(100); }",
        "macro a() { b() } macro b() { a() } BEGIN { a(); }",
        "config = { max_map_keys = 4000000000; } BEGIN { @[1] = 1; }",
        "config = { MAX_MAP_KEYS = 4000000000; } BEGIN { @[1] = 1; }",
        "config = { bpftrace_max_map_keys = 4000000000; } BEGIN { @[1] = 1; }",
        "config = { max_probes = 100000; } BEGIN { @[1] = 1; }",
        "config = { max_bpf_progs = 100000; } BEGIN { @[1] = 1; }",
        "config = { log_size = 40000000000; } BEGIN { @[1] = 1; }",
        "config = { perf_rb_pages = 4000000; } BEGIN { @[1] = 1; }",
        "let @a = hash(100000000); BEGIN { @a[1] = 1; }",
        "profile:hz:1000000 { @ = count(); }",
        "profile:us:1 { @ = count(); }",
        "profile:hz:1e5 { @ = count(); }",
        "profile:hz:1_000_000 { @ = count(); }",
        "profile:hz:0xfffff { @ = count(); }",
        'profile:hz:"1000000" { @ = count(); }',
        "profile:10us { @ = count(); }",
        "profile:10000 { @ = count(); }",
        "p:hz:$1 { @ = count(); }",
        "interval:us:1 { @ = count(); }",
        "tracepoint:* { @ = count(); }",
        "tracepoint:*:* { @ = count(); }",
        "*:* { @ = count(); }",
    ],
)
def test_nothing_lifts_the_limits(program: str) -> None:
    assert judge(parse(program), DEFAULT, _Many()).allowed == "no"


class _Many:
    """A host on which every wildcard matches 2,500 names, as `tracepoint:*` does here."""

    def count(self, kind: str, pattern: str = "*") -> int:
        return 2500


def test_a_chain_of_macros_is_weighed_without_expanding_it() -> None:
    bomb = "macro m0() { @++ }\n" + "".join(
        f"macro m{i}() {{ m{i - 1}(); m{i - 1}() }}\n" for i in range(1, 60)
    )
    verdict = judge(parse(bomb + "BEGIN { m59(); }"), DEFAULT)
    assert {finding.code for finding in verdict.findings} == {"policy-statements"}


@pytest.mark.parametrize(
    ("program", "reads"),
    [
        (READLINE + " { print(str(retval)); }", "what people type"),
        ("ur:/usr/bin/ba*:* { print(str(retval)); }", "what people type"),
        ("uretprobe:/bin/bash:0xb8700 { print(str(retval)); }", "what people type"),
        ("uretprobe:/bin/bash:$1 { print(str(retval)); }", "what people type"),
        ("kprobe:kbd_event { @[arg2] = count(); }", "what people type"),
        ("k:input_* { printf(\"%d\", arg2); }", "what people type"),
        ("uprobe:/lib/libssl.so.3:SSL_write { print(str(arg1, arg2)); }", "what goes through TLS"),
        ("uprobe:/tmp/renamed:SSL_wri* { print(buf(arg1, 64)); }", "what goes through TLS"),
        (
            "uprobe:libssl:SSL_read { @b[tid] = arg1; } uretprobe:libssl:SSL_read { print(str(@b[tid])); }",
            "what goes through TLS",
        ),
        ("uprobe:libssl:SSL_read { @b = arg1; } profile:hz:9 { $x = @b; $y = $x; print(*$y); }", "what goes through TLS"),
        ("macro s($p) { str($p) } uprobe:libssl:SSL_write { print(s(arg1)); }", "what goes through TLS"),
        ("#define S str(arg1)\nuprobe:libssl:SSL_write { print(S); }", "what goes through TLS"),
        ("tracepoint:syscalls:sys_enter_write { print(str(args->buf, args->count)); }", "contents of files and sockets"),
        ("t:syscalls:sys_enter_* { $b = args.buf; print(str($b)); }", "contents of files and sockets"),
        ("kprobe:vfs_write { print(str(arg1)); }", "contents of files and sockets"),
        ("fentry:vmlinux:vfs_w* { print(str(args.buf)); }", "contents of files and sockets"),
        ("uprobe:libc:puts { print(str(arg0)); }", "contents of files and sockets"),
        ("tracepoint:raw_syscalls:sys_enter { print(str(args.args[1])); }", "arguments of any system call"),
        ("tracepoint:syscalls:sys_enter_execve { join(args->argv); }", "command lines"),
        ("tracepoint:syscalls:sys_enter_execve { print(str(args.envp[0])); }", "environments"),
        ("profile:hz:9 { print(str(curtask->mm->env_start)); }", "environments"),
        ('BEGIN { cat("/etc/shadow"); }', "files that only root may read"),
        ('BEGIN { cat("/proc/1/environ"); }', "files that only root may read"),
        ('BEGIN { cat("/proc/%d/maps", 1); }', "files that only root may read"),
        ('BEGIN { cat("/sys/../etc/shadow"); }', "files that only root may read"),
    ],
)  # fmt: skip
def test_what_reads_peoples_data_asks_first(program: str, reads: str) -> None:
    verdict = judge(parse(program), DEFAULT)
    assert (verdict.allowed, reads in verdict.reads) == ("ask", True), verdict
    assert judge(parse(program), Policy(sensitive="deny")).allowed == "no"
    assert judge(parse(program), Policy(sensitive="allow")).allowed == "yes"


@pytest.mark.parametrize("steps", [5, 20, 200])
def test_a_pointer_is_followed_through_a_long_chain_that_stands_in_reverse(steps: int) -> None:
    chain = " ".join(f"@m{step + 1} = @m{step};" for step in reversed(range(steps)))
    program = f"uprobe:libssl:SSL_write {{ print(str(@m{steps})); {chain} @m0 = arg1; }}"
    assert judge(parse(program), DEFAULT).allowed == "ask"


@pytest.mark.parametrize(
    "program",
    [
        READLINE + " { @[comm] = count(); }",
        "uprobe:libssl:SSL_read { @bytes = hist(arg2); }",
        "kprobe:vfs_read { @[comm] = sum(arg2); }",
        "kretprobe:vfs_read /retval > 0/ { @bytes = hist(retval); }",
        "kprobe:vfs_read { print(str(((struct file *)arg0)->f_path.dentry->d_name.name)); }",
        "tracepoint:syscalls:sys_enter_openat { print(str(args.filename)); }",
        "tracepoint:syscalls:sys_enter_write { @[args->fd] = sum(args->count); }",
        "tracepoint:raw_syscalls:sys_enter { @[args.id, args.args[0]] = count(); }",
        "tracepoint:syscalls:sys_enter_execve { print(str(args.filename)); }",
        'BEGIN { cat("/proc/loadavg"); }',
        "#include <linux/sched.h>\n#include <net/sock.h>\nBEGIN { exit(); }",
        "#define AF_INET 2\n#ifndef X\n#define X 1\n#endif\nBEGIN { print(AF_INET); }",
        "struct x { int a; char b[16]; };\nBEGIN { exit(); }",
        "profile:hz:99 { @[kstack] = count(); }",
        "BEGIN { unroll (20) { @ = count(); } }",
    ],
)
def test_what_is_harmless_is_not_asked_about(program: str) -> None:
    verdict = judge(parse(program), DEFAULT)
    assert verdict.allowed == "yes", verdict


def test_a_run_may_not_be_longer_or_larger_than_allowed() -> None:
    tree = parse("BEGIN { exit(); }")
    codes = [each.code for each in judge(tree, Policy(seconds=10, rows=5), seconds=11, rows=6).findings]
    assert codes == ["policy-seconds", "policy-rows"]
    assert judge(tree, Policy(seconds=10), seconds=10).allowed == "yes"


@pytest.mark.parametrize("code", [code for code in CODES if code.bad], ids=lambda code: code.name)
def test_examples_of_the_codes(code: object) -> None:
    assert code.name in {each.code for each in judge(parse(code.bad), DEFAULT).findings}  # type: ignore[attr-defined]
    assert judge(parse(code.good), DEFAULT).findings == ()  # type: ignore[attr-defined]


def test_programs_that_come_with_bpftrace_are_allowed_or_asked_about() -> None:
    tools = sorted(Path("/usr/sbin").glob("*.bt"))
    assert len(tools) > 20
    verdicts = {tool.name: judge(parse(tool.read_text()), DEFAULT) for tool in tools}
    assert {name for name, verdict in verdicts.items() if verdict.allowed == "no"} == set()
    asked = {name for name, verdict in verdicts.items() if verdict.allowed == "ask"}
    assert asked == {"bashreadline.bt", "execsnoop.bt"}


@given(st.text("ab*?", max_size=6), st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_two_patterns_meet_whenever_a_name_fits_both(one: str, other: str, name: str) -> None:
    if _fits(name, one) and _fits(name, other):
        assert may_meet(one, other)


@given(st.text("ab*?", max_size=5), st.text("ab", max_size=5))
def test_a_pattern_meets_a_plain_name_only_if_it_fits(pattern: str, name: str) -> None:
    assert may_meet(pattern, name) == _fits(name, pattern)


def _fits(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)
