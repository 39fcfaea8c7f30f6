"""What bpftrace knows: probe kinds and their short names (more below as it is needed)."""

from __future__ import annotations

PROBE_KINDS: dict[str, str] = {
    "BEGIN": "begin",
    "END": "end",
    "begin": "begin",
    "end": "end",
    "kprobe": "kprobe",
    "k": "kprobe",
    "kretprobe": "kretprobe",
    "kr": "kretprobe",
    "uprobe": "uprobe",
    "u": "uprobe",
    "uretprobe": "uretprobe",
    "ur": "uretprobe",
    "usdt": "usdt",
    "U": "usdt",
    "tracepoint": "tracepoint",
    "t": "tracepoint",
    "rawtracepoint": "rawtracepoint",
    "rt": "rawtracepoint",
    "profile": "profile",
    "p": "profile",
    "interval": "interval",
    "i": "interval",
    "software": "software",
    "s": "software",
    "hardware": "hardware",
    "h": "hardware",
    "watchpoint": "watchpoint",
    "w": "watchpoint",
    "asyncwatchpoint": "asyncwatchpoint",
    "aw": "asyncwatchpoint",
    "fentry": "fentry",
    "f": "fentry",
    "kfunc": "fentry",
    "fexit": "fexit",
    "fr": "fexit",
    "kretfunc": "fexit",
    "kf": "fentry",
    "kfr": "fexit",
    "iter": "iter",
    "it": "iter",
    "self": "self",
    "test": "test",
    "bench": "bench",
}

TYPE_NAMES = frozenset(
    """void bool char short int long unsigned signed const volatile size_t ssize_t
    int8 int16 int32 int64 uint8 uint16 uint32 uint64 int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t
    u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64 pid_t uid_t gid_t mode_t dev_t off_t
    loff_t umode_t sector_t dma_addr_t uintptr_t string buffer inet mac_address usym_t ksym_t usym ksym kstack_t ustack_t
    kstack ustack timestamp username cgroup_path_t strerror_t macaddr_t
    count_t sum_t avg_t min_t max_t stats_t hist_t lhist_t tseries_t
    min_t max_t none""".split()
)
BUILTINS = frozenset(
    """pid tid uid gid nsecs elapsed numaid cpu ncpus comm kstack ustack arg0 arg1 arg2 arg3 arg4 arg5 arg6 arg7 arg8 arg9
    sarg0 sarg1 sarg2 sarg3 sarg4 sarg5 sarg6 sarg7 sarg8 sarg9 retval func probe probetype username curtask rand cgroup
    ctx cpid args jiffies usermode ppid pcomm""".split()
)
