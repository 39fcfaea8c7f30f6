"""Without root, and for another machine's file: bpftrace's own field and type errors, from a namespace and a snapshot."""

from __future__ import annotations

import importlib.readers  # noqa: F401  (the child, who may not read where Python is, needs it)
import os
import pickle
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from gpttrace.check.compiler import Compiled, compile_findings
from gpttrace.check.compiler.rootless import true_findings
from gpttrace.host import Host
from gpttrace.language.findings import Finding
from gpttrace.process import run_tool
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace, require

NOBODY = 65534
PROGRAMS = {
    "tracepoint:sched:sched_switch { print(args->nope); }": [("unknown-field", "nope")],
    "tracepoint:syscalls:sys_enter_openat { print(str(args->filenam)); }": [("unknown-field", "filenam")],
    "BEGIN { $t = (struct task_struct *)curtask; print($t->no_field); }": [("unknown-member", "no_field")],
    'BEGIN { $x = 1; $x = "s"; }': [("type-clash", '$x = "s"')],
    "tracepoint:syscalls:sys_enter_openat { print(str(args->filename)); }": [],
    "tracepoint:nosuch:event { @ = 1; }": [("unknown-probe-name", "tracepoint:nosuch:event")],
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gpttrace-") as name:
        place = Path(name)
        place.chmod(0o777)
        yield place


@pytest.fixture(scope="module")
def host_file() -> Iterator[Path]:
    """This machine's host file, and a snapshot made of it, for anybody to read."""
    with tempfile.TemporaryDirectory(prefix="gpttrace-") as name:
        Path(name).chmod(0o777)
        path = Path(name) / "here.host"
        Host.local().save(path)
        path.chmod(0o644)
        yield path


def tool_in(folder: Path, tool: InstalledBpftrace) -> str:
    """Return a path that starts a tree's bpftrace with the mounts of the caller's namespace."""
    if tool.root == Path("/"):
        return tool.path
    script = folder / f"bpftrace-{tool.release}"
    script.write_text(
        f'#!/bin/sh\nmount --rbind /sys {tool.root}/sys && exec chroot {tool.root} bpftrace "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


def as_nobody(work: Callable[[], list[Compiled]]) -> list[Compiled]:
    """Run `work` in a child without any right and return what it returns."""
    out, told = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.chdir("/")
            with os.fdopen(told, "wb") as stream:
                pickle.dump(work(), stream)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(told)
    with os.fdopen(out, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    assert data, "the child failed"
    found: list[Compiled] = pickle.loads(data)
    return found


def checked(host: Host, tool: str, settings: Settings) -> list[Compiled]:
    async def whole() -> list[Compiled]:
        return [await compile_findings(each, host, tool=tool, settings=settings) for each in PROGRAMS]

    return anyio.run(whole)


def told(found: list[Compiled]) -> list[list[tuple[str, str]]]:
    return [
        [(each.code, program[each.start : each.end]) for each in one.findings if each.severity != "hint"]
        for program, one in zip(PROGRAMS, found, strict=True)
    ]


def namespaces() -> bool:
    return run_tool(["unshare", "-Urm", "true"]).exit == 0


@pytest.mark.kernel
def test_nobody_gets_bpftraces_own_errors_from_a_host_file(
    any_bpftrace: InstalledBpftrace, folder: Path, host_file: Path
) -> None:
    require(namespaces(), "this system lets nobody make namespaces")
    tool = tool_in(folder, any_bpftrace)
    settings = Settings(tool, folder / "state", host_file.parent / "cache")
    # Root asks first: the child may not read where Python is, so all must be imported, and the snapshot is made.
    as_root = checked(Host.load(host_file), tool, Settings(tool, folder / "s", host_file.parent / "cache"))
    found = as_nobody(lambda: checked(Host.load(host_file), tool, settings))

    assert told(found) == list(PROGRAMS.values())
    assert told(as_root) == list(PROGRAMS.values())
    assert {each.ran for each in [*found, *as_root]} == {"rootless"}


@pytest.mark.kernel
def test_nobody_gets_them_from_kernel_types_alone_and_no_false_ones(
    any_bpftrace: InstalledBpftrace, folder: Path
) -> None:
    require(namespaces(), "this system lets nobody make namespaces")
    tool = tool_in(folder, any_bpftrace)
    settings = Settings(tool, folder / "state", folder / "cache")
    found = as_nobody(lambda: checked(Host.local(settings), tool, settings))
    right = list(PROGRAMS.values())

    assert {each.ran for each in found} == {"rootless"}
    for mine, expected in zip(told(found), right, strict=True):
        assert mine in (expected, [])  # a system call's fields are in tracefs only
    assert [told(found)[index] for index in (0, 2, 3, 4)] == [right[index] for index in (0, 2, 3, 4)]
    assert all(
        each.why for each, mine, expected in zip(found, told(found), right, strict=True) if mine != expected
    )


def test_what_is_true_of_the_namespace_only_is_left_out() -> None:
    def said(message: str) -> Finding:
        return Finding(0, 1, "error", "x", message, None, "bpftrace")

    kernel = said("fentry/fexit not available for your kernel version.")
    copied = said("A call to built-in function 'memset' is not supported.")
    absent = said("tracepoint not found: a:b")
    wrong = said("Undefined map: @x")

    assert true_findings([kernel, copied, absent, wrong], probes_known=True) == (
        [absent, wrong],
        [kernel, copied],
    )
    assert true_findings([absent, wrong], probes_known=False) == ([wrong], [absent])
