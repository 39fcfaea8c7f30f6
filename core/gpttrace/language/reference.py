"""What bpftrace knows: probe kinds, builtins, functions, aggregations, config keys, types; pure data.

Facts come from bpftrace(8) of 0.17, 0.23 and 0.27, the `:variant` lines of the 0.27 standard library, its changelog, and
runs of all three. `since` is the first version that has a thing, or "" when 0.14 had it already.
"""

from __future__ import annotations

from dataclasses import dataclass

PROBE_KINDS: dict[str, str] = {
    "BEGIN": "begin", "END": "end", "begin": "begin", "end": "end",
    "kprobe": "kprobe", "k": "kprobe", "kretprobe": "kretprobe", "kr": "kretprobe",
    "uprobe": "uprobe", "u": "uprobe", "uretprobe": "uretprobe", "ur": "uretprobe",
    "usdt": "usdt", "U": "usdt", "tracepoint": "tracepoint", "t": "tracepoint",
    "rawtracepoint": "rawtracepoint", "rt": "rawtracepoint",
    "profile": "profile", "p": "profile", "interval": "interval", "i": "interval",
    "software": "software", "s": "software", "hardware": "hardware", "h": "hardware",
    "watchpoint": "watchpoint", "w": "watchpoint", "asyncwatchpoint": "asyncwatchpoint", "aw": "asyncwatchpoint",
    "fentry": "fentry", "f": "fentry", "kfunc": "fentry", "kf": "fentry",
    "fexit": "fexit", "fr": "fexit", "kretfunc": "fexit", "kfr": "fexit",
    "iter": "iter", "it": "iter", "self": "self", "test": "test", "bench": "bench", "BENCH": "bench", "TEST": "test",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Builtin:
    """A word that has a value: `pid`, `comm`. `unit` as in tables (`ns`), `words` for people."""

    name: str
    type: str
    words: str
    unit: str | None = None
    since: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function; `most` is -1 for any number of arguments. `unsafe` ones need `--unsafe`."""

    name: str
    least: int
    most: int
    returns: str
    words: str
    since: str = ""
    unsafe: bool = False


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """A setting of a `config = { … }` block; `values` lists the words it takes, if it takes words."""

    name: str
    default: str
    words: str
    values: tuple[str, ...] = ()
    since: str = ""


_BUILTINS = [
    Builtin("pid", "uint32", "process id"),
    Builtin("tid", "uint32", "thread id"),
    Builtin("uid", "uint64", "user id"),
    Builtin("gid", "uint64", "group id"),
    Builtin("comm", "string", "process name"),
    Builtin("nsecs", "uint64", "time since boot", "ns"),
    Builtin("elapsed", "uint64", "time since the trace began", "ns"),
    Builtin("cpu", "uint32", "CPU number"),
    Builtin("ncpus", "uint64", "number of CPUs", since="0.24"),
    Builtin("numaid", "uint32", "NUMA node", since="0.16"),
    Builtin("cgroup", "uint64", "cgroup id"),
    Builtin("curtask", "struct task_struct *", "current task"),
    Builtin("rand", "uint32", "random number"),
    Builtin("kstack", "kstack", "kernel stack"),
    Builtin("ustack", "ustack", "user stack"),
    Builtin("func", "string", "name of the traced function"),
    Builtin("probe", "string", "name of the probe"),
    Builtin("probetype", "string", "type of the probe", since="0.25"),
    Builtin("username", "string", "user name"),
    Builtin("retval", "unknown", "return value"),
    Builtin("args", "args", "arguments of the probe"),
    Builtin("ctx", "void *", "raw context of the probe"),
    Builtin("cpid", "uint32", "process id of the command given with -c"),
    Builtin("jiffies", "uint64", "kernel ticks", since="0.20"),
    Builtin("usermode", "uint8", "1 when the CPU was in user mode", since="0.24"),
    Builtin("ppid", "uint32", "parent's process id", since="0.24"),
    Builtin("pcomm", "string", "parent's process name", since="0.25"),
    Builtin("has_cpid", "bool", "whether a command was given", since="0.25"),
    Builtin("leader_tid", "uint32", "thread id of the process's first thread", since="0.26"),
    Builtin("leader_comm", "string", "name of the process's first thread", since="0.26"),
    *[Builtin(f"arg{i}", "uint64", f"argument {i} (from a register)") for i in range(10)],
    *[Builtin(f"sarg{i}", "uint64", f"argument {i} (from the stack)") for i in range(10)],
]
BUILTINS: dict[str, Builtin] = {builtin.name: builtin for builtin in _BUILTINS}

_FUNCTIONS = [
    Function("printf", 1, -1, "none", "print a formatted line"),
    Function("print", 1, 3, "none", "print a map or a value"),
    Function("cat", 1, -1, "none", "print a file"),
    Function("join", 1, 2, "none", "print an array of strings"),
    Function("time", 0, 1, "none", "print the time of day"),
    Function("system", 1, -1, "none", "run a shell command", unsafe=True),
    Function("exit", 0, 1, "none", "end the trace"),
    Function("errorf", 1, -1, "none", "print an error with its place", "0.24"),
    Function("warnf", 1, -1, "none", "print a warning with its place", "0.24"),
    Function("debugf", 1, -1, "none", "print to the kernel's trace pipe", "0.16", unsafe=True),
    Function("fail", 1, -1, "none", "stop the compilation", "0.24"),
    Function("clear", 1, 1, "none", "remove all keys of a map"),
    Function("zero", 1, 1, "none", "set all values of a map to zero"),
    Function("delete", 1, 2, "bool", "remove a key from a map"),
    Function("has_key", 2, 2, "bool", "whether a map has a key", "0.22"),
    Function("find", 3, 3, "bool", "get a map's value if it is there", "0.25"),
    Function("len", 1, 1, "int64", "number of frames or keys", "0.20"),
    Function("strlen", 1, 1, "uint64", "length of a string", "0.24"),
    Function("str", 1, 3, "string", "string at an address"),
    Function("buf", 1, 2, "buf", "bytes at an address"),
    Function("path", 1, 2, "string", "full path of a file"),
    Function("strftime", 2, 2, "timestamp", "time as text"),
    Function("strerror", 1, 1, "string", "name of an error number", "0.16"),
    Function("strncmp", 3, 3, "int64", "compare the first bytes of two strings"),
    Function("strcontains", 2, 2, "bool", "whether a string holds another", "0.17"),
    Function("strstr", 2, 2, "int64", "where a string holds another", "0.24"),
    Function("strcap", 1, 1, "int64", "room in a string", "0.24"),
    Function("str_concat", 2, 2, "string", "two strings as one", "0.27"),
    Function("signal_name", 1, 1, "string", "name of a signal", "0.26"),
    Function("syscall_name", 1, 1, "string", "name of a system call", "0.25"),
    Function("kstack", 0, 2, "kstack", "kernel stack"),
    Function("ustack", 0, 2, "ustack", "user stack"),
    Function("dw_ustack", 0, 2, "ustack", "user stack by DWARF", "0.26"),
    Function("ksym", 1, 1, "ksym", "kernel symbol of an address"),
    Function("usym", 1, 1, "usym", "user symbol of an address"),
    Function("kaddr", 1, 1, "uint64", "address of a kernel symbol"),
    Function("uaddr", 1, 1, "uint64", "address of a user symbol"),
    Function("percpu_kaddr", 1, 2, "uint64", "address of a per-CPU symbol", "0.22"),
    Function("kptr", 1, 1, "same", "mark as a kernel pointer"),
    Function("uptr", 1, 1, "same", "mark as a user pointer"),
    Function("reg", 1, 1, "uint64", "value of a register"),
    Function("ntop", 1, 2, "inet", "IP address as text"),
    Function("pton", 1, 1, "inet", "IP address from text", "0.16"),
    Function("macaddr", 1, 1, "mac", "MAC address as text"),
    Function("cgroupid", 1, 1, "uint64", "id of a cgroup path"),
    Function("cgroup_path", 1, 2, "string", "path of a cgroup id", "0.15"),
    Function("bswap", 1, 1, "same", "reverse the bytes of a number", "0.15"),
    Function("nsecs", 0, 1, "uint64", "time of a given clock", "0.19"),
    Function("pid", 0, 1, "uint32", "process id", "0.24"),
    Function("tid", 0, 1, "uint32", "thread id", "0.24"),
    Function("signal", 1, 1, "none", "send a signal", unsafe=True),
    Function("signal_thread", 1, 1, "none", "send a signal to the thread", "0.25", unsafe=True),
    Function("override", 1, 1, "none", "replace a function's result", unsafe=True),
    Function("write_user", 3, 3, "none", "write to a process's memory", "0.26", unsafe=True),
    Function("unwatch", 1, 1, "none", "remove a watchpoint"),
    Function("skboutput", 4, 4, "int64", "write a packet to a file", "0.15"),
    Function("socket_cookie", 1, 1, "uint64", "cookie of a socket", "0.24"),
    Function("getopt", 1, 3, "unknown", "command-line option", "0.24"),
    Function("assert", 2, 2, "none", "end the trace unless a condition holds", "0.24"),
    Function("is_err", 1, 1, "bool", "whether a pointer is an error", "0.26"),
    Function("memcmp", 3, 3, "int64", "compare bytes", "0.24"),
    Function("container_of", 3, 3, "unknown", "struct around a member", "0.27"),
    Function("config", 0, 0, "unknown", "settings of this run", "0.27"),
    Function("typeinfo", 1, 1, "unknown", "name and kind of a type", "0.24"),
]
FUNCTIONS: dict[str, Function] = {function.name: function for function in _FUNCTIONS}

_AGGREGATIONS = [
    Function("count", 0, 0, "count", "count"),
    Function("sum", 1, 1, "sum", "sum"),
    Function("avg", 1, 1, "avg", "average"),
    Function("min", 1, 1, "min", "minimum"),
    Function("max", 1, 1, "max", "maximum"),
    Function("stats", 1, 1, "stats", "count, average and total"),
    Function("hist", 1, 2, "hist", "distribution in powers of two"),
    Function("lhist", 4, 4, "lhist", "distribution in equal steps"),
    Function("tseries", 3, 4, "tseries", "values over time", "0.24"),
]
AGGREGATIONS: dict[str, Function] = {function.name: function for function in _AGGREGATIONS}

PRINTING = frozenset(
    ["printf", "print", "cat", "join", "time", "strftime", "errorf", "warnf", "debugf", "system"]
)
FORMATTING = frozenset(
    ["printf", "cat", "system", "errorf", "warnf", "debugf", "fail"]
)  # first argument is a format

_CONFIG = [
    ConfigKey(
        "cache_user_symbols", "PER_PROGRAM", "how user symbols are cached", ("PER_PID", "PER_PROGRAM", "NONE")
    ),
    ConfigKey("cpp_demangle", "true", "demangle C++ names", ("true", "false")),
    ConfigKey("lazy_symbolication", "false", "resolve user symbols when printed", ("true", "false"), "0.21"),
    ConfigKey("license", "GPL", "license of the BPF programs", since="0.24"),
    ConfigKey("log_size", "1000000", "bytes of verifier log"),
    ConfigKey("max_bpf_progs", "1024", "most BPF programs"),
    ConfigKey("max_cat_bytes", "10240", "most bytes that cat() prints"),
    ConfigKey("max_map_keys", "4096", "most keys in a map"),
    ConfigKey("max_probes", "1024", "most probes to attach"),
    ConfigKey("max_strlen", "1024", "most bytes of str(), buf() and path() (64 up to 0.22)"),
    ConfigKey("max_type_res_iterations", "0", "levels of nested fields in tracepoint arguments"),
    ConfigKey(
        "missing_probes",
        "error",
        "what to do when a probe does not attach",
        ("error", "warn", "ignore"),
        "0.21",
    ),
    ConfigKey("on_stack_limit", "32", "most bytes of one object on the BPF stack", since="0.22"),
    ConfigKey("perf_rb_pages", "64", "pages of output buffer per CPU"),
    ConfigKey("print_maps_on_exit", "true", "print all maps at the end", ("true", "false"), "0.22"),
    ConfigKey("show_debug_info", "true", "file and line in stacks", ("true", "false"), "0.24"),
    ConfigKey("stack_mode", "bpftrace", "how stacks are printed", ("bpftrace", "perf", "raw", "build_id")),
    ConfigKey("str_trunc_trailer", "..", "what ends a string that was cut"),
    ConfigKey(
        "symbol_source", "dwarf", "where uprobe symbols come from (up to 0.23)", ("dwarf", "symbol_table")
    ),
    ConfigKey("use_blazesym", "true", "resolve user symbols with blazesym", ("true", "false"), "0.23"),
    ConfigKey("unstable_dw_ustack", "warn", "allow dw_ustack()", ("enable", "warn", "error"), "0.26"),
    ConfigKey("unstable_addr", "warn", "allow `&`", ("enable", "warn", "error"), "0.24"),
    ConfigKey("unstable_import", "warn", "allow import", ("enable", "warn", "error"), "0.24"),
    ConfigKey("unstable_macro", "warn", "allow macros", ("enable", "warn", "error"), "0.24"),
    ConfigKey("unstable_map_decl", "warn", "allow map declarations", ("enable", "warn", "error"), "0.24"),
    ConfigKey("unstable_tseries", "warn", "allow tseries()", ("enable", "warn", "error"), "0.24"),
    ConfigKey("unstable_typeinfo", "error", "allow typeinfo()", ("enable", "warn", "error"), "0.24"),
]
CONFIG_KEYS: dict[str, ConfigKey] = {key.name: key for key in _CONFIG}

MAP_KIND_WORDS: dict[str, str] = {
    "hash": "one for all processors; when it is full, new keys are lost",
    "lruhash": "one for all processors; when it is full, the keys used longest ago give way",
    "percpuhash": "a value for each processor; when it is full, new keys are lost",
    "percpulruhash": "a value for each processor; when it is full, the keys used longest ago give way",
}
MAP_KINDS = tuple(MAP_KIND_WORDS)

_C_TYPES = """void bool char short int long unsigned signed const volatile size_t ssize_t pid_t uid_t gid_t mode_t
umode_t dev_t off_t loff_t sector_t uintptr_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t
u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64"""
_OWN_TYPES = """int8 int16 int32 int64 uint8 uint16 uint32 uint64 string buffer inet mac_address username timestamp
ksym_t usym_t kstack_t ustack_t count_t sum_t avg_t min_t max_t stats_t hist_t lhist_t tseries_t usym ksym"""
TYPE_NAMES = frozenset(f"{_C_TYPES} {_OWN_TYPES}".split())

# Spellings of probe types that came later: word -> (first version, the older spelling or "" when there is none).
KIND_SPELLINGS: dict[str, tuple[str, str]] = {
    "begin": ("0.24", "BEGIN"), "end": ("0.24", "END"), "fentry": ("0.20", "kfunc"), "f": ("0.20", "kfunc"),
    "fexit": ("0.20", "kretfunc"), "fr": ("0.20", "kretfunc"), "rawtracepoint": ("0.18", ""), "rt": ("0.18", ""),
    "self": ("0.22", ""), "bench": ("0.24", ""), "BENCH": ("0.24", ""), "test": ("0.25", ""), "TEST": ("0.25", ""),
}  # fmt: skip
# What each type of probe is, in a few words.
KIND_WORDS: dict[str, str] = {
    "begin": "once, before anything is traced", "end": "once, when the trace ends", "self": "when bpftrace itself gets a signal",
    "interval": "again and again, on one processor", "profile": "samples what runs, on every processor",
    "tracepoint": "a stable place in the kernel, with named fields",
    "rawtracepoint": "a tracepoint with the kernel's own objects as arguments; cheaper",
    "kprobe": "the begin of a kernel function", "kretprobe": "the return of a kernel function",
    "fentry": "the begin of a kernel function, with typed arguments",
    "fexit": "the return of a kernel function, with typed arguments and result",
    "uprobe": "the begin of a function in a program or library", "uretprobe": "the return of a function in a program or library",
    "usdt": "a place that a program's authors made for tracing",
    "software": "a count of the kernel's, sampled at every n-th event",
    "hardware": "a counter of the processor, sampled at every n-th event",
    "iter": "once through all objects of a kind", "watchpoint": "reads or writes of an address",
    "asyncwatchpoint": "reads or writes of an address, seen a little later",
    "test": "a test of bpftrace's own", "bench": "a measurement of bpftrace's own",
}  # fmt: skip
# `bpftrace -l 'software:*'` and `'hardware:*'` of 0.17 and 0.27 give the same names.
SOFTWARE_EVENTS = frozenset(
    [
        "alignment-faults",
        "bpf-output",
        "context-switches",
        "cpu-clock",
        "cpu-migrations",
        "cpu",
        "cs",
        "dummy",
        "emulation-faults",
        "faults",
        "major-faults",
        "minor-faults",
        "page-faults",
        "task-clock",
    ]
)
HARDWARE_EVENTS = frozenset(
    [
        "backend-stalls",
        "branch-instructions",
        "branch-misses",
        "branches",
        "bus-cycles",
        "cache-misses",
        "cache-references",
        "cpu-cycles",
        "cycles",
        "frontend-stalls",
        "instructions",
        "ref-cycles",
    ]
)

# Words of the 0.24-0.27 standard library that people may call, though no manual lists them as functions of a program.
INNER_FUNCTIONS = frozenset(
    [
        "is_array",
        "is_integer",
        "is_literal",
        "is_ptr",
        "is_str",
        "is_unsigned_integer",
        "kfunc_allowed",
        "kfunc_exist",
        "static_assert",
        "usdt_arg",
        "default_str_length",
        "memcmp_record",
        "offsetof",
        "sizeof",
        "typeof",
    ]
)
# Builtins that take an argument when they are called: name -> first version.
BUILTIN_ARGUMENTS = {
    "comm": "0.25",
    "ppid": "0.24",
    "pcomm": "0.25",
    "leader_tid": "0.26",
    "leader_comm": "0.26",
}
# Words that stand for a mode as an argument: function -> word -> first version.
_STACK_MODES = {"bpftrace": "", "perf": "", "raw": "0.18"}
MODES: dict[str, dict[str, str]] = {
    "kstack": _STACK_MODES,
    "ustack": {**_STACK_MODES, "build_id": "0.25"},
    "dw_ustack": {**_STACK_MODES, "build_id": "0.25"},
    "nsecs": {"monotonic": "0.19", "boot": "", "tai": "", "sw_tai": ""},
    "pid": {"curr_ns": "", "init": ""},
    "tid": {"curr_ns": "", "init": ""},
}
# Fewer arguments are taken before a version: (function, number of arguments) -> version.
ARGUMENTS_SINCE: dict[tuple[str, int], str] = {
    ("exit", 1): "0.21", ("hist", 2): "0.20", ("delete", 2): "0.22", ("str", 3): "0.24", ("path", 2): "0.22",
}  # fmt: skip
# Members of kernel structs that have another name now: (struct, older name) -> newer name.
RENAMED_MEMBERS = {
    ("cfs_rq", "nr_running"): "nr_queued",
    ("task_struct", "state"): "__state",
}
CONFIG_RENAMED = {"strlen": "max_strlen"}
# System calls that a C library of today makes seldom: name -> (what it makes instead, why).
RARE_SYSCALLS: dict[str, tuple[tuple[str, ...], str]] = {
    "open": (("openat", "openat2"), "the C library opens files with openat()"),
    "creat": (("openat", "openat2"), "the C library creates files with openat()"),
    "mount": (("move_mount", "fsmount"), "newer mount programs use move_mount()"),
}
