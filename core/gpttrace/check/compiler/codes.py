"""The codes of what only bpftrace says, while it compiles, attaches or runs a program.

What the static check finds as well carries the static check's code.
"""

from __future__ import annotations

from gpttrace.check.codes import Code


def _error(name: str, title: str, why: str, bad: str = "", good: str = "") -> Code:
    return Code(name, "error", "bpftrace", title, why, bad, good)


def _warning(name: str, title: str, why: str, bad: str = "", good: str = "") -> Code:
    return Code(name, "warning", "bpftrace", title, why, bad, good)


_PROGRAM = (
    _error("syntax", "bpftrace cannot parse it", "Mostly a spelling that this release does not know yet."),
    _error("c-definition", "clang refuses a C definition", "A header is missing, or a type that nothing defines.",
           "struct foo { int a\n  bogus b; };\nBEGIN { @ = 1; }", "struct foo { int a; };\nBEGIN { @ = 1; }"),
    _error("import-not-found", "an imported file is not there", "Imports are looked for from the folder of the program."),
    _error("duplicate-probe", "older releases allow one BEGIN and one END", "Put both bodies into one probe."),
    _error("limit-exceeded", "more than bpftrace allows", "Probes, strings or maps are beyond its limits."),
    _error("unknown-symbol", "the kernel or program has no such symbol",
           "kaddr() and uaddr() need a name of the running kernel or program.",
           'BEGIN { print(kaddr("no_such_symbol_xyz")); }'),
    _error("unknown-register", "this processor has no such register", "reg() takes the names of the architecture.",
           'uprobe:/bin/bash:readline { print(reg("nosuch")); }', 'uprobe:/bin/bash:readline { print(reg("ax")); }'),
    _error("index-out-of-range", "an index is outside its array", "The first element is 0.",
           "struct foo { int a[4]; };\nBEGIN { $x = (struct foo *)0; print($x->a[10]); }",
           "struct foo { int a[4]; };\nBEGIN { $x = (struct foo *)0; print($x->a[3]); }"),
    _error("integer-overflow", "a constant does not fit", "64 bits, and no division by zero."),
    _error("helper-unavailable", "this kernel lacks what a function needs", "It offers it in other probes, or not at all."),
)  # fmt: skip

_WARNINGS = (
    _warning("mixed-signs", "signed and unsigned integers meet", "Negative numbers turn into huge ones; cast one side.",
             "BEGIN { $x = (uint64)1; $y = (int64)-1; if ($x < $y) { print(1); } }",
             "BEGIN { $x = (int64)1; $y = (int64)-1; if ($x < $y) { print(1); } }"),
    _warning("string-cut", "a string is longer than the limit", "It is cut; raise `max_strlen`, or ask for less."),
    _warning("never-assigned", "a declared variable gets no value", "Its value is 0 or empty."),
    _warning("missing-parameter", "a positional parameter was not given", "It is 0 or empty."),
    Code("unnecessary-cast", "hint", "bpftrace", "a cast changes nothing", "Older releases need it, newer ones know the type."),
    Code("unused-value", "hint", "bpftrace", "a value is computed and dropped", "Nothing reads it."),
    _warning("map-full", "a map is full", "New keys were not counted; use fewer keys or raise `max_map_keys`."),
    _warning("helper-error", "a read failed while the program ran", "What was read is 0 or empty."),
    _warning("attach-skipped", "a probe was not attached", "The program runs without it."),
)  # fmt: skip

_ENDINGS = (
    _error("stack-limit", "a probe needs more than 512 bytes of stack", "Strings and tuples lie on the stack of older releases."),
    _error("too-costly", "compiling it takes too long or too much memory", "Nested `unroll` multiplies its body."),
    _error("process-not-found", "the process or command is not there", "A process id or the path of a command is wrong."),
    _error("not-permitted", "bpftrace may not do this as this user", "Run the command with sudo."),
    _error("bpftrace-crash", "bpftrace itself failed", "Another release may take the program."),
    _error("bpftrace-error", "bpftrace refuses it", "In bpftrace's own words."),
    _warning("bpftrace-warning", "bpftrace warns of it", "In bpftrace's own words."),
)  # fmt: skip

CODES: tuple[Code, ...] = (*_PROGRAM, *_WARNINGS, *_ENDINGS)
