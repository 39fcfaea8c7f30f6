"""What a question asks for beside its event is in the answer, or the question is refused: rows, columns, outcomes, measures."""

from __future__ import annotations

import pytest
from tests.writer.conftest import KnownHost, spec_of

from gpttrace.spec.model import Condition


@pytest.mark.parametrize(
    ("question", "event", "shape", "keys"),
    [
        # rows by words that also name the event
        ("bytes written to each disk, five-second intervals", "disk-io", "sum", ("dev",)),
        ("cpu idle states, count", "cpu-idle", "count", ("state",)),
        ("operation not permitted: top 5 processes and syscalls", "syscall", "count", ("comm", "syscall")),
        ("bpf commands by number", "bpf-call", "count", ("cmd",)),
        ("accepted connections per listening port", "tcp-accept", "count", ("sport",)),
        ("sum of bytes returned by read, by process and file descriptor", "read", "sum", ("comm", "fd")),
        ("writeback per device: pages", "writeback-run", "sum", ("device",)),
        # rows that are none
        ("top 7 users by programs started", "exec", "count", ("uid",)),
        ("signals that were ignored by the receiver, by number", "signal-ignored", "count", ("sig",)),
        ("how often are tasks woken up? total for each second", "wakeup", "rate", ()),
        ("slowest disk request per second", "disk-io", "max", ()),
        # who does it to whom, and who it is
        ("who wakes up who", "wakeup", "count", ("comm", "target_comm")),
        ("something opens my files, who is it?", "file-open", "events", ("pid", "comm", "filename")),
        # columns
        ("rename calls: old path, new path, process", "file-rename", "events", ("pid", "comm", "oldname", "newname")),
        ("chown audit: file, new owner, new group, and who did it",
         "chown", "events", ("pid", "comm", "filename", "owner", "group")),
        ("any futex waits above 100ms? print process, thread id and how long",
         "futex", "events", ("pid", "comm", "latency", "tid")),
        ("full command line of each program that starts",
         "exec", "events", ("pid", "comm", "filename", "arg1", "arg2", "arg3", "arg4")),
        ("write-back starts with their reason and number of pages",
         "writeback-run", "events", ("device", "reason", "latency", "pages")),
        # what is measured
        ("biggest writers", "write", "sum", ("comm",)),
        ("smallest congestion window seen for each peer", "tcp-window", "min", ("daddr",)),
        ("how much time does it take to delete a file", "file-delete", "hist", ()),
        ("softirq net_rx time per cpu", "softirq", "sum", ("cpu",)),
        ("time from SYN to established, per destination", "tcp-handshake", "hist", ("daddr",)),
        # places in code
        ("hot code paths in the kernel", "cpu-sample", "stacks", ("comm", "kstack")),
        ("where in the kernel do packets get lost? stack traces", "packet-drop", "stacks", ("kstack",)),
        # background
        ("box is crawling, what is spawning all these processes", "exec", "events", ("pid", "comm", "filename")),
        ("cpu getting throttled because hot: thermal trips", "thermal-trip", "events", ("zone", "trip")),
        ("audit trail of executed programs with user id", "exec", "events", ("pid", "comm", "filename", "uid")),
        # the event that is meant
        ("show TCP connections longer than a minute", "tcp-life", "events", ("saddr", "sport", "daddr", "dport", "latency")),
        ("what opens server sockets, i.e. calls listen?", "socket-listen", "events", ("pid", "comm", "backlog")),
        ("alarms / interval timers set, by process", "itimer-set", "count", ("comm",)),
        # lines where an order asks for them, a table where it does not
        ("CPU frequency changes, log cpu and new frequency", "cpu-frequency", "events", ("cpu", "frequency")),
        ("Print timer callbacks that run longer than 200 us, function and CPU",
         "timer-expire", "events", ("function", "latency", "cpu")),
        ("Print vector, CPU and duration of softirqs that run for more than 2 ms.",
         "softirq", "events", ("vec", "latency", "cpu")),
        ("file opens, broken down by process", "file-open", "count", ("comm",)),
        ("qsort calls by process", "sort", "count", ("comm",)),
        ("block requests per disk", "disk-io", "count", ("dev",)),
        # one number has no rows
        ("count btrfs transaction commits", "btrfs-commit", "count", ()),
        ("Count the pages that are removed from the page cache.", "page-cache-remove", "count", ()),
        ("what's the longest time that a close() has taken?", "file-close", "max", ()),
        ("time tasks wait for a page to finish writeback, histogram", "writeback-wait", "hist", ()),
        # what describes a row
        ("Dropped packets, counted by protocol as well as by drop reason", "packet-drop", "count", ("protocol", "reason")),
        ("TCP connects by process, destination address and destination port",
         "tcp-connect", "count", ("comm", "daddr", "dport")),
        # two fields of one noun, both ends of a move, a row that words of the event stand before
        ("TCP state changes, counted by old and new state", "tcp-state", "count", ("oldstate", "newstate")),
        ("task migrations, from which core to which core", "cpu-migration", "count", ("from_cpu", "to_cpu")),
        ("setuid calls by who to which uid", "set-uid", "count", ("comm", "new_uid")),
        ("how long does each workqueue function take", "workqueue", "hist", ("function",)),
        ("work queue functions that run longest", "workqueue", "max", ("function",)),
        ("count signals by signal number and result", "signal-send", "count", ("sig", "result")),
        ("who does the waking and who is woken, with numbers", "wakeup", "count", ("comm", "target_comm")),
        ("semop latency by process, oracle box", "semaphore-op", "hist", ("comm",)),
        ("kmalloc above 16 KiB: caller, size, process", "kmalloc", "events", ("pid", "comm", "bytes", "call_site")),
        ("one row per system call lasting at least 50 ms: pid, comm, call, duration",
         "syscall", "events", ("pid", "comm", "syscall", "latency")),
        ("opens that fail with ENOENT by process", "file-open", "count", ("comm",)),
    ],
)  # fmt: skip
def test_it_is_in_the_answer(
    question: str, event: str, shape: str, keys: tuple[str, ...], known_host: KnownHost
) -> None:
    spec = spec_of(question, known_host)
    assert (spec.event, spec.shape, spec.keys) == (event, shape, keys)


