"""Types as the kernel's own BTF gives them, held against what bpftrace itself says of the same kernel."""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.errors import Unavailable
from gpttrace.host import Function, Host, Member, Struct
from gpttrace.host.btf import FUNC, INT, PROTO, PTR, STRUCT, read_btf
from gpttrace.host.ctext import SHORT
from gpttrace.host.names import Names
from gpttrace.host.types import INDEXES, Types, index_types
from gpttrace.process import run_tool
from gpttrace.testing import InstalledBpftrace, installed_bpftraces, require

VMLINUX = Path("/sys/kernel/btf/vmlinux")


@pytest.fixture(scope="session")
def small(made_btf: Callable[..., Any]) -> bytes:
    """BTF of a function, a struct and an enum."""
    structs = {"file": {"f_flags": "unsigned int", "next": "struct file *"}}
    made = made_btf(structs, {}, {"u64": "unsigned long"}, {"state": {"ONE": 1}})
    made.add_function("long vfs_read(struct file *file, char *buf, u64 count)")
    data = made.build()
    assert isinstance(data, bytes)
    return data


@given(st.binary(max_size=200))
def test_what_is_no_btf_is_said(data: bytes) -> None:
    with pytest.raises(Unavailable) as caught:
        read_btf(data)

    assert "BTF" in caught.value.message


@given(st.floats(0, 0.999))
def test_btf_that_is_cut_off_is_said(small: bytes, part: float) -> None:
    with pytest.raises(Unavailable):
        read_btf(small[: int(len(small) * part)])


@given(st.binary(min_size=1, max_size=8), st.floats(0, 1))
def test_btf_with_wrong_bytes_is_said_or_read(small: bytes, wrong: bytes, place: float) -> None:
    data = bytearray(small)
    at = int((len(data) - len(wrong)) * place)
    data[at : at + len(wrong)] = wrong
    with suppress(Unavailable):
        assert read_btf(bytes(data)).offsets


def test_btf_of_the_other_byte_order_is_the_same(small: bytes) -> None:
    size = struct.unpack_from("<I", small, 12)[0]
    words = array("I", small[24 : 24 + size])
    words.byteswap()
    head = struct.pack(">HBBIIIII", 0xEB9F, 1, 0, 24, 0, size, size, len(small) - 24 - size)
    other = read_btf(head + words.tobytes() + small[24 + size :])

    assert index_types(other) == index_types(read_btf(small))


def test_the_btf_of_a_module_continues_that_of_the_kernel(small: bytes) -> None:
    kernel = read_btf(small)
    integer = next(at for at, kind, name in kernel.records() if (kind, kernel.string(name)) == (INT, "int"))
    first, text = kernel.end(), len(kernel.strings)
    strings = b"thing\0count\0thing_run\0arg\0"
    thing, count, run, arg = (
        text + strings.index(each) for each in (b"thing\0", b"count", b"thing_run", b"arg")
    )
    records = struct.pack("<6I", thing, STRUCT << 24 | 1, 4, count, integer, 0)
    records += struct.pack("<3I", 0, PTR << 24, first)
    records += struct.pack("<5I", 0, PROTO << 24 | 1, integer, arg, first + 1)
    records += struct.pack("<3I", run, FUNC << 24, first + 2)
    head = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(records), len(records), len(strings))
    known = {"vmlinux": kernel, "mod": read_btf(head + records + strings, kernel)}
    lines = [index_types(btf, name) for name, btf in known.items()]
    types = Types(known.__getitem__, {sort: Names.of(lines[0][sort] + lines[1][sort]) for sort in INDEXES})

    assert types.function("thing_run") == Function("thing_run", (("arg", "struct thing *"),), "int", "mod")
    assert types.struct("thing") == Struct("struct", "thing", 4, {"count": Member("count", "int", 0, 4)})
    assert types.function("vfs_read") is not None


def test_members_of_anonymous_structs_and_bit_fields_have_their_places(
    made_host: Callable[..., Host],
) -> None:
    host = made_host(
        structs={"outer": {"first": "u8", "words": "u32[3]", "name": "char[16]", "next": "struct outer *"}},
        unions={"either": {"number": "u64", "text": "char[8]"}},
    )
    outer, either = host.struct("outer"), host.struct("union either")

    assert outer is not None
    assert [(each.name, each.type, each.offset, each.size) for each in outer.members.values()] == [
        ("first", "u8", 0, 1),
        ("words", "u32[3]", 1, 12),
        ("name", "char[16]", 13, 16),
        ("next", "struct outer *", 29, 8),
    ]
    assert either is not None
    assert (either.kind, either.size) == ("union", 8)
    assert host.struct("struct either") is None
    assert host.struct("nothing") is None


