"""IPv4 addresses in a question (`who connects to 10.1.2.3`): a condition on the other side, or on this one where that is said.

They are taken before amounts are read, as their parts look like numbers; the event says later whether it carries addresses.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address

from gpttrace.spec.asked import Asked
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stems

_ADDRESS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?(?![\d.]*\d)")
_BEFORE = stems("to from by with at of on for address host peer server destination remote source local ip")
_OWN_SIDE = stems("source local")
_NTOP = re.compile(r"ntop\((.*)\)")


def take_addresses(sentence: Sentence, asked: Asked) -> None:
    """Take the first address, with its port, out of the sentence."""
    match = _ADDRESS.search(sentence.text)
    if match is None or not _is_address(match[1]):
        return
    inside = [i for i, t in enumerate(sentence.tokens) if match.start() <= t.start and t.end <= match.end()]
    if not inside:
        return
    first = inside[0]
    while sentence.is_free(first - 1) and sentence.stem(first - 1) in _BEFORE:
        first -= 1
    own = any(sentence.stem(i) in _OWN_SIDE for i in range(first, inside[0]))
    asked.conditions.append(Condition("saddr" if own else "daddr", "==", match[1]))
    if match[2]:
        asked.conditions.append(Condition("sport" if own else "dport", "==", int(match[2])))
    sentence.take(first, inside[-1], f"only the address {match.group()}")


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def address_test(expr: str, address: str) -> str | None:
    """Return the test whether an expression `ntop(…)` of the catalogue is an address, None for other expressions.

    bpftrace cannot compare what ntop() gives. The arrays of the kernel's tracepoints hold IPv4 in their last four bytes (the
    form ::ffff:a.b.c.d), its numbers hold the bytes in the order of the network.
    """
    match = _NTOP.fullmatch(expr)
    if match is None:
        return None
    packed = IPv4Address(address).packed
    if match[1].endswith("_v6"):
        return " && ".join(f"{match[1]}[{12 + i}] == {byte}" for i, byte in enumerate(packed))
    return f"(uint32)({match[1]}) == {int.from_bytes(packed, 'little')}"
