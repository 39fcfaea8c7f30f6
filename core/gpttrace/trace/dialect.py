"""How one bpftrace writes its JSON and what it accepts: found by running it, never by comparing version numbers.

Three BEGIN-only programs answer every question (0.5 s); the answer is kept in the cache folder per path, size and
time of the binary and per PID namespace. A path may be a wrapper that execs bpftrace.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from gpttrace.errors import NotPermitted, Unavailable
from gpttrace.host.remembered import identity, remembered
from gpttrace.process import ToolResult, run_tool
from gpttrace.settings import Settings

_CACHE_FILE = "bpftrace-dialects-2.json"
# PROC_PID_INIT_INO of the kernel. Inside another namespace the `pid` of 0.17 is not the number that we know a
# process by.
_FIRST_PID_NAMESPACE = 0xEFFFFFFC
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "BPFTRACE_COLOR": "never"}
_SHAPE = r"""
BEGIN { @k["a \"b"] = 1; printf("\001"); unroll(17) { @h = hist(1); }
print((1, strftime("T", nsecs))); print((2, buf("Aa", 2))); exit(); }
"""
_LOOPS = r"""
BEGIN { @k["a"] = count(); print((str(0), str(0), str(0), str(0))); exit(); }
END { for ($kv : @k) { print((3, $kv.0, $kv.1)); } }
"""
_SIGNAL = r"""
config = { print_maps_on_exit = 0 }
self:signal:SIGUSR1 { print(1); }
BEGIN { print((4, 1)); exit(); }
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the decoder and the instrumentation must know of a bpftrace; the defaults are those of 0.17."""

    escapes_keys_twice: bool = False
    erases_spaces_in_keys: bool = False
    counts_turn_hex: bool = False
    buf_is_array: bool = False
    loops: bool = False
    wide_tuples: bool = False
    signal_probes: bool = False
    config: bool = False
    same_pids: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Dialect:
        """Return the dialect that `to_json` described."""
        return cls(**data)


def dialect_of(path: str | os.PathLike[str], *, cache_dir: Path | None = None) -> Dialect:
    """Return the dialect of the bpftrace at `path`; blocks up to a second the first time.

    Raises Unavailable when it does not start or does not trace, NotPermitted when that is for want of privilege.
    """
    cache = (Settings.load().cache_dir if cache_dir is None else cache_dir) / _CACHE_FILE
    try:
        key = _identity(os.fspath(path))
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be used as bpftrace: {error.strerror}", hint="install bpftrace"
        ) from error
    return Dialect.from_json(remembered(cache, key, lambda: _calibrate(os.fspath(path)).to_json()))


def _identity(path: str) -> str:
    # Pids differ per PID namespace, and a wrapper script does not change when the bpftrace behind it does: its
    # banner would have to be asked for (60 ms); the trees that we test are recreated together with their scripts.
    # What an older GPTtrace remembered has other fields.
    shape = ",".join(each.name for each in fields(Dialect))
    return f"{identity(path)}|{os.stat('/proc/self/ns/pid').st_ino}|{shape}"


def _calibrate(path: str) -> Dialect:
    shape = _run(path, _SHAPE)
    if b'"@h"' not in shape.stdout:
        raise _why(path, shape)
    loops = _run(path, _LOOPS)
    able = b'[3,"a",1]' in loops.stdout
    signals = able and b"[4,1]" in _run(path, _SIGNAL).stdout
    out = shape.stdout
    return Dialect(
        escapes_keys_twice=rb"a \\\"b" in out,
        erases_spaces_in_keys=rb'{"a\"b"' in out,
        counts_turn_hex=b'"count": 11}' in out,
        buf_is_array=b"[2,[65,97]]" in out,
        loops=able,
        wide_tuples=able,
        signal_probes=signals,
        config=signals,
        same_pids=os.stat("/proc/self/ns/pid").st_ino == _FIRST_PID_NAMESPACE,
    )


def _run(path: str, program: str) -> ToolResult:
    try:
        return run_tool([path, "-q", "-f", "json", "-"], stdin=program.encode(), timeout=20, env=_ENVIRONMENT)
    except OSError as error:
        raise Unavailable(f"{path} does not start: {error.strerror}", hint="install bpftrace") from error


def _why(path: str, run: ToolResult) -> Unavailable | NotPermitted:
    said = run.stderr.decode(errors="replace").strip().splitlines()
    detail = said[-1] if said else f"exit status {run.exit}"
    if os.geteuid() != 0:
        return NotPermitted(
            f"bpftrace may not trace as this user: {detail}", hint="run as root or through sudo"
        )
    return Unavailable(
        f"{path} cannot run a first program: {detail}", hint="gpttrace host doctor says what is missing"
    )
