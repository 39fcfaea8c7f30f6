"""Why the kernel's verifier refused a program, in plain words and with what to do: one table over the last lines of its log.

The texts are those of kernel/bpf/verifier.c from 5.x to 6.18. A log that begins in the middle was cut at the front; the reason
stands at its end, before `processed N insns`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` of the finding, what happened, and what to do. `kernel` is the verifier's own line."""

    code: str
    words: str
    hint: str
    kernel: str = ""


_LOOP = "bound it with a constant: `unroll (N) {}`, or `while ($i < 100)` with a counter that only grows"
_SIMPLER = "make it simpler: smaller or fewer loops, fewer branches and strings, or split it into two probes"
_CHECK = "check it first (`if ($p != 0)`), and read memory of the kernel or a process through a typed pointer or str()"

_TABLE: tuple[tuple[str, str, str, str], ...] = (
    (r"infinite loop detected|back-edge from insn|loop is not bounded",
     "verifier-loop", "a loop has no end that the kernel can see", _LOOP),
    (r"The sequence of \d+ jumps is too complex", "verifier-too-large",
     "there are more branches in loops than the kernel follows", _SIMPLER),
    (r"BPF program is too large|too many instructions|program too large", "verifier-too-large",
     "following its loops takes more than a million instructions", _SIMPLER),
    (r"combined stack size of|stack depth|stack size .* exceeds|Looks like the BPF stack limit",
     "stack-limit",
     "it needs more than 512 bytes of stack", "keep fewer or shorter strings in one probe: `str(x, 32)`"),
    (r"invalid (indirect )?(read from|access to|write to|variable-offset \w+ to|unaligned \w+ .*)? ?stack|invalid stack",
     "verifier-stack",
     "it reads stack that nothing has written", "assign the variable on every path before it is used"),
    (r"'?map_value_or_null'?|mem access '\w*_or_null'", "verifier-null",
     "a pointer may be null where it is read", "test it first: `if (@p[tid] != 0)`"),
    (r"invalid access to map value|off=\S+ is outside|R\d+ (min|max) value is outside|unbounded memory access"
     r"|makes .* pointer be out of bounds",
     "verifier-bounds", "it reaches beyond the end of a string, array or map value",
     "keep both sides of a `?:` strings of one length, and bound every index"),
    (r"invalid mem access|dereference of modified|pointer arithmetic|prohibits|invalid bpf_context access"
     r"|R\d+ type=\S+ expected", "verifier-access",
     "it reads memory that the kernel does not let a program read", _CHECK),
    (r"unknown func|helper call is not allowed|cannot use helper|program of this type cannot use helper|not allowed in probe",
     "helper-unavailable", "a function is not allowed in this kind of probe", "use it in another probe, or leave it out"),
    (r"failed to find the address for kernel symbol|extern .* not found|unknown symbol", "unknown-symbol",
     "the kernel has no such symbol here", "check the name in /proc/kallsyms; some symbols exist only with some options"),
    (r"Operation not permitted|[Pp]ermission denied|only for privileged|pointer comparison prohibited|leaks addr",
     "verifier-access",
     "the kernel does not let a program do this", "read the value through a field or str(), and do not keep pointers"),
    (r"jump out of range|unreachable insn|invalid BPF_LD_IMM|invalid argument", "load-failed",
     "the kernel refuses the code that bpftrace made",
     "another spelling or another bpftrace may pass; the log says where"),
)  # fmt: skip
_PATTERNS = [(re.compile(regex), code, words, hint) for regex, code, words, hint in _TABLE]
_STATES = re.compile(
    r"^(processed \d+|(cur|old) state|\d+: \(|from \d+ to|;|func#|Live regs|verification time|stack depth|max_states"
    r"|mark_precise|last_idx|regs=|parent |BPF: |\s*$)"
)
_TIME = re.compile(r"^verification time|^stack depth")


def reason_of(log: str, error: str = "") -> Reason:
    """Return the reason in a verifier's log; `error` is what bpftrace says of the load (an errno) where there is no log."""
    tail = [line for line in log.splitlines()[-40:] if not _TIME.match(line)]
    for line in reversed(tail):
        if (found := _in_table(line)) is not None:
            return found
    last = next((line.strip() for line in reversed(tail) if not _STATES.match(line)), "")
    return _in_table(error) or Reason(
        "load-failed",
        "the kernel refused to load it" + (f": {last}" if last else ""),
        "make this probe simpler; the log says at which instruction the kernel gave up",
        last,
    )


def _in_table(line: str) -> Reason | None:
    for regex, code, words, hint in _PATTERNS:
        if (found := regex.search(line)) is not None:
            said = line[found.start() :].strip() if re.match(r"\d+: \(", line) else line.strip()
            return Reason(code, words, hint, said)
    return None
