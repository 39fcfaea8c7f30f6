"""The parts of a question that hold a value: which process, how long, how often, how large, how many.

Each function takes what it understands out of the sentence (its tokens get a meaning) and notes it in `Asked`. Order matters and is that
of `SLOTS`: `every 2 seconds` must be taken before `2 seconds` alone is taken for the duration.
"""

from __future__ import annotations

import errno
import pwd
from collections.abc import Callable
from dataclasses import dataclass, field

from gpttrace.spec import vocabulary as words
from gpttrace.spec.model import Comparison, Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import Kind, number, number_words, unit
from gpttrace.spec.words import stem, stems

DEFAULT_TOP = 10
_GROUPS = stems("by per each which what for every")
_LINKS = stems("by of for from in does do did is with on only within inside under to that was")
_EQUALS = frozenset(("=", "==", "is"))
_UNIT_SUFFIXES = (".service", ".slice", ".scope")


@dataclass(slots=True)
class Asked:
    """What the slots found; thresholds wait for the event to say which field they speak of."""

    keys: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    thresholds: list[tuple[Comparison, float, Kind]] = field(default_factory=list)
    every: int | None = None
    per_second: bool = False
    duration: int | None = None
    top: int | None = None
    hz: int | None = None
    failed: bool | None = None
    attempts: bool = False
    errno: int | None = None
    stacks: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit: `value` is in ns, bytes or Hz by `kind`; `last` is the index of its last token."""

    value: float
    kind: Kind
    last: int


def amount_at(sentence: Sentence, index: int) -> Amount | None:
    """Read a number and its unit at a token."""
    if not sentence.is_free(index):
        return None
    token = sentence.tokens[index]
    if token.kind == "number" and (found := number(token.text)) is not None:
        value, suffix, last = *found, index
        if suffix:
            return _scaled(value, suffix, last)
    else:
        spelled = number_words([sentence.stem(i) for i in range(index, min(index + 6, len(sentence.tokens)))])
        if spelled is None:
            if sentence.stem(index) in ("a", "an") and (named := unit(_text(sentence, index + 1))) is not None:
                return Amount(named[1], named[0], index + 1)
            return None
        value, last = spelled[0], index + spelled[1] - 1
    if sentence.is_free(last + 1) and (named := unit(_text(sentence, last + 1))) is not None:
        return Amount(value * named[1], named[0], last + 1)
    return Amount(value, "", last)


def _scaled(value: float, suffix: str, last: int) -> Amount | None:
    if suffix == "M":
        return Amount(value * 1024**2, "bytes", last)
    named = unit(suffix)
    return Amount(value * named[1], named[0], last) if named else None


def _text(sentence: Sentence, index: int) -> str:
    return sentence.tokens[index].text if 0 <= index < len(sentence.tokens) else ""


# --------------------------------------------------------------------------------------------- who


def take_cgroup(sentence: Sentence, asked: Asked) -> None:
    """`in the cgroup /system.slice/nginx.service`, `the root cgroup`, `of nginx.service`."""
    index = sentence.find(stems("cgroup cgroups cgroupv2"))
    if index is None:
        _take_unit(sentence, asked)
        return
    first, last = index, index
    if sentence.stem(last + 1) in ("v2", "v", "2"):
        last += 2 if sentence.stem(last + 1) == "v" else 1
    if sentence.stem(first - 1) == "root":
        return _set_cgroup(sentence, asked, first - 1, last, "/")
    if sentence.stem(first - 1) in ("by", "per", "each", "which"):
        return None  # a key
    while sentence.stem(last + 1) in ("named", "nam", "call", "called", "path", "id", "=", "=="):
        last += 1
    if (value := _value_chunk(sentence, last + 1)) is not None:
        return _set_cgroup(sentence, asked, first, value[1], value[0])
    asked.problems.append("which cgroup is meant? name it, as in: in cgroup /system.slice/nginx.service")
    return sentence.take(first, last, "a cgroup")


def _take_unit(sentence: Sentence, asked: Asked) -> None:
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.kind in ("word", "quoted"):
            text, last = sentence.chunk(index)
            if text.endswith(_UNIT_SUFFIXES):
                _set_cgroup(sentence, asked, index, last, text)
                return


def _set_cgroup(sentence: Sentence, asked: Asked, first: int, last: int, name: str) -> None:
    value: int | str = int(name) if name.isdigit() and len(name) < 19 else name
    asked.conditions.append(Condition("cgroup", "==", value))
    sentence.take(first, last, f"only processes in cgroup {name}")


def _value_chunk(sentence: Sentence, index: int) -> tuple[str, int] | None:
    if not sentence.is_free(index):
        return None
    token = sentence.tokens[index]
    if token.kind not in ("word", "number", "path", "quoted"):
        return None
    if token.kind == "word" and token.stem in _KNOWN_AFTER_NAME:
        return None
    return sentence.chunk(index)


_KNOWN_AFTER_NAME = words.EMPTY | words.HIST | words.RATE | words.COUNT | frozenset(("and", "or", "only", "during", "longer"))

_IDS: dict[str, tuple[str, ...]] = {
    "pid": ("pid", "process id", "process", "proces number", "program"),
    "tid": ("tid", "thread id", "thread"),
    "uid": ("uid", "user id", "user"),
    "cpu": ("cpu", "core", "processor"),
}
_ID_PHRASES = [(key, tuple(stem(w) for w in phrase.split())) for key, phrases in _IDS.items() for phrase in phrases]


def take_ids(sentence: Sentence, asked: Asked) -> None:
    """`PID 189`, `pid=189`, `process 189`, `thread 7`, `user 1000`, `cpu 3`, `user root`."""
    for key, phrase in _ID_PHRASES:
        for index in range(len(sentence.tokens)):
            if all(sentence.is_free(index + n) and sentence.stem(index + n) == w for n, w in enumerate(phrase)):
                _take_id(sentence, asked, key, index, index + len(phrase))


def _take_id(sentence: Sentence, asked: Asked, key: str, first: int, at: int) -> None:
    while sentence.stem(at) in _EQUALS or sentence.stem(at) in ("number", "no", "id", "of"):
        at += 1
    if not sentence.is_free(at):
        return
    token = sentence.tokens[at]
    if token.kind == "number" and token.text.isdigit() and len(token.text) < 11:
        if unit(_text(sentence, at + 1)) is None or key == "pid":
            asked.conditions.append(Condition(key, "==", int(token.text)))
            sentence.take(first, at, f"only {key} {token.text}")
    elif key == "uid" and (uid := _uid_of(token.text)) is not None:
        asked.conditions.append(Condition("uid", "==", uid))
        sentence.take(first, at, f"only user {token.text} (uid {uid})")


def _uid_of(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        return None


def take_named_comm(sentence: Sentence, asked: Asked, known: Callable[[str], bool]) -> None:
    """`by comm nginx`, `process named "Web Content"`, `process nginx`, `comm == nginx`."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or not (token.stem in words.COMM_WORDS or token.text.lower() in _NAMING):
            continue
        at, explicit = index + 1, token.text.lower() in _NAMING
        while _text(sentence, at).lower() in (*_NAMING, "name", "is", "=", "=="):
            explicit = explicit or _text(sentence, at).lower() != "name"
            at += 1
        if not sentence.is_free(at):
            continue
        value = sentence.tokens[at]
        if value.kind == "quoted" or (value.kind in ("word", "path") and (explicit or not known(value.stem))):
            if value.kind == "word" and not explicit and value.text.endswith("ly"):
                continue
            if explicit and value.kind == "word" and value.stem in (words.EMPTY | frozenset(("and",))):
                continue
            _set_comm(sentence, asked, index, at)
            return


