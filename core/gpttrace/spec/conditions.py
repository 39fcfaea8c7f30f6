"""Which conditions the words of a question set: names, numbers, files, errors, and what an event assumes by itself."""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from itertools import pairwise

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import CONTEXT_FIELDS, Event, Field
from gpttrace.spec.devices import take_device
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.signals import signals_named
from gpttrace.spec.victims import is_receiver
from gpttrace.spec.who import EXCEPT
from gpttrace.spec.words import plain, stem, stems


def share_of(
    conditions: list[Condition], event: Event, sentence: Sentence
) -> tuple[list[Condition], Condition | None]:
    """Take the condition that a share is told of out of those that every event must meet."""
    failed = [c for c in conditions if c.field in ("ret", "errno")]
    named = [c for c in conditions if isinstance(c.value, str) and c.value in event.fields[c.field].values]
    compared = [
        c for c in conditions if c.op not in ("==", "!=", "startswith") and event.fields[c.field].unit
    ]
    whose = [
        c for c in conditions if c.field == "comm" and c.op == "=="
    ]  # `share of page faults caused by java`
    part = next(iter((*failed, *named, *compared, *whose)), None)
    if part is None and not any(t.meaning and t.stem in words.JOINING for t in sentence.tokens):
        return conditions, None
    return [c for c in conditions if c != part], part


def directed(asked: Asked, event: Event) -> list[str]:
    """Turn `sent to process nginx` into a condition on the receiver; say so where an event has none."""
    if is_receiver(event):
        return []
    problems = []
    if "new_uid" in event.fields and "root" in asked.named:
        asked.conditions.append(Condition("new_uid", "==", 0))  # `who switches to root`
    for condition in [each for each in asked.directed if each in asked.conditions]:
        if condition.field == "uid" and "new_uid" in event.fields:  # `setuid to root`
            asked.conditions[asked.conditions.index(condition)] = replace(condition, field="new_uid")
            continue
        ends = (f"{end}_{condition.field}" for end in ("target", "to", "new"))
        target = next((name for name in ends if name in event.fields), "")
        asked.conditions.remove(condition)
        if target in event.fields:
            asked.conditions.append(Condition(target, condition.op, condition.value))
        elif any(c.field == "dport" for c in asked.conditions) and "dport" in event.fields:
            continue  # `connect to postgres on port 5432`: the port says it
        else:
            problems.append(f"{event.noun} do not carry whom they go to")
    return problems


def named_values(sentence: Sentence, event: Event, asked: Asked) -> list[Condition]:
    """Return the conditions that named values set (`read`, `sigkill`, a path)."""
    found = [*take_device(sentence, event), *_moves(sentence, event), *_bare_port(sentence, event)]
    if "sig" in event.fields:
        found += signals_named(sentence, event, asked)
    for field in event.fields.values():
        by_stem = {stem(name): name for name in field.values}
        named: list[str] = []
        while (index := sentence.find(by_stem)) is not None:
            name = _value_named(sentence, index, field)
            if field.name == "ret" and asked.errno is not None:
                sentence.take(index, index, "")  # the error itself is named
                continue
            passive = name == "handled" and sentence.stem(index - 1) in (
                "are",
                "is",
                "was",
                "were",
                "be",
                "get",
                "being",
            )
            if passive or (name.endswith("ed") and sentence.tokens[index].text.lower().endswith("s")):
                sentence.take(index, index, "")  # `which driver handles interrupts`
                continue
            if sentence.stem(index - 1) in EXCEPT and sentence.is_free(index - 1):
                found.append(Condition(field.name, "!=", name))  # `all signals except SIGCHLD`
                sentence.take(index - 1, index, f"not {field.name} {name}")
                continue
            named.append(name)
            sentence.take(index, index, f"{field.name} {named[-1]}")
        # `segfaults: who gets SIGSEGV`
        backwards = named[::-1]
        exact = sorted(backwards, key=lambda name: name.startswith("sig"))
        named = list({field.values[name]: name for name in exact}.values())[::-1]
        if len(named) == 1 or asked.ratio:
            found += [Condition(field.name, "==", name) for name in named[:1]]
        elif named and field.name == "sig":
            found += [
                Condition(field.name, "==", name) for name in named[:1]
            ]  # the others are `take_either`'s
            _free_others(sentence, field.name, named[1:])
        elif named and field.name not in asked.keys:
            asked.keys.append(field.name)  # `reads and writes`: one row for each
    found += [*_called(sentence, event), *_domain(sentence, event)]
    texts = [field.name for field in event.fields.values() if field.read == "str"]
    file = "filename" if "filename" in texts else next(iter(texts), None)
    return [*found, *(_paths(sentence, file, event) if file else [])]


