"""The one table of what bpftrace says: pattern -> code, the thing that is to blame, and a hint where bpftrace gives none.

For compile time, load time and run time alike. Texts are those of 0.17, 0.23 and 0.27; each pattern has a recorded sample among
the tests. What no pattern knows keeps bpftrace's words under `bpftrace-error` or `bpftrace-warning`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gpttrace.language.findings import Severity

# What of the program the message is about, to be looked for inside the range that bpftrace gives (which differs per release):
# a named thing, the call of a function, the operator's expression, a whole attach point …
Blame = Literal[
    "place", "variable", "map", "member", "call", "function", "builtin", "type", "point", "assign", "operator", "index",
    "setting", "jump", "unroll", "token", "loop", "declare", "symbol", "value", "newer", "again",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of message. The groups of `regex`: `name` is the thing to blame, `probe` the probe of a message without a place.

    `severity` replaces bpftrace's own where it is not None. `cascade`: it only follows from an error before it in the same
    statement. `words` are said in place of bpftrace's.
    """

    regex: re.Pattern[str]
    code: str
    blame: Blame = "place"
    hint: str | None = None
    severity: Severity | None = None
    cascade: bool = False
    words: str | None = None


# True of every run, or told better elsewhere; never shown.
NOISE = re.compile(
    r".*couldn't set RLIMIT_MEMLOCK|Could not read (functions|symbols) from|Addrspace (is not set|mismatch)"
    r"|Could not find kernel headers in|Input \(\d+\): |BPFTRACE_\w+ is deprecated"
    r"|Include headers with missing type definitions|Clang parse error|Loading BPF object\(s\) failed"
    r"|failed to detach probe|.*does not match the kernel's BTF|\[.*\] Addrspace|Kernel log seems to be trimmed"
    r"|Total lost event count|Lost \d+ events"
)

# What to do next, per code, where neither bpftrace nor the pattern says it.
HINTS: dict[str, str] = {
    "misplaced-aggregation": "assign it to a map: `@name = count();`",
    "attach-failed": "the program loads, but this probe cannot be attached here; `gpttrace host doctor` says what works",
    "attach-skipped": "look for it with `gpttrace probes NAME`; kernels differ in what they have",
    "bpftrace-crash": "bpftrace itself failed; make this program smaller, or use another bpftrace",
    "duplicate-probe": "put both bodies into one",
    "missing-file": "give the full path of the program or library",
    "format-count": "give one argument for each `%`",
    "format-type": "%d prints integers, %s strings; bpftrace(8) lists the others",
    "helper-unavailable": "this kernel does not offer it; `gpttrace host doctor` says what works here",
    "import-not-found": "imports are looked for from the folder of the program",
    "integer-overflow": "64 bits hold at most 18446744073709551615; a constant is too large, or divided by zero",
    "limit-exceeded": "name fewer probes, or fewer and shorter strings and maps",
    "load-failed": "make this probe simpler: fewer and shorter strings, fewer keys, smaller loops",
    "map-full": "use fewer keys, or raise `max_map_keys`",
    "map-keys": "use the same keys for a map everywhere",
    "map-too-large": "the kernel would not load it, most often for a map that is too large: fewer keys (`max_map_keys`)",
    "missing-parameter": "give it after the program's name, or test it with $#",
    "missing-symbol": "`bpftrace -l 'uprobe:FILE:*'` lists the functions of a program",
    "mixed-signs": "cast one side: `(int64)` or `(uint64)`",
    "not-permitted": "run the command again with sudo",
    "nothing-attached": "no probe of the program could be attached; `gpttrace host doctor` says what works here",
    "probe-type-unavailable": "this kernel does not offer it; `gpttrace host doctor` says what works here",
    "process-not-found": "check the process id, or the path of the command",
    "redeclared": "drop the second `let`, or use another name",
    "stack-limit": "keep fewer or shorter strings in one probe (`str(x, 32)`), or use a newer bpftrace",
    "too-costly": "make its loops, strings and tuples smaller; `unroll` copies its body, nested ones multiply",
    "undefined-map": "no probe assigns this map; is its name spelt as elsewhere?",
    "undefined-variable": "assign it before this place, in the same probe",
    "unknown-field": "`gpttrace probes --describe PROBE` lists the fields of a probe",
    "unknown-member": "its members are those of this kernel's BTF, which differ between releases",
    "unknown-function": "check its spelling; some functions need a newer bpftrace",
    "unknown-name": "check its spelling; variables begin with $, maps with @",
    "unknown-probe-name": "look for it with `gpttrace probes NAME`; kernels differ in what they have",
    "newer-probe-type": "this bpftrace has no such kind of probe; bpftrace(8) lists them",
    "unknown-setting": "bpftrace(8) lists the settings under CONFIG VARIABLES",
    "unknown-symbol": "check its spelling; it must be in the running kernel or program",
    "unknown-type": "kernel types need BTF; others a C definition in the program",
    "bad-unroll": "unroll takes a literal from 1 to 100",
    "needs-unsafe": "it changes the machine; GPTtrace does not run such functions, leave it out",
}  # fmt: skip


