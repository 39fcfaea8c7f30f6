"""Data on its way in and out of processes, without a disk: what the events of `events/io.toml` should count."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import tempfile
from collections.abc import Iterator

_LIBC = ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read_file(times: int) -> Iterator[None]:
    """Read 512 bytes from the start of /dev/zero; each act is one read(2) that returns 512."""
    fd = os.open(b"/dev/zero", os.O_RDONLY)
    yield
    for _ in range(times):
        os.read(fd, 512)
    yield
    os.close(fd)


def write_file(times: int) -> Iterator[None]:
    """Append 512 bytes to a file on disk; each act is one write(2) that returns 512."""
    with tempfile.TemporaryFile(dir="/var/tmp", buffering=0) as file:
        fd, data = file.fileno(), bytes(512)
        yield
        for _ in range(times):
            os.write(fd, data)
        yield


def send_stream(times: int) -> Iterator[None]:
    """Send 64 bytes through a pair of sockets; each act is one sendto(2) that returns 64."""
    near, far = socket.socketpair()
    data = bytes(64)
    yield
    for _ in range(times):
        near.send(data)
    yield
    near.close()
    far.close()


def receive_stream(times: int) -> Iterator[None]:
    """Receive 64 bytes that were sent before; each act is one recvfrom(2) that returns 64."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for _ in range(times):
        near.send(bytes(64))
    yield
    for _ in range(times):
        far.recv(64)
    yield
    near.close()
    far.close()


def sendfile_socket(times: int) -> Iterator[None]:
    """Have the kernel send 256 bytes of a file through a socket; each act is one sendfile(2)."""
    near, far = socket.socketpair()
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(bytes(256))
        fd, out = file.fileno(), near.fileno()
        yield
        for _ in range(times):
            os.sendfile(out, fd, 0, 256)
        yield
    near.close()
    far.close()


def splice_file(times: int) -> Iterator[None]:
    """Move 128 bytes of a file into a pipe inside the kernel; each act is one splice(2)."""
    reader, writer = os.pipe()
    with tempfile.TemporaryFile(buffering=0) as file:
        file.write(bytes(128))
        fd, offset = file.fileno(), ctypes.c_longlong(0)
        yield
        for _ in range(times):
            offset.value = 0
            _checked(_LIBC.splice(fd, ctypes.byref(offset), writer, None, ctypes.c_size_t(128), 0))
        yield
    os.close(reader)
    os.close(writer)


def copy_file(times: int) -> Iterator[None]:
    """Have the kernel copy 1 KiB from file to file; each act is one copy_file_range(2)."""
    with tempfile.TemporaryFile(dir="/var/tmp") as source, tempfile.TemporaryFile(dir="/var/tmp") as target:
        source.write(bytes(1024))
        source.flush()
        try:
            os.copy_file_range(source.fileno(), target.fileno(), 1024, 0, 0)
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV):
                raise RuntimeError(f"copy_file_range: {error.strerror}") from error
            raise
        yield
        for _ in range(times):
            os.copy_file_range(source.fileno(), target.fileno(), 1024, 0, 0)
        yield
