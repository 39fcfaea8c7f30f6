"""Parameters of functions and aggregations: names and a line of words for each, and what formats may hold; pure data.

`reference.py` says how many arguments each takes and since which version; here is what they are, after bpftrace(8) and runs of
0.17, 0.23 and 0.27. A function with several forms has one row for each.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `more` says that any number may follow."""

    name: str
    words: str
    optional: bool = False
    more: bool = False


Form = tuple[Parameter, ...]


def _form(*rows: str) -> Form:
    # `name?: words` is optional, `name*: words` any number.
    found = []
    for row in rows:
        name, _, words = row.partition(": ")
        found.append(Parameter(name.rstrip("?*"), words, name[-1] in "?*", name[-1] == "*"))
    return tuple(found)


_FORMAT = "format: text with a conversion for each value: `%s`, `%d`, `%x` …"
_VALUES = "values*: what the conversions print, in their order"
_POINTER = "pointer: where it is in memory"
_NUMBER = "n: the number to take in"
_MODE = "mode?: `bpftrace`, `perf` or `raw`: how each frame is written"
_LIMIT = "limit?: how many frames at most"
_CLOCK = _form("format?: as of strftime(3): `%H:%M:%S`")

FORMS: dict[str, tuple[Form, ...]] = {
    "printf": (_form(_FORMAT, _VALUES),),
    "errorf": (_form(_FORMAT, _VALUES),),
    "warnf": (_form(_FORMAT, _VALUES),),
    "debugf": (_form(_FORMAT, _VALUES),),
    "fail": (_form(_FORMAT, _VALUES),),
    "cat": (_form("format: path of the file, with conversions", _VALUES),),
    "system": (_form("format: shell command, with conversions", _VALUES),),
    "print": (
        _form(
            "map: the map to print",
            "top?: how many entries, those with the largest values",
            "divisor?: what each value is divided by",
        ),
        _form("value: a value of any type"),
    ),
    "join": (
        _form("array: an array of strings, such as `args->argv`", "separator?: what stands between, a space"),
    ),
    "time": (_CLOCK,),
    "exit": (_form("code?: exit code of bpftrace"),),
    "clear": (_form("map: the map that loses all keys"),),
    "zero": (_form("map: the map whose values become 0"),),
    "delete": (_form("entry: the entry to remove: `@map[key]`"), _form("map: the map", "key: the key to remove")),
    "has_key": (_form("map: the map", "key: the key to look for"),),
    "find": (_form("map: the map", "key: the key to look for", "variable: takes the value when it is there"),),
    "len": (_form("what: a map or a stack"),),
    "strlen": (_form("string: the string to measure"),),
    "strcap": (_form("string: the string"),),
    "str": (_form(_POINTER, "length?: how many bytes at most", "unused?: set by the library"),),
    "buf": (_form(_POINTER, "length?: how many bytes; for an array its size"),),
    "path": (_form("path: pointer to a `struct path`", "length?: how many bytes at most"),),
    "strftime": (_form("format: as of strftime(3): `%H:%M:%S`, `%f` for microseconds", "time: a time such as `nsecs`"),),
    "strerror": (_form("errno: an error number, above 0"),),
    "strncmp": (_form("a: a string", "b: another", "length: how many bytes to compare"),),
    "strcontains": (_form("haystack: the string to look in", "needle: the string to look for"),),
    "strstr": (_form("haystack: the string to look in", "needle: the string to look for"),),
    "str_concat": (_form("a: the first string", "b: what follows it"),),
    "signal_name": (_form("signal: number of a signal"),),
    "syscall_name": (_form("number: number of a system call"),),
    "kstack": (_form(_LIMIT), _form(_MODE, _LIMIT)),
    "ustack": (_form(_LIMIT), _form(_MODE, _LIMIT)),
    "dw_ustack": (_form(_LIMIT), _form(_MODE, _LIMIT)),
    "ksym": (_form("address: an address in the kernel, such as `reg(\"ip\")`"),),
    "usym": (_form("address: an address in the process"),),
    "kaddr": (_form("symbol: name of a kernel symbol"),),
    "uaddr": (_form("symbol: name of a symbol of the traced program"),),
    "percpu_kaddr": (_form("symbol: name of a per-CPU variable", "cpu?: which CPU; the present one"),),
    "kptr": (_form("pointer: a pointer into the kernel's memory"),),
    "uptr": (_form("pointer: a pointer into the process's memory"),),
    "reg": (_form("register: its name, such as `ip`"),),
    "ntop": (
        _form("address: an IPv4 number or an array of 4 or 16 bytes"),
        _form("family: AF_INET or AF_INET6", "address: the address")),
    "pton": (_form("address: an IP address as text, in quotes"),),
    "macaddr": (_form("address: an array of 6 bytes"),),
    "cgroupid": (_form("path: folder of a cgroup, in quotes"),),
    "cgroup_path": (_form("id: id of a cgroup", "filter?: which hierarchies, as a pattern"),),
    "bswap": (_form("n: number whose bytes are turned round"),),
    "nsecs": (_form("clock?: `monotonic`, `boot`, `tai` or `sw_tai`"),),
    "pid": (_form("namespace?: `curr_ns` or `init`"),),
    "tid": (_form("namespace?: `curr_ns` or `init`"),),
    "signal": (_form("signal: name in quotes, `\"KILL\"`, or a number"),),
    "signal_thread": (_form("signal: name in quotes, `\"KILL\"`, or a number"),),
    "override": (_form("value: what the function returns instead"),),
    "write_user": (_form("pointer: where to write, in the process", "value: what to write", "length: how many bytes"),),
    "unwatch": (_form("address: address of the watchpoint"),),
    "skboutput": (_form("path: the file to write, in quotes", "skb: pointer to a `struct sk_buff`",
                         "length: how many bytes", "offset: where to begin"),),
    "socket_cookie": (_form("sock: pointer to a `struct sock`"),),
    "getopt": (_form("name: name of the option, in quotes", "default?: value when it is not given", "words?: what it is for"),),
    "assert": (_form("condition: what must hold", "message: what is said when it does not"),),
    "is_err": (_form("pointer: what a function of the kernel returned"),),
    "memcmp": (_form("a: the first", "b: the second", "length: how many bytes to compare"),),
    "container_of": (_form("pointer: pointer to the member", "type: the struct around it", "member: name of the member"),),
    "typeinfo": (_form("value: an expression or a type"),),
    "sizeof": (_form("what: a type or an expression"),),
    "offsetof": (_form("type: a struct", "member: one of its members"),),
    "count": ((),),
    "sum": (_form(_NUMBER),),
    "avg": (_form(_NUMBER),),
    "min": (_form(_NUMBER),),
    "max": (_form(_NUMBER),),
    "stats": (_form(_NUMBER),),
    "hist": (_form(_NUMBER, "bits?: 0 to 5: each power of two is cut into 2^bits steps"),),
    "lhist": (
        _form(_NUMBER, "min: where the first step begins", "max: where the last step ends", "step: how wide each step is"),
    ),
    "tseries": (
        _form(
            _NUMBER,
            "interval: how long each step is, such as `1s`",
            "steps: how many steps are kept",
            "by?: `\"avg\"`, `\"max\"`, `\"min\"` or `\"sum\"`: what a step keeps of its numbers",
        ),
    ),
}  # fmt: skip

