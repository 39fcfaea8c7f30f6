"""The cgroup or the unit of systemd that a question speaks of."""

from __future__ import annotations

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked, text_at
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stems

UNIT_SUFFIXES = (".service", ".slice", ".scope")


def take_cgroup(sentence: Sentence, asked: Asked) -> None:
    """`in the cgroup /system.slice/nginx.service`, `the root cgroup`, `of nginx.service`."""
    index = sentence.find(stems("cgroup cgroups cgroupv2"))
    if index is None:
        _take_unit(sentence, asked)
        return None
    first, last = index, index
    if sentence.stem(last + 1) in ("v2", "v", "2"):
        last += 2 if sentence.stem(last + 1) == "v" else 1
    if sentence.stem(first - 1) == "root":
        return _set_cgroup(sentence, asked, first - 1, last, "/")
    if sentence.stem(first - 1) in ("by", "per", "each", "every", "which"):
        return None  # a key
    if (
        sentence.stem(first - 1) not in _INSIDE
        and sentence.stem(first - 2) not in _INSIDE
        and not _is_path(sentence, last)
    ):
        return None  # `cgroups created`: what happens to them
    if text_at(sentence, index).lower() == "cgroups" and not _is_path(sentence, last):
        return None  # `deletions of cgroups`
    while sentence.stem(last + 1) in ("named", "nam", "call", "called", "path", "id", "=", "=="):
        last += 1
    if (value := _value_chunk(sentence, last + 1)) is not None:
        return _set_cgroup(sentence, asked, first, value[1], value[0])
    asked.problems.append("which cgroup is meant? name it, as in: in cgroup /system.slice/nginx.service")
    return sentence.take(first, last, "a cgroup")


_INSIDE = stems("in of inside within under for from")


def _is_path(sentence: Sentence, last: int) -> bool:
    while sentence.stem(last + 1) in ("named", "nam", "call", "called", "path", "id", "=", "=="):
        last += 1
    following = sentence.tokens[last + 1 : last + 2]
    return bool(following) and (
        following[0].stem == "root"
        or following[0].kind in ("path", "quoted", "number")
        or "." in sentence.chunk(last + 1)[0]
    )


def _take_unit(sentence: Sentence, asked: Asked) -> None:
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.kind in ("word", "quoted"):
            text, last = sentence.chunk(index)
            if text.endswith(UNIT_SUFFIXES):
                _set_cgroup(sentence, asked, index, last, text)
                return


def _set_cgroup(sentence: Sentence, asked: Asked, first: int, last: int, name: str) -> None:
    name = "/" if name == "root" else name
    value: int | str = int(name) if name.isdigit() and len(name) < 19 else name
    asked.conditions.append(Condition("cgroup", "==", value))
    sentence.take(first, last, f"only processes in cgroup {name}")


def _value_chunk(sentence: Sentence, index: int) -> tuple[str, int] | None:
    if not sentence.is_free(index):
        return None
    token = sentence.tokens[index]
    if token.kind not in ("word", "number", "path", "quoted"):
        return None
    text, last = sentence.chunk(index)
    if token.kind == "word" and token.stem in _KNOWN_AFTER_NAME and last == index:
        return None
    return text, last


_KNOWN_AFTER_NAME = (
    words.EMPTY | words.HIST | words.RATE | words.COUNT | frozenset(("and", "or", "only", "during", "longer"))
)