def _rows(*rows: tuple[str, str, Blame] | tuple[str, str, Blame, str | None]) -> list[Pattern]:
    return [
        Pattern(re.compile(row[0]), row[1], row[2], row[3] if len(row) > 3 else HINTS.get(row[1]))
        for row in rows
    ]


def _cascades(*rows: tuple[str, str, Blame]) -> list[Pattern]:
    return [Pattern(re.compile(regex), code, blame, cascade=True) for regex, code, blame in rows]


_SYNTAX = _rows(
    (r"syntax error, unexpected (?P<name>[^,]+)(, expec.*)?$", "syntax", "token"),
    (r"unexpected end of file, expec|end of file during comment|syntax: config must appear", "syntax", "place"),
    (r"invalid escape character '(?P<name>[^']+)'|unterminated string|invalid character", "syntax", "token"),
    (r"syntax: invalid escape character '(?P<name>[^']+)'", "syntax", "token"),
    (r"stoull|syntax: overflow error", "integer-overflow", "place"),
    (r"syntax: .*", "syntax", "place"),
    (r"unable to expand macro as an expression", "c-definition", "place", "a #define used as a value must be one expression"),
)  # fmt: skip

_PROBES = _rows(
    (r"tracepoints? not found: (?P<name>.*)$", "unknown-probe-name", "point"),
    (r"No matches for u(ret)?probe (?P<name>.*?)\.?$", "missing-symbol", "point"),
    (r"No matches for \w+ (?P<name>.*?)\.?$", "unknown-probe-name", "point"),
    (r"Probe has no valid attach points\. ", "unknown-probe-name", "point"),
    (r"(?P<name>\S+) is not traceable \(", "unknown-probe-name", "point"),
    (r"(Failed to compile: )?Failed to find usdt probe: (?P<probe>.*)$", "unknown-probe-name", "point",
     "`bpftrace -l 'usdt:FILE:*'` lists the USDT probes of a program"),
    (r"Probe does not exist: (?P<probe>.*)$", "unknown-probe-name", "point"),
    (r"(?P<name>\S+) is not a (hardware|software) probe",
     "unknown-probe-name", "point", "`gpttrace probes 'hardware:*'` and `'software:*'` list them"),
    (r"Could not resolve symbol: (?P<probe>.*), skipping probe", "missing-symbol", "point"),
    (r"Invalid probe type: (?P<name>.*)$", "newer-probe-type", "point"),
    (r"Invalid probe type made it to", "newer-probe-type", "newer"),
    (r"(\S+) probe (type requires|must have a target)", "bad-attach-point", "point"),
    (r"\S+ is not an accepted unit of time", "bad-attach-point", "point", "use s, ms, us or hz: `interval:s:1`, `profile:hz:99`"),
    (r"(interval|profile) frequency should be", "bad-attach-point", "point", "use a number above 0: `interval:s:1`"),
    (r"watchpoint (length|mode)|invalid watchpoint mode", "bad-attach-point", "point", "write watchpoint:ADDRESS:8:w"),
    (r"(uprobe|usdt|uretprobe) target file '(?P<name>[^']*)' does not exist", "missing-file", "point"),
    (r"(Can't check if uprobe is in proper place|Could not add uprobe into middle of instruction).*?: ?(?P<probe>/.*)$",
     "attach-failed", "point", "name the function itself, without an offset"),
    (r"iter (?P<name>\S+) not available", "unknown-probe-name", "point"),
    (r"(fentry/fexit|kfunc/kretfunc) not available", "probe-type-unavailable", "point"),
    (r"\S+: could not read traceable functions from", "probe-type-unavailable", "point"),
    (r"More than one (BEGIN|END) probe", "duplicate-probe", "again"),
    (r"(Failed to compile: )?Your program is trying to generate more than", "too-many-probes", "point"),
    (r"Can't attach to \d+ probes|.*exceeds the current (limit|maximum)", "limit-exceeded", "place"),
)  # fmt: skip

