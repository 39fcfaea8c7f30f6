"""Pipes, queues, shared memory and terminals, used by one process that talks to itself."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import termios
import tty
from collections.abc import Iterator

_IPC_PRIVATE, _IPC_CREAT, _IPC_NOWAIT, _IPC_RMID = 0, 0o1000, 0o4000, 0
_MODE = 0o600
_TEXT = b"gptcanary"


def make_pipe(times: int) -> Iterator[None]:
    """Make a pipe and close it, `times` times."""
    yield
    for _ in range(times):
        for end in os.pipe():
            os.close(end)
    yield


def make_eventfd(times: int) -> Iterator[None]:
    """Make an event descriptor and close it, `times` times."""
    eventfd = ctypes.CDLL(None).eventfd
    yield
    for _ in range(times):
        os.close(eventfd(0, 0))
    yield


def write_pipe(times: int) -> Iterator[None]:
    """Write 9 bytes into a pipe `times` times."""
    reader, writer = os.pipe()
    yield
    for _ in range(times):
        os.write(writer, _TEXT)
    yield
    os.close(reader)
    os.close(writer)


def read_pipe(times: int) -> Iterator[None]:
    """Read 9 bytes from a pipe `times` times."""
    reader, writer = os.pipe()
    for _ in range(times):
        os.write(writer, _TEXT)
    yield
    for _ in range(times):
        os.read(reader, len(_TEXT))
    yield
    os.close(reader)
    os.close(writer)


def splice_pipe(times: int) -> Iterator[None]:
    """Move 9 bytes from one pipe into another with splice(2), `times` times."""
    splice = ctypes.CDLL(None).splice
    splice.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_uint,
    ]
    (reader, writer), (far_reader, far_writer) = os.pipe(), os.pipe()
    for _ in range(times):
        os.write(writer, _TEXT)
    yield
    for _ in range(times):
        splice(reader, None, far_writer, None, len(_TEXT), 0)
        os.read(far_reader, len(_TEXT))  # a pipe takes only 16 pieces
    yield
    for end in (reader, writer, far_reader, far_writer):
        os.close(end)


def make_unix_socket(times: int) -> Iterator[None]:
    """Make a Unix socket and close it, `times` times."""
    yield
    for _ in range(times):
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()
    yield


def make_memfd(times: int) -> Iterator[None]:
    """Make a file in memory and close it, `times` times."""
    yield
    for _ in range(times):
        os.close(os.memfd_create("gptcanary"))
    yield


def get_shared_memory(times: int) -> Iterator[None]:
    """Make `times` System V segments of 4096 bytes; they are removed at the end."""
    libc = _libc()
    yield
    segments = [libc.shmget(_IPC_PRIVATE, ctypes.c_size_t(4096), _IPC_CREAT | _MODE) for _ in range(times)]
    yield
    for segment in segments:
        libc.shmctl(segment, _IPC_RMID, None)


def attach_shared_memory(times: int) -> Iterator[None]:
    """Map one System V segment and take it off again, `times` times."""
    libc = _libc()
    libc.shmat.restype = ctypes.c_void_p
    libc.shmdt.argtypes = [ctypes.c_void_p]
    segment = _made("shared memory", libc.shmget(_IPC_PRIVATE, ctypes.c_size_t(4096), _IPC_CREAT | _MODE))
    yield
    for _ in range(times):
        libc.shmdt(libc.shmat(segment, None, 0))
    yield
    libc.shmctl(segment, _IPC_RMID, None)


def use_semaphore(times: int) -> Iterator[None]:
    """Add one to a System V semaphore `times` times."""
    libc = _libc()
    semaphore = _made("semaphores", libc.semget(_IPC_PRIVATE, 1, _IPC_CREAT | _MODE))
    operation = struct.pack("Hhh", 0, 1, _IPC_NOWAIT)
    yield
    for _ in range(times):
        libc.semop(semaphore, operation, ctypes.c_size_t(1))
    yield
    libc.semctl(semaphore, 0, _IPC_RMID)


def make_semaphore(times: int) -> Iterator[None]:
    """Make a set of one System V semaphore and remove it; each act is one semget(2) and one semctl(2)."""
    libc = _libc()
    libc.semctl(_made("semaphores", libc.semget(_IPC_PRIVATE, 1, _IPC_CREAT | _MODE)), 0, _IPC_RMID)
    yield
    for _ in range(times):
        libc.semctl(libc.semget(_IPC_PRIVATE, 1, _IPC_CREAT | _MODE), 0, _IPC_RMID)
    yield


def send_message(times: int) -> Iterator[None]:
    """Put a message of 9 bytes into a System V queue `times` times."""
    libc, queue = _queue()
    message = _message()
    yield
    for _ in range(times):
        libc.msgsnd(queue, message, ctypes.c_size_t(len(_TEXT)), _IPC_NOWAIT)
    yield
    libc.msgctl(queue, _IPC_RMID, None)


def receive_message(times: int) -> Iterator[None]:
    """Take a message of 9 bytes out of a System V queue `times` times."""
    libc, queue = _queue()
    message = _message()
    for _ in range(times):
        libc.msgsnd(queue, message, ctypes.c_size_t(len(_TEXT)), _IPC_NOWAIT)
    yield
    for _ in range(times):
        libc.msgrcv(queue, message, ctypes.c_size_t(len(_TEXT)), ctypes.c_long(0), _IPC_NOWAIT)
    yield
    libc.msgctl(queue, _IPC_RMID, None)


def write_terminal(times: int) -> Iterator[None]:
    """Write 9 bytes to a terminal of its own `times` times."""
    main, terminal = _terminal()
    yield
    for _ in range(times):
        os.write(terminal, _TEXT)
    yield
    os.close(main)
    os.close(terminal)


def read_terminal(times: int) -> Iterator[None]:
    """Read 9 bytes from a terminal of its own `times` times."""
    main, terminal = _terminal()
    os.write(main, _TEXT * times)
    yield
    for _ in range(times):
        os.read(terminal, len(_TEXT))
    yield
    os.close(main)
    os.close(terminal)


def call_ioctl(times: int) -> Iterator[None]:
    """Ask `times` times with ioctl(2) how much an empty pipe holds."""
    reader, writer = os.pipe()
    answer = bytearray(4)
    yield
    for _ in range(times):
        fcntl.ioctl(reader, termios.FIONREAD, answer)
    yield
    os.close(reader)
    os.close(writer)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _queue() -> tuple[ctypes.CDLL, int]:
    libc = _libc()
    return libc, _made("message queues", libc.msgget(_IPC_PRIVATE, _IPC_CREAT | _MODE))


def _message() -> ctypes.Array[ctypes.c_char]:
    # A long for the kind, then the text.
    return ctypes.create_string_buffer(struct.pack("l", 1) + _TEXT)


def _made(what: str, number: int) -> int:
    if number < 0:
        raise RuntimeError(f"this kernel gives no {what}: {os.strerror(ctypes.get_errno())}")
    return number


def _terminal() -> tuple[int, int]:
    main, terminal = os.openpty()
    tty.setraw(terminal)
    return main, terminal