# Conversion → what it prints, and the sorts of types it is for (`integer`, `string`, `pointer`, `buf`).
CONVERSIONS: dict[str, tuple[str, str]] = {
    "d": ("whole number", "integer"),
    "u": ("whole number without sign", "integer"),
    "s": ("text, stack, symbol or address", "string"),
    "x": ("hexadecimal", "integer"),
    "p": ("pointer", "pointer"),
    "r": ("bytes, what is no text as \\x00", "buf"),
    "c": ("character", "integer"),
    "lld": ("whole number of 64 bits", "integer"),
    "llu": ("whole number of 64 bits without sign", "integer"),
    "llx": ("hexadecimal of 64 bits", "integer"),
    "o": ("octal", "integer"),
    "X": ("hexadecimal in capitals", "integer"),
    "rx": ("bytes in hexadecimal, each with \\x", "buf"),
    "rh": ("bytes in hexadecimal", "buf"),
    "%": ("a percent sign", ""),
}
# Of strftime(3), what scripts use; `%f` is bpftrace's own.
CLOCK_CONVERSIONS: dict[str, str] = {
    "H:%M:%S": "time of day",
    "H": "hour, 00 to 23",
    "M": "minute",
    "S": "second",
    "f": "microseconds, only in strftime()",
    "F": "date, 2026-11-27",
    "T": "time of day, 13:30:05",
    "Y": "year",
    "m": "month, 01 to 12",
    "d": "day of the month",
    "j": "day of the year",
    "b": "name of the month",
    "a": "name of the day",
    "s": "seconds since 1970",
    "z": "offset from UTC",
    "%": "a percent sign",
}
SIGNAL_NAMES = (
    "TERM", "KILL", "INT", "HUP", "STOP", "CONT", "USR1", "USR2", "QUIT", "ABRT", "SEGV", "BUS", "ILL", "TRAP", "FPE", "PIPE",
    "ALRM", "CHLD", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
)  # fmt: skip
REGISTERS: dict[str, tuple[str, ...]] = {
    "x86_64": (
        "ip", "sp", "bp", "ax", "bx", "cx", "dx", "si", "di", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "flags", "cs", "ss",
    ),
    "aarch64": ("pc", "sp", "pstate", *(f"r{number}" for number in range(31))),
}  # fmt: skip
# Units behind a number: word → what it is; the number is then in nanoseconds (bpftrace 0.24).
TIME_UNITS: dict[str, str] = {
    "ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days",
}  # fmt: skip
UNITS_SINCE = "0.24"


def parameters(form: Form) -> str:
    """Return the parameters of a form as people read them: `value[, bits]`."""
    shown = ""
    for each in form:
        name = f"{each.name}…" if each.more else each.name
        comma = ", " if shown else ""
        shown += f"[{comma}{name}]" if each.optional else f"{comma}{name}"
    return shown