_NAMES = _rows(
    (r"Undefined (or undeclared )?variable: \$(?P<name>\w+)", "undefined-variable", "variable"),
    (r"Variable used before it was assigned: \$(?P<name>\w+)", "undefined-variable", "variable"),
    (r"Undefined map: (?P<name>@\w*)", "undefined-map", "map"),
    (r"Variable \$(?P<name>\w+) was already declared", "redeclared", "declare"),
    (r"Variable \$(?P<name>\w+) (was )?never assigned", "never-assigned", "declare"),
    (r"Unknown function: '__(deprecated_)?(?P<name>\w+)'",
     "argument-type", "call", "bpftrace(8) shows how this function is called"),
    (r"Unknown function: '?(?P<name>\w+)'?", "unknown-function", "function"),
    (r"Unknown identifier: '(?P<name>struct [^']+)'", "unknown-type", "type"),
    (r"Unknown identifier: '(?P<name>[^']+)'", "unknown-name", "builtin"),
    (r"\[?.*Unknown builtin variable: '(?P<name>\w+)'", "unknown-name", "builtin"),
    (r"(Unknown struct/union: '|Cannot resolve unknown type \")(?P<name>[^'\"]+)", "unknown-type", "type"),
    (r"Struct/union of type 'struct (_tracepoint_|\w+:|\w+_args)[^']*' does not contain a field named '(?P<name>[^']+)'",
     "unknown-field", "member"),
    (r"Struct/union of type '[^']*' does not contain a field named '(?P<name>[^']+)'", "unknown-member", "member"),
    (r"(Failed to compile: )?Failed to resolve kernel symbol: (?P<name>.*)$|Could not resolve symbol: \S*:(?P<symbol>.*)$",
     "unknown-symbol", "symbol"),
    (r"Unable to find suitable path for import", "import-not-found", "place"),
    (r"(?P<name>\w+): not a known configuration option|Unrecognized config variable: (?P<symbol>\w+)",
     "unknown-setting", "setting"),
    (r"(?P<name>\w+) can only be set as an environment", "unknown-setting", "setting"),
    (r"(Invalid type for )?(?P<name>\w+)(: expecting a|\. Type:)", "bad-setting", "setting"),
    (r"'\w+' is not a valid register", "unknown-register", "call"),
    (r"(?P<name>\w+) is not a valid signal|Invalid string for signal", "argument-value", "call"),
    (r"Invalid bpf map type: ", "unknown-type", "place"),
)  # fmt: skip

