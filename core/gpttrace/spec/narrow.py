"""A question that names one of an event's hooks (`fdatasync`, `SSL_write`, `calloc`) means that one alone."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from gpttrace.spec.catalogue import Event, Hook, Point
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.syscalls import syscall_names
from gpttrace.spec.words import Token, plain

# Names of system calls that are plain English too: `reads` are reads by any of the calls that read.
_ENGLISH = plain(
    """read write open close kill mount link rename stat access pause select poll accept connect bind listen send splice tee sync
    time wait exit fork clone exec execve unlink mkdir brk free truncate lock futex nanosleep fsync mmap unshare socket sendto
    recvfrom setns umount chmod chown readv writev rmdir statfs pipe symlink"""
)


def named_hooks(sentence: Sentence, event: Event) -> tuple[str, ...]:
    """Return the names of hooks of an event that the question gives, when they are only some of them; their words are taken."""
    if later := _of_later_hooks(sentence, event):
        return later
    known: set[str] = set()
    for point in event.hooks[0].points:
        begin, end = set(map(name_of_hook, point.begin)), set(map(name_of_hook, point.end))
        known |= (
            begin & end if begin and end else begin | end
        )  # `irq_handler_entry` alone is no begin with its end
    if len(known) < 2:
        return ()
    found: list[str] = []
    places = {i: names for i, token in enumerate(sentence.tokens) if (names := _meant(token, known))}
    for index, names in places.items():
        # `poll` may be any poll, but `poll and select` are two calls.
        joined = index - 2 in places and sentence.stem(index - 1) in _JOINS
        joined = joined or (index + 2 in places and sentence.stem(index + 1) in _JOINS)
        joined = joined or any(
            _are_slashed(sentence, at) for at in (index - 1, index) if {at, at + 1} <= places.keys()
        )
        if names[0] not in _ENGLISH or joined:
            found += names
            sentence.take(index, index, sentence.event)
    compared = ("versus", "vs", "against", "compar")
    if found and any(token.stem in compared for token in sentence.tokens):
        found += [name for names in places.values() for name in names]  # `fdatasync compared to fsync`
    return tuple(dict.fromkeys(found)) or _of_one_kind(sentence, known) or _of_library(sentence, event)


def _of_later_hooks(sentence: Sentence, event: Event) -> tuple[str, ...]:
    """Return the function that only a hook sees which comes later: `udp_sendmsg calls` are no calls of sendto(2)."""
    first, *others = (
        {name_of_hook(p) for point in h.points for p in (*point.begin, *point.end)} for h in event.hooks
    )
    later = {name for names in others for name in names if "_" in name} - first - {"sys_enter", "sys_exit"}
    found = [token.text for token in sentence.tokens if token.text in later]
    tracepoints = {
        p.rpartition(":")[2]
        for h in event.hooks
        for point in h.points
        for p in point.begin
        if "tracepoint" in p
    }
    return tuple(dict.fromkeys(name for name in found if name not in tracepoints))


def _are_slashed(sentence: Sentence, index: int) -> bool:
    """Tell whether a slash alone parts two words: `chmod/fchmodat`."""
    return sentence.text[sentence.tokens[index].end : sentence.tokens[index + 1].start] == "/"


def _of_one_kind(sentence: Sentence, known: set[str]) -> tuple[str, ...]:
    """Return the hooks that set, or those that remove, where an event has both: `attributes being set`."""
    kinds = [
        tuple(n for n in sorted(known) if re.fullmatch(rf"[lf]?{verb}\w+", n)) for verb in ("set", "remove")
    ]
    said = [any(token.stem == verb for token in sentence.tokens) for verb in ("set", "remov")]
    return kinds[said.index(True)] if all(kinds) and sum(said) == 1 else ()


_LIBRARIES = {"openssl": "libssl", "gnutls": "libgnutls"}


def _of_library(sentence: Sentence, event: Event) -> tuple[str, ...]:
    """Return the functions of the one library that is named: `OpenSSL handshakes`."""
    named = {_LIBRARIES[t.text.lower()] for t in sentence.tokens if t.text.lower() in _LIBRARIES}
    probes = [probe for point in event.hooks[0].points for probe in (*point.begin, *point.end)]
    own = [name_of_hook(probe) for probe in probes if f":{next(iter(named), '?')}:" in f":{probe}"]
    return tuple(dict.fromkeys(own)) if len(named) == 1 and len(own) < len(probes) else ()


_JOINS = ("and", "or", "&", "+", "plus")


def _meant(token: Token, known: set[str]) -> list[str]:
    """Return the hooks that a word names, the word itself first: `poll` is also `ppoll`, `sigsuspend` is `rt_sigsuspend`."""
    if token.kind != "word":
        return []
    small = token.text.lower().replace("’", "'").removesuffix("'ed").removesuffix("'d")
    forms = dict.fromkeys((token.text, small, small.removesuffix("s")))
    said = next((form for form in forms if form in known or f"rt_{form}" in known), None)
    if said is None:
        return []
    family = (f"rt_{said}", f"p{said}", f"p{said}6") if small == said else (f"rt_{said}",)
    return [name for name in (said, *family) if name in known]


def is_call(word: str) -> bool:
    """Tell whether a word is the name of a system call and no English word."""
    return word not in _ENGLISH and word in every_call()


@cache
def every_call() -> frozenset[str]:
    """Return the names of all system calls."""
    return frozenset(syscall_names("x86_64").values())


def name_of_hook(probe: str) -> str:
    """Return the name by which a hook point is known: `openat` of `tracepoint:syscalls:sys_enter_openat`."""
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
    return tuple(probe for probe in probes if name_of_hook(probe) in only)
