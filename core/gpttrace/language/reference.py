"""What bpftrace knows: probe kinds and their short names (more below as it is needed)."""

from __future__ import annotations

PROBE_KINDS: dict[str, str] = {
    "BEGIN": "begin", "END": "end", "begin": "begin", "end": "end",
    "kprobe": "kprobe", "k": "kprobe", "kretprobe": "kretprobe", "kr": "kretprobe",
    "uprobe": "uprobe", "u": "uprobe", "uretprobe": "uretprobe", "ur": "uretprobe",
    "usdt": "usdt", "U": "usdt", "tracepoint": "tracepoint", "t": "tracepoint",
    "rawtracepoint": "rawtracepoint", "rt": "rawtracepoint",
    "profile": "profile", "p": "profile", "interval": "interval", "i": "interval",
    "software": "software", "s": "software", "hardware": "hardware", "h": "hardware",
    "watchpoint": "watchpoint", "w": "watchpoint", "asyncwatchpoint": "asyncwatchpoint", "aw": "asyncwatchpoint",
    "fentry": "fentry", "f": "fentry", "kfunc": "fentry", "fexit": "fexit", "fr": "fexit", "kretfunc": "fexit",
    "kf": "fentry", "kfr": "fexit",
    "iter": "iter", "it": "iter", "self": "self", "test": "test", "bench": "bench",
}
