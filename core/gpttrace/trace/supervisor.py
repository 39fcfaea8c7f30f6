"""The program that owns one bpftrace: it starts it, limits it, and always stops it gracefully.

A stand-alone script (standard library only, run with `python -I -S`), so that it alone can be elevated.
stdin: one JSON header line, then commands (`stop CAUSE`, `snapshot`, `kill`), one per line; its end means that the
parent is gone and stops the trace. stdout: what bpftrace prints, unchanged. stderr: events, one JSON object per line.
Everything also goes into the spool folder, so that a trace whose parent was killed keeps its data.
It never waits for the parent: commands, deadlines and signals are served while pipes are full.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import sys
import time
from collections import deque
from typing import Any, NoReturn

READ = 1 << 20
PIPE_SIZE = 1 << 20
PACE = 0.01  # seconds between two reads: bpftrace makes one write(2) per line, waking for each costs more than reading
BACKLOG = 8 << 20  # bytes kept for a slow parent before bpftrace itself is made to wait
BACKLOG_STOPPING = 64 << 20  # while stopping bpftrace never waits; beyond this the oldest output is dropped
STDERR_LIMIT = 1 << 20
SPOOL_SLACK = 64 << 20  # the maps come after the limit was reached and must still find room
ATTACH_PATIENCE = 5.0  # 0.23 exits 255 without maps on SIGINT while attaching, 0.17 attaches on: wait for ready
DETACH_PER_PROBE = 0.15  # measured 0.075-0.085 s for a tracepoint, and the maps come after it
DETACH_PROGRESS = 2.0  # output that still arrives buys this much more time …
DETACH_MOST = 4.0  # … up to this multiple of the first grace
FLUSH_PATIENCE = 15.0
MEMORY_PERIOD = 0.25
ADDRESS_SLACK = 4 << 30  # address space beyond resident memory: libLLVM, perf buffers
NOTICE = b"__BPFTRACE_NOTIFY_PROBES_ATTACHED"
PR_SET_PDEATHSIG = 1

LIBC = ctypes.CDLL(None)


class Outlet:
    """A pipe to the parent that is never waited for: what it does not take yet is kept."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.kept: deque[memoryview] = deque()
        self.size = 0
        self.open = True

    def put(self, data: bytes) -> None:
        """Send `data`, now or later; nothing happens when the reader is gone."""
        if self.open and data:
            self.kept.append(memoryview(data))
            self.size += len(data)
            self.flush()

    def flush(self) -> None:
        """Write as much as the pipe takes."""
        while self.kept and self.open:
            head = self.kept[0]
            try:
                written = os.write(self.fd, head)
            except BlockingIOError:
                return
            except OSError:
                self.close()
                return
            self.size -= written
            if written == len(head):
                self.kept.popleft()
            else:
                self.kept[0] = head[written:]

    def drop_to(self, limit: int) -> int:
        """Forget the oldest output until at most `limit` bytes are kept; return how many were dropped."""
        before = self.size
        while self.size > limit and len(self.kept) > 1:
            self.size -= len(self.kept.popleft())
        if dropped := before - self.size:
            self.kept.appendleft(memoryview(b"\n"))
            self.size += 1
        return dropped

    def close(self) -> None:
        """The reader is gone."""
        self.open, self.size = False, 0
        self.kept.clear()


class Spool:
    """The copy of output and events on disk; it gives up at its limit or on the first error, never raises."""

    def __init__(self, folder: str | None, limit: int) -> None:
        self.output = self.events = -1
        self.left = limit
        self.error: str | None = None
        try:
            if folder:
                self.output = open_private(folder + "/output")
                self.events = open_private(folder + "/events")
                fcntl.flock(self.output, fcntl.LOCK_EX | fcntl.LOCK_NB)  # says "still running" to recover()
        except OSError as problem:
            self.fail(problem)

    def write(self, fd: int, data: bytes) -> None:
        """Append to `output` or `events`; after an error this does nothing."""
        if fd < 0 or self.error:
            return
        data = data[: self.left]
        try:
            while data:
                written = os.write(fd, data)
                self.left -= written
                data = data[written:]
        except OSError as problem:
            self.fail(problem)

    def fail(self, problem: OSError) -> None:
        """Remember why there is no further copy."""
        self.error = problem.strerror or str(problem)


