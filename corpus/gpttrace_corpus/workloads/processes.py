"""Processes that begin, end, change what they are, and signal themselves."""

from __future__ import annotations

import _thread
import ctypes
import os
import resource
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gpttrace_corpus.workloads._name import own_name

_PR_SET_NAME = 15
_PTRACE_ATTACH = 16


def no_child(times: int) -> Iterator[None]:
    """Ask `times` times who the parent is; nothing begins, ends or waits."""
    yield
    for _ in range(times):
        os.getppid()
    yield


def fork_child(times: int) -> Iterator[None]:
    """Fork `times` children that end at once; each act is one fork, one exit and one wait4(2)."""
    yield
    for _ in range(times):
        if (child := os.fork()) == 0:
            os._exit(0)
        os.waitpid(child, 0)
    yield


def exec_program(times: int) -> Iterator[None]:
    """Start a program that is called as this process is, `times` times; each act is one successful execve(2)."""
    if (true := shutil.which("true")) is None:
        raise RuntimeError("there is no program `true`")
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / own_name().decode())
        Path(program).symlink_to(true)
        yield
        for _ in range(times):
            os.waitpid(os.posix_spawn(program, ["true"], {}), 0)
        yield


def spawn_nothing(times: int) -> Iterator[None]:
    """Try to start a program that does not exist, `times` times; each act is one vfork(2), whose parent waits uninterruptibly."""
    program = "/gptcanary-is-not-there"
    yield
    for _ in range(times):
        with suppress(FileNotFoundError):
            os.posix_spawn(program, ["true"], {})
    yield


def start_thread(times: int) -> Iterator[None]:
    """Start `times` threads, one after the other; each ends before the next begins."""
    tasks = Path("/proc/self/task")
    before = len(list(tasks.iterdir()))
    yield
    for _ in range(times):
        # Not threading.Thread: from Python 3.14 on it gives threads a name of their own.
        _thread.start_new_thread(_nothing, ())
        while len(os.listdir(tasks)) > before:
            time.sleep(0)
    yield


def crash_child(times: int) -> Iterator[None]:
    """Fork `times` children that kill themselves with SIGKILL, which leaves no core file."""
    yield
    for _ in range(times):
        if (child := os.fork()) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
    yield


def start_session(times: int) -> Iterator[None]:
    """Fork `times` children that make a session each."""
    yield
    for _ in range(times):
        if (child := os.fork()) == 0:
            os.setsid()
            os._exit(0)
        os.waitpid(child, 0)
    yield


def rename_self(times: int) -> Iterator[None]:
    """Set the name of the process to what it is, `times` times (whoever runs this sets it once more to end the name)."""
    prctl = ctypes.CDLL(None).prctl
    yield
    for _ in range(times):
        prctl(_PR_SET_NAME, own_name(), 0, 0, 0)
    yield


def set_own_uid(times: int) -> Iterator[None]:
    """Set the user to what it is, `times` times."""
    users = os.getresuid()
    yield
    for _ in range(times):
        os.setresuid(*users)
    yield


def read_own_uid(times: int) -> Iterator[None]:
    """Ask `times` times which user it is."""
    yield
    for _ in range(times):
        os.getresuid()
    yield


def set_own_gid(times: int) -> Iterator[None]:
    """Set the group to what it is, `times` times."""
    groups = os.getresgid()
    yield
    for _ in range(times):
        os.setresgid(*groups)
    yield


