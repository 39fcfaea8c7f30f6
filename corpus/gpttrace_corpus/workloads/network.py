"""Sockets, TCP, UDP, ICMP, netlink and name lookups, all within this machine (loopback)."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack

_LOCAL = "127.0.0.1"
_MESSAGE = b"x" * 100
_IPPROTO_MPTCP = 262
_RTM_GETLINK, _NLM_F_REQUEST = 18, 1


def socket_create(times: int) -> Iterator[None]:
    """Make `times` UDP sockets."""
    yield
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach() for _ in range(times)]
    yield
    _close(made)


def unix_pair(times: int) -> Iterator[None]:
    """Make `times` pairs of connected Unix sockets by socketpair(2)."""
    made: list[int] = []
    yield
    for _ in range(times):
        made += [each.detach() for each in socket.socketpair()]
    yield
    _close(made)


def socket_bind(times: int) -> Iterator[None]:
    """Bind `times` sockets to a port that the kernel picks."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.socket()) for _ in range(times)]
        yield
        for each in made:
            each.bind((_LOCAL, 0))
        yield


def socket_listen(times: int) -> Iterator[None]:
    """Begin to listen on `times` bound sockets."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.socket()) for _ in range(times)]
        for each in made:
            each.bind((_LOCAL, 0))
        yield
        for each in made:
            each.listen(5)
        yield


def socket_shutdown(times: int) -> Iterator[None]:
    """Shut down the sending side of `times` connected Unix sockets."""
    with ExitStack() as stack:
        made = [_pair(stack)[0] for _ in range(times)]
        yield
        for each in made:
            each.shutdown(socket.SHUT_WR)
        yield


def set_socket_option(times: int) -> Iterator[None]:
    """Set an option of one socket `times` times."""
    with socket.socket() as each:
        yield
        for _ in range(times):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        yield


def get_socket_option(times: int) -> Iterator[None]:
    """Ask for an option of one socket `times` times."""
    with socket.socket() as each:
        yield
        for _ in range(times):
            each.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        yield


def unix_connect(times: int) -> Iterator[None]:
    """Connect `times` sockets to one Unix socket with a name in the file system."""
    path = f"/tmp/gptcanary-{os.getpid()}.sock"
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(path)
        stack.callback(os.unlink, path)
        server.listen(times)
        made = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(times)]
        yield
        for each in made:
            each.connect(path)
        yield


def unix_send(times: int) -> Iterator[None]:
    """Send `times` messages of 100 bytes through a Unix socket."""
    with ExitStack() as stack:
        ours, _theirs = _pair(stack)
        yield
        for _ in range(times):
            ours.send(_MESSAGE)
        yield


def unix_receive(times: int) -> Iterator[None]:
    """Receive `times` messages of 100 bytes from a Unix socket."""
    with ExitStack() as stack:
        ours, theirs = _pair(stack)
        for _ in range(times):
            theirs.send(_MESSAGE)
        yield
        for _ in range(times):
            ours.recv(100)
        yield


def tcp_connect(times: int) -> Iterator[None]:
    """Connect `times` TCP sockets to one that listens; none is accepted and none is closed meanwhile."""
    with ExitStack() as stack:
        server = _listener(stack, times)
        made = [stack.enter_context(socket.socket()) for _ in range(times)]
        yield
        for each in made:
            each.connect(server.getsockname())
        yield


def tcp_accept(times: int) -> Iterator[None]:
    """Accept `times` TCP connections that wait."""
    with ExitStack() as stack:
        server = _listener(stack, times)
        for _ in range(times):
            stack.enter_context(socket.create_connection(server.getsockname()))
        yield
        for _ in range(times):
            stack.enter_context(server.accept()[0])
        yield


def tcp_session(times: int) -> Iterator[None]:
    """Connect, accept and close at both ends `times` TCP connections, one after the other."""
    with ExitStack() as stack:
        server = _listener(stack, times)
        address = server.getsockname()
        yield
        for _ in range(times):
            with socket.socket() as ours:
                ours.connect(address)
                theirs = server.accept()[0]
            theirs.close()
        yield


def tcp_refused(times: int) -> Iterator[None]:
    """Ask `times` times for a TCP connection to a port on which nobody listens."""
    with ExitStack() as stack:
        address = _closed_port(socket.SOCK_STREAM)
        made = [stack.enter_context(socket.socket()) for _ in range(times)]
        yield
        for each in made:
            each.connect_ex(address)
        yield


def tcp_reset(times: int) -> Iterator[None]:
    """Break off `times` TCP connections, so that their other ends receive a reset."""
    with ExitStack() as stack:
        server = _listener(stack, times)
        pairs = [_connection(stack, server) for _ in range(times)]
        for ours, _theirs in pairs:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        yield
        for ours, _theirs in pairs:
            ours.close()
        yield


def tcp_send(times: int) -> Iterator[None]:
    """Send 100 bytes over one TCP connection, `times` times."""
    with ExitStack() as stack:
        ours, _theirs = _connection(stack, _listener(stack, 1))
        yield
        for _ in range(times):
            ours.send(_MESSAGE)
        yield


def tcp_receive(times: int) -> Iterator[None]:
    """Receive 100 bytes from one TCP connection, `times` times."""
    with ExitStack() as stack:
        ours, theirs = _connection(stack, _listener(stack, 1))
        for _ in range(times):
            theirs.send(_MESSAGE)
        yield
        for _ in range(times):
            ours.recv(100, socket.MSG_WAITALL)
        yield


def mptcp_send(times: int) -> Iterator[None]:
    """Send 100 bytes over one connection of multipath TCP, `times` times."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, _IPPROTO_MPTCP))
        except OSError as error:
            raise RuntimeError(f"no multipath TCP: {error.strerror}") from error
        server.bind((_LOCAL, 0))
        server.listen(1)
        ours = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, _IPPROTO_MPTCP))
        ours.connect(server.getsockname())
        stack.enter_context(server.accept()[0])
        yield
        for _ in range(times):
            ours.send(_MESSAGE)
        yield


