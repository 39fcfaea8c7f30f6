"""A device that a question names (`packets on eth0`, `requests to sda`): a condition on the event's own device."""

from __future__ import annotations

import re

from gpttrace.spec.catalogue import Event
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.who import EXCEPT
from gpttrace.spec.words import stems

# Names as the kernel and systemd give them.
_INTERFACE = re.compile(
    r"(eth|ens|enp|eno|enx|wlan|wlp|veth|br|bond|tun|tap|docker|virbr|wg|team|ib|vlan|vxlan|cni|cali)[\w.-]*\d[\w.]*|lo"
)
_DISK = re.compile(
    r"sd[a-z]{1,2}|nvme\d+n\d+|vd[a-z]|xvd[a-z]|dm-\d+|md\d+|loop\d+|mmcblk\d+|sr\d+|zram\d+|nbd\d+|rbd\d+"
)
# Handlers of interrupts are called after their driver or device, with a number of the queue behind: nvme0q3, eth0-rx-1.
_HANDLER = re.compile(
    r"(nvme|eth|ens|enp|eno|mlx|ixgbe|virtio|ahci|xhci|i8042|megasas|mpt|qla)[\w.-]*", re.IGNORECASE
)
_BEFORE = stems(
    "without excluding except not minus on over via through from to of into in at interface device disk drive nic card by for"
)


def take_device(sentence: Sentence, event: Event) -> list[Condition]:
    """Return the condition that the device of an event is the one named, and take its words."""
    field = event.fields.get("dev")
    if field is None:
        return _take_handler(sentence) if event.id == "hardirq" else []
    if field.type == "string" and (found := _take_loopback(sentence)):
        return found
    pattern = _INTERFACE if field.type == "string" else _DISK
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or token.kind not in ("word", "quoted"):
            continue
        name, last = sentence.chunk(index)
        linked = sentence.stem(index - 1) in _BEFORE
        if pattern.fullmatch(name) and (linked or name != "lo"):
            linked = linked and sentence.stem(index - 1) not in EXCEPT
            first = index - 1 if linked and sentence.is_free(index - 1) else index
            sentence.take(first, last, f"only the device {name}")
            return [Condition("dev", "==", name)]
    return []


def _take_handler(sentence: Sentence) -> list[Condition]:
    for index, token in enumerate(sentence.tokens):
        if (
            token.meaning in (None, sentence.event)
            and token.kind == "word"
            and _HANDLER.fullmatch(token.text)
        ):
            linked = sentence.stem(index - 1) in _BEFORE and sentence.is_free(index - 1)
            sentence.take(index - linked, index, f"only handlers called {token.text.lower()}…")
            return [Condition("name", "startswith", token.text.lower())]
    return []


_NO_LOOPBACK = re.compile(
    r"\b(without|except|excluding|exclude|not|ignoring|ignore|minus|but|other than|no) (for )?(the )?(loopback|lo)\b"
    r"|\bloopback (traffic |device |interface )?(is |are )?(left out|excluded|ignored|aside|not counted)\b",
    re.IGNORECASE,
)


def _take_loopback(sentence: Sentence) -> list[Condition]:
    """`loopback left out`, `over the loopback device`: the interface that is called lo."""
    named = [index for index, token in enumerate(sentence.tokens) if token.text.lower() == "loopback"]
    if not named:
        return []
    out = _NO_LOOPBACK.search(sentence.text)
    if out is not None:
        sentence.take_inside(*out.span(), "not the device lo")
    for index, token in enumerate(sentence.tokens):
        if index in named or (token.text == "lo" and token.meaning is None):
            token.meaning = "not the device lo" if out else "only the device lo"
    return [Condition("dev", "!=" if out else "==", "lo")]
