"""A laboratory of kernels: virtual machines with Debian's kernels, each with its release's own bpftrace and this checkout.

`Vm(release)` boots one by software emulation and keeps it until `close()`; `run()` runs a command in it. A machine ends with the
process that started it, whatever happens to that process: its parent's death kills it, its agent ends it when the port closes,
and a hard limit ends it in any case. What `tests/kernels/make-vms` made is never written to.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kernels import ramdisk

from gpttrace.testing import trees_folder

RELEASES = ("bookworm", "trixie", "sid")
BOOT_LIMIT = 100.0
PATIENCE = 30.0  # what an answer may take beyond the time limit of its command
LIFE_LIMIT = 1500
MEMORY = "1024"
KERNEL_LINE = "console=ttyS0 panic=-1 mitigations=off no_timer_check loglevel=4"

# Our death ends `timeout`, which passes the signal on; the death of `timeout` by any other hand ends QEMU.
LEASH = (
    "setpriv", "--pdeathsig", "TERM", "timeout", "--kill-after=5", str(LIFE_LIMIT),
    "setpriv", "--pdeathsig", "KILL",
)  # fmt: skip


class LaboratoryError(Exception):
    """A machine did not come up, or went away; the message ends with the last lines of its console."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left: `exit` is negative for a signal, None when its time limit ended it."""

    argv: tuple[str, ...]
    exit: int | None
    stdout: str
    stderr: str
    seconds: float
    raw: bytes


def vms_folder() -> Path:
    """Return where the machines are kept (`GPTTRACE_VMS`, else beside the trees)."""
    return Path(os.environ.get("GPTTRACE_VMS") or trees_folder().parent / "vms")


def missing(release: str) -> str | None:
    """Say why a machine cannot be started here; None when it can."""
    if not all((vms_folder() / each / "recipe").exists() for each in (release, "qemu")):
        return f"the machine of {release} is not here: run tests/kernels/make-vms"
    return None


def emulator() -> list[str]:
    """Return the start of QEMU's command: make-vms keeps one of its own with all that it needs."""
    tree = vms_folder() / "qemu/tree"
    return [
        f"{tree}/lib64/ld-linux-x86-64.so.2", "--library-path", f"{tree}/usr/lib/x86_64-linux-gnu",
        f"{tree}/usr/bin/qemu-system-x86_64", "-L", f"{tree}/usr/share/qemu", "-L", f"{tree}/usr/share/seabios",
    ]  # fmt: skip


def qemu(machine: Path, initrd: Path, extra: Sequence[str], kernel_line: str = KERNEL_LINE) -> list[str]:
    """Return the command that boots a machine; the root disk is left as it was.

    The two processors take turns on one thread: with a thread each, kernels that patch their own text came to grief. Nehalem is
    the oldest processor that runs what wheels are built for (x86-64-v2), and what is younger is slower to emulate.
    """
    return [
        *emulator(), "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
        "-machine", "q35", "-accel", "tcg,thread=single", "-cpu", "Nehalem", "-smp", "2", "-m", MEMORY,
        "-kernel", str(machine / "vmlinuz"), "-initrd", str(initrd), "-append", kernel_line,
        "-drive", f"file={machine}/root.img,if=none,id=root,format=raw,snapshot=on",
        "-device", "virtio-blk-pci,drive=root", "-device", "virtio-serial-pci", *extra,
    ]  # fmt: skip


class Vm:
    """One running machine. Not for use by two threads at once."""

    def __init__(self, release: str) -> None:
        self.release = release
        self._folder = tempfile.TemporaryDirectory(prefix=f"gpttrace-vm-{release}-")
        self.console = Path(self._folder.name) / "console.log"
        self._port, theirs = socket.socketpair()
        with theirs:
            self._child = self._start(vms_folder() / release, theirs.fileno())
        self.pid = self._child.pid
        self._lines = self._port.makefile("rb")
        try:
            self._answer(BOOT_LIMIT)
        except LaboratoryError:
            self.close()
            raise

    def _start(self, machine: Path, port: int) -> subprocess.Popen[bytes]:
        initrd = Path(self._folder.name) / "initrd"
        initrd.write_bytes(ramdisk.pack(machine))
        extra = [
            "-serial", f"file:{self.console}", "-chardev", f"socket,id=port,fd={port}",
            "-device", "virtserialport,chardev=port,name=laboratory",
        ]  # fmt: skip
        command = [*LEASH, *qemu(machine, initrd, extra)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(port,), start_new_session=True)

    def run(
        self,
        *argv: str,
        stdin: str | bytes = b"",
        timeout: float = 60.0,
        env: Mapping[str, str] | None = None,
        cwd: str = "/root",
    ) -> Answer:
        """Run a command in the machine to its end, or for `timeout` seconds of the machine's clock."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        request = {
            "argv": argv,
            "stdin": base64.b64encode(given).decode(),
            "timeout": timeout,
            "env": dict(env or {}),
            "cwd": cwd,
        }
        try:
            self._port.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise self._gone(str(error)) from error
        said = self._answer(timeout + PATIENCE)
        out, err = base64.b64decode(said["stdout"]), base64.b64decode(said["stderr"])
        texts = out.decode(errors="replace"), err.decode(errors="replace")
        return Answer(argv, said["exit"], *texts, seconds=said["seconds"], raw=out)

    def _answer(self, limit: float) -> dict[str, Any]:
        self._port.settimeout(limit)
        try:
            line = self._lines.readline()
        except OSError as error:
            raise self._gone(f"no answer within {limit:g} s") from error
        if not line:
            raise self._gone("it ended")
        said: dict[str, Any] = json.loads(line)
        return said

    def _gone(self, why: str) -> LaboratoryError:
        log = self.console.read_text(errors="replace").splitlines()[-25:] if self.console.exists() else []
        return LaboratoryError("\n".join([f"the machine of {self.release} is lost: {why}", *log]))

    def close(self) -> None:
        """End the machine and drop what it wrote."""
        self._lines.close()
        self._port.close()
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._folder.cleanup()