_TYPES = _rows(
    (r"Can not access field '(?P<name>[^']+)' on type '.*\*'", "unknown-member", "member", "write `->` here, as in C"),
    (r"Can not access field '(?P<name>[^']+)' on (expression of )?type", "unknown-member", "member",
     "what is before it has no fields; cast it to a pointer of a struct first"),
    (r"Can not access index '?(?P<name>\d+)'? on expression", "unknown-member", "member", "only tuples have .0, .1 …"),
    (r"Invalid tuple index: (?P<name>\d+)", "unknown-member", "member"),
    (r"the index \d+ is out of bounds for array", "index-out-of-range", "index"),
    (r"Type mismatch for \$(?P<name>\w+): ", "type-clash", "assign", "use another variable for the other type"),
    (r"Type mismatch for (?P<name>@\w*): .*type '(count|sum|min|max|avg|stats|hist|lhist|tseries)(_t|\b)", "mixed-map", "assign",
     "use another map for the other aggregation"),
    (r"Type mismatch for (?P<name>@\w*): ", "type-clash", "assign", "use another map for the other type"),
    (r"Type mismatch for '(?P<name>[^']+)': comparing", "operand-type", "operator", "both sides must be of one type"),
    (r"The (?P<name>\S+) operator can not be used", "operand-type", "operator"),
    (r"Map value '[^']*' cannot be assigned from one map", "mixed-map", "map"),
    (r"Argument mismatch for (?P<name>@\w*): ", "map-keys", "map"),
    (r"(?P<name>@\w*) used as a map with(out)? an explicit key", "map-keys", "map"),
    (r"(?P<name>\w+)\(\) (should|must) be (directly )?assigned( directly)? to a map", "misplaced-aggregation", "call"),
    (r"unable to fold literals", "integer-overflow", "operator"),
    (r"Loop expression must be a map", "unfit-loop", "place", "loop over a map: `for ($kv : @map) { … }`"),
    (r"Could not resolve the type of this variable", "undefined-variable", "assign"),
)  # fmt: skip

_CALLS = _rows(
    (r"(?P<name>\w+): (Not enough|Too many) arguments for format|(not enough|too many) arguments for format",
     "format-count", "call"),
    (r"(?P<name>\w+): %\S+ specifier expects|unsupported format specifier for type", "format-type", "call"),
    (r"(?P<name>\w+)\(\) is an unsafe function|(?P<symbol>\w+)\(\) is unsafe\. ", "needs-unsafe", "call"),
    (r"(?P<name>\w+)\(\) (requires|takes up to|takes) ", "argument-count", "call"),
    (r"(?P<name>\w+)\(\) expects a string literal", "literal-argument", "call"),
    (r"(?P<name>\w+)\(\) (expects|only supports)", "argument-type", "call"),
    (r"(?P<name>\w+)\(\) (too many buckets|min must be|step is too)", "argument-value", "call"),
    (r"String is too long \(over", "argument-value", "call", "make the literal shorter; newer bpftraces take longer ones"),
    (r"(?P<name>\w+)\(\[int limit\]\): ", "argument-value", "call"),
    (r"Call to (?P<name>\w+)\(\) has arguments that do not match", "argument-count", "call"),
    (r"The map passed to (?P<name>\w+)\(\) should not be indexed",
     "argument-type", "call", "print the whole map: `print(@name)`"),
    (r"The (?P<name>\w+) builtin can (only|not) be used with", "builtin-place", "builtin"),
    (r"The (?P<name>\w+) function can only be used with", "builtin-place", "call"),
    (r"(?P<name>\w+)(\(\))? can (only be used (with|inside)|not be used (for|with))", "builtin-place", "call"),
    (r"BPF_FUNC_(?P<name>\w+) (is )?not available|helper bpf_(?P<symbol>\w+) not allowed in probe", "helper-unavailable", "call"),
    (r"unroll (maximum|minimum) value is|invalid unroll value", "bad-unroll", "unroll"),
    (r"'?(?P<name>break|continue|return)'? (used outside of|statement is not allowed)", "misplaced-jump", "jump"),
)  # fmt: skip

_WARNINGS = [
    *_rows(
        (r"(arithmetic on|comparison of) integers of different signs|signed operands for", "mixed-signs", "operator"),
        (r"Expression of type: \w+ being cast to type", "mixed-signs", "operator"),
        (r"(length param|(?P<name>buf)\(\) length).* is too long and will be shortened", "string-cut", "call"),
        (r"literal string will always be empty", "operand-type", "operator"),
        (r"All code after a|Unreachable statement", "unreachable", "place"),
        (r"Positional parameter \$\d+ is empty", "missing-parameter", "place"),
        (r"While loops are deprecated", "deprecated", "loop"),
        (r"(sarg\*|.*) (is|are) deprecated", "deprecated", "place"),
    ),
    Pattern(re.compile(r"Unnecessary cast: "), "unnecessary-cast", severity="hint"),
    Pattern(re.compile(r"Return value discarded"), "unused-value", "value", severity="hint"),
]  # fmt: skip

