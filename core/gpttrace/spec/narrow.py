"""A question that names one of an event's hooks (`fdatasync`, `SSL_write`, `calloc`) means that one alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from gpttrace.spec.catalogue import Event, Hook, Point
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.syscalls import syscall_names
from gpttrace.spec.words import plain

# Names of system calls that are plain English too: `reads` are reads by any of the calls that read.
_ENGLISH = plain(
    """read write open close kill mount link rename stat access pause select poll accept connect bind listen send splice tee sync
    time wait exit fork clone exec execve unlink mkdir brk free truncate lock futex nanosleep fsync mmap unshare socket sendto
    recvfrom setns umount chmod chown readv writev rmdir statfs"""
)


def named_hooks(sentence: Sentence, event: Event) -> tuple[str, ...]:
    """Return the names of hooks of an event that the question gives, when they are only some of them; their words are taken."""
    known = {
        _last(probe)
        for hook in event.hooks[:1]
        for point in hook.points
        for probe in (*point.begin, *point.end)
    }
    if len(known) < 2:
        return ()
    found = []
    for index, token in enumerate(sentence.tokens):
        small = token.text.lower()
        name = next((each for each in (token.text, small, small.removesuffix("s")) if each in known), "")
        if token.kind != "word" or not name:
            continue
        if name in _ENGLISH:
            continue
        found.append(name)
        sentence.take(index, index, sentence.event)
    return tuple(dict.fromkeys(found))


def is_call(word: str) -> bool:
    """Tell whether a word is the name of a system call and no English word."""
    return word not in _ENGLISH and word in _call_names()


@cache
def _call_names() -> frozenset[str]:
    return frozenset(syscall_names("x86_64").values())


def _last(probe: str) -> str:
    name = probe.rpartition(":")[2]
    for prefix in ("sys_enter_", "sys_exit_"):
        name = name.removeprefix(prefix)
    return name


def narrowed(hook: Hook, only: tuple[str, ...]) -> Hook | None:
    """Return the hook with the named probes alone, None when it has none of them."""
    if not only:
        return hook
    points = []
    for point in hook.points:
        begin, end = _kept(point.begin, only), _kept(point.end, only)
        if bool(begin) == bool(point.begin) and bool(end) == bool(point.end):
            points.append(Point(begin, end, point.when, point.fields, point.join))
    return replace(hook, points=tuple(points)) if points else None


def _kept(probes: tuple[str, ...], only: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(probe for probe in probes if _last(probe) in only)