def open_private(path: str) -> int:
    """Open a new file that only its owner can read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)


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
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != supervisor:
            os._exit(127)
        for target, fd in enumerate(fds):
            os.dup2(fd, target)
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
        if gate >= 0 and os.read(gate, 1) != b"g":
            os._exit(0)
        os.execvpe(argv[0], argv, env)
    except OSError as problem:
        os.write(2, f"ERROR: cannot start {argv[0]}: {problem.strerror}\n".encode())
    finally:
        os._exit(127)


class Supervisor:
    """One bpftrace from its start to its end."""

    def __init__(self, header: dict[str, Any]) -> None:
        self.header = header
        self.limits = header["limits"]
        self.commands = b""
        self.commands_open = True
        self.data, self.control = Outlet(1), Outlet(2)
        self.spool = Spool(header["spool"], self.limits["output_bytes"] + SPOOL_SLACK)
        self.spool_warned = False
        self.marker = header["ready"].encode() if header["ready"] else NOTICE
        self.head = b""  # what was read before ready, to find the marker across chunks
        self.phase = "attaching"
        self.cause: str | None = None
        self.forced = False
        self.probes = 0
        self.received = self.dropped = self.stderr_size = 0
        self.started = time.monotonic()
        self.stop_at: float | None = self.started + self.limits["attach_seconds"]
        self.kill_at: float | None = None
        self.kill_last = 0.0
        self.read_at = self.memory_at = 0.0
        self.ended: dict[str, Any] = {}
        self.command_pid = self.gate = -1
        self.command_status: int | None = None

    # --- start

    def start(self) -> None:
        """Start the command (held before exec) and bpftrace, and give bpftrace its program."""
        self.wake = self.signals()
        self.output, output = pipe(PIPE_SIZE)
        self.errors, errors = pipe()
        program, program_in = pipe(PIPE_SIZE)
        null = os.open(os.devnull, os.O_RDWR)
        self.command_output = -1
        if self.header["command"]:
            self.start_command(null)
        self.pid = spawn(
            self.header["argv"],
            self.header["env"],
            (program, output, errors),
            death_signal=signal.SIGINT,
            address_space=self.limits["memory"] + ADDRESS_SLACK,
        )
        self.pidfd = os.pidfd_open(self.pid)
        for fd in (program, output, errors):
            os.close(fd)
        for fd in (self.output, self.errors, 0):
            os.set_blocking(fd, False)
        self.event("started", pid=self.pid, supervisor=os.getpid(), command=max(self.command_pid, 0))
        try:
            write_all(program_in, self.program().encode())
        except OSError:  # bpftrace ended before it read its program: its exit status says why
            pass
        os.close(program_in)

    def program(self) -> str:
        """The program with the numbers of the processes that are known only now."""
        text: str = self.header["program"]
        for name, pid in (
            ("SELF", self.pid),
            ("SUPERVISOR", os.getpid()),
            ("PARENT", self.header["parent"]),
            ("CMD", max(self.command_pid, 0)),
        ):
            text = text.replace(f"__GPTTRACE_{name}__", str(pid))
        return text

    def start_command(self, null: int) -> None:
        """Fork the user's command; it waits at a gate until the probes are attached."""
        gate, self.gate = pipe()
        self.command_output, output = pipe()
        os.set_blocking(self.command_output, False)
        self.command_pid = spawn(
            self.header["command"],
            self.header["command_env"],
            (null, output, output),
            death_signal=signal.SIGTERM,
            gate=gate,
        )
        self.command_fd = os.pidfd_open(self.command_pid)
        os.close(gate)
        os.close(output)

    def signals(self) -> int:
        """Turn the signals that end a program into graceful stops; returns the descriptor that they wake."""
        wake, wake_in = pipe()
        for fd in (wake, wake_in):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        return wake

    # --- the loop

    def run(self, commands: bytes) -> None:
        """Serve everything until bpftrace has ended and the parent has what it printed."""
        self.start()
        self.obey(commands)
        while not self.ended:
            self.turn()
        self.finish()

    def turn(self) -> None:
        """Wait for the next thing to happen, bounded by the nearest deadline, and serve it."""
        poll = select.poll()
        for fd, mask in self.interests():
            poll.register(fd, mask)
        ready = {fd for fd, _ in poll.poll(self.patience())}
        if self.wake in ready:
            self.on_signal()
        if 0 in ready:
            self.on_command()
        if self.output in ready:
            self.on_output()
        if self.errors in ready:
            self.on_errors()
        if self.command_pid > 0:
            self.serve_command(ready)
        self.data.flush()
        self.control.flush()
        if not self.data.open:
            self.stop("parent_gone")
        self.on_time(time.monotonic())
        if self.pidfd in ready:
            self.on_exit()

    def interests(self) -> list[tuple[int, int]]:
        """What to wait for now; the output waits while paced or while the parent is far behind."""
        wanted = [(self.wake, select.POLLIN), (self.pidfd, select.POLLIN)]
        if self.commands_open:
            wanted.append((0, select.POLLIN))
        if self.errors >= 0:
            wanted.append((self.errors, select.POLLIN))
        if self.output >= 0 and time.monotonic() >= self.read_at and not self.held_back():
            wanted.append((self.output, select.POLLIN))
        if self.command_output >= 0:
            wanted.append((self.command_output, select.POLLIN))
        if self.command_pid > 0 and self.command_status is None:
            wanted.append((self.command_fd, select.POLLIN))
        wanted += [(outlet.fd, select.POLLOUT) for outlet in (self.data, self.control) if outlet.kept]
        return wanted

    def held_back(self) -> bool:
        return self.phase != "stopping" and self.data.size > BACKLOG

    def patience(self) -> float:
        """Milliseconds until the nearest deadline."""
        now = time.monotonic()
        times = [at for at in (self.stop_at, self.kill_at) if at is not None]
        times.append(max(self.memory_at, now + 0.001))
        if self.read_at > now and not self.held_back():
            times.append(self.read_at)
        return max(0.0, min(times) - now) * 1000

    def on_signal(self) -> None:
        for number in os.read(self.wake, 64):
            self.stop("signal " + signal.Signals(number).name)

    def on_command(self) -> None:
        """Carry out the parent's lines; the end of the stream is the dead man's switch."""
        chunk = read_some(0, 4096)
        if chunk == b"":
            self.commands_open = False
            self.stop("parent_gone")
        elif chunk:
            self.obey(chunk)

    def obey(self, chunk: bytes) -> None:
        *lines, self.commands = (self.commands + chunk).split(b"\n")
        for line in lines:
            word, _, cause = line.decode().partition(" ")
            if word == "stop":
                self.stop(cause or "stop")
            elif word == "kill":
                self.stop(cause or "kill")
                self.kill()
            elif word == "snapshot" and self.phase == "tracing" and self.header["snapshot_signal"]:
                os.kill(self.pid, self.header["snapshot_signal"])

    def on_output(self) -> None:
        """Pass on one block of what bpftrace printed."""
        chunk = read_some(self.output, READ)
        if chunk is None:
            return
        if not chunk:
            os.close(self.output)
            self.output = -1
            return
        self.read_at = time.monotonic() + PACE if len(chunk) < READ // 4 else 0.0
        self.received += len(chunk)
        self.spool.write(self.spool.output, chunk)
        self.data.put(chunk)
        if self.phase == "attaching":
            self.look_for_ready(chunk)
        elif self.phase == "stopping":
            self.extend_grace()
            self.dropped += self.data.drop_to(BACKLOG_STOPPING)
        if self.received > self.limits["output_bytes"]:
            self.stop("output_limit")

    def on_errors(self) -> None:
        """Pass on what bpftrace wrote to stderr, up to a limit."""
        chunk = read_some(self.errors, 1 << 16)
        if chunk is None:
            return
        if not chunk:
            os.close(self.errors)
            self.errors = -1
            return
        if self.phase == "attaching" and not self.header["ready"]:
            self.look_for_ready(chunk)
        if self.stderr_size < STDERR_LIMIT:
            self.event("stderr", text=chunk.decode("utf-8", "backslashreplace"))
        self.stderr_size += len(chunk)

    def look_for_ready(self, chunk: bytes) -> None:
        """The probes are attached when BEGIN's first output arrives (every version; `attached_probes` is too early)."""
        self.head += chunk
        self.probes = self.probes or count_probes(self.head)
        if self.marker in self.head:
            self.become_ready()
        else:
            self.head = self.head[-(1 << 16) :]

    def become_ready(self) -> None:
        now = time.monotonic()
        self.phase, self.head = "tracing", b""
        self.stop_at = now + self.limits["seconds"] if self.limits["seconds"] is not None else None
        self.memory_at = now
        self.event("ready", probes=self.probes, took=now - self.started)
        if self.gate >= 0:
            os.write(self.gate, b"g")
            os.close(self.gate)
            self.gate = -1
        if self.cause:
            self.interrupt()

    def serve_command(self, ready: set[int]) -> None:
        """Pass on what the user's command prints, and end the trace when it ends."""
        if self.command_output in ready:
            chunk = read_some(self.command_output, 1 << 16)
            if chunk:
                self.event("command_output", text=chunk.decode("utf-8", "backslashreplace"))
            elif chunk == b"":
                os.close(self.command_output)
                self.command_output = -1
        if self.command_status is None and self.command_fd in ready:
            self.command_status = os.waitstatus_to_exitcode(os.waitpid(self.command_pid, 0)[1])
            self.stop("command")

    def on_time(self, now: float) -> None:
        """Keep the promises that are about time and memory."""
        if self.kill_at is not None and now >= self.kill_at:
            self.kill()
        elif self.stop_at is not None and now >= self.stop_at:
            self.stop("time_limit" if self.phase == "tracing" else "attach_limit")
        if now >= self.memory_at:
            self.memory_at = now + MEMORY_PERIOD
            if self.phase == "tracing" and resident(self.pid) > self.limits["memory"]:
                self.stop("memory_limit")
        if self.spool.error and not self.spool_warned:
            self.spool_warned = True
            self.event("spool_failed", text=self.spool.error)

    # --- stopping

    def stop(self, cause: str) -> None:
        """Begin to stop, once; while probes are being attached this waits for ready, with a bound."""
        if self.cause is None:
            self.cause = cause
            self.stop_at = None
            if self.phase == "tracing":
                self.interrupt()
            elif cause == "attach_limit":
                self.kill()
            else:
                self.kill_at = time.monotonic() + ATTACH_PATIENCE

    def interrupt(self) -> None:
        """SIGINT: bpftrace detaches, runs END and prints its maps."""
        self.phase = "stopping"
        grace = self.limits["grace"] + DETACH_PER_PROBE * self.probes
        self.kill_at = time.monotonic() + grace
        self.kill_last = time.monotonic() + grace * DETACH_MOST
        self.event("detaching", probes=self.probes, grace=grace)
        signal_group(self.pid, signal.SIGINT)

    def extend_grace(self) -> None:
        if self.kill_at is not None:
            self.kill_at = min(max(self.kill_at, time.monotonic() + DETACH_PROGRESS), self.kill_last)

    def kill(self) -> None:
        """SIGKILL: the kernel detaches everything; what was not yet printed is lost."""
        self.forced, self.kill_at = True, None
        signal_group(self.pid, signal.SIGKILL)

    def on_exit(self) -> None:
        """bpftrace has ended: take the rest of its output and how it ended."""
        self.phase = "stopping"
        signal_group(self.pid, signal.SIGKILL)  # a wrapper's leftovers; before wait, while the number is still ours
        _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        for fd, serve in (("output", self.on_output), ("errors", self.on_errors)):
            while getattr(self, fd) >= 0 and select.select([getattr(self, fd)], [], [], 0)[0]:
                serve()
        self.ended = {
            "rc": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "cpu": usage.ru_utime + usage.ru_stime,
        }

    def finish(self) -> None:
        """Stop the command if it still runs, tell how it ended, and let the parent read the rest."""
        self.end_command()
        if self.dropped:
            self.event("dropped", bytes=self.dropped)
        self.event(
            "exit",
            **self.ended,
            cause=self.cause,
            forced=self.forced,
            bytes=self.received,
            command_status=self.command_status,
            took=time.monotonic() - self.started,
            own_cpu=time.process_time(),
        )
        until = time.monotonic() + FLUSH_PATIENCE
        while self.data.kept or self.control.kept:
            poll = select.poll()
            for outlet in (self.data, self.control):
                if outlet.kept:
                    poll.register(outlet.fd, select.POLLOUT)
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                return
            self.data.flush()
            self.control.flush()

    def end_command(self) -> None:
        """SIGTERM, the grace, SIGKILL: for a command that outlives its trace."""
        if self.gate >= 0:
            os.close(self.gate)
        if self.command_pid <= 0 or self.command_status is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal_group(self.command_pid, number)
            if select.select([self.command_fd], [], [], self.limits["grace"])[0]:
                break
        self.command_status = os.waitstatus_to_exitcode(os.waitpid(self.command_pid, 0)[1])

    def event(self, name: str, **values: object) -> None:
        """Tell the parent, and the spool, one thing."""
        line = json.dumps({"event": name, **values}).encode() + b"\n"
        self.spool.write(self.spool.events, line)
        self.control.put(line)


