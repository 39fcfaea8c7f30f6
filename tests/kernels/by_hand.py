"""A machine of the laboratory by hand: `tests/kernels/vm RELEASE` for a shell on its console, or with a command to run in it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kernels import ramdisk
from tests.kernels.lab import KERNEL_LINE, RELEASES, Vm, missing, qemu, vms_folder

USAGE = f"usage: tests/kernels/vm {'|'.join(RELEASES)} [COMMAND...]\n"


def main(arguments: list[str]) -> int:
    """Return the exit status of what was run."""
    if not arguments or arguments[0] not in RELEASES:
        sys.stderr.write(USAGE)
        return 2
    release, *command = arguments
    if (reason := missing(release)) is not None:
        sys.stderr.write(f"vm: {reason}\n")
        return 5
    return once(release, command) if command else shell(release)


def once(release: str, command: list[str]) -> int:
    """Run one command, with our standard input unless that is a terminal."""
    machine = Vm(release)
    try:
        stdin = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
        answer = machine.run(*command, stdin=stdin, timeout=600)
    finally:
        machine.close()
    sys.stdout.buffer.write(answer.raw)
    sys.stderr.write(answer.stderr)
    return 124 if answer.exit is None else answer.exit


def shell(release: str) -> int:
    """Connect this terminal with a shell in the machine; `exit` ends it, as does ^A x."""
    with tempfile.TemporaryDirectory(prefix="gpttrace-vm-") as folder:
        initrd = Path(folder) / "initrd"
        initrd.write_bytes(ramdisk.pack(vms_folder() / release))
        console = ["-serial", "mon:stdio"]
        command = qemu(vms_folder() / release, initrd, console, f"{KERNEL_LINE} quiet lab.shell")
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
