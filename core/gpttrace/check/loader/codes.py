"""The codes of what the kernel says when a program is loaded and attached."""

from __future__ import annotations

from gpttrace.check.codes import Code


def _refused(name: str, title: str, why: str, bad: str = "", good: str = "") -> Code:
    return Code(name, "error", "verifier", title, why, bad, good)


CODES: tuple[Code, ...] = (
    _refused(
        "verifier-loop",
        "a loop has no end that the kernel can see",
        "The kernel loads only programs that it can prove to end. Bound the loop by a constant.",
        "BEGIN { $i = 0; while (1) { $i++; } print($i); }",
        "BEGIN { $i = 0; while ($i < 100) { $i++; } print($i); }",
    ),
    _refused(
        "verifier-too-large",
        "the kernel gives up after a million instructions or too many branches",
        "It follows every path of every loop. Make loops smaller or fewer, or split the probe.",
    ),
    _refused(
        "verifier-access",
        "it reads memory that the kernel does not let a program read",
        "Pointers must be typed and unchanged; read other memory by str(), buf() or a cast to a struct.",
    ),
    _refused(
        "verifier-null", "a pointer may be null where it is read", "Test it first: `if (@p[tid] != 0) { … }`."
    ),
    _refused(
        "verifier-bounds",
        "it reaches beyond the end of a string, array or map value",
        "bpftrace 0.23 makes such code for a `?:` between strings of different length.",
    ),
    _refused(
        "verifier-stack",
        "it reads stack that nothing has written",
        "Assign a variable on every path before it is used.",
    ),
    _refused("load-failed", "the kernel refuses to load it", "The log says at which instruction it gave up."),
    Code(
        "map-too-large",
        "error",
        "bpftrace",
        "the kernel refused to make a map",
        "Too many keys for its memory, mostly.",
    ),
    Code(
        "attach-failed",
        "error",
        "bpftrace",
        "a probe loads, but cannot be attached",
        "The kernel lacks the event, or its rate, count or place is not allowed.",
        "profile:hz:1000000 { @ = count(); }",
        "profile:hz:99 { @ = count(); }",
    ),
    Code(
        "nothing-attached",
        "error",
        "bpftrace",
        "no probe of the program can be attached",
        "bpftrace may end without an error all the same; the program would show nothing.",
        "kprobe:no_such_function_a, kprobe:no_such_function_b { @ = count(); }",
        "tracepoint:syscalls:sys_enter_openat { @ = count(); }",
    ),
)
