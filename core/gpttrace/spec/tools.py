"""Names of well-known tracing tools as questions: who asks for `biolatency` means the latency of disk requests."""

from __future__ import annotations

import re
from dataclasses import replace

from gpttrace.spec.pairs import merged, name_vector
from gpttrace.spec.words import Token, plain, tokenize

_MEANS = {
    "opensnoop": "files opened by process", "execsnoop": "new processes", "exitsnoop": "process exits",
    "biolatency": "disk latency distribution", "biosnoop": "list each disk request with latency and device",
    "bitesize": "disk I/O size by process", "biotop": "top processes by bytes of disk requests",
    "biostacks": "disk latency by kernel stack", "tcpconnect": "tcp connects", "tcpaccept": "accepted tcp connections",
    "tcpretrans": "tcp retransmits", "tcplife": "tcp session duration", "tcpdrop": "tcp packets dropped",
    "tcpstates": "tcp state changes", "tcprtt": "tcp round trip time distribution", "tcpsynbl": "tcp syn backlog",
    "runqlat": "run queue latency distribution", "runqlen": "run queue length", "cpudist": "time on cpu distribution",
    "offcputime": "off-cpu time by stack", "offwaketime": "off-cpu time by stack", "wakeuptime": "wakeups by process",
    "syscount": "syscalls by process", "killsnoop": "signals sent", "statsnoop": "list stat calls",
    "syncsnoop": "list sync calls", "oomkill": "out of memory kills", "capable": "list capability checks",
    "mountsnoop": "mount calls", "hardirqs": "interrupt handler latency", "softirqs": "softirq latency",
    "gethostlatency": "dns lookup latency", "bashreadline": "commands typed in bash", "sslsniff": "tls reads and writes",
    "pidpersec": "new processes per second", "setuids": "setuid calls", "swapin": "swap ins by process",
    "threadsnoop": "threads created", "cachestat": "page cache hit ratio", "filetop": "bytes read by file name",
    "fileslower": "reads slower than 10 ms", "memleak": "outstanding memory allocations by stack",
    "drsnoop": "direct reclaim latency", "compactsnoop": "memory compaction latency", "llcstat": "cache misses by process",
    "xfsdist": "xfs operation latency", "ext4dist": "ext4 operation latency", "funclatency": "function latency",
    "vfsstat": "vfs reads and writes per second", "readahead": "readahead pages", "writeback": "writeback pages by reason",
    "mdflush": "md flushes", "naptime": "list sleeps with latency", "undump": "unix socket packets",
}  # fmt: skip


_NAME = rf"(?:{'|'.join(_MEANS)})(?:\.py|\.bt|-bpfcc)?"
# `I/O sizes (bitesize)`, `like runqlat from bcc`: another name of what the question says by itself.
_ASIDE = re.compile(
    rf"(?<=\w )\({_NAME}\)|,? (?:like|as with|as in|similar to) (?:the )?{_NAME}(?: (?:tool|script|program)\b)?"
    r"(?: (?:from|in|of) (?:bcc|bpftrace|libbpf)\b)?",
    re.IGNORECASE,
)


# What stands before the root of a tree: `in cgroup /`.
_BEFORE_ROOT = plain("cgroup under below in on at of to from directory folder path with")


def spelled_out(tokens: list[Token], question: str) -> list[Token]:
    """Return the tokens with the name of a tool replaced by what it shows; places stay those of the name."""
    aside = [match.span() for match in _ASIDE.finditer(question)]
    tokens = [each for each in tokens if not any(start <= each.start < end for start, end in aside)]
    found: list[Token] = []
    for index, token in enumerate(tokens):
        if (
            token.text == "/"
            and found
            and index + 1 < len(tokens)
            and found[-1].text.lower() not in _BEFORE_ROOT
        ):
            found.append(replace(token, stem="and", kind="word"))  # `mlock / mlockall`
            continue
        name_vector(found, token)
        if merged(found, token):
            continue
        text = token.text.lower().removesuffix(".bt").removesuffix("-bpfcc")
        if token.kind == "word" and text in _MEANS and _is_tool(tokens, token):
            for each in tokenize(_MEANS[text]):
                each.start, each.end = token.start, token.end
                found.append(each)
        else:
            found.append(token)
    return found


def _is_tool(tokens: list[Token], token: Token) -> bool:
    # These are things of the kernel as well: in a sentence they are left to the catalogue.
    return len(tokens) == 1 or token.text.lower() not in (
        "readahead",
        "writeback",
        "capable",
        "softirqs",
        "hardirqs",
        "undump",
    )
