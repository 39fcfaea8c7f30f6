"""What an argument is about, read from its names and its help text: one table, the first line that fits.

Tools differ in units (`-m` is ms here and us there); the help text is the only place that says which.
"""

from __future__ import annotations

import re

from gpttrace.bcc.described import Meaning, Unit

# (names: the long flag, the metavar or the positional's name, in lower case with _; help text; meaning)
_RULES: tuple[tuple[str, str, Meaning], ...] = (
    (r".*map", r"\bmap\b", "map"),
    (r"ppid|parent_pid", r"", "ppid"),
    (r".*", r"\bparent pid\b|\bchild of this pid\b", "ppid"),
    (r"pids?|tpid|process_id", r"", "pid"),
    (r"tids?", r"", "tid"),
    (r"(?!print).*uid|user", r"\b(uid|user)\b", "uid"),
    (r"uid", r"", "uid"),
    (r"cpu", r"", "cpu"),
    (r"cgroup.*", r"", "cgroup"),
    (r"(min|minimum|threshold|older|duration_ms|min_block_time|min_ms|min_us|min_ns)", r"", "above"),
    (r".*", r"(duration|latency|time|longer|slower).*(longer|slower|over which|to trace|minimum|than this threshold)", "above"),
    (r"max_block_time", r"", "below"),
    (r"min_size", r"", "least_size"),
    (r"max_size", r"", "most_size"),
    (r"duration", r"\b(us|ms|ns|micro\w+|milli\w+)\b", "above"),
    (r"interval", r"", "interval"),
    (r".*", r"^(output |print )?interval\b", "interval"),
    (r"duration|time|seconds", r"", "duration"),
    (r"count|outputs|number|max_events", r"number of (outputs|times|events to print)", "count"),
    (r"outputs", r"", "count"),
    (r"count", r"^$", "count"),
    (r"top.*|maxrows|max_rows|locks|.*number_of_rows", r"", "top"),
    (r"frequency", r"", "frequency"),
    (r"l(ocal)?_?port", r"", "local_port"),
    (r"(r(emote)?|d(est)?)_?port", r"", "remote_port"),
    (r"ports?", r"", "port"),
    (r"comm|name", r"\b(process|command|comm)", "comm"),
    (r"command", r"execute|run", "command"),
    (r"errno", r"", "errno"),
    (r"signal", r"", "signal"),
    (r"syscall", r"", "syscall"),
    (r"obj|object|lib|library|binary|shared|exe|.*_lib", r"", "object"),
    (r"disk|dev|device", r"\b(disk|block device)", "disk"),
    (r"path|file|device|directory|rootdirs|dump_graph|.*_file", r"", "path"),
    (r"pattern|probe|function|functions|spec|specifier", r"", "probe"),
    (r"(stack_storage_size|buffer_pages|sample_rate|sample_period|level|stacks|threads|edges)", r"", "number"),
    (r"(max_args|arguments|datacount|vcpu|netns)", r"", "number"),
    (r".*size", r"", "size"),
)  # fmt: skip
_UNITS: tuple[tuple[str, Unit], ...] = (
    (r"\b(ms|millisecs?|milliseconds?)\b|\d+\s*ms\b|_ms\b", "ms"),
    (r"\b(us|usecs?|microseconds?)\b|\d+\s*us\b|_us\b", "us"),
    (r"\b(ns|nanoseconds?)\b|_ns\b", "ns"),
    (r"\b(secs?|seconds?)\b", "s"),
    (r"\b[Hh]ertz\b|\bHz\b", "hz"),
    (r"\b(bytes?|size)\b", "bytes"),
)
_TIMES: tuple[Meaning, ...] = ("above", "below", "interval", "duration")
_DEFAULT = re.compile(r"default(?:s to|\s+is|:|=|\s)\s*[\"']?([\w./*-]+)", re.IGNORECASE)


def meaning_of(names: tuple[str, ...], text: str) -> Meaning:
    """Return what an argument with a value is about, from its names (most telling first) and its help text."""
    said = text.lower()
    plain = [name.strip("-").lower().replace("-", "_") for name in names]
    for pattern, words, meaning in _RULES:
        if any(re.fullmatch(pattern, name) for name in plain) and (
            not words or re.search(words, said) or (words == "^$" and not said)
        ):
            return meaning
    return "number" if re.search(r"\bnumber of\b|\bnumber\b", said) else "text"


def unit_of(meaning: Meaning, names: tuple[str, ...], text: str) -> Unit | None:
    """Return the unit of a value; seconds for intervals and durations that do not say."""
    if meaning == "frequency":
        return "hz"
    if meaning in ("size", "least_size", "most_size"):
        return "bytes"
    if meaning not in _TIMES:
        return None
    whole = f"{text} {' '.join(names)}".lower()
    for pattern, unit in _UNITS[:4]:
        if re.search(pattern, whole):
            return unit
    return "s" if meaning in ("interval", "duration") else None


def default_of(text: str) -> str | None:
    """Return the default that a help text names."""
    match = _DEFAULT.search(text)
    return match[1].rstrip(".,)") if match else None