@pytest.mark.parametrize(
    ("question", "conditions"),
    [
        ("who is binding ports, show errors also", []),
        ("count opens by process, errors included", []),
        ("count opens per process, exclude those that fail", [Condition("ret", ">=", 0)]),
        ("is anybody running into a full disk (ENOSPC)?", [Condition("ret", "==", -28)]),
        ("which processes were not allowed to open files (EACCES)", [Condition("ret", "==", -13)]),
        ("refused connections per process", [Condition("ret", "==", -111)]),
        ("who switches to root", [Condition("new_uid", "==", 0), Condition("ret", ">=", 0)]),
        ("setuid calls that change to root", [Condition("new_uid", "==", 0), Condition("ret", ">=", 0)]),
        ("module loads not caused by modprobe", [Condition("comm", "!=", "modprobe")]),
        ("signals delivered to gunicorn", [Condition("comm", "==", "gunicorn")]),
        ("fopen file names for crond", [Condition("comm", "==", "crond")]),
        ("exits with non-zero code", [Condition("exit_code", "!=", 0)]),
        ("packets sent by process, ignoring loopback", [Condition("dev", "!=", "lo")]),
        (
            "process lifetimes, leave out everything that lived less than 10 ms",
            [Condition("latency", ">=", 10_000_000)],
        ),
        (
            "fsyncs except those of postgres longer than 10 ms",
            [Condition("comm", "!=", "postgres"), Condition("latency", ">", 10_000_000)],
        ),
        (
            "count system calls by process, excluding read and write",
            [Condition("syscall", "!=", "read"), Condition("syscall", "!=", "write")],
        ),
        ("work items per cpu, without vmstat_update", [Condition("function", "!=", "vmstat_update")]),
        ("vm exits by reason, leaving out exit reason 12", [Condition("reason", "!=", 12)]),
        ("who killed my process with PID 4242?", [Condition("target_pid", "==", 4242)]),
        ("which error numbers do system calls return?", [Condition("ret", "<", 0)]),
        ("number of network receive softirqs per CPU", [Condition("vec", "==", "net_rx")]),
        ("average wait in futex by process, over 20 s", []),
        (
            "who opens /etc/shadow, apart from sshd?",
            [
                Condition("comm", "!=", "sshd"),
                Condition("filename", "==", "/etc/shadow"),
                Condition("ret", ">=", 0),
            ],
        ),
    ],
)
def test_which_of_them_are_meant(question: str, conditions: list[Condition], known_host: KnownHost) -> None:
    assert list(spec_of(question, known_host).conditions) == conditions
