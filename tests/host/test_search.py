"""Search finds what one who knows the kernel would name first, and did-you-mean what was meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.host import Host
from gpttrace.host.fuzzy import distance, slips
from gpttrace.host.names import Names
from gpttrace.host.search import Search
from gpttrace.testing import require

NAMES = {
    "tracepoint": [
        "sched:sched_switch", "sched:sched_wakeup", "sched:sched_process_exec", "tcp:tcp_retransmit_skb", "skb:kfree_skb",
        "syscalls:sys_enter_open", "syscalls:sys_exit_open", "syscalls:sys_enter_openat", "syscalls:sys_enter_newstat",
        "syscalls:sys_enter_umount", "block:block_rq_issue", "block:block_io_start", "sock:inet_sock_set_state",
    ],
    "rawtracepoint": ["sched_switch", "kfree_skb"],
    "kprobe": [
        "vfs_read", "vfs_readv", "vfs_write", "vfs_iter_read", "__vfs_read_old", "tcp_sendmsg", "tcp_retransmit_skb", "open_exec",
        "do_sys_openat2", "__x64_sys_open", "kernel_clone", "__kmalloc_noprof", "swap_read_folio", "__probestub_sched_switch",
        "vfs_read.constprop.0", "schedule_timeout", "tcp_v4_connect", "do_filp_open",
    ],
    "software": ["page-faults", "context-switches"],
    "iter": ["task", "tcp"],
}  # fmt: skip
ANSWERS = {
    "sched_switch": "tracepoint:sched:sched_switch",
    "sched:sched_switch": "tracepoint:sched:sched_switch",
    "sched_swich": "tracepoint:sched:sched_switch",
    "shced_switch": "tracepoint:sched:sched_switch",
    "schedswitch": "tracepoint:sched:sched_switch",
    "switch sched": "tracepoint:sched:sched_switch",
    "tcp retransmit": "tracepoint:tcp:tcp_retransmit_skb",
    "retransmitted tcp": "tracepoint:tcp:tcp_retransmit_skb",
    "kprobe:tcp_retr*": "kprobe:tcp_retransmit_skb",
    "open": "tracepoint:syscalls:sys_enter_open",
    "openat": "tracepoint:syscalls:sys_enter_openat",
    "vfs_read": "kprobe:vfs_read",
    "vfs_raed": "kprobe:vfs_read",
    "VFS_READ": "kprobe:vfs_read",
    "read vfs": "kprobe:vfs_read",
    "v4 conn": "kprobe:tcp_v4_connect",
    "filp open": "kprobe:do_filp_open",
    "page fault": "software:page-faults",
    "pagefaults": "software:page-faults",
    "block issue": "tracepoint:block:block_rq_issue",
    "*retransmit*": "tracepoint:tcp:tcp_retransmit_skb",
    "sched_s?itch": "tracepoint:sched:sched_switch",
    "tcp_sendmgs": "kprobe:tcp_sendmsg",
    "scheduling timeout": "kprobe:schedule_timeout",
}


@pytest.fixture(scope="module")
def search() -> Search:
    lists = {kind: Names.of(name.encode() for name in names) for kind, names in NAMES.items()}
    return Search(lambda kind: lists.get(kind, Names()))


@pytest.mark.parametrize(("query", "first"), ANSWERS.items())
def test_the_first_answer_is_what_was_meant(search: Search, query: str, first: str) -> None:
    found = search.find(query)

    assert found[0].probe == first
    assert [each.probe for each in search.find(query, limit=1)] == [first]


def test_scores_order_the_ways_to_fit(search: Search) -> None:
    exact, prefix = search.find("kfree_skb")[0], search.find("vfs_rea")[0]
    typo = search.find("sched_swich")[0]

    assert exact.score > 0.99
    assert exact.score > prefix.score > typo.score > 0


def test_the_compilers_and_the_tracepoints_own_functions_come_last(search: Search) -> None:
    found = [each.probe for each in search.find("vfs_read", ["kprobe"])]

    assert found.index("kprobe:vfs_iter_read") < found.index("kprobe:__vfs_read_old")
    assert found[:3] == ["kprobe:vfs_read", "kprobe:vfs_readv", "kprobe:vfs_read.constprop.0"]
    assert search.find("sched_switch")[-1].probe == "kprobe:__probestub_sched_switch"


def test_kinds_and_limit_are_kept_to(search: Search) -> None:
    assert {each.probe.partition(":")[0] for each in search.find("tcp", ["iter"])} == {"iter"}
    assert [each.probe for each in search.find("vfs_read", ["fentry"])] == []
    assert len(search.find("s", limit=2)) == 2
    assert search.find("") == search.find("  ") == search.find("::") == []


@given(st.text(max_size=20))
def test_no_query_breaks_the_search(query: str) -> None:
    lists = {kind: Names.of(name.encode() for name in names) for kind, names in NAMES.items()}
    for found in Search(lambda kind: lists.get(kind, Names())).find(query, limit=5):
        assert 0 <= found.score <= 1


@given(st.text("abc", min_size=3, max_size=6))
def test_every_single_slip_is_at_distance_one(word: str) -> None:
    assert {distance(word, each, 2) for each in set(slips(word)) - {word}} == {1}


def test_distances_are_those_of_optimal_string_alignment() -> None:
    assert [
        distance(*pair, 2) for pair in (("abc", "abc"), ("abc", "acb"), ("abc", "cab"), ("abcd", "badc"))
    ] == [0, 1, 2, 2]
    assert distance("kernel", "colonel", 2) == 3


SIMILAR = [
    ("tracepoint", "sched:sched_swich", "sched:sched_switch"),
    ("tracepoint", "sched_switch", "sched:sched_switch"),
    ("tracepoint", "scheduler:sched_switch", "sched:sched_switch"),
    ("tracepoint", "sched:switch_sched", "sched:sched_switch"),
    ("tracepoint", "syscalls:open", "syscalls:sys_enter_open"),
    ("tracepoint", "syscalls:sys_enter_stat", "syscalls:sys_enter_newstat"),
    ("tracepoint", "syscalls:sys_enter_umount2", "syscalls:sys_enter_umount"),
    ("tracepoint", "tcp:tcp_set_state", "sock:inet_sock_set_state"),
    ("kprobe", "vfs_raedd", "vfs_read"),
    ("kprobe", "do_fork", "kernel_clone"),
    ("kprobe", "_do_fork", "kernel_clone"),
    ("kprobe", "__kmalloc", "__kmalloc_noprof"),
    ("kprobe", "swap_readpage", "swap_read_folio"),
    ("kprobe", "sys_open", "__x64_sys_open"),
    ("kretprobe", "sendmsg_tcp", "tcp_sendmsg"),
    ("fentry", "vmlinux:vfs_raed", "vmlinux:vfs_read"),
    ("kfunc", "vfs_reed", "vfs_read"),
]


@pytest.fixture
def typo_host(made_host: Callable[..., Host]) -> Host:
    """A made host with the names of this file."""
    return made_host(
        tracepoints={name: {"x": "int"} for name in NAMES["tracepoint"]},
        functions=[f"int {name}(void)" for name in NAMES["kprobe"] if "." not in name],
        enums={"tcp": {"TCP_ESTABLISHED": 1, "TCP_LISTEN": 10}},
    )


def test_did_you_mean(typo_host: Host) -> None:
    answers = [(kind, name, next(iter(typo_host.similar(kind, name)), None)) for kind, name, _ in SIMILAR]

    assert answers == SIMILAR


def test_what_took_the_place_of_a_function_that_is_gone(typo_host: Host) -> None:
    assert typo_host.instead("blk_account_io_start") == [
        "tracepoint:block:block_io_start",
        "tracepoint:block:block_rq_issue",
    ]
    assert typo_host.instead("blk_account_io_done") == []  # its tracepoints are not on this host


def test_what_is_like_nothing_has_no_likeness(typo_host: Host) -> None:
    assert typo_host.similar("kprobe", "zzqqxxww") == []
    assert typo_host.similar("tracepoint", "nothing:at_all") == []
    assert typo_host.similar("kprobe", "") == []
    assert typo_host.similar("kprobe", "vfs_read_", 0) == []
    assert list(typo_host.similar_constant("TCP_LISTN")) == ["TCP_LISTEN"]
    assert list(typo_host.similar_constant("tcp_established")) == ["TCP_ESTABLISHED"]


@pytest.mark.kernel
def test_on_this_kernel_the_search_knows_its_way() -> None:
    host = Host.local()
    require(host.tracefs, "tracefs is not mounted")
    firsts = {
        query: host.search(query)[0].probe
        for query in ("sched_swich", "openat", "tcp retransmit", "vfs_read")
    }

    assert firsts == {
        "sched_swich": "tracepoint:sched:sched_switch",
        "openat": "tracepoint:syscalls:sys_enter_openat",
        "tcp retransmit": "tracepoint:tcp:tcp_retransmit_skb",
        "vfs_read": "kprobe:vfs_read",
    }