_NAMING = ("named", "called")


def take_bare_comm(sentence: Sentence, asked: Asked, known: Callable[[str], bool]) -> bool:
    """`files opened by nginx`, `reads of mysqld`, `does nginx open`: a name that nothing else knows, after a preposition."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or known(token.stem) or token.kind not in ("word", "quoted"):
            continue
        linked = sentence.stem(index - 1) in _LINKS or token.text.endswith(("'s", "’s"))
        if linked and not token.text.endswith("ly") and token.text.isascii():
            _set_comm(sentence, asked, index, index)
            return True
    return False


def _set_comm(sentence: Sentence, asked: Asked, first: int, at: int) -> None:
    text, last = sentence.chunk(at)
    text = text.replace("’", "'").removesuffix("'s")
    name = text.rsplit("/", 1)[-1] if text.startswith("/") else text
    if name:
        asked.conditions.append(Condition("comm", "==", name))
        sentence.take(first, last, f"only processes named {name}")


# -------------------------------------------------------------------------------- how often, how long


def take_hz(sentence: Sentence, asked: Asked) -> None:
    """`at 99 Hz`, `99 times a second`."""
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if amount is None:
            continue
        last = amount.last
        if amount.kind == "" and sentence.stem(last + 1) == "tim" and sentence.stem(last + 2) in ("per", "a", "each", "every"):
            if sentence.stem(last + 3) != stem("second"):
                continue
            last += 3
        elif amount.kind != "hz":
            continue
        asked.hz = int(amount.value)
        sentence.take(index, last, f"sampled {asked.hz} times a second")
        return


def take_every(sentence: Sentence, asked: Asked) -> None:
    """`every 2 seconds`, `per second`, `each minute`, `in 5 s intervals`."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None:
            continue
        if token.stem in ("every", "each", "per", "a", "/", "an") and _take_span(sentence, asked, index, token.stem):
            return
        if token.stem == stem("interval") and _take_interval(sentence, asked, index):
            return


