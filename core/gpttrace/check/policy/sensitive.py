"""Which programs read people's data: what they type, what goes through TLS, command lines, contents of files and sockets.

Seeing that something happened is not reading it: `uprobe:libssl:SSL_read { @[comm] = count(); }` is harmless, `str(arg1)` there
is not. So the way of a pointer is followed: from the argument that holds the data, through variables and maps, to the place where
memory is read. Names of functions count in every file, since a copy of a library is called anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpttrace.check.policy.patterns import FUNCTION_KINDS, USER_KINDS, may_meet, point_fits
from gpttrace.language import Program, walk
from gpttrace.language import nodes as n


@dataclass(frozen=True, slots=True)
class Source:
    """Functions whose arguments hold people's data. `args` are the words that give it; `values` when a bare number tells too."""

    what: str
    kinds: frozenset[str]
    names: tuple[str, ...]
    args: frozenset[str]
    values: bool = False


_KERNEL = FUNCTION_KINDS | {"rawtracepoint"}
_ANY_ARGUMENT = frozenset(
    [*(f"arg{i}" for i in range(10)), *(f"sarg{i}" for i in range(10)), "retval", "args", "reg", "ctx"]
)
_BUFFER_FIELDS = frozenset(
    ["buf", "buff", "ubuf", "msg", "mmsg", "vec", "iov", "uservec", "from", "to", "iter"]
)
# fmt: off
_SYSTEM_CALLS = tuple(
    f"{arch}_sys_{name}*"
    for arch in ("__x64", "__ia32", "__ia32_compat", "__arm64", "__se", "__do")
    for name in ("read", "write", "pread", "pwrite", "send", "recv", "process_vm")
)
SOURCES = (
    Source("what people type", _KERNEL, (
        "input_event", "input_handle_event*", "input_inject_event", "kbd_event", "kbd_keycode", "evdev_event*",
        "evdev_pass_values", "n_tty_read", "n_tty_receive_*", "tty_read", "tty_write", "file_tty_write*", "pty_write",
        "tty_insert_flip_string*", "uart_insert_char", "hid_input_report", "hidinput_hid_event", "vt_do_*",
    ), _ANY_ARGUMENT, values=True),
    Source("what people type", USER_KINDS, (
        "readline*", "rl_*", "getpass*", "pam_get_authtok*", "pam_get_item", "crypt", "crypt_r", "linenoise*", "el_gets",
        "zleread", "getch", "wgetch", "getchar*",
    ), _ANY_ARGUMENT),
    Source("what goes through TLS", USER_KINDS, (
        "SSL_*", "gnutls_record_*", "PR_Read", "PR_Write", "PR_Send", "PR_Recv", "crypto/tls.*", "EVP_*",
        "mbedtls_ssl_*", "wolfSSL_*", "s2n_send", "s2n_recv", "SSLRead", "SSLWrite", "BIO_read*", "BIO_write*",
    ), _ANY_ARGUMENT),
    Source("contents of files and sockets", _KERNEL, (
        "vfs_read*", "vfs_write*", "ksys_read", "ksys_write", "ksys_pread64", "ksys_pwrite64", "kernel_read", "kernel_write",
        "new_sync_read", "new_sync_write", "sock_sendmsg*", "sock_recvmsg*", "tcp_sendmsg*", "tcp_recvmsg*", "udp_sendmsg",
        "udp_recvmsg", "unix_stream_sendmsg", "unix_stream_recvmsg", "unix_dgram_sendmsg", "unix_dgram_recvmsg",
    ), frozenset(["arg1", "sarg1"]) | _BUFFER_FIELDS),
    Source("contents of files and sockets", _KERNEL, (
        *_SYSTEM_CALLS, "copy_from_user*", "_copy_from_user", "__copy_from_user*", "raw_copy_from_user", "copy_to_user*",
        "_copy_to_user", "__copy_to_user*", "raw_copy_to_user",
    ), _ANY_ARGUMENT - {"retval"}),
    Source("contents of files and sockets", USER_KINDS, (
        "read", "write", "__read", "__write", "pread*", "pwrite*", "readv", "writev", "recv*", "send*", "fgets*", "fread*",
        "fwrite*", "fputs*", "puts", "getline", "getdelim", "memcpy", "strcpy", "strdup",
    ), _ANY_ARGUMENT),
    Source("contents of files and sockets", frozenset(["tracepoint"]), (
        "syscalls:sys_*_read*", "syscalls:sys_*_write*", "syscalls:sys_*_pread*", "syscalls:sys_*_pwrite*",
        "syscalls:sys_*_send*", "syscalls:sys_*_recv*", "syscalls:sys_*_process_vm_*",
    ), _BUFFER_FIELDS - {"from", "to"}),
    Source("arguments of any system call", frozenset(["tracepoint"]), ("raw_syscalls:sys_enter",), frozenset(["args"])),
    Source("arguments of any system call", frozenset(["rawtracepoint"]), ("sys_enter",), _ANY_ARGUMENT),
)
# fmt: on
# Reached from anywhere: the kernel keeps them in every task.
_TELLING_MEMBERS = {
    "argv": "command lines",
    "envp": "environments",
    "arg_start": "command lines",
    "env_start": "environments",
    "arg_end": "command lines",
    "env_end": "environments",
}  # fmt: skip
_READERS = frozenset(["str", "buf", "join", "memcmp", "strncmp", "strcontains", "strstr"])
_OPEN_FILES = re.compile(rb"/sys/[^%]*|/proc/(?!\d|self|thread-self|kcore|keys|kmsg)[^%]*")
_MOST_PASSES = 64  # each goes one step further along a chain of assignments that stand in reverse order


