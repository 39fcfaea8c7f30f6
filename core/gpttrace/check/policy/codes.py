"""The policy's codes."""

from __future__ import annotations

from gpttrace.check.codes import Code


def _code(name: str, title: str, why: str, bad: str = "", good: str = "", *, asks: bool = False) -> Code:
    return Code(name, "warning" if asks else "error", "policy", title, why, bad, good)


CODES: tuple[Code, ...] = (
    _code(
        "policy-unsafe-function",
        "a function that changes the machine",
        "`system`, `signal`, `override` and their like act on the machine, and `skboutput` writes files as root. Only root's own "
        "policy file may allow them.",
        'BEGIN { system("id"); }',
        'BEGIN { printf("%d\\n", pid); }',
    ),
    _code(
        "policy-include",
        "the compiler would read a file that is not open to programs",
        "bpftrace runs as root and quotes what it includes in its error messages. Only headers called by a plain name in angle "
        "brackets are open; BTF makes most of them unnecessary.",
        '#include "/etc/shadow"\nBEGIN { exit(); }',
        "#include <linux/sched.h>\nBEGIN { exit(); }",
    ),
    _code(
        "policy-import",
        "another file would become part of the program",
        "What is imported is not what was checked.",
        'import "other.bt";\nBEGIN { exit(); }',
        "BEGIN { exit(); }",
    ),
    _code(
        "policy-define",
        "a #define without end",
        "bpftrace puts the value of a #define in place of its name; one that contains itself cannot be checked.",
        "#define A A\nBEGIN { print(A); }",
        "#define A 1\nBEGIN { print(A); }",
    ),
    _code(
        "policy-denied-function",
        "a function that the policy file denies",
        "A policy file of this machine or user names this function under `deny.functions`.",
    ),
    _code(
        "policy-denied-probe",
        "a hook point that the policy file denies",
        "A policy file of this machine or user names this hook point under `deny.probes`; patterns are held against "
        "patterns, so that a wildcard does not reach it either.",
    ),
    _code(
        "policy-sensitive",
        "people's data is read",
        "What people type, what goes through TLS, command lines and the contents of files and sockets are shown only when a "
        "person approves. Counting such events needs no approval.",
        "uretprobe:/bin/bash:readline { print(str(retval)); }",
        "uretprobe:/bin/bash:readline { @[comm] = count(); }",
        asks=True,
    ),
    _code(
        "policy-probes",
        "more attach points than allowed",
        "Attaching and detaching cost about 80 ms for each tracepoint, and each one costs time whenever it is passed.",
    ),
    _code(
        "policy-statements",
        "more statements than allowed",
        "`unroll` and macros copy their bodies; three nested unrolls of 100 need gigabytes to compile.",
        "BEGIN { unroll (100) { unroll (100) { unroll (100) { @ = count(); } } } }",
        "BEGIN { unroll (10) { @ = count(); } }",
    ),
    _code(
        "policy-setting",
        "a setting above its limit",
        "A config block may not lift what keeps the machine safe.",
        "config = { max_map_keys = 4000000000; }\nBEGIN { @[1] = 1; }",
        "config = { max_map_keys = 4096; }\nBEGIN { @[1] = 1; }",
    ),
    _code(
        "policy-map-size",
        "a map larger than allowed",
        "The kernel keeps maps in memory that cannot be swapped out.",
        "let @a = hash(100000000);\nBEGIN { @a[1] = 1; }",
        "let @a = hash(1000);\nBEGIN { @a[1] = 1; }",
    ),
    _code(
        "policy-rate",
        "a timer faster than allowed",
        "A timer fires on every CPU; 99 or 999 times a second show the same picture.",
        "profile:hz:100000 { @[kstack] = count(); }",
        "profile:hz:99 { @[kstack] = count(); }",
    ),
    _code("policy-seconds", "a longer run than allowed", "The policy limits how long one run may take."),
    _code("policy-rows", "more rows than allowed", "The policy limits how many rows one run may keep."),
)