def _take_span(sentence: Sentence, asked: Asked, index: int, word: str) -> bool:
    one = unit(_text(sentence, index + 1)) if sentence.is_free(index + 1) else None
    amount = Amount(one[1], one[0], index + 1) if one else amount_at(sentence, index + 1)
    if amount is None or amount.kind != "ns":
        return False
    if word in ("a", "an") and sentence.stem(index - 1) in ("for", "during", "over", "in", "half", "within", "than", "after"):
        return False
    if word == "a" and index == 0:
        return False
    asked.every = int(amount.value)
    asked.per_second = one is not None
    sentence.take(index, amount.last, f"one table for each {_seconds(asked.every)}")
    return True


def _take_interval(sentence: Sentence, asked: Asked, index: int) -> bool:
    for first in (index - 1, index - 2, index + 1, index + 2):
        amount = amount_at(sentence, first)
        if amount is not None and amount.kind == "ns" and abs(amount.last - index) <= 3:
            asked.every = int(amount.value)
            sentence.take(min(first, index), max(amount.last, index), f"one table for each {_seconds(asked.every)}")
            return True
    return False


def take_duration(sentence: Sentence, asked: Asked) -> None:
    """`for 10 seconds`, `during 1 minute`, `for the next 30s`, or a span of time that nothing else took."""
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if amount is None or amount.kind != "ns" or amount.value <= 0:
            continue
        first = index
        while sentence.is_free(first - 1) and sentence.stem(first - 1) in _BEFORE_SPAN:
            first -= 1
        if sentence.stem(first - 1) in _PAST or any(sentence.stem(i) in _PAST for i in range(first, index)):
            asked.problems.append("tracing sees what happens from now on, not the past")
        asked.duration = int(amount.value)
        sentence.take(first, amount.last, f"trace for {_seconds(asked.duration)}")
        return


