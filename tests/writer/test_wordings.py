"""How people say it: courtesies, background, lists, names of the kernel, devices, words that may be left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.writer.conftest import KnownHost, spec_of

from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.compose import compose, lay_out
from gpttrace.spec.layout import for_many
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.question import read_question
from gpttrace.writer import write_offline
from gpttrace.writer.alike import harmless


@pytest.mark.parametrize(
    ("question", "event", "shape", "keys"),
    [
        # what was dropped without a word
        ("flame graph of user space for java", "cpu-sample", "stacks", ("ustack",)),
        ("off-cpu flame graph for mysqld", "off-cpu", "stacks", ("kstack", "ustack")),
        ("where is nginx blocked", "off-cpu", "stacks", ("kstack", "ustack")),
        ("which functions of mysqld cause page faults", "page-fault", "stacks", ("ustack",)),
        ("round trip time of tcp by remote host", "tcp-rtt", "hist", ("daddr",)),
        ("show opens and whether they succeeded", "file-open", "events", ("pid", "comm", "filename", "ret")),
        ("io latency histogram split by read and write", "disk-io", "hist", ("direction",)),
        ("advice of madvise", "madvise", "count", ("advice",)),
        ("are interrupts balanced over the cpus", "hardirq", "count", ("cpu",)),
        ("on which cpus does nginx run", "cpu-sample", "count", ("cpu",)),
        ("which process created /tmp/lock", "file-create", "events", ("pid", "comm", "filename")),
        ("tracepoint block:block_rq_complete by device", "disk-complete", "count", ("dev",)),
        # what is said around the question
        ("the network is flaky, do we retransmit? count by state", "tcp-retransmit", "count", ("state",)),
        ("I would be obliged if you could count page faults by process, please", "page-fault", "count", ("comm",)),
        ("my web server is slow: files opened by nginx, count by file", "file-open", "count", ("filename",)),
        # lists after a colon, and what a later part wishes for
        ("signals, counted: sender and receiver", "signal-send", "count", ("comm", "target_comm")),
        ("chown by user: file name and process", "chown", "count", ("uid", "filename", "comm")),
        ("failed opens, errno breakdown", "file-open", "count", ("errno",)),
        # the kernel's own names
        ("block_rq_issue count by dev", "disk-io", "count", ("dev",)),
        ("tcp_retransmit_skb by daddr", "tcp-retransmit", "count", ("daddr",)),
        ("lock contention (contention_begin -> contention_end) latency hist, us", "lock-contention", "hist", ()),
        ("total work time per cpu (workqueue_execute_start to _end)", "workqueue", "sum", ("cpu",)),
        ("irq_handler_entry → irq_handler_exit, max per irq", "hardirq", "max", ("irq",)),
        ("softirq_exit - softirq_entry > 2 ms: cpu, vec", "softirq", "events", ("vec", "latency", "cpu")),
        # a plural per row is a number of it, also of what is usually timed
        ("tls handshakes per process", "tls-handshake", "count", ("comm",)),
        ("journal waits by process", "journal-wait", "hist", ("comm",)),
        # those whom it happens to
        ("ten tasks which are woken most often", "wakeup", "count", ("target_comm",)),
        # who it is
        ("who opens tcp connections? by cgroup", "tcp-connect", "count", ("cgroup",)),
        # a list after `with` or a colon, also of words that go with the event
        ("setresuid calls with their result per process", "set-uid", "count", ("comm", "ret")),
        ("fadvise calls: advice value and program", "file-advice", "events", ("pid", "comm", "fd", "advice", "bytes")),
        ("files under /var/lib/mysql and how often each is opened", "file-open", "count", ("filename",)),
        ("page fault addresses of firefox", "user-fault", "count", ("address",)),
        ("kworker eats a core, how long do the individual work functions run?", "workqueue", "hist", ("function",)),
        ("average service time of block requests by kind of operation", "disk-io", "avg", ("direction",)),
        # a field that is only named in passing makes no rows
        ("write-back started for reason of background: how often per second?", "writeback-run", "rate", ()),
        # rows of errors and of callers
        ("count failed opens by file and error", "file-open", "count", ("filename", "errno")),
        ("signals counted by sending comm", "signal-send", "count", ("comm",)),
        ("who is hammering the kernel with system calls", "syscall", "count", ("comm",)),
        ("programs with the number of times that each of them has opened a file", "file-open", "count", ("comm",)),
        # those whom it happens to, and those of whom the address is known
        ("which processes get interrupted by softirqs?", "softirq", "count", ("comm",)),
        ("to whom do we retransmit most", "tcp-retransmit", "count", ("daddr",)),
        # what makes another event of it
        ("tcp connects slower than 1 s", "tcp-handshake", "events", ("pid", "comm", "daddr", "dport", "latency")),
        ("average frequency of each core", "cpu-frequency", "avg", ("cpu",)),
        ("cpu seconds used by each command", "cpu-run", "sum", ("comm",)),
        ("which program spawns the most children? the worst 3", "fork", "count", ("comm",)),
        # tools of others, one line each, `name of`, who and what
        ("disk I/O size distribution by process name (bitesize)", "disk-io", "hist", ("comm",)),
        ("run queue latency as a histogram, like runqlat from bcc", "runq-latency", "hist", ()),
        ("failed execve calls, one line per failure, with the errno", "exec", "events",
         ("pid", "comm", "filename", "errno", "ret")),
        ("work queued by name of the workqueue", "work-queue", "count", ("workqueue",)),
        ("who opens what and how often", "file-open", "count", ("comm", "filename")),
        ("time in hard irq handlers, in total, broken down by irq number", "hardirq", "sum", ("irq",)),
        ("number and total size of writes per process", "write", "stats", ("comm",)),
        ("which syscalls fail most often and with which error", "syscall", "count", ("syscall", "errno")),
        # one winner, and a number in the background
        ("We run forty containers. Which cgroup does most context switches?", "context-switch", "count", ("cgroup",)),
        ("three busiest users of the bpf call in 15 seconds", "bpf-call", "count", ("comm",)),
        ("the 3 slowest fsyncs", "fsync", "max", ("comm",)),
        # one row for each event, and a place in the kernel
        ("cpu frequency changes, one row each", "cpu-frequency", "events", ("cpu", "frequency")),
        ("where in the kernel do packets die?", "packet-drop", "count", ("location",)),
        # a function is called so many times
        ("ext4_write_begin by inode, ten busiest", "ext4-write", "count", ("inode",)),
        # what is written is no request for a program
        ("write bytes by cgroup and command", "write", "sum", ("cgroup", "comm")),
        # times with rows are added up, without rows they are spread
        ("off-cpu time by process", "off-cpu", "sum", ("comm",)),
        ("how long do sleeps take", "sleep", "hist", ()),
    ],
)  # fmt: skip
def test_it_is_understood(
    question: str, event: str, shape: str, keys: tuple[str, ...], known_host: KnownHost
) -> None:
    spec = spec_of(question, known_host)
    assert (spec.event, spec.shape, spec.keys) == (event, shape, keys)


@pytest.mark.parametrize(
    ("question", "condition"),
    [
        ("all signals except SIGCHLD", "sig != sigchld"),
        ("kill -9: list the signals", "sig == 9"),
        ("opens of files that do not exist", "ret == -2"),
        ("too many open files: who hits EMFILE (24) on open", "ret == -24"),
        ("packets received on eth0", "dev == eth0"),
        ("which programs connect to 5432", "dport == 5432"),
        ("how slow is unshare when bwrap calls it", "comm == bwrap"),
        ("openat returning a negative value, per comm", "ret < 0"),
        ("who connects to 10.1.2.3?", "daddr == 10.1.2.3"),
        ("connects to 10.1.2.3:443", "dport == 443"),
        ("writes of 4096 bytes by process", "bytes == 4096"),
        ("module loads of a module named nvidia", "module == nvidia"),
        ("executables started from /dev/shm", "filename startswith /dev/shm/"),
        ("page allocations with order 3 and above by process", "order >= 3"),
        ("make is forking like mad: how many children each second?", "comm == make"),
        ("how many ptrace requests does strace make?", "comm == strace"),
        ("page cache additions while mysqldump runs (only mysqldump)", "comm == mysqldump"),
        ("wakeups per second of tasks whose name starts with kworker", "comm startswith kworker"),
        ("opened files beneath /root/.ssh: process, path", "filename startswith /root/.ssh/"),
        ("renames onto /etc/passwd", "newname == /etc/passwd"),
        ("list wait4 calls that block over five seconds", "latency > 5000000000"),
        ("disk requests that need more than a quarter of a second", "latency > 250000000"),
        ("who puts work on the workqueue events_unbound?", "workqueue == events_unbound"),
        ("frequency changes above 3 GHz by cpu", "frequency > 3000000"),
        ("poll calls that time out by program", "ret == timeout"),
    ],
)
def test_a_condition_is_taken_from_it(question: str, condition: str, known_host: KnownHost) -> None:
    spec = spec_of(question, known_host)
    assert condition in [f"{c.field} {c.op} {c.value}" for c in spec.conditions]


@pytest.mark.parametrize(
    "question",
    [
        "who uses sudo or setuid",
        "out of order packets",
        "scheduler latency for real-time tasks",
        "give me the average and the maximum time of fsync calls",
        "which tasks preempt nginx",
        "sequential vs random io",
        "bytes sent by process and socket type",
        "page cache hit rate",
        "commands run by user deploy",
        "list the opens slower than 10 ms and faster than 1 ms",  # no number is both
        "show me only successful opens that failed",
        "how many pages enter the page cache and how many go to the moon",  # two numbers, one of them unknown
        "read latency by fs",
        "what's for lunch",
        "put my laptop to sleep",
        "CPU time by command as reported by sched_stat_runtime",
        "puts and printf calls per program",  # of two functions one is unknown
        "cooling device updates: type and target level",  # a row that the event does not have
        "How many connections does each server accept?",
        "huge page allocations",
        "ioctl calls by command and device",
        "lock hold time of mutexes",  # only the wait for them is seen
        "dlopen of libssl",
        "time from queueing the bio until it is complete",  # no hook knows it
        "count reads by process and size",  # a row that is no row
        "softirqs by process",  # not its doing
        "count writes by process, file and size",
        "zombie processes created by parent",
        "who sends what to whom",
        "syscalls made by container nginx",
        "opens of files ending in .log by process",
        "which processes write to /var/log and how much",
        "page cache additions while mysqldump runs",
        "how many disks are in this server?",
        "which process had opened the file before tracing began?",
        # what would be lost
        "tiny writes by process",  # how small is not said
        "only the first read of a file",
        "readahead pages that were never used",
        "page cache hits and misses each second",
        "what gets queued on the workqueue named events? by function",
        "how many soft interrupts are handled by ksoftirqd?",
        "fsync by process and file system",
        "compaction attempts and their result",
        "how often does the kernel run out of memory for atomic allocations",
        "loop device I/O",
        "write the incident report",
        "processes using more than 10 MB/s of disk bandwidth",  # a bound on a rate
        "how long does cleanup_net run when network namespaces are torn down",  # another function
        "trace comm changes: which thread renames itself to what",
        "vfs reads against pages",
        "select, poll, epoll_wait: calls by process, one column each",
        "which process will open the most files?",
    ],
)
def test_it_is_not_guessed(question: str, known_host: KnownHost) -> None:
    assert not read_question(question, load_catalogue(), known_host).is_sure


@pytest.mark.parametrize(
    ("question", "events"),
    [
        ("queued and executed works side by side", ["workqueue", "work-queue"]),
        ("tcp traffic by process", ["tcp-send", "tcp-receive"]),  # both ways
        ("TLS traffic both ways: bytes in and out by process", ["tls-write", "tls-read"]),
        ("bytes in and out per interface", ["packet-send", "packet-receive"]),
        ("execs versus forks for each command", ["exec", "fork"]),
        ("consumed against dropped packets every second", ["packet-consumed", "packet-drop"]),
        (
            "which tasks queue delayed work and on what function",
            ["work-queue"],
        ),  # a field is no further event
    ],
)
def test_each_event_of_two_is_answered(question: str, events: list[str], known_host: KnownHost) -> None:
    spec = spec_of(question, known_host)
    assert sorted(each.event for each in (spec, *spec.others)) == sorted(events)


def test_a_call_without_an_event_of_its_own_is_counted_beside_one() -> None:
    spec = read_question("mlock and mlockall callers", load_catalogue(), None).spec
    assert spec is not None
    assert [(each.event, each.keys) for each in (spec, *spec.others)] == [
        ("mlock", ("comm",)),
        ("syscall", ("comm",)),
    ]
    assert [c.value for c in spec.others[0].conditions] == ["mlockall"]


def test_a_disk_is_compared_by_its_number(known_host: KnownHost) -> None:
    program = write_offline("disk requests on sda by process", known_host).program
    assert program is not None
    assert "args->dev == 8388608" in program


def test_an_address_is_compared_byte_by_byte(known_host: KnownHost) -> None:
    program = write_offline("who connects to 10.1.2.3?", known_host).program
    assert program is not None
    assert "args->daddr_v6[12] == 10 && args->daddr_v6[13] == 1" in program


def test_a_disk_that_is_not_there_is_said(known_host: KnownHost) -> None:
    refused = write_offline("disk requests on sdb by process", known_host).refused
    assert refused is not None
    assert "no disk called sdb" in refused.why
    assert "lsblk" in (refused.hint or "")


@pytest.mark.parametrize(
    ("question", "event", "conditions"),
    [
        (
            "forks per comm; don't count bash or sshd",
            "fork",
            [("comm", "!=", "bash"), ("comm", "!=", "sshd")],
        ),
        ("signals by number, SIGCHLD left out", "signal-send", [("sig", "!=", "sigchld")]),
        ("tcp connects to anything but port 443", "tcp-connect", [("dport", "!=", 443)]),
        ("SIGHUP to all but sshd", "signal-send", [("target_comm", "!=", "sshd"), ("sig", "==", "sighup")]),
        ("failed opens except ENOENT by process", "file-open", [("ret", "!=", -2), ("ret", "<", 0)]),
        (
            "opens of '/dev/kvm' as they happen",
            "file-open",
            [("filename", "==", "/dev/kvm"), ("ret", ">=", 0)],
        ),
        ("chmod to mode 0777", "chmod", [("mode", "==", 511), ("ret", ">=", 0)]),
        ("unshare with flags 0x10000000", "unshare", [("flags", "==", 268435456)]),
        ("direct reclaim of 10 ms and up by process", "direct-reclaim", [("latency", ">=", 10_000_000)]),
        ("tcp state SYN_SENT straight to CLOSE", "tcp-state", [("oldstate", "==", 2), ("newstate", "==", 7)]),
        ("java gets SIGKILL", "signal-send", [("target_comm", "==", "java"), ("sig", "==", "sigkill")]),
        ("real-time signals by receiver", "signal-send", [("sig", ">=", 34)]),
        (
            "work items on CPU 0 running past 5 ms",
            "workqueue",
            [("cpu", "==", 0), ("latency", ">", 5_000_000)],
        ),
    ],
)
def test_what_bounds_and_what_is_left_out_stand_in_the_spec(
    question: str, event: str, conditions: list[tuple[str, str, int | str]], known_host: KnownHost
) -> None:
    spec = spec_of(question, known_host)

    assert spec.event == event
    assert sorted((c.field, c.op, str(c.value)) for c in spec.conditions) == sorted(
        (field, op, str(value)) for field, op, value in conditions
    )


@pytest.mark.parametrize(
    ("question", "columns"),
    [
        ("ioctls that needed 2 ms or more: pid, cmd, elapsed time", {"pid", "request", "latency"}),
        ("softirqs beyond 1 ms: vec, cpu, how long", {"vec", "cpu", "latency"}),
    ],
)
def test_a_list_with_a_time_is_of_each_event(question: str, columns: set[str], known_host: KnownHost) -> None:
    spec = spec_of(question, known_host)

    assert spec.shape == "events"
    assert columns <= set(spec.keys)


@pytest.mark.parametrize(
    "question",
    [
        "unmount /mnt/backup",
        "splice vs tee per process",
        "sched switches where prev state is D",
        "first 20 opens by cron",
        "mysql queries containing SELECT",
        "kvm exits of vcpu 1 with level 7",
        "poll with timeout -1 by process",
        "tracefs opens by bpftrace",
        "list all opens by uid 0 made by users other than uid 0",
        "suspend and resume durations by device",
    ],
)
def test_no_literal_of_a_question_is_swallowed(question: str, known_host: KnownHost) -> None:
    assert not read_question(question, load_catalogue(), known_host).is_sure


@pytest.mark.parametrize(
    ("question", "unknown", "may"),
    [
        ("why does mysqld block? kernel stacks where it leaves the cpu", ("leaves",), True),
        ("files opened but not by root", ("but", "not"), False),
        ("which program sends over unix stream sockets?", ("stream",), False),
        ("files opened by dockerd", ("dockerd",), False),
        ("pages added to the page cache while mysqldump runs", ("mysqldump",), False),
        ("opened files beneath /root/.ssh", ("beneath",), False),
    ],
)
def test_a_word_is_left_out_only_where_the_rest_means_the_same(
    question: str, unknown: tuple[str, ...], may: bool, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPTTRACE_DATA", str(weights.parent))
    assert harmless(question, unknown) is may


def test_a_probe_that_two_events_share_is_not_in_a_list_as_well(known_host: KnownHost) -> None:
    catalogue = load_catalogue()
    events = [catalogue["net-receive"], catalogue["net-recvfrom"]]
    layouts = [lay_out(TraceSpec(each.id, "count"), each, each.hooks[0]) for each in events]

    program = compose(for_many(layouts))

    # bpftrace 0.17 does not load a program where a probe stands in a list and alone.
    assert "," not in program
    assert program.count("tracepoint:syscalls:sys_enter_recvfrom\n") == 2
    assert program.count("tracepoint:syscalls:sys_enter_recvmsg\n") == 1