_LATER = _rows(
    (r"Looks like the BPF stack limit|Stack size is too large", "stack-limit", "place"),
    (r"A call to built-in function '\w+' is not supported",
     "stack-limit", "place", "this copies too much at once; read single fields of the struct"),
    (r"Error loading (BPF )?program(:| for) (?P<probe>\S+?)\.?( \(try -v\)| ?Error code:.*| Use -v .*)?$",
     "load-failed", "place"),
    (r"Error: Failed to load program, verification log", "load-failed", "place"),
    (r"Unknown BPF object load failure|failed to create map: '?(?P<name>@?\w*)'?", "map-too-large", "place"),
    (r"(Error attaching|Unable to attach) probe: '?(?P<probe>[^'\s]+?)'?(\. If .*)?$", "attach-failed", "point"),
    (r"Attachment failed for all probes|No probes to attach", "nothing-attached", "place"),
    (r"could not attach probe (?P<probe>[^,]+), skipping", "attach-skipped", "point"),
    (r"(Failed to fork child|Failed to attach to pid|: No such process)", "process-not-found", "place"),
    (r"bpftrace currently only supports running as the root|Missing CAP_\w+ capability", "not-permitted", "place"),
    (r"(USAGE: )?-kk has been deprecated|Failed to open perf buffer", "bpftrace-error", "place"),
    (r"bpftrace: .*Assertion|terminate called|\[\./src/|.*LLVM ERROR", "bpftrace-crash", "place"),
    (r"Map full; can't update|Failed to map_update_elem", "map-full", "map"),
    (r"Bad address|Failed to probe_read|Can't delete map element|Failed to map_", "helper-error", "call"),
)  # fmt: skip

_FOLLOWING = _cascades(
    (r"none type passed to (?P<name>\w+)\(\) is not printable|.*\(none provided\)", "argument-type", "call"),
    (r"Invalid expression for assignment|Cannot cast to \"", "type-clash", "place"),
    (
        r"lhist\(\) step is too large for the given range \(provided step \d+ for range -",
        "argument-value",
        "call",
    ),
)
_MEMORY = Pattern(
    re.compile(r".*std::bad_alloc|.*out of memory"),
    "too-costly",
    hint=HINTS["too-costly"],
    words="compiling it takes more memory than is allowed",
)
_CLANG = _rows(
    (
        r".*file not found",
        "c-definition",
        "place",
        "leave it out where the kernel's own types (BTF) do, or install the kernel's headers: "
        "apt-get install linux-headers-$(uname -r)",
    ),
    (
        r"(?:unknown type name|field has incomplete type).*",
        "c-definition",
        "place",
        "define the type before it is used; types of the running kernel need no #include where it has BTF",
    ),
    (r".*", "c-definition", "place", "this is C, as clang reads it: only what types need is of use here"),
)

PATTERNS: tuple[Pattern, ...] = (
    _MEMORY, *_FOLLOWING, *_SYNTAX, *_PROBES, *_NAMES, *_TYPES, *_CALLS, *_WARNINGS, *_LATER,
)  # fmt: skip
UNKNOWN: dict[str, Pattern] = {
    "error": Pattern(re.compile(""), "bpftrace-error"),
    "warning": Pattern(re.compile(""), "bpftrace-warning"),
}


def clang_pattern(text: str) -> Pattern:
    """Return the pattern of a message that comes from clang, which reads the C part of a program."""
    return next(pattern for pattern in _CLANG if pattern.regex.match(text))


@lru_cache(maxsize=1024)
def pattern_of(text: str) -> tuple[Pattern, dict[str, str]] | None:
    """Return the pattern of a message's text, with the names that it gives; None when there is none."""
    for pattern in PATTERNS:
        if (match := pattern.regex.match(text)) is not None:
            return pattern, {key: value for key, value in match.groupdict().items() if value}
    return None