def sensitive_reads(program: Program, extra: tuple[str, ...] = ()) -> Iterator[tuple[n.Node, str]]:
    """Yield (node, what) for each place where a program reads people's data; `extra` are patterns of a policy file."""
    flow = _Flow(program)
    if not flow.settled:
        yield program.items[0], "data that goes through too many variables to be followed"
    for index, item in enumerate(program.items):
        points = item.points if isinstance(item, n.Probe) else []
        named = next((point for point in points for pattern in extra if point_fits(point, pattern)), None)
        if named is not None:
            yield named, "what the policy names as sensitive"
        yield from flow.reads(item, index)


def _sources(item: n.Item) -> list[Source]:
    points = item.points if isinstance(item, n.Probe) else []
    return [source for point in points for source in SOURCES if _names(point, source)]


def _names(point: n.AttachPoint, source: Source) -> bool:
    if point.kind not in source.kinds and not ("*" in point.kind or "?" in point.kind):
        return False
    if not point.parts:
        return False
    if point.kind in USER_KINDS and re.fullmatch(r"(0[xX])?[0-9a-fA-F]+|.*\$.*", point.parts[-1]):
        return True  # an address or a parameter can be any function
    name = ":".join(point.parts) if point.kind == "tracepoint" else point.parts[-1]
    return any(may_meet(name, pattern) for pattern in source.names)


class _Flow:
    """Which variables and maps may hold a pointer to people's data: assignments are passed over until nothing changes."""

    def __init__(self, program: Program) -> None:
        self._held: dict[str, str] = {}
        self._macros = {macro.name: macro for macro in program.macros}
        self._sources = [_sources(item) for item in program.items]
        self.settled = self._settle(program)

    def _settle(self, program: Program) -> bool:
        for _ in range(_MOST_PASSES):
            before = len(self._held)
            for index, item in enumerate(program.items):
                self._learn(item, index, self._sources[index])
            if len(self._held) == before:
                return True
        return False

    def _learn(self, item: n.Item, index: int, sources: list[Source]) -> None:
        for node in walk(item):
            target: n.Node | None = None
            value: n.Node | None = None
            if isinstance(node, n.Assign | n.Let):
                target, value = node.target, node.value
            elif isinstance(node, n.For):
                target, value = node.variable, node.over
            if target is None or value is None:
                continue
            if (what := self._holds(value, index, sources)) is not None and (key := _place(target, index)):
                self._held.setdefault(key, what)

    def reads(self, item: n.Item, index: int) -> Iterator[tuple[n.Node, str]]:
        """Yield the places of one item that read memory through such a pointer, or take a telling value as it is."""
        sources = self._sources[index]
        telling = [source for source in sources if source.values]
        for node in walk(item):
            operand = _memory_operand(node)
            if operand is None and isinstance(node, n.Call) and node.name in self._macros:
                operand = n.Tuple([arg for arg in node.args if isinstance(arg, n.Expr)])
            if isinstance(node, n.Call) and node.name == "join":
                yield node, "command lines"
            elif isinstance(node, n.Call) and node.name == "cat" and not _open_file(node):
                yield node, "files that only root may read"
            elif operand is not None and (what := self._holds(operand, index, sources)) is not None:
                yield node, what
            elif telling and isinstance(node, n.Identifier) and node.name in _ANY_ARGUMENT:
                yield node, telling[0].what

    def _holds(self, expr: n.Node, index: int, sources: list[Source]) -> str | None:
        for node in walk(expr):
            if isinstance(node, n.Member) and node.name in _TELLING_MEMBERS:
                return _TELLING_MEMBERS[node.name]
            if (key := _place(node, index)) is not None and key in self._held:
                return self._held[key]
            word = _word(node)
            for source in sources if word else ():
                if word in source.args:
                    return source.what
        return None


def _word(node: n.Node) -> str | None:
    if isinstance(node, n.Identifier | n.Call):
        return node.name
    if isinstance(node, n.Member) and isinstance(node.target, n.Identifier) and node.target.name == "args":
        return node.name
    return None


def _place(node: n.Node, index: int) -> str | None:
    if isinstance(node, n.Map):
        return node.name
    return f"{index}${node.name}" if isinstance(node, n.Variable) else None


def _memory_operand(node: n.Node) -> n.Node | None:
    """Return what is read through, when a node reads memory."""
    match node:
        case n.Call(name=name, args=args) if name in _READERS and args:
            return n.Tuple([arg for arg in args if isinstance(arg, n.Expr)])
        case n.Unary(op="*", operand=operand):
            return operand
        case n.Index(target=n.Member(name="args")):
            return None  # the array of raw_syscalls:sys_enter is part of the record
        case n.Index(target=target):
            return target
        case n.Member(target=target) if not (isinstance(target, n.Identifier) and target.name == "args"):
            return target
    return None


def _open_file(call: n.Call) -> bool:
    path = call.args[0] if call.args else None
    return (
        isinstance(path, n.String)
        and b".." not in path.value
        and _OPEN_FILES.fullmatch(path.value) is not None
    )
