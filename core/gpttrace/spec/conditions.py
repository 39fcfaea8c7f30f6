"""Which conditions the words of a question set: names, numbers, files, errors, and what an event assumes by itself."""

from __future__ import annotations

import errno
import signal

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.devices import take_device
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.who import EXCEPT
from gpttrace.spec.words import plain, stem, stems


def share_of(
    conditions: list[Condition], event: Event, sentence: Sentence
) -> tuple[list[Condition], Condition | None]:
    """Take the condition that a share is told of out of those that every event must meet."""
    failed = [c for c in conditions if c.field in ("ret", "errno")]
    named = [c for c in conditions if isinstance(c.value, str) and c.value in event.fields[c.field].values]
    part = next(iter((*failed, *named)), None)
    if part is None and not any(t.meaning and t.stem in words.JOINING for t in sentence.tokens):
        return conditions, None
    return [c for c in conditions if c != part], part


def directed(asked: Asked, event: Event) -> list[str]:
    """Turn `sent to process nginx` into a condition on the receiver; say so where an event has none."""
    problems = []
    for condition in asked.directed:
        target = f"target_{condition.field}"
        asked.conditions.remove(condition)
        if target in event.fields:
            asked.conditions.append(Condition(target, condition.op, condition.value))
        else:
            problems.append(f"{event.noun} do not carry whom they go to")
    return problems


def named_values(sentence: Sentence, event: Event, asked: Asked) -> list[Condition]:
    """Return the conditions that named values set (`read`, `sigkill`, a path)."""
    found = take_device(sentence, event)
    if "sig" in event.fields:
        for at, token in enumerate(sentence.tokens):
            name = (
                token.text.upper()
                if token.text[:3].upper() == "SIG"
                else f"SIG{token.text}" * token.text.isupper()
            )
            known = getattr(signal, name, None) if name else None
            if (
                known is not None
                and token.meaning is None
                and token.text.lower() not in event.fields["sig"].values
            ):
                found.append(Condition("sig", "==", int(known)))
                sentence.take(at, at, f"only {name}")
            if known is not None and sentence.is_free(at + 1) and sentence.stem(at + 1) == str(int(known)):
                sentence.take(at + 1, at + 1, f"only {token.text.upper()}")  # `SIGUSR1 (10)`
        for at, token in enumerate(sentence.tokens):
            minus = token.start > 1 and sentence.text[token.start - 2 : token.start] == " -"
            if (
                token.kind == "number"
                and token.text.isdigit()
                and minus
                and sentence.stem(at - 1) == "kill"
                and token.meaning is None
            ):
                found.append(Condition("sig", "==", int(token.text)))  # `kill -9`
                sentence.take(at, at, f"only signal {token.text}")
    for field in event.fields.values():
        by_stem = {stem(name): name for name in field.values}
        named: list[str] = []
        while (index := sentence.find(by_stem)) is not None:
            if sentence.stem(index - 1) in EXCEPT and sentence.is_free(index - 1):
                found.append(
                    Condition(field.name, "!=", by_stem[sentence.stem(index)])
                )  # `all signals except SIGCHLD`
                sentence.take(index - 1, index, f"not {field.name} {by_stem[sentence.stem(index)]}")
                continue
            named.append(by_stem[sentence.stem(index)])
            sentence.take(index, index, f"{field.name} {named[-1]}")
        named = list(dict.fromkeys(named))
        if len(named) == 1 or asked.ratio:
            found += [Condition(field.name, "==", name) for name in named[:1]]
        elif named and field.name not in asked.keys:
            asked.keys.append(field.name)  # `reads and writes`: one row for each
    found += _called(sentence, event)
    file = next((field.name for field in event.fields.values() if field.read == "str"), None)
    return [*found, *(_paths(sentence, file, event) if file else [])]


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
            if "newname" in event.fields and sentence.stem(index - 1) in ("to", "onto", "into", "over", "as"):
                field = "newname"  # `renames onto /etc/passwd`
            if below:
                return [Condition(field, "startswith", path.rstrip("/") + "/")]
            return [Condition(field, "==", path)]
    return []


def file_names(sentence: Sentence, event: Event) -> list[str]:
    """Say that reads and the like do not know the name of the file, where the question wants it."""
    known = any(
        field.read == "str" or field.name == "filename" or "file" in field.names
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


def thresholds(asked: Asked, event: Event, value: str | None, problems: list[str]) -> list[Condition]:
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
        if not kind and amount == 0 and value is None and "ret" in event.fields:
            field = event.fields["ret"]  # `__sys_connect() < 0`
        if field is None and not kind:
            field = event.field_of_unit("bytes") or event.field_of_unit("ns")
        if field is None:
            what = {"ns": "how long they take", "bytes": "a size"}.get(kind, "a number to compare")
            problems.append(f"{event.noun} do not carry {what}")
            continue
        found.append(Condition(field.name, op, int(amount)))
    return found
