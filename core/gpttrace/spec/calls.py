"""System calls that a question names: what they are called, and which events they mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gpttrace.spec import vocabulary
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.facts import Facts
from gpttrace.spec.model import Condition
from gpttrace.spec.raw import with_arguments
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.syscalls import syscall_names
from gpttrace.spec.words import stems

_SYSCALL = stems("syscall syscalls systemcall")
# The kernel calls these hooks by another name than people call the system call.
ALIASES = {
    "stat": "newstat", "fstat": "newfstat", "lstat": "newlstat", "fstatat": "newfstatat", "uname": "newuname",
    "sendfile": "sendfile64", "umount2": "umount", "pread": "pread64", "pwrite": "pwrite64", "_exit": "exit",
}  # fmt: skip
# Programs of today call the newer forms of these (openat for open): the old hook alone would see nothing. Of bpf the event
# knows the command.
FAMILIES = {
    "open": "file-open", "stat": "file-stat", "lstat": "file-stat", "unlink": "file-delete", "rename": "file-rename",
    "mkdir": "dir-create", "fork": "fork", "bpf": "bpf-call",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that a question may mean: `phrase` are the words of its name, `condition` goes with it (`syscall == futex`)."""

    event: Event
    score: float
    phrase: tuple[str, ...] = ()
    guessed: bool = False
    condition: Condition | None = None
    place: tuple[int, int] | None = None
    attempts: bool = False
    only: tuple[str, ...] = ()
    elapsed: bool = False


def call_names(host: Facts | None) -> frozenset[str]:
    """Return the names of the system calls of a host."""
    if host is None:
        return frozenset(syscall_names("x86_64").values())
    names = host.tracepoint_names()
    # Without the right to read tracefs: what the architecture has.
    return _cut_names(names) if names else frozenset(syscall_names(host.arch).values())


@lru_cache(maxsize=4)
def _cut_names(tracepoints: frozenset[str]) -> frozenset[str]:
    prefix = "syscalls:sys_enter_"
    names = {name.removeprefix(prefix) for name in tracepoints if name.startswith(prefix)}
    return frozenset(names | {alias for alias, real in ALIASES.items() if real in names})


def named_syscall(sentence: Sentence, catalogue: Catalogue, host: Facts | None) -> list[Candidate] | None:
    """Return what a call written as one (`openat()`, `the bpf syscall`) means, None where none is."""
    names = call_names(host)
    for index, token in enumerate(sentence.tokens):
        if (
            sentence.text[token.end : token.end + 1] == "("
            and token.text in names
            and sentence.is_free(index)
        ):
            called = sentence.stem(index + 1) in ("call", *_SYSCALL) and sentence.is_free(index + 1)
            return specific(catalogue, token.text, (index, index + called), host, exact=True)
    for index in range(len(sentence.tokens)):
        pair = sentence.stem(index) in ("system", "sys") and sentence.stem(index + 1) == "call"
        if not sentence.is_free(index) or not (pair or sentence.stem(index) in _SYSCALL):
            continue
        last = index + 1 if pair else index
        for near in (index - 1, last + 1):
            if sentence.is_free(near) and (text := sentence.tokens[near].text.lower()) in names - {"time"}:
                return specific(catalogue, text, (min(near, index), max(near, last)), host)
    return None


def bare_syscall(
    sentence: Sentence, catalogue: Catalogue, host: Facts | None, named_with_errors: bool = False
) -> list[Candidate]:
    """Return what a word that is the name of a call means."""
    names = call_names(host)
    for index, token in enumerate(sentence.tokens):
        plain = token.stem in vocabulary.EMPTY and not named_with_errors
        if token.meaning is None and token.text.lower() in names and not plain:
            last = index + 1 if sentence.is_free(index + 1) and sentence.stem(index + 1) == "call" else index
            return specific(catalogue, token.text.lower(), (index, last), host)
    return []


def specific(
    catalogue: Catalogue, name: str, place: tuple[int, int], host: Facts | None, exact: bool = False
) -> list[Candidate]:
    """Return the events that a call means, the likeliest first."""
    if name in FAMILIES and not exact:
        return [Candidate(catalogue[FAMILIES[name]], 20, place=place, attempts=True)]
    real = ALIASES.get(name, name)
    call = with_arguments(catalogue["syscall"], real, host)
    named = Candidate(call, 20, condition=Condition("syscall", "==", real), place=place)
    # An event of its own knows the arguments of the call.
    probe = f"tracepoint:syscalls:sys_enter_{real}"
    own = [
        Candidate(event, 19, place=place, attempts=True, only=_alone(event, real))
        for event in catalogue.events.values()
        if any(probe in point.begin for point in event.hooks[0].points)
    ]
    # Where more than one knows it (`bpf`), it is not clear which of them is meant.
    return [own[0], named] if exact and len(own) == 1 else [named, *own[:2]]


def _alone(event: Event, name: str) -> tuple[str, ...]:
    probes = [probe for point in event.hooks[0].points for probe in point.begin]
    return (name,) if len(probes) > 1 else ()
