"""A question -> what it asks of a tool besides its subject: whom, how long, how often, how much, with what.

The slots are those of the offline writer (`gpttrace.spec`): a span of time or a PID means the same to a tool as to a program.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from gpttrace.spec import errors, limits, times, vocabulary, who
from gpttrace.spec.asked import Asked, Threshold, amount_at
from gpttrace.spec.cgroup import take_cgroup
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.stacks import take_stacks
from gpttrace.spec.words import stem, stems

_DISK = re.compile(r"(?:sd[a-z]{1,2}\d*|nvme\d+n\d+(?:p\d+)?|x?vd[a-z]\d*|dm-\d+|md\d+|loop\d+|mmcblk\d+)")
_PROBE = re.compile(r"[A-Za-z_][\w.:*?/@]*[_*:][\w.:*?/@]*")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_OBJECT_WORDS = stems("library libraries binary executable object")
_REPORTS = stems("times reports outputs summaries")
_FUNCTION_WORDS = stems("function functions tracepoint tracepoints kprobe uprobe usdt")


@dataclass(slots=True)
class Wishes:
    """What was asked for; `sentence` has a meaning at each word that was understood."""

    sentence: Sentence
    stems: frozenset[str]
    who: dict[str, int | str] = field(default_factory=dict)  # pid, tid, uid, cpu, comm, cgroup
    every: float | None = None  # seconds
    duration: float | None = None
    times: int | None = None
    top: int | None = None
    hz: int | None = None
    thresholds: list[Threshold] = field(default_factory=list)
    failed: bool | None = None
    errno: int | None = None
    signal: int | None = None
    stacks: tuple[str, ...] = ()
    port: tuple[str, int] | None = None  # local, remote or any
    disk: str | None = None
    object: str | None = None
    path: str | None = None
    probe: str | None = None
    problems: list[str] = field(default_factory=list)


def read_wishes(
    question: str,
    known: Callable[[str], bool],
    *,
    own: frozenset[str] = frozenset(),
    wants_probe: bool = False,
) -> Wishes:
    """Read what a question asks for; `known` tells a word of the tools from a process's name. Never raises.

    `own` are the words that name the tool: `bash` in `lines typed into bash` is no process to filter by.
    """
    sentence = Sentence(question)
    asked = Asked()
    wishes = Wishes(
        sentence, frozenset(token.stem for token in sentence.tokens if token.kind in ("word", "io"))
    )
    _take_port(wishes)
    _take_signal(wishes)
    _take_things(wishes)
    if wants_probe:
        _take_probe(wishes)
    take_cgroup(sentence, asked)
    who.take_ids(sentence, asked)
    who.take_named_comm(sentence, asked, known)
    times.take_hz(sentence, asked)
    _take_times(wishes)
    times.take_every(sentence, asked)
    _take_older(sentence, asked)
    limits.take_thresholds(sentence, asked)
    times.take_duration(sentence, asked)
    limits.take_top(sentence, asked)
    errors.take_errors(sentence, asked)
    take_stacks(sentence, asked)
    for token in sentence.tokens:
        if token.meaning is None and token.stem in own:
            token.meaning = ""
    if not any(condition.field in ("pid", "comm", "tid") for condition in asked.conditions):
        who.take_bare_comm(sentence, asked, known)
    _copy(asked, wishes)
    return wishes


def _copy(asked: Asked, wishes: Wishes) -> None:
    wishes.who = {each.field: each.value for each in asked.conditions if isinstance(each.value, int | str)}
    wishes.every = asked.every / 1e9 if asked.every else None
    wishes.duration = asked.duration / 1e9 if asked.duration else None
    wishes.top, wishes.hz, wishes.thresholds = asked.top, asked.hz, list(asked.thresholds)
    wishes.failed, wishes.errno, wishes.stacks = asked.failed, asked.errno, asked.stacks
    wishes.problems += asked.problems


def _take_port(wishes: Wishes) -> None:
    sentence = wishes.sentence
    index = sentence.find((stem("port"),))
    if index is None or not sentence.is_free(index + 1):
        return
    text = sentence.tokens[index + 1].text
    if not text.isdigit() or not 0 < int(text) < 65536:
        wishes.problems.append(f"there is no port {text}; they go from 1 to 65535")
        return
    before = {sentence.stem(index - 1), sentence.stem(index - 2)}
    remote, local = stems("remote destination dest to"), stems("local source listening")
    side = "remote" if before & remote else "local" if before & local else "any"
    first = index - 1 if before & (remote | local) and sentence.stem(index - 1) in remote | local else index
    wishes.port = (side, int(text))
    sentence.take(first, index + 1, f"only port {text}")


def _take_signal(wishes: Wishes) -> None:
    for index, token in enumerate(wishes.sentence.tokens):
        number = getattr(signal, token.text.upper(), None) if token.text.upper().startswith("SIG") else None
        if isinstance(number, signal.Signals):
            wishes.signal = int(number)
            wishes.sentence.take(index, index, f"only signal {int(number)}")
        elif (
            token.stem == "signal" and (amount := amount_at(wishes.sentence, index + 1)) and amount.kind == ""
        ):
            wishes.signal = int(amount.value)
            wishes.sentence.take(index, amount.last, f"only signal {wishes.signal}")


def _take_things(wishes: Wishes) -> None:
    """`disk sda`, `library libssl`, `/var/log`: a name that its own form or the word before it gives away."""
    sentence = wishes.sentence
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None:
            continue
        text, last = sentence.chunk(index)
        before = sentence.stem(index - 1)
        if _DISK.fullmatch(text):
            wishes.disk = text
            first = index - 1 if before in stems("disk device drive") else index
            sentence.take(first, last, f"only disk {text}")
        elif before in _OBJECT_WORDS and (token.kind == "path" or text.startswith("lib")):
            wishes.object = text
            sentence.take(index - 1, last, f"in {text}")
        elif token.kind == "path":
            wishes.path = text
            sentence.take(index, last, f"only {text}")


def _take_probe(wishes: Wishes) -> None:
    """`function vfs_read`, `t:block:block_rq_issue`, `tcp_*`, `malloc in libc`."""
    sentence = wishes.sentence
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or token.kind not in ("word", "quoted"):
            continue
        text, last = sentence.chunk(index)
        text = text.removesuffix("()")
        named = sentence.stem(index - 1) in _FUNCTION_WORDS and token.stem not in vocabulary.EMPTY
        library = _library(sentence, last + 1)
        if not (_PROBE.fullmatch(text) or (_NAME.fullmatch(text) and (named or library))):
            continue
        if library:
            text, last = f"{library.removeprefix('lib')}:{text}", last + 2
        wishes.probe = text
        sentence.take(index - 1 if named else index, last, f"the function {text}")
        return


def _library(sentence: Sentence, index: int) -> str | None:
    if sentence.stem(index) not in ("in", "of", "from") or not sentence.is_free(index + 1):
        return None
    text = sentence.chunk(index + 1)[0]
    return text if re.fullmatch(r"lib[a-z][\w-]*", text) and stem(text) != stem("library") else None


def _take_times(wishes: Wishes) -> None:
    """`5 times`: how many reports."""
    sentence = wishes.sentence
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if amount is None or amount.kind or amount.value < 1:
            continue
        if sentence.stem(amount.last + 1) in _REPORTS:
            wishes.times = int(amount.value)
            sentence.take(index, amount.last + 1, f"{wishes.times} reports")
            return


def _take_older(sentence: Sentence, asked: Asked) -> None:
    index = sentence.find((stem("older"),))
    amount = (
        amount_at(sentence, index + 2) if index is not None and sentence.stem(index + 1) == "than" else None
    )
    if index is not None and amount is not None and amount.kind == "ns":
        asked.thresholds.append((">", amount.value, "ns", ()))
        sentence.take(index, amount.last, "older than that")