def udp_connect(times: int) -> Iterator[None]:
    """Connect `times` UDP sockets to an address of this machine: a route is looked up, no packet is sent."""
    with ExitStack() as stack:
        made = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(times)]
        yield
        for each in made:
            each.connect((_LOCAL, 9))
        yield


def udp_connect_ipv6(times: int) -> Iterator[None]:
    """Connect `times` UDP sockets to an IPv6 address of this machine."""
    with ExitStack() as stack:
        try:
            made = [
                stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
                for _ in range(times + 1)
            ]
            made.pop().connect(("::1", 9))
        except OSError as error:
            raise RuntimeError(f"no IPv6: {error.strerror}") from error
        yield
        for each in made:
            each.connect(("::1", 9))
        yield


def udp_send(times: int) -> Iterator[None]:
    """Send `times` datagrams of 100 bytes from a connected UDP socket."""
    with ExitStack() as stack:
        ours, _theirs = _datagrams(stack)
        yield
        for _ in range(times):
            ours.send(_MESSAGE)
        yield


def udp_receive(times: int) -> Iterator[None]:
    """Receive `times` datagrams of 100 bytes."""
    with ExitStack() as stack:
        ours, theirs = _datagrams(stack)
        for _ in range(times):
            ours.send(_MESSAGE)
        yield
        for _ in range(times):
            theirs.recv(100)
        yield


def udp_drop(times: int) -> Iterator[None]:
    """Send `times` datagrams to a UDP socket whose queue is full: each of them is dropped."""
    with ExitStack() as stack:
        ours, theirs = _datagrams(stack)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        for _ in range(100):
            ours.send(_MESSAGE)
        yield
        for _ in range(times):
            ours.send(_MESSAGE)
        yield


def udp_refused(times: int) -> Iterator[None]:
    """Send `times` datagrams to a port on which nobody listens: each is answered by ICMP."""
    address = _closed_port(socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        yield
        for _ in range(times):
            ours.sendto(_MESSAGE, address)
        yield


def ping(times: int) -> Iterator[None]:
    """Send `times` ICMP echo requests to this machine, which answers each: two packets arrive for each act."""
    try:
        ours = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    except OSError as error:
        raise RuntimeError(f"no raw sockets: {error.strerror}") from error
    with ours:
        packets = [_echo_request(number) for number in range(times)]
        yield
        for packet in packets:
            ours.sendto(packet, (_LOCAL, 0))
        yield


def netlink_send(times: int) -> Iterator[None]:
    """Ask the kernel `times` times for the device `lo` by netlink; no answer is read."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as ours:
        yield
        for number in range(times):
            ours.send(_get_link(number))
        yield


def netlink_receive(times: int) -> Iterator[None]:
    """Read `times` answers of netlink that wait."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as ours:
        for number in range(times):
            ours.send(_get_link(number))
        yield
        for _ in range(times):
            ours.recv(65536)
        yield


def dns_lookup(times: int) -> Iterator[None]:
    """Look up an address by the C library's getaddrinfo `times` times; it is numeric, so nobody is asked."""
    socket.getaddrinfo(_LOCAL, 80)
    yield
    for _ in range(times):
        socket.getaddrinfo(_LOCAL, 80)
    yield


def _close(descriptors: list[int]) -> None:
    for each in descriptors:
        os.close(each)


def _pair(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    return stack.enter_context(ours), stack.enter_context(theirs)


def _listener(stack: ExitStack, backlog: int) -> socket.socket:
    server = stack.enter_context(socket.socket())
    server.bind((_LOCAL, 0))
    server.listen(backlog)
    return server


def _connection(stack: ExitStack, server: socket.socket) -> tuple[socket.socket, socket.socket]:
    ours = stack.enter_context(socket.create_connection(server.getsockname()))
    return ours, stack.enter_context(server.accept()[0])


def _datagrams(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    ours, theirs = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
    theirs.bind((_LOCAL, 0))
    ours.connect(theirs.getsockname())
    return ours, theirs


def _closed_port(kind: int) -> tuple[str, int]:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind((_LOCAL, 0))
        address: tuple[str, int] = taken.getsockname()
    return address


def _echo_request(number: int) -> bytes:
    # The checksum of ICMP: the ones' complement of the sum of the 16-bit words.
    total = 0x0800 + number
    return struct.pack("!BBHHH", 8, 0, ~(total % 0xFFFF) & 0xFFFF, 0, number)


def _get_link(number: int) -> bytes:
    # struct nlmsghdr, then struct ifinfomsg with the number of `lo`.
    header = struct.pack("=IHHII", 32, _RTM_GETLINK, _NLM_F_REQUEST, number, 0)
    return header + struct.pack("=BxHiII", 0, 0, 1, 0, 0)