def _free_others(sentence: Sentence, field: str, names: list[str]) -> None:
    for token in sentence.tokens:
        if token.meaning in {f"{field} {name}" for name in names}:
            token.meaning = None


def _value_named(sentence: Sentence, index: int, field: Field) -> str:
    """Return the value that a word names: the one spelled so, else the first of its stem (`closed`, not `closing`)."""
    text = sentence.tokens[index].text.lower()
    if text in field.values:
        return text
    return next(name for name in field.values if stem(name) == sentence.stem(index))


_TO = frozenset(("to", "into", "onto"))


def _moves(sentence: Sentence, event: Event) -> list[Condition]:
    """`from SYN_SENT to CLOSE`, `SYN_SENT straight to CLOSE`: the state before and the state after."""
    old, new = event.fields.get("oldstate"), event.fields.get("newstate")
    if old is None or new is None:
        return []
    by_stem = {stem(name) for name in new.values}
    at = [i for i, t in enumerate(sentence.tokens) if t.stem in by_stem]
    for first, second in pairwise(at):
        between = {sentence.stem(i) for i in range(first + 1, second)}
        arrow = sentence.text[sentence.tokens[first].end : sentence.tokens[second].start].strip() in (
            "->",
            "→",
        )
        if second - first > 3 or not (arrow or between & _TO):
            continue
        before, after = _value_named(sentence, first, new), _value_named(sentence, second, new)
        numbers = [re.search(r"== (\d+)", new.values[name]) for name in (before, after)]
        if all(numbers):
            start = first - (sentence.stem(first - 1) == "from")
            sentence.take(start, second, f"only from {before} to {after}")
            states = [int(number[1]) for number in numbers if number]
            return [Condition("oldstate", "==", states[0]), Condition("newstate", "==", states[1])]
    return []


def _only_number(sentence: Sentence, event: Event) -> Field | None:
    """Return the one plain number of an event that the question names: `signals … 34 and above`."""
    said = {token.stem for token in sentence.tokens}
    named = [
        f for f in event.fields.values() if f.name not in CONTEXT_FIELDS and f.type != "string" and not f.unit
    ]
    named = [f for f in named if any(stem(name) in said for name in f.names)]
    return named[0] if len(named) == 1 else None


def _bare_port(sentence: Sentence, event: Event) -> list[Condition]:
    """`who connects to 5432`: a number right behind the connection is the port that it goes to."""
    for index, token in enumerate(sentence.tokens):
        behind = sentence.stem(index - 1) == "to" and index > 1
        behind = behind and sentence.tokens[index - 2].meaning == sentence.event
        plain_number = token.kind == "number" and token.text.isdigit() and 0 < int(token.text) < 65536
        if token.meaning is None and behind and plain_number and "dport" in event.fields:
            sentence.take(index, index, f"only port {token.text}")
            return [Condition("dport", "==", int(token.text))]
    return []


_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")


def _domain(sentence: Sentence, event: Event) -> list[Condition]:
    """`who resolves example.com`: the name that is looked up."""
    field = event.fields.get("host")
    for index, token in enumerate(sentence.tokens):
        name, last = sentence.chunk(index)
        free = field is not None and token.meaning in (None, "", sentence.event) and last > index
        if free and field is not None and _DOMAIN.fullmatch(name):
            sentence.take(index, last, f"only {field.name} {name}")
            return [Condition(field.name, "==", name)]
    return []