_BEFORE_SPAN = stems("for during over the next in within about around last past previous period of up time lasting")
_PAST = stems("last past previous ago")


def _seconds(ns: int) -> str:
    return f"{ns / 1e9:g} s"


# --------------------------------------------------------------------------------- how much, how many


def take_thresholds(sentence: Sentence, asked: Asked) -> None:
    """`longer than 1 ms`, `> 4k`, `at least 10us`, `under 64 KiB`."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None:
            continue
        op, at = _comparison_at(sentence, index)
        amount = amount_at(sentence, at) if op else None
        if op is None or amount is None or amount.kind == "hz":
            continue
        if sentence.stem(index) in stems("over within") and amount.kind == "ns":
            continue  # `over 10 seconds` is a duration
        asked.thresholds.append((op, amount.value, amount.kind))
        sentence.take(index, amount.last, f"{op} {amount.value:g} {amount.kind}".strip())


def _comparison_at(sentence: Sentence, index: int) -> tuple[Comparison | None, int]:
    word, after = sentence.stem(index), sentence.stem(index + 1)
    if word in (">", ">=", "<", "<="):
        return word, index + 1  # type: ignore[return-value]  # one of the four
    if word == "at" and after in (stem("least"), stem("most")):
        return (">=" if after == stem("least") else "<="), index + 2
    op: Comparison | None = ">" if word in words.ABOVE else "<" if word in words.BELOW else None
    return op, index + 2 if after == "than" else index + 1


_SUPERLATIVES = stems("most largest biggest busiest heaviest slowest highest worst longest")


def take_top(sentence: Sentence, asked: Asked) -> None:
    """`top 5`, `the five largest`, `first 10`, `top processes`."""
    index = sentence.find(("top", "first", "limit"))
    if index is not None:
        amount = amount_at(sentence, index + 1)
        if amount is not None and amount.kind == "" and amount.value >= 1:
            asked.top = int(amount.value)
            sentence.take(index, amount.last, f"the {asked.top} largest rows")
            return
        if sentence.stem(index) == "top":
            asked.top = DEFAULT_TOP
            sentence.take(index, index, f"the {DEFAULT_TOP} largest rows")
            return
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if amount is not None and amount.kind == "" and amount.value >= 1 and sentence.stem(amount.last + 1) in _SUPERLATIVES:
            asked.top = int(amount.value)
            sentence.take(index, amount.last + 1, f"the {asked.top} largest rows")
            return


_ERRNO_PHRASES = {
    "permission denied": "EACCES", "no such file": "ENOENT", "not found": "ENOENT", "would block": "EAGAIN",
    "out of memory": "ENOMEM", "no space": "ENOSPC", "too many open files": "EMFILE",
}  # fmt: skip
_BY_NAME = {name: code for code, name in errno.errorcode.items()}


def take_errors(sentence: Sentence, asked: Asked) -> None:
    """`that failed`, `errors only`, `with errno 2`, `ENOENT`, `permission denied`, `successful`."""
    _take_errno(sentence, asked)
    for stems_, failed, meaning in ((words.FAILED, True, "only calls that failed"), (words.SUCCEEDED, False, "only calls that succeeded")):
        while (index := sentence.find(stems_)) is not None and sentence.stem(index - 1) not in ("by", "per"):
            asked.failed = failed
            last = index + 1 if sentence.stem(index + 1) == "only" else index
            first = index - 1 if sentence.stem(index - 1) in ("only", "that") else index
            sentence.take(first, last, meaning)
    if (index := sentence.find(words.ATTEMPTS)) is not None:
        asked.attempts = True
        sentence.take(index, index, "whether or not the call succeeds")


def _take_errno(sentence: Sentence, asked: Asked) -> None:
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.text.upper() in _BY_NAME and token.text[:1] in "eE":
            return _set_errno(sentence, asked, index, index, _BY_NAME[token.text.upper()])
        if token.meaning is None and token.stem in ("errno", "error"):
            at = index + (2 if sentence.stem(index + 1) in (*_EQUALS, "cod", "number") else 1)
            amount = amount_at(sentence, at)
            if amount is not None and amount.kind == "":
                return _set_errno(sentence, asked, index, at, int(amount.value))
    for phrase, name in _ERRNO_PHRASES.items():
        found = sentence.find_phrase(tuple(stem(word) for word in phrase.split()))
        if found is not None:
            return _set_errno(sentence, asked, found, found + phrase.count(" "), _BY_NAME[name])
    return None


def _set_errno(sentence: Sentence, asked: Asked, first: int, last: int, code: int) -> None:
    asked.errno = code
    sentence.take(first, last, f"only calls that failed with {errno.errorcode.get(code, code)}")


# ---------------------------------------------------------------------------------------------- keys


def take_stacks(sentence: Sentence, asked: Asked) -> None:
    """`user stacks`, `kernel stack traces`, `user-level stacks`, `stacks`."""
    index = sentence.find(stems("stack stacks stacktrace stacktraces callstack callstacks backtrace backtraces ustack kstack"))
    if index is None:
        return
    first, sides = index, []
    while sentence.is_free(first - 1) and sentence.stem(first - 1) in _STACK_SIDES:
        first -= 1
    for i in range(first, index + 1):
        if (side := _STACK_SIDES.get(sentence.stem(i))) and side not in sides:
            sides.append(side)
    last = index + 1 if sentence.stem(index + 1) in stems("trace traces") else index
    asked.stacks = tuple(sides) or ("kstack", "ustack")
    sentence.take(first, last, " and ".join({"ustack": "user stacks", "kstack": "kernel stacks"}[s] for s in asked.stacks))


_STACK_SIDES = {
    **dict.fromkeys(stems("user userspace userland ustack"), "ustack"),
    **dict.fromkeys(stems("kernel kstack"), "kstack"),
    **dict.fromkeys(stems("level mode space land side and call"), ""),
}


def take_keys(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`by process and PID`, `per user`, `which processes`, `for each file`; `names` are stems and the fields they mean."""
    for index, token in enumerate(sentence.tokens):
        if token.stem not in _GROUPS or (token.stem in ("for", "every") and sentence.stem(index + 1) != "each" and token.stem == "for"):
            continue
        if token.meaning is not None and token.meaning != "rows by":
            continue
        at = index + 1
        while sentence.stem(at) in ("each", "every", "the", "by", "per"):
            at += 1
        _take_key_list(sentence, asked, names, index, at)


