"""The scan: which functions of this kernel can be hooked, and what its BTF describes, from the files that the kernel offers.

Functions come from ftrace's own list (what kprobe and fentry accept) when it can be read; else from /proc/kallsyms (every
function in memory, also those that the kernel refuses to hook); else from BTF (which lacks some static ones). The note says
which.
"""

from __future__ import annotations

import re
from pathlib import Path

from gpttrace.errors import Unavailable
from gpttrace.host.btf import Btf, read_btf
from gpttrace.host.inventory import BTF_FOLDER, Scanned
from gpttrace.host.kinds import TRACEABLE
from gpttrace.host.names import Names
from gpttrace.host.types import INDEXES, index_types

KALLSYMS = Path("/proc/kallsyms")
FROM_BTF = "BTF"
OFFSETS = "offsets.{}"

_SYMBOL = re.compile(rb"^[0-9a-f]+ [tTwW] ([^\s]+)(?:\t\[([^\]]+)\])?$", re.MULTILINE)
_TRACEABLE_LINE = re.compile(rb"^(\S+)(?: \[([^\]]+)\])?", re.MULTILINE)
# Padding before functions, call trampolines, labels, and code that is no function of its own.
_NO_FUNCTION = re.compile(
    rb"^(__pfx_|__cfi_|__SC[TK]__|__ksymtab_|__ftrace_invalid_address_|\.L|\$)|\.cold(\.\d+)?$"
)
_NO_MODULE = (b"bpf", b"__builtin__ftrace", b"__builtin__kprobes")


def load_btf(module: str = "vmlinux", base: Btf | None = None, offsets: bytes | None = None) -> Btf:
    """Read the BTF of the running kernel or of a module (`offsets` as for `read_btf`); Unavailable when there is none."""
    try:
        data = (BTF_FOLDER / module).read_bytes()
    except OSError as error:
        raise Unavailable(
            f"this kernel does not describe its types ({BTF_FOLDER / module}: {error.strerror})",
            hint="use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as those of the distributions are",
        ) from error
    return read_btf(data, base, offsets)


def scan(tracefs: Path | None) -> Scanned:
    """Return every list of this machine: `kprobe`, `fentry`, and an index of types for each sort; and where BTF records are."""
    indexes, blobs = _scan_types()
    described = set(indexes["function"])
    note, functions = _functions(tracefs)
    if not functions:
        note, functions = (FROM_BTF, [name.encode() for name in described]) if described else ("", [])
    hooked = (line for line in functions if line.partition(b"\t")[0].decode() in described)
    lists = {
        "kprobe": (note, Names.of(functions)),
        "fentry": (note if described else "", Names.of(hooked)),
        **{f"type.{sort}": (FROM_BTF if names.count else "", names) for sort, names in indexes.items()},
    }
    return Scanned(lists, blobs)


def _scan_types() -> tuple[dict[str, Names], dict[str, bytes]]:
    lines: dict[str, list[bytes]] = {sort: [] for sort in INDEXES}
    blobs: dict[str, bytes] = {}
    kernel: Btf | None = None
    for module in ("vmlinux", *_modules()):
        try:
            own = load_btf(module, kernel)
        except Unavailable:
            if kernel is None:
                break  # no types at all; a module may be unloaded in this moment
            continue
        kernel = kernel or own
        blobs[OFFSETS.format(module)] = own.offsets.tobytes()
        for sort, found in index_types(own, module).items():
            lines[sort] += found
    return {sort: Names.of(found) for sort, found in lines.items()}, blobs


def _modules() -> list[str]:
    try:
        return sorted(path.name for path in BTF_FOLDER.iterdir() if path.name != "vmlinux")
    except OSError:
        return []


def _functions(tracefs: Path | None) -> tuple[str, list[bytes]]:
    if tracefs is not None and (found := _read(tracefs / TRACEABLE, _TRACEABLE_LINE)):
        return str(tracefs / TRACEABLE), found
    return str(KALLSYMS), _read(KALLSYMS, _SYMBOL)


def _read(path: Path, line: re.Pattern[bytes]) -> list[bytes]:
    try:
        data = path.read_bytes()
    except OSError:
        return []
    found = []
    for name, module in line.findall(data):
        if not _NO_FUNCTION.search(name) and module not in _NO_MODULE:
            found.append(name + b"\t" + module if module else name)
    return found