def _called(sentence: Sentence, event: Event) -> list[Condition]:
    """Return the condition that `a module named nvidia` sets on the name that the event carries."""
    for index, token in enumerate(sentence.tokens):
        if (own := _after_field(sentence, event, index)) is not None:
            return [own]
        if token.text.lower() not in ("named", "called") or not sentence.is_free(index + 1):
            continue
        if sentence.stem(index + 1) in words.EMPTY | words.MOST:
            continue  # `methods called the most`
        before = sentence.stem(index - 1)
        texts = [
            f for f in event.fields.values() if f.type == "string" and f.name not in ("comm", "target_comm")
        ]
        field = next((f for f in texts if any(before in name.split() for name in f.names)), None)
        field = field or (
            texts[0] if len(texts) == 1 and sentence.tokens[index - 1].meaning == sentence.event else None
        )
        if field is not None:
            name, last = sentence.chunk(index + 1)
            sentence.take(index, last, f"only {field.name} {name}")
            return [Condition(field.name, "==", name)]
    return []


def _after_field(sentence: Sentence, event: Event, index: int) -> Condition | None:
    """Return the condition of `the workqueue events_unbound`: a name of the machine's after the field that it belongs to."""
    token = sentence.tokens[index]
    strange = token.meaning is None and (
        token.kind == "quoted" or "_" in token.text or token.text[-1:].isdigit()
    )
    if not strange or token.kind not in ("word", "quoted"):
        return None
    before = sentence.stem(index - 1)
    for field in event.fields.values():
        named = field.type == "string" and before in {stem(name) for name in field.names}
        if named and field.name not in ("comm", "target_comm") and field.read is None:
            sentence.take(index, index, f"only {field.name} {token.text}")
            return Condition(field.name, "==", token.text)
    return None


_FOLDERS = plain(
    """/dev/shm /var/tmp /var/log /var/lib /var/run /var/cache /var/spool /usr/bin /usr/sbin /usr/lib /usr/local /usr/share
    /run/user"""
)


def _paths(sentence: Sentence, field: str, event: Event) -> list[Condition]:
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.kind == "path" and len(token.text) > 1:
            path, last = sentence.chunk(index)
            # `/tmp` is a folder: what is opened is below it.
            below = (
                path.endswith("/")
                or path.count("/") == 1
                or path in _FOLDERS
                or sentence.stem(index - 1) in stems("in under below inside within beneath underneath")
            )
            first = index - 1 if below and sentence.is_free(index - 1) else index
            sentence.take(first, last, f"only files {'below' if below else 'named'} {path}")
            before = sentence.stem(index - 1)
            made = (
                below and before == "in" and any(t.stem in ("creat", "mak", "new") for t in sentence.tokens)
            )
            if path.startswith("/dev/") and "source" in event.fields:
                field = "source"  # `mounts of /dev/sdb1`
            if "newname" in event.fields and (made or before in ("to", "onto", "into", "over", "as")):
                field = "newname"  # `renames onto /etc/passwd`
            if below:
                return [Condition(field, "startswith", path.rstrip("/") + "/")]
            return [Condition(field, "==", path)]
    return []


def file_names(sentence: Sentence, event: Event) -> list[str]:
    """Say that reads and the like do not know the name of the file, where the question wants it."""
    known = any(
        field.read == "str" or field.name in ("filename", "path") or "file" in field.names
        for field in event.fields.values()
    )
    if known or not _asks_for_files(sentence):
        return []
    return [f"{event.noun} do not carry the name of the file; ask for files opened"]


def _asks_for_files(sentence: Sentence) -> bool:
    asking = stems("by per which what each top")
    return any(
        token.stem in stems("file filename path")
        and token.meaning != ""
        and (
            sentence.stem(index - 1) in asking
            or (token.text.lower() == "files" and (index == 0 or sentence.tokens[index - 1].kind == "number"))
        )
        for index, token in enumerate(sentence.tokens)
    )


