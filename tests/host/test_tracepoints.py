"""Tracepoints: all that tracefs says, and what BTF says of the same ones where tracefs may not be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gpttrace.host import Field, Host
from gpttrace.host.categories import likely_tracepoints
from gpttrace.host.templates import tracepoint_fields, tracepoint_format
from gpttrace.host.tracefs import read_fields
from gpttrace.process import run_tool
from gpttrace.testing import InstalledBpftrace, require

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def _shape(field: Field) -> tuple[object, ...]:
    # BTF does not tell of what an array of variable length is.
    told = ("", False) if field.is_data_loc else (_words(field.type), field.is_string)
    return field.name, field.size, field.signed, field.is_data_loc, told


def _words(text: str) -> str:
    text = re.sub(r"\bunsigned\b(?! (int|long|char|short))", "unsigned int", text.replace("__seg_gs ", ""))
    return text.replace(" ", "")


@pytest.mark.kernel
def test_what_btf_says_of_a_tracepoint_is_what_tracefs_says() -> None:
    host = Host.local()
    require(host.tracefs, "tracefs is not mounted")
    require(host.has_types, "this kernel has no BTF")
    answers = {name: tracepoint_fields(host.sources.types, name) for name in sorted(host.tracepoint_names())}
    known = {name: fields for name, fields in answers.items() if fields is not None}
    other = [name for name in answers if not name.startswith("syscalls:")]

    assert len(known) > len(other) / 2
    for name, fields in known.items():
        real = [_shape(field) for field in host.tracepoint_fields(name).values()]
        assert [_shape(field) for field in fields.values()] == real, name


@pytest.mark.kernel
def test_a_format_made_of_btf_reads_as_that_of_tracefs() -> None:
    host = Host.local()
    require(host.tracefs, "tracefs is not mounted")
    require(host.has_types, "this kernel has no BTF")
    made = {name: tracepoint_format(host.sources.types, name) for name in sorted(host.tracepoint_names())}

    assert made["sched:sched_process_exec"] is not None
    assert tracepoint_format(host.sources.types, "sched:no_such_event") is None
    for name, text in made.items():
        real = {(each.name, _words(each.type), each.size) for each in host.tracepoint_fields(name).values()}
        assert (
            text is None
            or {(each.name, _words(each.type), each.size) for each in read_fields(text).values()} == real
        )


@pytest.mark.kernel
def test_fields_are_those_that_bpftrace_lists(host_bpftrace: InstalledBpftrace) -> None:
    host = Host.local()
    said = run_tool([host_bpftrace.path, "-lv", "tracepoint:*"], timeout=60).stdout.decode()
    listed: dict[str, list[str]] = {}
    for line in said.splitlines():
        if line.startswith("tracepoint:"):
            fields = listed.setdefault(line.removeprefix("tracepoint:").strip(), [])
        elif line.startswith("    "):
            fields.append(re.sub(r"\[.*\]$", "", line.strip().removesuffix(";").split(" ")[-1]).strip())
    ours = {name: list(host.fields("tracepoint", name) or {}) for name in listed}

    assert set(listed) == set(host.match("tracepoint", "*"))
    assert ours == listed


@pytest.mark.kernel
def test_names_that_are_likely_without_tracefs_are_true_here() -> None:
    host = Host.local()
    require(host.tracefs, "tracefs is not mounted")
    require(host.has_types, "this kernel has no BTF")
    likely = set(likely_tracepoints(host.sources.types))
    # Events that a test module or a tool has made are nobody's to know.
    real = {name for name in host.tracepoint_names() if not name.startswith(("bpf_test_run:", "probe"))}

    assert len(likely) > 0.9 * len(real)
    assert {name for name in likely - real if not name.startswith("syscalls:")} == set()


BLIND = """
import json
from gpttrace.host import Host
h = Host.local()
fields = h.fields("tracepoint", "sched:sched_switch")
print(json.dumps({
    "root": h.is_root, "listed": h.lists("tracepoint"), "names": len(h.tracepoint_names()),
    "found": h.search("sched_swich")[0].probe, "meant": h.similar("tracepoint", "sched:sched_swich"),
    "fields": list(fields or {}),
    "unknown": h.fields("tracepoint", "syscalls:sys_enter_openat"), "raw": h.count("rawtracepoint"),
    "read": h.function("vfs_read").returns, "size": h.struct("task_struct").size, "kprobes": h.count("kprobe") > 1000,
    "snapshot": str(h.snapshot(FOLDER, ["own:sched_switch", "syscalls:sys_enter_openat", "../evil:x"])),
    "rights": h.rights(),
}))
"""


@pytest.mark.kernel
def test_without_root_types_and_certain_fields_are_known(tmp_path: Path) -> None:
    require(os.geteuid() == 0, "becoming another user needs root")
    host = Host.local()
    require(host.has_types, "this kernel has no BTF")
    folder = tmp_path / "given"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    for parent in folder.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    env = {**os.environ, "GPTTRACE_CACHE": str(folder / "cache"), "HOME": str(folder)}
    code = BLIND.replace("FOLDER", repr(str(folder / "snapshot")))
    able = _as_nobody("import gpttrace.host, apsw", env)
    require(able.returncode == 0, "another user may not run this Python")
    child = _as_nobody(code, env)
    assert child.returncode == 0, child.stderr
    said = json.loads(child.stdout)

    assert (said["root"], said["listed"], said["names"]) == (False, False, 0)
    assert (said["found"], said["meant"]) == ("tracepoint:sched:sched_switch", ["sched:sched_switch"])
    assert said["fields"] == list(host.tracepoint_fields("sched:sched_switch"))
    assert said["unknown"] is None
    assert said["raw"] == host.count("rawtracepoint")
    assert (said["read"], said["kprobes"]) == ("ssize_t", True)
    assert said["snapshot"] == "/sys/kernel/btf/vmlinux"
    listed = (folder / "snapshot/available_events").read_text(encoding="utf-8").split()
    assert listed == ["own:sched_switch"]  # neither what BTF does not tell, nor what would leave the folder
    assert (said["rights"]["root"], said["rights"]["capabilities"], said["rights"]["sudo"]) == (
        False,
        [],
        False,
    )


def _as_nobody(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = [*NOBODY, sys.executable, "-c", code]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False, cwd="/")
