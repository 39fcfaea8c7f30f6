"""Requests to io_uring, by system calls alone: a ring of one's own, filled by hand."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator

# The same numbers on every architecture.
_SETUP, _ENTER, _REGISTER = 425, 426, 427
_NOP, _TIMEOUT, _READ, _UNKNOWN = 0, 11, 22, 255
_ASYNC = 1 << 4
_GETEVENTS = 1
_REGISTER_FILES, _UNREGISTER_FILES = 2, 3
_ENTRIES = 4
_SQ_RING, _CQ_RING, _SQES = 0, 0x8000000, 0x10000000
_SQE, _CQE = 64, 16


def io_uring_create(times: int) -> Iterator[None]:
    """Set up `times` rings."""
    os.close(_setup()[0])
    yield
    made = [_setup()[0] for _ in range(times)]
    yield
    for each in made:
        os.close(each)


def io_uring_nop(times: int) -> Iterator[None]:
    """Submit `times` requests that do nothing, each by a call of its own."""
    ring = _Ring()
    yield
    for _ in range(times):
        ring.submit(_NOP)
    yield
    ring.close()


def io_uring_async(times: int) -> Iterator[None]:
    """Submit `times` requests that a kernel worker must do."""
    ring = _Ring()
    yield
    for _ in range(times):
        ring.submit(_NOP, flags=_ASYNC, wait=1)
    yield
    ring.close()


def io_uring_wait(times: int) -> Iterator[None]:
    """Wait `times` times for a request that is completed after one millisecond."""
    ring = _Ring()
    limit = ctypes.create_string_buffer(struct.pack("=qq", 0, 1_000_000))
    yield
    for _ in range(times):
        ring.submit(_TIMEOUT, address=ctypes.addressof(limit), size=1, wait=1)
    yield
    ring.close()


def io_uring_poll(times: int) -> Iterator[None]:
    """Ask `times` times to read from an empty pipe, and fill it then."""
    ring, (reader, writer) = _Ring(), os.pipe()
    buffer = ctypes.create_string_buffer(1)
    yield
    for _ in range(times):
        ring.submit(_READ, descriptor=reader, address=ctypes.addressof(buffer), size=1)
        os.write(writer, b"x")
        ring.enter(0, 1)
    yield
    ring.close()
    os.close(reader)
    os.close(writer)


def io_uring_bad(times: int) -> Iterator[None]:
    """Submit `times` requests of a kind that does not exist."""
    ring = _Ring()
    yield
    for _ in range(times):
        ring.submit(_UNKNOWN)
    yield
    ring.close()


def io_uring_register(times: int) -> Iterator[None]:
    """Register a file with a ring and take it back, in turn: `times` calls in all."""
    ring = _Ring()
    files = ctypes.c_int(0)
    yield
    for number in range(times):
        if number % 2 == 0:
            _call(_REGISTER, ring.descriptor, _REGISTER_FILES, ctypes.byref(files), 1)
        else:
            _call(_REGISTER, ring.descriptor, _UNREGISTER_FILES, None, 0)
    yield
    ring.close()


_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *values: object) -> int:
    result: int = _libc.syscall(number, *values)
    if result < 0:
        code = ctypes.get_errno()
        raise RuntimeError(f"io_uring: {os.strerror(code)}")
    return result


def _setup() -> tuple[int, bytes]:
    params = ctypes.create_string_buffer(120)
    return _call(_SETUP, _ENTRIES, params), params.raw


class _Ring:
    def __init__(self) -> None:
        # struct io_uring_params: ten words, then the offsets of both rings.
        self.descriptor, params = _setup()
        sq = struct.unpack_from("=8I", params, 40)
        cq = struct.unpack_from("=8I", params, 80)
        self._tail, self._array = sq[1], sq[6]
        self._cq_head, self._cq_tail = cq[0], cq[1]
        self._mask = _ENTRIES - 1
        self._sq = self._map(sq[6] + 4 * _ENTRIES, _SQ_RING)
        self._cq = self._map(cq[5] + _CQE * 2 * _ENTRIES, _CQ_RING)
        self._sqes = self._map(_SQE * _ENTRIES, _SQES)

    def _map(self, size: int, offset: int) -> mmap.mmap:
        return mmap.mmap(self.descriptor, size, mmap.MAP_SHARED | mmap.MAP_POPULATE, offset=offset)

    def submit(
        self,
        opcode: int,
        *,
        flags: int = 0,
        descriptor: int = -1,
        address: int = 0,
        size: int = 0,
        wait: int = 0,
    ) -> None:
        """Submit one request and forget what is completed."""
        tail = _word(self._sq, self._tail)
        slot = tail & self._mask
        offset = 2**64 - 1 if opcode == _READ else 0
        entry = struct.pack("=BBHiQQI", opcode, flags, 0, descriptor, offset, address, size)
        self._sqes[slot * _SQE : (slot + 1) * _SQE] = entry.ljust(_SQE, b"\0")
        struct.pack_into("=I", self._sq, self._array + 4 * slot, slot)
        struct.pack_into("=I", self._sq, self._tail, (tail + 1) & 0xFFFFFFFF)
        self.enter(1, wait)

    def enter(self, submitted: int, wait: int) -> None:
        """Call io_uring_enter(2)."""
        _call(_ENTER, self.descriptor, submitted, wait, _GETEVENTS if wait else 0, None, 0)
        struct.pack_into("=I", self._cq, self._cq_head, _word(self._cq, self._cq_tail))

    def close(self) -> None:
        for each in (self._sq, self._cq, self._sqes):
            each.close()
        os.close(self.descriptor)


def _word(ring: mmap.mmap, offset: int) -> int:
    value: int = struct.unpack_from("=I", ring, offset)[0]
    return value