@pytest.mark.kernel
def test_real_structs_have_what_c_reaches() -> None:
    host = Host.local()
    require(host.has_types, "this kernel has no BTF")
    skb, header = host.struct("struct sk_buff"), host.struct("iphdr")
    operations = host.struct("file_operations")

    assert skb is not None
    assert {"next", "dev", "len", "protocol"} <= set(skb.members)  # `next` and `dev` are in anonymous unions
    assert header is not None
    assert (header.members["ihl"].bits, header.members["version"].bits, header.members["tos"].bits) == (
        4,
        4,
        None,
    )
    assert (header.size, header.members["saddr"].offset) == (20, 12)
    assert operations is not None
    assert operations.members["read"].type.startswith("ssize_t (*)(struct file *, char *, size_t")
    inner = host.struct(header.members["addrs"].type)  # has no name of its own
    assert inner is not None
    assert set(inner.members) == {"saddr", "daddr"}
    assert (host.struct("atomic_t") or operations).name == "atomic_t"
    assert host.struct("struct (anonymous:999999999)") is None
    assert host.typedef("pid_t") == "__kernel_pid_t"
    assert host.constant("TCP_LISTEN") == 10
    assert host.enumerators("enum hrtimer_mode")[1] == "HRTIMER_MODE_REL"


@pytest.mark.kernel
def test_sizes_are_those_that_bpftrace_compiles_with(host_bpftrace: InstalledBpftrace) -> None:
    host = Host.local()
    require(host.has_types, "this kernel has no BTF")
    names = ("task_struct", "file", "sk_buff", "sock", "inode", "bio", "request", "mm_struct")
    program = "".join(f'printf("%d ", sizeof(struct {name}));' for name in names)
    argv = [host_bpftrace.path, "-e", f'BEGIN {{ printf("sizes "); {program} exit(); }}']
    said = run_tool(argv, timeout=30).stdout.partition(b"sizes ")[2]
    sizes = [struct.size for name in names if (struct := host.struct(name)) is not None]

    assert [int(word) for word in said.split()] == sizes


@pytest.mark.kernel
@pytest.mark.versions
def test_parameters_are_those_that_bpftrace_lists(tmp_path: Path) -> None:
    require(VMLINUX.exists(), "this kernel has no BTF")
    able = [each for each in installed_bpftraces() if _takes_functions(each)]
    require(able, "no bpftrace here takes a list of functions")
    host, newest = Host.local(), able[-1]
    names = [*host.match("fentry", "*")[::150], "vfs_read", "tcp_sendmsg", "do_sys_openat2", "copy_process"]
    listing = newest.root / "tmp" / f"functions-{tmp_path.name}"
    listing.write_text("\n".join(names), encoding="utf-8")
    try:
        argv = [newest.path, "--traceable-functions", f"/tmp/{listing.name}", "-lv", "fexit:*"]
        told = _listed(run_tool(argv, timeout=60).stdout.decode())
    finally:
        listing.unlink()

    assert len(told) > 200
    assert {name: _fields(host, name) for name in told} == told


def _takes_functions(bpftrace: InstalledBpftrace) -> bool:
    said = run_tool([bpftrace.path, "--help"])
    return b"--traceable-functions" in said.stdout + said.stderr


def _listed(text: str) -> dict[str, list[tuple[str, str]]]:
    """Return (type, name) of each field that `bpftrace -lv` prints, by function."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if line.startswith("fexit:"):
            fields = found.setdefault(line.rpartition(":")[2], [])
        elif line.startswith("    "):
            text, _, name = line.strip().rpartition(" ")
            fields.append((_plain(text), name))
    return found


def _fields(host: Host, name: str) -> list[tuple[str, str]]:
    return [(_plain(each.type), each.name) for each in (host.fields("fexit", name) or {}).values()]


def _plain(text: str) -> str:
    # bpftrace writes the compiler's spelling and leaves out `const`; what differs only so is the same type.
    for long, short in sorted(
        SHORT.items(), key=lambda pair: -len(pair[0])
    ):  # `long unsigned int` ends a longer one
        text = re.sub(rf"\b{long}\b", short, text)
    return re.sub(r"\b(const|volatile|struct|union|enum)\b|\s", "", text)