def error_conditions(asked: Asked, event: Event, problems: list[str]) -> list[Condition]:
    """Return the condition that `failed`, `ENOENT` … set, and add what stands against it to `problems`."""
    if asked.failed is None and asked.errno is None:
        return []
    if "ret" not in event.fields and "exit_code" in event.fields and asked.errno is None:
        return [Condition("exit_code", "!=" if asked.failed else "==", 0)]
    if (
        "rc" in event.fields and asked.errno is None
    ):  # of functions of the kernel that return a code of their own
        return [Condition("rc", "!=" if asked.failed else "==", 0)]
    if "ret" not in event.fields:
        problems.append(f"it cannot be seen whether {event.noun} fail")
        return []
    if asked.errno == errno.ETIMEDOUT and "timeout" in event.fields["ret"].values:
        return [Condition("ret", "==", "timeout")]  # polls return nothing then, and no error
    if asked.errno is not None:
        return [Condition("ret", "==", -asked.errno)]
    return [Condition("ret", "<", 0) if asked.failed else Condition("ret", ">=", 0)]


def settled(assumed: Condition, given: list[Condition], event: Event, asked: Asked) -> bool:
    """Tell whether an assumption of the event is answered by what the question says."""
    # `failed opens` replaces the assumption that only successful opens count; `open attempts` drops it.
    if asked.attempts:
        return True
    same = {
        f.name
        for f in event.fields.values()
        if f.end and event.fields[assumed.field].end in (f.end, f"-{f.end}")
    }
    same |= {
        f.name for f in event.fields.values() if f.end and f.end == f"-{event.fields[assumed.field].end}"
    }
    return any(
        c.field == assumed.field or c.field in same
        for c in given
        if c.op not in ("!=", "<", "<=") or c.value in (0,)
    )


_IDS = ("pid", "tid", "uid", "cpu")


def thresholds(
    sentence: Sentence, asked: Asked, event: Event, value: str | None, problems: list[str]
) -> list[Condition]:
    """Return the conditions on times, sizes and numbers; say so where an event carries none."""
    found = []
    for op, amount, kind, near in asked.thresholds:
        if kind == "hz" and (clock := event.field_of_unit("kHz")) is not None:
            found.append(Condition(clock.name, op, int(amount // 1000)))
            continue
        field = event.fields.get(value or event.value or "") if not kind else event.field_of_unit(kind)
        if kind and value and event.fields[value].unit == kind:
            field = event.fields[value]
        if not kind:
            named = (
                f for f in event.fields.values() if any(word in near for n in f.names for word in [stem(n)])
            )
            field = next((f for f in named if f.type != "string"), field)
            measured = (
                f
                for f in event.fields.values()
                if f.unit and any(stem(n) == near[1] for n in (f.name, *f.names))
            )
            field = next(measured, field)  # `zones above 80000 millidegrees`
        if not kind and amount == 0 and value is None and "ret" in event.fields:
            field = event.fields["ret"]  # `__sys_connect() < 0`
        if field is None and not kind:
            field = event.field_of_unit("bytes") or event.field_of_unit("ns") or _only_number(sentence, event)
        if not kind and near[0] in _IDS:
            field = None if "target_pid" in event.fields else event.fields.get(near[0])  # `pids above 1000`
        if field is not None and not kind and field.unit == "ns" and amount > 0:
            problems.append(f"{amount:g} of what? say the unit, as in 10 ms")
            continue
        if field is None:
            what = {"ns": "how long they take", "bytes": "a size"}.get(kind, "a number to compare")
            problems.append(f"{event.noun} do not carry {what}")
            continue
        scale = 1000 if field.name == "millidegrees" and "degre" in near else 1
        found.append(Condition(field.name, op, int(amount * scale)))
    return found