def _take_key_list(sentence: Sentence, asked: Asked, names: dict[str, str], first: int, at: int) -> None:
    last = first
    while (found := _key_at(sentence, names, at)) is not None:
        key, last = found
        if key not in asked.keys:
            asked.keys.append(key)
        at = last + 1
        while sentence.stem(at) in ("and", "then", "by", "per", "each", "with", "+", "&") and _key_at(sentence, names, at + 1):
            at += 1
    if last > first:
        sentence.take(first, last, "rows by " + ", ".join(asked.keys))


def _key_at(sentence: Sentence, names: dict[str, str], index: int) -> tuple[str, int] | None:
    if not sentence.is_free(index):
        return None
    word, after = sentence.stem(index), sentence.stem(index + 1)
    if (two := names.get(f"{word} {after}")) is not None and sentence.is_free(index + 1):
        return two, index + 1
    if (key := names.get(word)) is None:
        return None
    if after in _SECOND and sentence.is_free(index + 1):
        return _SECOND[after].get(key, key), index + 1
    return key, index


_SECOND: dict[str, dict[str, str]] = {
    stem("name"): {"tid": "comm"},
    stem("names"): {"tid": "comm"},
    "id": {"comm": "pid"},
    stem("ids"): {"comm": "pid"},
    stem("number"): {"comm": "pid"},
}
