"""Stacks: `user stacks`, `kernel stack traces`, and questions for a place in code, which are answered by stacks."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stems

_STACK_WORDS = stems(
    "stack stacks stacktrace stacktraces callstack callstacks backtrace backtraces ustack kstack callchain callchains"
)


def take_stacks(sentence: Sentence, asked: Asked) -> None:
    """`user stacks`, `kernel stack traces`, `user-level stacks`, `stacks`."""
    for phrase, place in _PLACES.items():
        if (at := sentence.find_phrase(phrase)) is not None and not asked.stacks:
            asked.stacks = (place,)
            asked.place = not any(token.stem in _STACK_WORDS for token in sentence.tokens)
            sentence.take(at, at + len(phrase) - 1, "kernel stacks" if place == "kstack" else "user stacks")
            return
    for pair in _STACK_PAIRS:
        if (at := sentence.find_phrase(pair)) is not None and not sentence.ends_part(at):
            sentence.take(at, at, "")
            sentence.tokens[at + 1].stem = "stack"
    index = sentence.find(_STACK_WORDS)
    if index is None:
        _take_flames(sentence, asked)
        return
    first, sides = index, []
    while sentence.is_free(first - 1) and sentence.stem(first - 1) in _STACK_SIDES:
        first -= 1
    for i in range(first, index + 1):
        if (side := _STACK_SIDES.get(sentence.stem(i))) and side not in sides:
            sides.append(side)
    last = index + 1 if sentence.stem(index + 1) in stems("trace traces") else index
    if not sides:
        sides = _sides_elsewhere(sentence)
    for i, token in enumerate(sentence.tokens):  # `hot kernel code: sample kernel stacks`
        again = token.text.lower() == "kernel" and sides == ["kstack"] and i not in range(first, last + 1)
        if token.meaning is None and again:
            sentence.take(i, i, "")
    asked.stacks = tuple(sides) or ("kstack", "ustack")
    sentence.take(
        first,
        last,
        " and ".join({"ustack": "user stacks", "kstack": "kernel stacks"}[s] for s in asked.stacks),
    )


def _take_flames(sentence: Sentence, asked: Asked) -> None:
    """`a flame graph of page faults`: their stacks. The words stay free, as they name a profile where nothing else is named."""
    if _FLAMES & {token.stem for token in sentence.tokens}:
        asked.stacks = tuple(_sides_elsewhere(sentence)) or ("kstack", "ustack")


_FLAMES = stems("flame flamegraph flamegraphs")


def _sides_elsewhere(sentence: Sentence) -> list[str]:
    """`stacks in user space`, `kernel code paths: stacks`, but `kernel mutex contention by stack` names the mutex."""
    sides: list[str] = []
    for i, token in enumerate(sentence.tokens):
        if token.text.lower() == "kernel" and sentence.is_free(i + 1) and not _is_code(sentence, i + 1):
            continue
        if token.meaning is None and (side := _STACK_SIDES.get(token.stem)) and side not in sides:
            sides.append(side)
            space = sentence.is_free(i + 1) and sentence.stem(i + 1) in ("spac", "land", "mod", "level")
            sentence.take(i, i + space, "")
    return sides


def _is_code(sentence: Sentence, index: int) -> bool:
    return sentence.stem(index) in _CODE


_CODE = stems("code path paths function functions space side stack stacks") | words.EMPTY
# `where in the kernel do tasks fight for a lock?`
_PLACES = {
    ("wher", "in", "the", "kernel"): "kstack",
    ("wher", "in", "the", "cod"): "ustack",
    ("wher", "in", "the", "program"): "ustack",
}
_STACK_PAIRS = (("call", "chain"), ("code", "path"), ("call", "path"), ("call", "trac"))
_STACK_SIDES = {
    **dict.fromkeys(stems("user userspace userland ustack"), "ustack"),
    **dict.fromkeys(stems("kernel kstack"), "kstack"),
    **dict.fromkeys(stems("level mode space land side and call"), ""),
}


def where_asked(sentence: Sentence, asked: Asked, event: Event) -> tuple[str, ...]:
    """Return the sides of the stacks where places in code are asked for: `where is nginx blocked`, `profile java`."""
    if asked.keys:
        return ()
    at = sentence.find(_FUNCTIONS)
    if (
        at is not None
        and sentence.stem(at) == "cod"
        and sentence.stem(at - 1) not in ("which", "what", "kernel")
    ):
        at = None
    if at is not None and event.context != "none" and "function" not in event.fields:
        side = (
            "kernel"
            if sentence.stem(at - 1) != "user" and _IN_KERNEL.search(sentence.text)
            else sentence.stem(at - 1)
        )
        if side in ("which", "what", "kernel", "user"):  # `which functions of mysqld cause page faults`
            sentence.take(at, at, "stacks")
            return (
                ("kstack",) if side == "kernel" else ("ustack",) if event.hz is None else ("kstack", "ustack")
            )
    profiled = event.hz is not None and any(token.stem in _PROFILES for token in sentence.tokens)
    paths = event.hz is not None and _CODE_PATHS.search(sentence.text) is not None
    if paths:
        return ("kstack",) if "kernel" in sentence.text.lower() else ("kstack", "ustack")
    asks = sentence.stem(0) == "wher" and (event.hz is not None or event.id in _PLACED)
    return ("kstack", "ustack") if profiled or asks else ()


_IN_KERNEL = re.compile(r"\b(of|in|inside|within) the kernel\b|\bkernel (functions?|code)\b", re.IGNORECASE)
_FUNCTIONS = stems("function functions code")
_CODE_PATHS = re.compile(r"\b(code|call) paths?\b", re.IGNORECASE)
_PLACED = (
    "off-cpu",
    "page-alloc",
    "kmalloc",
    "slab-alloc",
    "malloc",
    "page-fault",
    "lock-contention",
    "mutex-wait",
)
_PROFILES = stems("profile profiling function functions hotspot hotspots")
