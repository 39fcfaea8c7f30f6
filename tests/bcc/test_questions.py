"""Questions in people's words -> the tool and its arguments; what must not be run is refused with a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.bcc.conftest import shell_tools
from tests.bcc.helps import HELPS, SILENT

from gpttrace.bcc.installed import Installed
from gpttrace.bcc.plan import plan_tool
from gpttrace.errors import GpttraceError, QuestionRefused, Unavailable, UsageError
from gpttrace.spec.options import Options

# `1` is a process that exists everywhere.
ANSWERED = [
    ("trace allocations and show each allocator call", "memleak --trace"),
    ("memory leaks of process 1", "memleak --pid 1"),
    ("show memory leaks of PID 1 every 10 seconds", "memleak --pid 1 10"),
    ("is PID 1 leaking memory? show addresses", "memleak --show-allocs --pid 1"),
    ("allocations not freed, older than 30 seconds", "memleak --older 30000"),
    ("outstanding allocations larger than 64 KB, top 5", "memleak --top 5 --min-size 65536"),
    ("page cache hit ratio every second", "cachestat 1"),
    ("page cache hits and misses, 5 times", "cachestat 1 5"),
    ("how long do disk requests take as a histogram?", "biolatency"),
    ("disk latency histogram per disk in milliseconds", "biolatency --disks --milliseconds"),
    ("block I/O latency for sda", "biolatency --disk sda"),
    ("each disk I/O with its latency", "biosnoop"),
    ("which processes do the most disk io? top 5", "biotop --noclear --maxrows 5"),
    ("random or sequential disk access on vda", "biopattern --disk vda"),
    ("I/O size by process", "bitesize"),
    ("scheduler run queue latency per process every 2 seconds", "runqlat --pids 2"),
    ("how long do tasks wait for a cpu, per thread", "runqlat --tids"),
    ("tasks that waited for a cpu longer than 10 ms", "runqslower 10000"),
    ("run queue length per cpu", "runqlen --cpus"),
    ("off-cpu time histogram in milliseconds", "cpudist --offcpu --milliseconds"),
    ("off-cpu time of PID 1 with user stacks only for 10 seconds", "offcputime --user-stacks-only --pid 1 10"),
    ("off-cpu flame graph for 30 seconds", "offcputime --folded 30"),
    ("cpu flame graph at 99 Hz for 10 seconds", "profile --folded --frequency 99 10"),
    ("profile cpu of PID 1, kernel stacks only", "profile --kernel-stacks-only --pid 1"),
    ("who wakes up threads, waker stacks", "wakeuptime"),
    ("tcp connections opened to port 443", "tcpconnect --port 443"),
    ("incoming tcp connections with timestamps", "tcpaccept --timestamp"),
    ("tcp sessions with duration and bytes on local port 22", "tcplife --localport 22"),
    ("tcp state changes of remote port 80", "tcpstates --remoteport 80"),
    ("tcp retransmissions", "tcpretrans"),
    ("count tcp retransmits", "tcpretrans --count"),
    ("round trip time of tcp by remote host", "tcprtt --byraddr"),
    ("how long does it take to open a tcp connection, longer than 5 ms", "tcpconnlat 5"),
    ("dropped tcp packets", "tcpdrop"),
    ("top tcp throughput every 5 seconds", "tcptop --noclear 5"),
    ("dns latency", "gethostlatency"),
    ("slow dns lookups of PID 1", "gethostlatency --pid 1"),
    ("files opened by PID 1 that failed", "opensnoop --failed --pid 1"),
    ("opened files with time stamps for 10 seconds", "opensnoop --timestamp --duration 10"),
    ("opened files of user 1000", "opensnoop --uid 1000"),
    ("files opened by process named nginx", "opensnoop --name nginx"),
    ("stat calls that failed", "statsnoop --failed"),
    ("new processes with time stamps", "execsnoop --timestamp"),
    ("processes ending with exit code, only failed", "exitsnoop --failed"),
    ("signals sent, only SIGKILL", "killsnoop --signal 9"),
    ("slow ext4 operations longer than 20 ms", "ext4slower 20"),
    ("ext4 latency histogram every 5 seconds", "ext4dist 5"),
    ("xfs latency distribution in milliseconds", "xfsdist --milliseconds"),
    ("nfs operations slower than 100 ms", "nfsslower 100"),
    ("slow file reads longer than 1 ms", "fileslower 1"),
    ("short lived files", "filelife"),
    ("deleted or renamed files", "filegone"),
    ("busiest files, top 10", "filetop --noclear --maxrows 10"),
    ("count syscalls by process, top 10", "syscount --process --top 10"),
    ("syscall latency of PID 1 in milliseconds", "syscount --latency --milliseconds --pid 1"),
    ("count syscalls that failed with ENOENT", "syscount --errno 2"),
    ("count calls of vfs_read every second", "funccount --interval 1 vfs_read"),
    ("count kernel functions tcp_*", "funccount 'tcp_*'"),
    ("latency of function do_nanosleep in microseconds", "funclatency --microseconds do_nanosleep"),
    ("latency of function malloc in libc for PID 1", "funclatency --pid 1 c:malloc"),
    ("slow function calls of vfs_fsync longer than 500 us", "funcslower --min-us 500 vfs_fsync"),
    ("stacks that call function submit_bio", "stackcount submit_bio"),
    ("trace function do_unlinkat with time stamps", "trace --timestamp do_unlinkat"),
    ("slow mysql queries longer than 100 ms", "dbslower --threshold 100 mysql"),
    ("interrupts off longer than 100 us", "criticalstat --duration 100"),
    ("hard interrupts time distribution", "hardirqs --dist"),
    ("softirq time every second 10 times", "softirqs 1 10"),
    ("kernel lock contention for 5 seconds", "klockstat --duration 5"),
    ("capability checks of PID 1 with user stacks", "capable --user-stack --pid 1"),
    ("java garbage collections of PID 1 longer than 10 ms", "javagc --minimum 10 1"),
    ("python function calls of PID 1 with latency", "pythoncalls --latency 1"),
    ("potential deadlocks in PID 1", "deadlock 1"),
    ("oom kills", "oomkill"),
    ("new processes per second", "pidpersec"),
    ("plain text of TLS connections of curl", "sslsniff --comm curl"),
    ("what do people type into bash", "bashreadline"),
    ("vfs statistics every second", "vfsstat 1"),
    ("slab allocation rate, top 3", "slabratetop --noclear --maxrows 3"),
    ("kvm exit reasons for 5 seconds", "kvmexit 5"),
    ("page cache hits by process", "cachestat"),
]  # fmt: skip

REFUSED = [
    ("the weather in Paris tomorrow", "no tool"),
    ("asdf qwer zxcv", "no tool"),
    ("", "empty"),
    ("page cache hit ratio of wombats on unicorns", "not understand|no process|only"),
    ("interrupts off longer than 1500 ns", "whole numbers of us"),
    ("tcp connections opened to port 99999", "65535"),
    ("memory leaks of nosuchprog17", "no process is named"),
    ("memory leaks of PID 4194303", "no process 4194303"),
    ("dropped tcp packets of PID 1", "one process only"),
    ("page cache hits of user 1000", "one user only"),
    ("java garbage collections", "needs pid"),
    ("count function calls", "needs pattern"),
    ("count function calls of function '*'", "too much|needs pattern"),
    ("make kmalloc fail", "C text"),
    ("runqlat every 100 ms", "whole seconds"),
    ("memory leaks larger than 7", "needs a unit"),
    ("run queue latency that failed", "failed"),
]  # fmt: skip


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    return shell_tools(tmp_path_factory.mktemp("bcc"), {**HELPS, **dict.fromkeys(SILENT, "")})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.mark.parametrize(("question", "command"), ANSWERED, ids=[each[0] for each in ANSWERED])
def test_a_question_becomes_a_tool_with_its_arguments(
    question: str, command: str, tools: dict[str, Installed], kept: Path
) -> None:
    name, _, arguments = command.partition(" ")

    assert plan_tool(question, tools, kept).command == f"{name}-bpfcc {arguments}".strip()


@pytest.mark.parametrize(("question", "why"), REFUSED, ids=[each[0] or "empty" for each in REFUSED])
def test_what_cannot_be_done_as_asked_is_refused_with_the_reason(
    question: str, why: str, tools: dict[str, Installed], kept: Path
) -> None:
    with pytest.raises(GpttraceError, match=why):
        plan_tool(question, tools, kept)


def test_a_refusal_offers_the_nearest_tools(tools: dict[str, Installed], kept: Path) -> None:
    with pytest.raises(QuestionRefused) as refused:
        plan_tool("how busy is the disk, by sector, colour and mood?", tools, kept)

    assert 1 <= len(refused.value.alternatives) <= 3
    assert all("tool -c" in each for each in refused.value.alternatives)


def test_a_tool_that_is_not_here_is_named(tools: dict[str, Installed], kept: Path) -> None:
    with pytest.raises(Unavailable, match="swapin") as missing:
        plan_tool("swap ins by process", tools, kept)

    assert missing.value.hint is not None
    assert "apt-get install bpfcc-tools" in missing.value.hint


def test_no_tool_at_all_says_how_to_install_them(kept: Path) -> None:
    with pytest.raises(Unavailable) as missing:
        plan_tool("memory leaks", {}, kept)

    assert missing.value.exit_code == 5
    assert "apt-get install bpfcc-tools" in str(missing.value.hint)


def test_a_named_tool_is_taken_whatever_the_words(tools: dict[str, Installed], kept: Path) -> None:
    plan = plan_tool("every 3 seconds", tools, kept, named="cachestat")

    assert plan.command == "cachestat-bpfcc 3"
    assert plan_tool("", tools, kept, named="cachestat-bpfcc").command == "cachestat-bpfcc"


def test_a_name_that_is_no_tool_gets_the_nearest(tools: dict[str, Installed], kept: Path) -> None:
    with pytest.raises(UsageError) as wrong:
        plan_tool("every second", tools, kept, named="cachstat")

    assert "cachestat" in str(wrong.value.hint)


def test_options_win_over_the_words(tools: dict[str, Installed], kept: Path) -> None:
    plan = plan_tool("memory leaks of PID 1", tools, kept, options=Options(pid=os.getpid(), top=7, every=4.0))

    assert plan.command == f"memleak-bpfcc --pid {os.getpid()} --top 7 4"


def test_a_tool_that_draws_a_screen_is_replaced(tools: dict[str, Installed], kept: Path) -> None:
    assert plan_tool("every second", tools, kept, named="cachetop").tool.name == "cachestat"


def test_an_unknown_tool_is_known_by_its_own_words(tmp_path: Path, kept: Path) -> None:
    text = "usage: frobsnoop [-h] [-p PID]\n\nWatch frobnication of gizmos.\n\noptions:\n  -p PID, --pid PID  only this one"
    tools = shell_tools(tmp_path / "more", {"frobsnoop": text})
    named = plan_tool("pid 1", tools, kept, named="frobsnoop")  # now its summary is kept

    assert named.command == "frobsnoop-bpfcc --pid 1"
    assert not named.in_our_data
    assert plan_tool("frobnication of gizmos", tools, kept).tool.name == "frobsnoop"