def set_nice(times: int) -> Iterator[None]:
    """Set the nice value to what it is, `times` times."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    yield
    for _ in range(times):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    yield


def get_nice(times: int) -> Iterator[None]:
    """Ask `times` times for the nice value."""
    yield
    for _ in range(times):
        os.getpriority(os.PRIO_PROCESS, 0)
    yield


def set_affinity(times: int) -> Iterator[None]:
    """Set the processors to what they are, `times` times."""
    cpus = os.sched_getaffinity(0)
    yield
    for _ in range(times):
        os.sched_setaffinity(0, cpus)
    yield


def get_affinity(times: int) -> Iterator[None]:
    """Ask `times` times for the processors."""
    yield
    for _ in range(times):
        os.sched_getaffinity(0)
    yield


def set_policy(times: int) -> Iterator[None]:
    """Set the scheduling policy to the normal one, `times` times."""
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        raise RuntimeError("this process does not have the normal scheduling policy")
    normal = os.sched_param(0)
    yield
    for _ in range(times):
        os.sched_setscheduler(0, os.SCHED_OTHER, normal)
    yield


def get_policy(times: int) -> Iterator[None]:
    """Ask `times` times for the scheduling policy."""
    yield
    for _ in range(times):
        os.sched_getscheduler(0)
    yield


def set_rlimit(times: int) -> Iterator[None]:
    """Set the limit of core files to what it is, `times` times."""
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    yield
    for _ in range(times):
        resource.setrlimit(resource.RLIMIT_CORE, limits)
    yield


def get_rlimit(times: int) -> Iterator[None]:
    """Ask `times` times for the limit of core files."""
    yield
    for _ in range(times):
        resource.getrlimit(resource.RLIMIT_CORE)
    yield


def ptrace_nobody(times: int) -> Iterator[None]:
    """Try `times` times to attach to itself, which the kernel always refuses."""
    ptrace = ctypes.CDLL(None).ptrace
    ptrace.argtypes = [ctypes.c_long] * 4
    pid = os.getpid()
    yield
    for _ in range(times):
        ptrace(_PTRACE_ATTACH, pid, 0, 0)
    yield


# ------------------------------------------------------------------------------------------------ signals


def send_signal(times: int) -> Iterator[None]:
    """Send itself SIGUSR1 `times` times, each with kill(2); a handler takes it before the next."""
    pid, before = os.getpid(), signal.signal(signal.SIGUSR1, _handler)
    yield
    for _ in range(times):
        os.kill(pid, signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def signal_own_thread(times: int) -> Iterator[None]:
    """Send its own thread SIGUSR1 `times` times, each with tgkill(2)."""
    before = signal.signal(signal.SIGUSR1, _handler)
    me = threading.get_ident()
    yield
    for _ in range(times):
        signal.pthread_kill(me, signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def check_signal(times: int) -> Iterator[None]:
    """Ask `times` times whether it may signal itself: kill(2) with signal 0 sends nothing."""
    pid = os.getpid()
    yield
    for _ in range(times):
        os.kill(pid, 0)
    yield


def ignore_signal(times: int) -> Iterator[None]:
    """Send itself SIGUSR2 `times` times while it ignores that signal."""
    pid, before = os.getpid(), signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    yield
    for _ in range(times):
        os.kill(pid, signal.SIGUSR2)
    yield
    signal.signal(signal.SIGUSR2, before)


def merge_signal(times: int) -> Iterator[None]:
    """Send itself SIGUSR1 `times` times while the first one, sent before, still waits."""
    pid = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    os.kill(pid, signal.SIGUSR1)
    yield
    for _ in range(times):
        os.kill(pid, signal.SIGUSR1)
    yield
    signal.sigtimedwait([signal.SIGUSR1], 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])


def wait_signal(times: int) -> Iterator[None]:
    """Send itself SIGUSR1 and take it with sigtimedwait(2), `times` times."""
    pid = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    yield
    for _ in range(times):
        os.kill(pid, signal.SIGUSR1)
        signal.sigtimedwait([signal.SIGUSR1], 1)
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])


def set_handler(times: int) -> Iterator[None]:
    """Install a handler for SIGUSR1 `times` times."""
    before = signal.getsignal(signal.SIGUSR1)
    yield
    for _ in range(times):
        signal.signal(signal.SIGUSR1, _handler)
    yield
    signal.signal(signal.SIGUSR1, before)


def block_signal(times: int) -> Iterator[None]:
    """Block SIGUSR1 `times` times, though once would do."""
    yield
    for _ in range(times):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])


def read_own_memory(times: int) -> Iterator[None]:
    """Read 64 bytes of its own memory as if it were another process's, `times` times."""
    libc = ctypes.CDLL(None, use_errno=True)
    source, target, pid = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64), os.getpid()
    one = ctypes.c_ulong(1)
    there = (ctypes.c_size_t * 2)(ctypes.addressof(source), 64)
    here = (ctypes.c_size_t * 2)(ctypes.addressof(target), 64)
    if libc.process_vm_readv(pid, here, one, there, one, ctypes.c_ulong(0)) != 64:
        raise RuntimeError("this kernel refuses process_vm_readv")
    yield
    for _ in range(times):
        libc.process_vm_readv(pid, here, one, there, one, ctypes.c_ulong(0))
    yield


def set_itimer(times: int) -> Iterator[None]:
    """Set the interval timer `times` times, so late that it never runs out."""
    yield
    for _ in range(times):
        signal.setitimer(signal.ITIMER_REAL, 1000)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


def get_itimer(times: int) -> Iterator[None]:
    """Ask how long the interval timer still runs `times` times."""
    yield
    for _ in range(times):
        signal.getitimer(signal.ITIMER_REAL)
    yield


def expire_itimer(times: int) -> Iterator[None]:
    """Let the interval timer run out `times` times, after a millisecond each."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    yield
    for _ in range(times):
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        signal.sigtimedwait([signal.SIGALRM], 1)
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])


def _handler(_number: int, _frame: object) -> None:
    """Take a signal."""


def _nothing() -> None:
    """Be a thread."""
