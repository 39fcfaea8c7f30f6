"""Children of the supervisor: bpftrace and the user's command, each in its own session, none left behind."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
from collections.abc import Callable

from .pipes import pipe, read_some

PR_SET_PDEATHSIG = 1
RESET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ)

LIBC = ctypes.CDLL(None)


def spawn(
    argv: list[str],
    env: dict[str, str],
    fds: tuple[int, int, int],
    *,
    death_signal: int,
    address_space: int = 0,
    gate: int = -1,
) -> int:
    """Start a process in its own session; with `gate` it waits for one byte there before exec."""
    supervisor = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in RESET:
            signal.signal(number, signal.SIG_DFL)
        LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != supervisor:
            os._exit(127)
        for target, fd in enumerate(fds):
            os.dup2(fd, target)
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold what was traced
        if gate >= 0 and os.read(gate, 1) != b"g":
            os._exit(0)
        os.execvpe(argv[0], argv, env)
    except OSError as problem:
        os.write(2, f"ERROR: cannot start {argv[0]}: {problem.strerror}\n".encode())
    finally:
        os._exit(127)


def resident(pid: int) -> int:
    """Bytes of memory that a process really uses; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def catches(pid: int, number: signal.Signals) -> bool:
    """Tell whether a process has a handler for a signal; False when it is gone.

    bpftrace gives SIGINT its default action back once it has noticed the first one (seen with 0.17.0): a second would kill it.
    """
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            caught = next(line for line in status if line.startswith(b"SigCgt:"))
    except (OSError, StopIteration):
        return False
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def open_files(pid: int) -> int:
    """How many descriptors a process holds; 0 when it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def attached_probes(pid: int) -> int:
    """How many BPF programs and perf events a process and its children hold; 0 when it is gone."""
    held = 0
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            children = file.read().split()
        for name in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            held += target in ("anon_inode:bpf-prog", "anon_inode:[perf_event]", "anon_inode:bpf_link")
    except OSError:  # it closes some meanwhile: look again later
        return 0
    return held + sum(attached_probes(int(child)) for child in children)


def signal_group(pid: int, number: int) -> None:
    """Signal the process group of a child that was not waited for yet."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # between fork and setsid it has no group yet
        os.kill(pid, number)


class Command:
    """The user's command: held before exec until the probes are attached, ended with its trace."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        self.status: int | None = None
        gate, self.gate = pipe()
        self.output, output = pipe()
        os.set_blocking(self.output, False)
        null = os.open(os.devnull, os.O_RDONLY)
        self.pid = spawn(argv, env, (null, output, output), death_signal=signal.SIGTERM, gate=gate)
        self.pidfd = os.pidfd_open(self.pid)
        for fd in (gate, output, null):
            os.close(fd)

    def release(self) -> None:
        """Let it run."""
        os.write(self.gate, b"g")
        os.close(self.gate)
        self.gate = -1

    def interests(self) -> list[int]:
        """The descriptors to wait for."""
        ended = [self.pidfd] if self.status is None else []
        return [*ended, self.output] if self.output >= 0 else ended

    def serve(self, ready: set[int], tell: Callable[[str], None]) -> bool:
        """Pass on what it printed; True when it has just ended."""
        if self.output in ready:
            chunk = read_some(self.output, 1 << 16)
            if chunk:
                tell(chunk.decode("utf-8", "backslashreplace"))
            elif chunk == b"":
                os.close(self.output)
                self.output = -1
        if self.status is None and self.pidfd in ready:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            return True
        return False

    def end(self, grace: float) -> None:
        """SIGTERM, `grace` seconds, SIGKILL: for a command that outlives its trace."""
        if self.gate >= 0:
            os.close(self.gate)
            self.gate = -1
        if self.status is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal_group(self.pid, number)
            if select.select([self.pidfd], [], [], grace)[0]:
                break
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