def pipe(size: int = 0) -> tuple[int, int]:
    """A pipe, as large as the kernel allows up to `size`."""
    reader, writer = os.pipe()
    if size:
        try:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, size)
        except OSError:  # above /proc/sys/fs/pipe-max-size or the user's share: the default works too
            pass
    return reader, writer


def read_some(fd: int, most: int) -> bytes | None:
    """Read what is there: None for nothing yet, b"" for the end."""
    try:
        return os.read(fd, most)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def write_all(fd: int, data: bytes) -> None:
    """Write everything to a blocking descriptor."""
    while data:
        data = data[os.write(fd, data) :]


def count_probes(head: bytes) -> int:
    """The number in bpftrace's `attached_probes` line, 0 when there is none yet."""
    _, found, rest = head.partition(b'"probes": ')
    digits = rest.split(b"}", 1)[0]
    return int(digits) if found and digits.isdigit() else 0


def resident(pid: int) -> int:
    """Bytes of memory that a process really uses; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def signal_group(pid: int, number: int) -> None:
    """Signal the process group of a child that was not waited for yet."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # between fork and setsid it has no group yet
        os.kill(pid, number)


def read_header() -> tuple[dict[str, Any], bytes]:
    """Read the header line; what follows it on the stream is the beginning of the commands."""
    data = b""
    while b"\n" not in data:
        chunk = os.read(0, 1 << 16)
        if not chunk:
            sys.exit("the supervisor is started by gpttrace, with a header on its standard input")
        data += chunk
    line, _, rest = data.partition(b"\n")
    return json.loads(line), rest


def main() -> NoReturn:
    """Own one bpftrace."""
    os.umask(0o077)
    os.chdir("/")
    header, rest = read_header()
    Supervisor(header).run(rest)
    os._exit(0)  # skips the interpreter's tear-down


if __name__ == "__main__":
    main()
