"""Prompts: investigations that people begin often, each a plan of calls with what to look at and when to stop."""

from __future__ import annotations

from typing import Annotated

from mcp.server import MCPServer
from pydantic import Field

from gpttrace_mcp.state import App

_END = """
For each step: generate(question), look at the program, run it for 10 s, read the tables, and say in one sentence what they \
show and rule out. Go on only while it narrows the cause. Stop when one process, file, peer or function explains most of the \
total. Report the evidence (run ids, numbers with units), what was not seen, and the smallest change that would help. Leave no \
trace running: runs() must show none."""

Seconds = Annotated[int, Field(ge=1, le=30, description="seconds of each trace")]


def slow_disk(device: str = "", seconds: Seconds = 10) -> str:
    """Find out why a disk or file access is slow."""
    where = f" of the disk {_word(device)}" if device else ""
    return f"""Find out why disk access{where} is slow, on this machine, with the gpttrace tools ({seconds} s a trace).
1. "distribution of block I/O latency{where}": is there a second hump, or a long tail?
2. "block I/O latency by process" and "bytes read and written by process": who makes the load?
3. "latency of reads by file name" and "fsync latency by process": is it the file system, or waiting for flushes?
4. If the disk is idle while programs wait: "page cache misses by process", then stacks of the slow path.
{_END}"""


def high_cpu(target: str = "", seconds: Seconds = 10) -> str:
    """Find out what uses the CPUs, and in which functions."""
    who = f" of {_word(target)}" if target else ""
    return f"""Find out what uses the CPUs{who}, with the gpttrace tools ({seconds} s a trace).
1. "samples at 99 Hz by process": who is on the CPU?
2. "user stacks at 99 Hz" and "kernel stacks at 99 Hz" for that process (pid=): which function?
3. "system calls by process and name per second": is it the kernel working for it?
4. "run queue latency distribution": do others wait for a CPU because of it? "interrupts by name", if no process explains it.
{_END}"""


def latency(operation: str, target: str = "", seconds: Seconds = 10) -> str:
    """Find out where the time of a slow operation goes."""
    who = f" in {_word(target)}" if target else ""
    return f"""Find out where the time of "{_word(operation)}"{who} goes, with the gpttrace tools ({seconds} s a trace).
1. A distribution of its latency (a histogram, in microseconds): typical value, tail, and is there more than one hump?
2. The same by process or by file, peer or lock: does one key own the tail?
3. Split it: on the CPU (stacks at 99 Hz) or off the CPU (off-CPU time by kernel stack)? Waiting for what?
4. Follow the largest part down one level and measure it in the same way.
{_END}"""


def leaks(target: str, seconds: Seconds = 30) -> str:
    """Find out whether a process leaks memory or file descriptors, and where."""
    return f"""Find out whether {_word(target)} leaks, with the gpttrace tools ({seconds} s a trace; start and read for longer).
1. "page faults by process" and "mmap and brk calls by process": does it ask the kernel for more and more?
2. "opens and closes of files by process", sockets too: does one outrun the other?
3. Stacks of what is allocated and never freed: user stacks of mmap and brk, kept by address and deleted at munmap (check the \
program: keys must be deleted, or the map fills).
4. Compare two snapshots of the same trace a while apart (start, read, read): only what grows is a leak.
{_END}"""


def network_errors(peer: str = "", seconds: Seconds = 10) -> str:
    """Find out why connections fail, stall or are slow."""
    with_whom = f" with {_word(peer)}" if peer else ""
    return f"""Find out what is wrong with the network{with_whom}, with the gpttrace tools ({seconds} s a trace).
1. "failed connects by process and error" and "TCP resets by process": refused, unreachable, or timed out?
2. "TCP retransmits by remote address": losses on the way?
3. "TCP connect latency distribution", then by remote address: slow peer, or slow path?
4. "dropped packets by reason": is it this machine? "bytes sent and received by process", if it is load.
{_END}"""


def register(server: MCPServer[App]) -> None:
    """Add the prompts to a server."""
    for title, prompt in (
        ("Slow disk", slow_disk),
        ("High CPU", high_cpu),
        ("Latency", latency),
        ("Leaks", leaks),
        ("Network errors", network_errors),
    ):
        server.prompt(title=title, description=prompt.__doc__)(prompt)


def _word(text: str) -> str:
    from gpttrace_mcp.tables import clean_text

    return clean_text(text, 120)
