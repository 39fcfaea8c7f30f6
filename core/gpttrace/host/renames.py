"""Names that kernels gave up, and what does their work now; a newer name is offered only where it exists.

From the kernel's own history; the version is the first with the new name, for the reader alone: what is offered is looked up.
"""

from __future__ import annotations

import re

# Functions.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "do_fork": ("kernel_clone", "_do_fork"),  # 5.10
    "_do_fork": ("kernel_clone",),  # 5.10
    "do_execve": ("do_execveat_common", "bprm_execve"),
    "do_sys_open": ("do_sys_openat2",),  # 5.6, which the older one calls
    "sys_clone": ("__x64_sys_clone", "__arm64_sys_clone", "kernel_clone"),
    "__kmalloc": ("__kmalloc_noprof",),  # 6.10
    "kmem_cache_alloc": ("kmem_cache_alloc_noprof",),  # 6.10
    "kmem_cache_alloc_node": ("kmem_cache_alloc_node_noprof",),  # 6.10
    "__kmalloc_node": ("__kmalloc_node_noprof",),  # 6.10
    "kvmalloc_node": ("__kvmalloc_node_noprof", "kvmalloc_node_noprof"),  # 6.10
    "vmalloc": ("vmalloc_noprof",),  # 6.10
    "__vmalloc": ("__vmalloc_noprof",),  # 6.10
    "__alloc_pages": ("__alloc_pages_noprof", "__alloc_frozen_pages_noprof"),  # 6.10, 6.14
    "__alloc_pages_nodemask": (
        "__alloc_pages",
        "__alloc_pages_noprof",
        "__alloc_frozen_pages_noprof",
    ),  # 5.13
    "swap_readpage": ("swap_read_folio",),  # 6.8
    "swap_writepage": ("swap_writeout", "swap_write_folio"),
    "shrink_page_list": ("shrink_folio_list",),  # 6.0
    "mark_page_accessed": ("folio_mark_accessed",),  # 5.16
    "add_to_page_cache_lru": ("filemap_add_folio",),  # 5.16
    "account_page_dirtied": ("folio_account_dirtied",),  # 5.15
    "__do_page_cache_readahead": ("do_page_cache_ra", "page_cache_ra_unbounded"),  # 5.8
    "generic_make_request": ("submit_bio", "submit_bio_noacct"),  # 5.9
    "blk_start_request": ("blk_mq_start_request",),  # 5.0
    "finish_task_switch": ("finish_task_switch.isra.0",),
    "ttwu_do_wakeup": ("ttwu_do_activate",),  # 6.3
    "kfree_skb": ("kfree_skb_reason", "sk_skb_reason_drop"),  # 5.17, 6.11
    "kfree_skb_reason": ("sk_skb_reason_drop",),  # 6.11
    "vfs_fstatat": ("vfs_statx",),
    "vfs_stat": ("vfs_statx",),
}
# Tracepoints, by event or by `category:event`.
TRACEPOINTS: dict[str, tuple[str, ...]] = {
    "sys_enter_stat": ("syscalls:sys_enter_newstat",),
    "sys_exit_stat": ("syscalls:sys_exit_newstat",),
    "sys_enter_fstat": ("syscalls:sys_enter_newfstat",),
    "sys_exit_fstat": ("syscalls:sys_exit_newfstat",),
    "sys_enter_lstat": ("syscalls:sys_enter_newlstat",),
    "sys_exit_lstat": ("syscalls:sys_exit_newlstat",),
    "sys_enter_fstatat": ("syscalls:sys_enter_newfstatat",),
    "sys_exit_fstatat": ("syscalls:sys_exit_newfstatat",),
    "sys_enter_uname": ("syscalls:sys_enter_newuname",),
    "sys_exit_uname": ("syscalls:sys_exit_newuname",),
    "sys_enter_umount2": ("syscalls:sys_enter_umount",),
    "sys_exit_umount2": ("syscalls:sys_exit_umount",),
    "sys_enter_sendfile": ("syscalls:sys_enter_sendfile64",),
    "sys_exit_sendfile": ("syscalls:sys_exit_sendfile64",),
    "sys_enter_pread": ("syscalls:sys_enter_pread64",),
    "sys_enter_pwrite": ("syscalls:sys_enter_pwrite64",),
    "sys_enter_send": ("syscalls:sys_enter_sendto",),
    "sys_enter_recv": ("syscalls:sys_enter_recvfrom",),
    "sys_enter_prlimit": ("syscalls:sys_enter_prlimit64",),
    "tcp_set_state": ("sock:inet_sock_set_state",),  # 4.16
    "mm_vmscan_direct_reclaim": ("vmscan:mm_vmscan_direct_reclaim_begin",),
    "kmalloc_node": ("kmem:kmalloc",),  # 6.1
    "kmem_cache_alloc_node": ("kmem:kmem_cache_alloc",),  # 6.1
}
# Functions that a tracepoint stands in for, because compilers put them inside their callers.
INLINED: dict[str, tuple[str, ...]] = {
    "blk_account_io_start": ("tracepoint:block:block_io_start", "tracepoint:block:block_rq_issue"),
    "__blk_account_io_start": ("tracepoint:block:block_io_start", "tracepoint:block:block_rq_issue"),
    "blk_account_io_done": ("tracepoint:block:block_io_done", "tracepoint:block:block_rq_complete"),
    "__blk_account_io_done": ("tracepoint:block:block_io_done", "tracepoint:block:block_rq_complete"),
    "blk_account_io_completion": ("tracepoint:block:block_rq_complete",),
    "finish_task_switch": ("tracepoint:sched:sched_switch",),
    "try_to_wake_up": ("tracepoint:sched:sched_wakeup",),
}
_CALL = re.compile(r"(?:__x64_|__arm64_|__ia32_|__se_|__do_|compat_)?(?:k)?sys_(\w+)$")
_CALL_FORMS = (
    "__x64_sys_{}",
    "__arm64_sys_{}",
    "__s390x_sys_{}",
    "__se_sys_{}",
    "ksys_{}",
    "__sys_{}",
    "do_sys_{}",
)


def renamed(kind: str, name: str) -> list[str]:
    """Return the names of the same kind that a name may have now, likeliest first; none of them need exist."""
    if kind == "tracepoint":
        return list(TRACEPOINTS.get(name, ()) or TRACEPOINTS.get(name.rpartition(":")[2], ()))
    found = list(FUNCTIONS.get(name, ()))
    found += [old for old, newer in FUNCTIONS.items() if name in newer]  # a new name on an old kernel
    if (call := _CALL.fullmatch(name)) is not None:
        found += [form.format(call[1]) for form in _CALL_FORMS]
    return [each for each in dict.fromkeys(found) if each != name]


def stand_ins(name: str) -> tuple[str, ...]:
    """Return probes of other kinds that show what a function which was put inside its callers did."""
    return INLINED.get(name, ())
