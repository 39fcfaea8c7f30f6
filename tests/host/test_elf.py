"""Functions and static probes of real programs and libraries, and clear words about files that are none."""

from __future__ import annotations

import shutil
import struct
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.errors import UsageError
from gpttrace.host import Host
from gpttrace.host.binaries import binary_facts, demangled, loader_cache, resolve_binary
from gpttrace.host.elffile import StaticProbe, read_elf
from gpttrace.process import run_tool
from gpttrace.testing import InstalledBpftrace, require


def test_a_library_is_found_by_its_short_name_and_a_program_on_path() -> None:
    assert Path(resolve_binary("libc")).name.startswith("libc")
    assert resolve_binary("libc.so.6") == resolve_binary("libc")
    assert resolve_binary("bash") == str(Path(shutil.which("bash") or "").resolve())
    assert any(name.startswith("libc.so") for name, _ in loader_cache())


def test_libc_has_what_everyone_hooks() -> None:
    facts = binary_facts("libc")
    names = {each.name: each for each in facts.functions}

    assert {"malloc", "free", "open", "getaddrinfo"} <= set(names)
    assert names["malloc"].address > 0
    assert binary_facts("libc") is facts


@pytest.mark.kernel
def test_functions_are_those_that_bpftrace_lists(host_bpftrace: InstalledBpftrace) -> None:
    path = resolve_binary("bash")
    said = run_tool([host_bpftrace.path, "-l", f"uprobe:{path}:*"], timeout=30).stdout.decode().split()
    listed = {line.rpartition(":")[2] for line in said}

    assert len(listed) > 100
    assert {each.rpartition(":")[2] for each in Host.local().match("uprobe", f"{path}:*")} == listed


def test_globs_and_likeness_work_inside_a_file() -> None:
    host = Host.local()

    assert "libc:malloc" in host.match("uprobe", "libc:mallo*")
    assert host.match("uprobe", "libc:malloc") == ["libc:malloc"]
    assert next(iter(host.similar("uprobe", "libc:mallco"))) == "libc:malloc"
    assert host.match("uprobe", "no_such_library:*") == []
    assert not host.lists("uprobe")


@pytest.mark.parametrize("name", ["no_such_program", "/no/such/file", "/etc/passwd", "/etc"])
def test_what_cannot_be_read_is_said_with_what_to_do(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        binary_facts(name)

    assert name in caught.value.message
    assert caught.value.hint


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\x7fELF\x02\x01" + data)
        file.flush()
        with suppress(UsageError):
            assert read_elf(file.name).path == file.name


def test_static_probes_are_read_from_notes(tmp_path: Path) -> None:
    path = tmp_path / "probed"
    path.write_bytes(_elf_with_note(b"app\0request_start\0008@%rdi -4@%esi\0"))

    assert read_elf(str(path)).probes == (StaticProbe("app", "request_start", ("8@%rdi", "-4@%esi")),)
    assert read_elf(str(path)).stripped


def test_the_names_of_cpp_can_be_read() -> None:
    require(any(name.startswith("libstdc++") for name, _ in loader_cache()), "there is no C++ library")

    assert demangled("_ZN3foo3barEv") == "foo::bar()"
    assert demangled("malloc") is None


def _elf_with_note(text: bytes) -> bytes:
    note = struct.pack("<III", 8, 24 + len(text), 3) + b"stapsdt\0" + bytes(24) + text
    note += bytes(-len(note) % 4)
    names = b"\0.note.stapsdt\0.shstrtab\0"
    at_names = 64 + len(note)
    sections = at_names + len(names)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, sections, 0, 64, 0, 0, 64, 3, 2)
    table = bytes(64)
    table += struct.pack("<IIQQQQIIQQ", 1, 7, 0, 0, 64, len(note), 0, 0, 4, 0)
    table += struct.pack("<IIQQQQIIQQ", 15, 3, 0, 0, at_names, len(names), 0, 0, 1, 0)
    return header + note + names + table
