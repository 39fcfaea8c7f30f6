"""Traffic without a direction goes both ways: `TCP traffic by process` are bytes sent and bytes received."""

from __future__ import annotations

import re

from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.sentence import Sentence

_OTHER_WAY = {
    one: other
    for pair in (
        ("tcp-send", "tcp-receive"),
        ("udp-send", "udp-receive"),
        ("net-send", "net-receive"),
        ("packet-send", "packet-receive"),
        ("tls-write", "tls-read"),
        ("page-cache-add", "page-cache-remove"),
    )
    for one, other in (pair, pair[::-1])
}
_TRAFFIC = re.compile(
    r"\b(traffic|throughput|bandwidth)\b|\b(tcp|udp|network) (bytes|data|volume)\b", re.IGNORECASE
)
_DIRECTION = re.compile(
    r"\b(sent|sends?|sending|sender\w*|receiv\w+|in|out|incoming|outgoing|inbound|outbound|transmit\w*|tx|rx|upload\w*|download\w*|"
    r"egress|ingress|writ\w+|reads?|reading|output|input|push\w*|pull\w*|fetch\w*|arriv\w+|leav\w+|talkers?|into|uplink|downlink|over)\b|\w+_\w+",
    re.IGNORECASE,
)


_IN, _OUT = "(in|inbound|incoming|received|rx)", "(out|outbound|outgoing|sent|tx)"
_AND = r"(and|versus|vs\.?|against|compared (with|to))"
_BOTH_WAYS = re.compile(
    r"\bboth (ways|directions)\b|\b(in|inbound|incoming|rx) ?(and|/|&|\+) ?(out|outbound|outgoing|tx)\b|"
    r"\b(out|outbound|outgoing|tx) ?(and|/|&|\+) ?(in|inbound|incoming|rx)\b|\b(each|either) (way|direction)\b|"
    rf"\b{_IN} {_AND} (\w+ ){{0,4}}{_OUT}\b|\b{_OUT} {_AND} (\w+ ){{0,4}}{_IN}"
    r"(?= ?([,.;?]|$|by|per|on|every|for))|"
    r"\b(sent|transmitted)\b.{1,30}\breceived\b|\breceived\b.{1,30}\b(sent|transmitted)\b|"
    r"\b(go|goes|going|come|coming|put) into\b.{0,30}\b(and|versus|vs\.?|against)\b.{0,20}\b(out of|leav\w+)\b",
    re.IGNORECASE,
)


def other_way(sentence: Sentence, event: Event, catalogue: Catalogue) -> list[Event]:
    """Return the event of the other direction where the question asks for traffic and names none, or names both."""
    other = _OTHER_WAY.get(event.id)
    asks = _TRAFFIC.search(sentence.text) is not None and _DIRECTION.search(sentence.text) is None
    both = _BOTH_WAYS.search(sentence.text) if other else None
    if both is not None:
        sentence.take_inside(*both.span(), "both ways")
    asks = asks or both is not None
    return [catalogue[other]] if other and asks and other in catalogue else []
