"""Whole probes as text with tab stops, in the spelling that this machine's bpftrace takes.

`$` of the language is `\\$` in a snippet; what stands behind `${` is a tab stop. Every snippet, with its defaults filled in, is a
program that compiles (the tests see to it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpttrace.errors import UsageError
from gpttrace.host import Host
from gpttrace.host.describe import DescribedField, describe
from gpttrace_lsp.completion.suggestions import Kind, Suggestion

_SHOWN = 4
_SIZES = (1, 2, 4, 8)
_LARGE = re.compile(r"\b(?:BEGIN|END)\b")


@dataclass(frozen=True, slots=True)
class Snippet:
    """`name` is what people type; `needs` is a kind of probe that must work there."""

    name: str
    words: str
    text: str
    needs: str = "tracepoint"


_TOP = (
    Snippet(
        "count by process",
        "how often something happens, by process",
        "tracepoint:${1:sched:sched_wakeup}\n{\n\t@[comm] = count();\n}\n$0",
    ),
    Snippet(
        "latency of a system call",
        "begin and end, joined by thread, as a histogram",
        "tracepoint:syscalls:sys_enter_${1:read}\n{\n\t@start[tid] = nsecs;\n}\n\n"
        "tracepoint:syscalls:sys_exit_${1:read}\n/@start[tid]/\n{\n"
        "\t@${2:usecs} = hist((nsecs - @start[tid]) / 1000);\n\tdelete(@start[tid]);\n}\n\n"
        "END\n{\n\tclear(@start);\n}\n$0",
    ),
    Snippet(
        "latency of a kernel function",
        "entry and return, joined by thread, as a histogram",
        "kprobe:${1:vfs_read}\n{\n\t@start[tid] = nsecs;\n}\n\n"
        "kretprobe:${1:vfs_read}\n/@start[tid]/\n{\n"
        "\t@${2:usecs} = hist((nsecs - @start[tid]) / 1000);\n\tdelete(@start[tid]);\n}\n\n"
        "END\n{\n\tclear(@start);\n}\n$0",
        "kprobe",
    ),
    Snippet(
        "histogram",
        "distribution of a number in powers of two",
        "tracepoint:${1:syscalls:sys_exit_read}\n/args->${2:ret} > 0/\n{\n\t@${3:bytes} = hist(args->${2:ret});\n}\n$0",
    ),
    Snippet(
        "print every second",
        "print a map each second and begin anew",
        "interval:s:${1:1}\n{\n\ttime(\"%H:%M:%S\\\\n\");\n\tprint(@${2:});\n\tclear(@${2:});\n}\n$0",
        "interval",
    ),
    Snippet(
        "profile",
        "which kernel code the CPUs run, by samples",
        "profile:hz:${1:99}\n{\n\t@[${2:kstack}] = count();\n}\n$0",
        "profile",
    ),
    Snippet("BEGIN", "runs once, when the trace begins", "BEGIN\n{\n\t$0\n}", "begin"),
    Snippet("END", "runs once, when the trace ends", "END\n{\n\t$0\n}", "end"),
)  # fmt: skip


def top_snippets(host: Host | None, shown: str = "@") -> Iterator[Suggestion]:
    """Yield the whole probes that this machine can attach; `shown` is the map that is printed each second."""
    lower = host is not None and host.version[:2] >= (0, 24)
    for each in _TOP:
        if host is not None and host.works(each.needs) is False:
            continue
        name = each.name.lower() if lower else each.name
        text = _LARGE.sub(lambda word: word[0].lower(), each.text) if lower else each.text
        text = text.replace("@${2:}", f"${{2:{shown}}}")
        yield Suggestion(name, Kind.Snippet, each.words, snippet=text, insert=plain(text))


def statement_snippets(host: Host | None, maps: list[str], *, after_block: bool) -> Iterator[Suggestion]:
    """Yield statements: `if`, `while`, `unroll`, `printf`, and `for` where this bpftrace has it."""
    version = host.version[:2] if host else ()
    rows = [
        ("if", "runs a block when a condition holds", "if (${1:condition}) {\n\t$0\n}"),
        ("printf", "print a formatted line", 'printf("${1:%s}\\\\n", ${2:comm});$0'),
        ("unroll", "repeats a block, 1 to 100 times", "unroll (${1:4}) {\n\t$0\n}"),
    ]
    if after_block:
        rows.insert(0, ("else", "runs a block when the condition does not hold", "else {\n\t$0\n}"))
    if not version or version < (0, 25):
        rows.append(("while", "repeats a block while a condition holds", "while (${1:condition}) {\n\t$0\n}"))
    if not version or version >= (0, 21):
        over = maps[0] if maps else "@"
        rows.append(("for", "each entry of a map", f"for (\\$kv : ${{1:{over}}}) {{\n\t$0\n}}"))
    if not version or version >= (0, 24):
        rows.append(("for range", "each number of a range", "for (\\$i : 0..${1:10}) {\n\t$0\n}"))
    if not version or version >= (0, 22):
        rows.append(("let", "declare a variable", "let \\$${1:name} = ${2:0};$0"))
    for name, words, text in rows:
        yield Suggestion(name, Kind.Snippet, words, snippet=text, insert=plain(text))
    yield Suggestion("return", Kind.Keyword, "end this probe", insert="return;")


def probe_body(host: Host, kind: str, name: str) -> str:
    """Return a block that prints what a probe gives, as a snippet; it counts by process where there is nothing to print."""
    try:
        fields = describe(host, f"{kind}:{name}").fields if name else ()
    except UsageError:
        fields = ()
    shown = [each for each in fields if _printable(each)][:_SHOWN]
    if not shown:
        return "\n{\n\t@[comm] = count();\n\t$0\n}"
    formats = " ".join(f"{each.name}={'%s' if each.is_string else '%d'}" for each in shown)
    values = ", ".join(each.expression for each in shown)
    return f'\n{{\n\tprintf("${{1:{formats}}}\\\\n", ${{2:{values}}});\n\t$0\n}}'


def pair(host: Host, call: str) -> Suggestion | None:
    """Return the latency of one system call as a whole, for `syscalls:sys_enter_CALL`."""
    if not host.count("tracepoint", f"syscalls:sys_exit_{call}"):
        return None
    text = _TOP[1].text.replace("${1:read}", call).replace("tracepoint:", "", 1)
    text = _LARGE.sub(lambda word: word[0].lower(), text) if host.version[:2] >= (0, 24) else text
    label = f"syscalls:sys_enter_{call} … latency"
    return Suggestion(
        label,
        Kind.Snippet,
        _TOP[1].words,
        snippet=text,
        insert=plain(text),
        matches=f"syscalls:sys_enter_{call}",
    )


def _printable(each: DescribedField) -> bool:
    apart = each.type.startswith(("struct ", "union ", "__data_loc", "__rel_loc")) or each.type[-1:] in "]*"
    return not each.name.startswith("__") and (each.is_string or (each.size in _SIZES and not apart))


def plain(snippet: str) -> str:
    """Return a snippet as text, each stop with its default."""
    out, at = [], 0
    while at < len(snippet):
        char = snippet[at]
        if char == "\\" and at + 1 < len(snippet):
            out.append(snippet[at + 1])
            at += 2
        elif char == "$" and snippet[at + 1 : at + 2] == "{":
            colon, end = snippet.index(":", at), snippet.index("}", at)
            out.append(snippet[colon + 1 : end].replace("\\$", "$"))
            at = end + 1
        elif char == "$":
            at += 2
        else:
            out.append(char)
            at += 1
    return "".join(out)
