"""Supervisor: one bpftrace from its start to its end, and main(), the program itself."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn

from .child import Command, attached_probes, catches, open_files, resident, signal_group, spawn
from .pipes import PIPE_SIZE, Outlet, Spool, pipe, read_into, read_some, write_all
from .work import Work

READ = 1 << 20
PACE = 0.02  # seconds between two reads: bpftrace makes one write(2) per line, waking for each costs more than reading
PACE_FLOOD = 0.05  # the same when much comes; a pipe of PIPE_SIZE must not fill in that time
SLOW = 1 << 14  # bytes of one read up to which somebody may be reading along
BACKLOG = 8 << 20  # bytes kept for a slow parent before bpftrace itself is made to wait
BACKLOG_STOPPING = 64 << 20  # while stopping bpftrace never waits; beyond this the oldest output is dropped
STDERR_LIMIT = 1 << 20
SPOOL_SLACK = 64 << 20  # the maps come after the limit was reached and must still find room
ATTACH_PATIENCE = (
    5.0  # on SIGINT while attaching 0.23 exits without maps and 0.17 attaches on: wait for ready
)
DETACH_PER_PROBE = 0.15  # measured 0.075-0.085 s for a tracepoint, and the maps come after it
DETACH_PROGRESS = 2.0  # output that still arrives buys this much more time …
DETACH_MOST = 4.0  # … up to this multiple of the first grace
TAIL = 0.05  # seconds; under load events of a command's end were seen lost without it (0.17.0)
FLUSH_PATIENCE = 15.0
AGAIN = 0.5  # seconds; detaching one probe takes less than 0.1
DRAIN_MOST = 64  # reads of up to 1 MiB
MEMORY_PERIOD = LOOK_PERIOD = 0.25
ADDRESS_SLACK = 4 << 30  # address space beyond resident memory: libLLVM, perf buffers
NOTICE = b"__BPFTRACE_NOTIFY_PROBES_ATTACHED"


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
        self.marker = NOTICE if header["ready"] is None else header["ready"].encode()
        # Another program than bpftrace has no marker (""): its probes in the kernel make it ready, or, when it has none, what it
        # printed `settle` seconds ago: some announce themselves before they compile and attach.
        self.is_other = header["ready"] == ""
        self.look_at, self.seen_attached = 0.0, 0
        self.spoke_at: float | None = None
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
        self.work: Work | None = None
        self.again_at: float | None = None
        self.held = self.received_before = 0
        self.room = memoryview(
            bytearray(READ)
        )  # one for all reads: fresh memory costs a page fault each 4 KiB
        self.read_at = self.emptied_at = self.memory_at = 0.0
        self.ended: dict[str, Any] = {}
        self.command: Command | None = None
        self.parent_fd = watch(header["parent"])

    # --- start

    def start(self) -> None:
        """Start the command (held before exec) and bpftrace, and give bpftrace its program."""
        self.wake = self.signals()
        # First, while there are no pipes: until its exec the command holds all that we have open.
        if self.header["command"]:
            self.command = Command(self.header["command"], self.header["command_env"])
        self.output, output = pipe(PIPE_SIZE)
        self.errors, errors = pipe()
        program, program_in = pipe(PIPE_SIZE)
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
        self.event("started", pid=self.pid, supervisor=os.getpid(), command=self.command_pid)
        with suppress(OSError):  # bpftrace ended before it read its program: its exit status says why
            write_all(program_in, self.program().encode())
        os.close(program_in)

    def program(self) -> str:
        """The program with the numbers of the processes that are known only now."""
        text: str = self.header["program"]
        for name, number in (
            ("SELF", self.pid),
            ("SUPERVISOR", os.getpid()),
            ("PARENT", self.header["parent"]),
            # Stands for the word `cpid`, which bpftrace knows only when it starts the command itself.
            ("CMD", self.command_pid or "cpid"),
        ):
            text = text.replace(f"__GPTTRACE_{name}__", str(number))
        return text

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
        if self.parent_fd in ready:
            os.close(self.parent_fd)
            self.parent_fd = -1
            self.stop("parent_gone")
        if self.errors in ready:  # first: what was said while attaching is told before "ready"
            self.on_errors()
        if self.output in ready:
            self.on_output()
        if self.command and self.command.serve(ready, self.tell_command_output):
            self.await_tail()
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
        wanted += [(fd, select.POLLIN) for fd in (self.errors, self.parent_fd) if fd >= 0]
        if self.output >= 0 and time.monotonic() >= self.read_at and not self.held_back():
            wanted.append((self.output, select.POLLIN))
        if self.command:
            wanted += [(fd, select.POLLIN) for fd in self.command.interests()]
        wanted += [(outlet.fd, select.POLLOUT) for outlet in (self.data, self.control) if outlet.kept]
        return wanted

    def held_back(self) -> bool:
        return self.phase != "stopping" and self.data.size > BACKLOG

    def patience(self) -> float:
        """Milliseconds until the nearest deadline."""
        now = time.monotonic()
        times = [at for at in (self.stop_at, self.kill_at, self.again_at) if at is not None]
        times.append(max(self.memory_at, now + 0.001))
        if self.is_other and self.phase == "attaching":
            times.append(self.look_at)
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
                self.drain()
                os.kill(self.pid, self.header["snapshot_signal"])

    def on_output(self) -> None:
        """Pass on one block of what bpftrace printed."""
        size = read_into(self.output, self.room)
        if size is None:
            return
        if not size:
            os.close(self.output)
            self.output = -1
            return
        self.pace(size, time.monotonic())
        self.received += size
        chunk: bytes | memoryview = self.room[:size]
        if self.phase == "attaching":
            chunk = self.look_for_ready(bytes(chunk))
        self.spool.write(self.spool.output, chunk)
        self.data.put(chunk)
        if self.phase == "stopping":
            self.extend_grace()
            self.dropped += self.data.drop_to(BACKLOG_STOPPING)
        if self.received > self.limits["output_bytes"]:
            self.stop("output_limit")

    def pace(self, size: int, now: float) -> None:
        """Let the pipe fill, up to half of it, before it is read again; nobody waits for the first event."""
        if self.phase == "attaching":
            return
        fills = max(now - self.emptied_at, 0.001) * PIPE_SIZE / 2 / size
        self.read_at = now + min(fills, PACE if size < SLOW else PACE_FLOOD)
        self.emptied_at = now

    def on_errors(self) -> None:
        """Pass on what bpftrace wrote to stderr, up to a limit."""
        chunk = read_some(self.errors, 1 << 16)
        if chunk is None:
            return
        if not chunk:
            os.close(self.errors)
            self.errors = -1
            return
        # 0.17 gives the notice here, later versions on stdout.
        if self.phase == "attaching" and self.header["ready"] is None:
            chunk = self.look_for_ready(chunk)
        if self.stderr_size < STDERR_LIMIT:
            self.event("stderr", text=chunk.decode("utf-8", "backslashreplace"))
        self.stderr_size += len(chunk)

    def look_for_ready(self, chunk: bytes) -> bytes:
        """Become ready when BEGIN's first output arrives (`attached_probes` is too early); return what to pass on."""
        if self.is_other:
            self.spoke_at = self.spoke_at or time.monotonic()
            return chunk
        self.head += chunk
        self.probes = self.probes or count_probes(self.head)
        if self.marker in self.head:
            self.become_ready()
        else:
            self.head = self.head[-(1 << 16) :]
        return chunk if self.header["ready"] else chunk.replace(NOTICE, b"")

    def look_for_probes(self, now: float) -> None:
        """Become ready when another program holds probes and attaches no more of them, or has none."""
        self.look_at = now + LOOK_PERIOD
        attached = attached_probes(self.pid)
        spoke = self.spoke_at is not None and now >= self.spoke_at + self.header["settle"]
        if (attached and attached == self.seen_attached) or (spoke and not attached):
            self.probes = attached
            self.become_ready()
        self.seen_attached = attached

    def become_ready(self) -> None:
        now = time.monotonic()
        self.phase, self.head = "tracing", b""
        self.stop_at = now + self.limits["seconds"] if self.limits["seconds"] is not None else None
        self.memory_at = now
        self.event("ready", probes=self.probes, took=now - self.started)
        if self.command:
            self.command.release()
        if self.cause:
            self.interrupt()

    def await_tail(self) -> None:
        """The command has ended: stop soon, but let bpftrace read its last events (0.17 drops what it has not read)."""
        if self.cause is None:
            soon = time.monotonic() + TAIL
            self.stop_at = min(self.stop_at or soon, soon)

    def on_time(self, now: float) -> None:
        """Keep the promises that are about time and memory."""
        if (
            self.kill_at is not None
            and now >= self.kill_at
            and not (self.works_on(now) or self.last_chance(now))
        ):
            self.kill()
        elif self.stop_at is not None and now >= self.stop_at:
            limit = "time_limit" if self.phase == "tracing" else "attach_limit"
            self.stop("command" if self.command and self.command.status is not None else limit)
        if self.again_at is not None and now >= self.again_at:
            self.interrupt_again()
        if self.is_other and self.phase == "attaching" and now >= self.look_at:
            self.look_for_probes(now)
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
            if self.phase == "tracing" or (self.is_other and cause != "attach_limit"):
                self.interrupt()
            elif cause == "attach_limit":
                self.kill()
            else:
                self.kill_at = time.monotonic() + ATTACH_PATIENCE

    def interrupt(self) -> None:
        """SIGINT: bpftrace detaches, runs END and prints its maps."""
        self.phase = "stopping"
        grace = self.limits["grace"] + DETACH_PER_PROBE * self.probes
        now = time.monotonic()
        self.kill_at, self.kill_last = now + grace, now + grace * DETACH_MOST
        self.work = Work(self.pid, now)
        self.event("detaching", probes=self.probes, grace=grace)
        self.drain()
        self.received_before = self.received
        self.held = open_files(self.pid)
        # Another program than bpftrace takes a second SIGINT for impatience, and prints no summary.
        self.again_at = None if self.is_other else time.monotonic() + AGAIN
        signal_group(self.pid, signal.SIGINT)

    def interrupt_again(self) -> None:
        """Repeat a SIGINT that was lost: 0.17 only sees one that arrives while it waits, not while it prints.

        Whoever detaches closes descriptors, and who noticed the first no longer catches it: a second would end bpftrace while
        it detaches a uprobe, and its maps would be lost.
        """
        self.again_at = None
        if not self.forced and open_files(self.pid) >= self.held and catches(self.pid, signal.SIGINT):
            self.again_at = time.monotonic() + AGAIN
            signal_group(self.pid, signal.SIGINT)

    def works_on(self, now: float) -> bool:
        """Give more time to a bpftrace that has detached and is busy with its maps."""
        if self.phase != "stopping" or self.forced or self.is_other or self.work is None:
            return False
        if (more := self.work.more(now)) is None:
            return False
        self.kill_at = self.kill_last = more
        return True

    def last_chance(self, now: float) -> bool:
        """Before a SIGKILL, ask once more whoever printed nothing since it was asked: the SIGINT was lost, or it hangs."""
        if self.phase != "stopping" or self.forced or self.received != self.received_before:
            return False
        self.received_before = -1
        self.kill_at = self.kill_last = now + self.limits["grace"]
        if self.is_other or catches(self.pid, signal.SIGINT):
            signal_group(self.pid, signal.SIGINT)
        return True

    def drain(self) -> None:
        """Make room in the pipe before a signal: a write(2) that it interrupts ends all output of bpftrace.

        Seen with 0.23.2: stdio gives up on EINTR, bpftrace goes on without a word and its maps are gone.
        """
        for _ in range(DRAIN_MOST):
            if self.output < 0 or not select.select([self.output], [], [], 0)[0]:
                return
            self.on_output()

    def extend_grace(self) -> None:
        if self.kill_at is not None:
            self.kill_at = min(max(self.kill_at, time.monotonic() + DETACH_PROGRESS), self.kill_last)

    def kill(self) -> None:
        """SIGKILL: the kernel detaches everything; what was not yet printed is lost."""
        self.forced, self.kill_at = True, None
        signal_group(self.pid, signal.SIGKILL)

    def on_exit(self) -> None:
        """bpftrace has ended: take the rest of its output and how it ended."""
        # A wrapper's leftovers would hold the pipes; and before wait the number is still ours.
        signal_group(self.pid, signal.SIGKILL)
        for fd, serve in (("output", self.on_output), ("errors", self.on_errors)):
            while getattr(self, fd) >= 0 and select.select([getattr(self, fd)], [], [], 0)[0]:
                serve()
        _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.ended = {
            "rc": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "cpu": usage.ru_utime + usage.ru_stime,
        }

    def finish(self) -> None:
        """Stop the command if it still runs, tell how it ended, and let the parent read the rest."""
        if self.command:
            self.command.end(self.limits["grace"])
        if self.dropped:
            self.event("dropped", bytes=self.dropped)
        self.event(
            "exit",
            **self.ended,
            cause=self.cause,
            forced=self.forced,
            bytes=self.received,
            command_status=self.command.status if self.command else None,
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

    @property
    def command_pid(self) -> int:
        """The pid of the user's command, 0 when there is none."""
        return self.command.pid if self.command else 0

    def tell_command_output(self, text: str) -> None:
        self.event("command_output", text=text)

    def event(self, name: str, **values: object) -> None:
        """Tell the parent, and the spool, one thing."""
        line = json.dumps({"event": name, **values}).encode() + b"\n"
        self.spool.write(self.spool.events, line)
        self.control.put(line)


def count_probes(head: bytes) -> int:
    """The number in bpftrace's `attached_probes` line, 0 when there is none yet."""
    _, found, rest = head.partition(b'"probes": ')
    digits = rest.split(b"}", 1)[0]
    return int(digits) if found and digits.isdigit() else 0


def watch(pid: int) -> int:
    """A descriptor that becomes readable when that process ends; -1 when it cannot be seen."""
    try:
        return os.pidfd_open(pid)
    except OSError:  # another PID namespace; the end of standard input remains
        return -1


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
    header, rest = read_header()
    Supervisor(header).run(rest)
    os._exit(0)  # skips the interpreter's tear-down
