"""Two or three words that say one thing: `per cent`, `control group`, `nobody handled`, `network receive softirqs`."""

from __future__ import annotations

from dataclasses import replace

from gpttrace.spec.words import Token, plain, stem

_VECTORS = {"receiv": "net_rx", "rx": "net_rx", "transmit": "net_tx", "tx": "net_tx"}
# What is said in two words, and the one word that it is read as.
_AS_ONE = {
    ("per", "cent"): "percent",
    ("control", "group"): "cgroup",
    ("control", "groups"): "cgroup",
    ("nobody", "handled"): "unhandled",
    ("nobody", "claimed"): "unhandled",
}
# Words that go without their neighbour: `leave out`, `that get set`, `against whom`, `the ten most active`.
_SECOND_ALONE = {("get", "set"), ("gets", "set"), ("got", "set"), ("against", "whom")}
_SECOND_ALONE |= {("file", "descriptor"), ("file", "descriptors")}
_FIRST_ALONE = {("leave", "out"), ("leaving", "out"), ("most", "active")}
_LASTING = plain("drag drags dragging")


def merged(before: list[Token], token: Token) -> bool:
    """Merge a token into those before it; False where the two stay as they are."""
    if not before:
        return False
    last = before[-1]
    pair = (last.text.lower(), token.text.lower())
    if pair in _AS_ONE:
        word = _AS_ONE[pair]
        before[-1] = replace(last, text=word, stem=stem(word), end=token.end)
    elif pair in _SECOND_ALONE:
        before[-1] = replace(token, start=last.start)
    elif pair[0] in _LASTING and pair[1] == "on":
        before[-1] = replace(last, stem="long")  # `work that drags on`
    elif pair[1] == "us" and last.stem == "send" and len(before) > 1:
        before[-1] = replace(last, stem=stem("receive"))  # `which peers send us resets`
    elif pair == ("next", "to") and len(before) > 1 and before[-2].text.lower() != "the":
        before[-1] = replace(last, stem="versus")  # `bytes read next to bytes written`
    elif pair not in _FIRST_ALONE:
        return False
    return True


def name_vector(before: list[Token], token: Token) -> None:
    """`network receive softirqs`: the two words before are the name of their vector."""
    named = token.stem == "softirq" and len(before) > 1 and before[-2].stem in ("network", "net")
    if named and (vector := _VECTORS.get(before[-1].stem)) is not None:
        before[-2:] = [replace(before[-2], text=vector, stem=vector, end=before[-1].end)]
