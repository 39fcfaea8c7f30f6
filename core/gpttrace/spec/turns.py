"""Rows and conditions that turn to another field once the event is known: its own commands, whom it happens to, both ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from gpttrace.spec import vocabulary
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.victims import happens_to
from gpttrace.spec.words import stems

_OFF_CPU = re.compile(
    r"\b(away from|from|off|to|onto|into) (?:the )?(?:cpu|core|processor) (\d+)\b", re.IGNORECASE
)


def _turn_conditions(
    asked: Asked, field: str, to: str, value: str | None = None, op: str | None = None
) -> None:
    """Let the conditions on a field be on another one; only those with this value, or this comparison."""
    for number, c in enumerate(asked.conditions):
        if c.field == field and value in (None, str(c.value)) and op in (None, c.op):
            asked.conditions[number] = replace(c, field=to)


def _turn_rows(fields: Mapping[str, str], *rows: list[str]) -> None:
    for names in rows:
        names[:] = [fields.get(name, name) for name in names]


def turn_to_sides(sentence: Sentence, asked: Asked, event: Event) -> None:
    """`migrated away from cpu 0`: the processor that is left, not the one that does it."""
    for way, number in _OFF_CPU.findall(sentence.text):
        side = "to_cpu" if way.lower() in ("to", "onto", "into") else "from_cpu"
        if side in event.fields:
            _turn_conditions(asked, "cpu", side, value=number)


def turn_to_next(asked: Asked, event: Event) -> None:
    """`who hands the CPU to whom`: of a switch the other one is the next, elsewhere only its number may be known."""
    if "target_comm" in event.fields:
        return
    other = next((name for name in ("next_comm", "target_pid") if name in event.fields), "target_comm")
    _turn_rows({"target_comm": other}, asked.keys, asked.grouped, asked.mentioned)


def turn_to_functions(asked: Asked, event: Event) -> None:
    """`work items without vmstat_update`: a name like this is a function where the kernel's functions are told apart."""
    if "function" in event.fields and event.area in ("irq", "timers"):
        for name in [str(c.value) for c in asked.conditions if "_" in str(c.value)]:
            _turn_conditions(asked, "comm", "function", value=name, op="!=")


def turn_to_ends(sentence: Sentence, asked: Asked, names: dict[str, str]) -> None:
    """`who switches to which user`, `moved to which cpu`: what it is afterwards, where the event knows that apart."""
    for index, token in enumerate(sentence.tokens):
        row = (sentence.tokens[index + 2].meaning or "") if index + 2 < len(sentence.tokens) else ""
        if (
            token.stem != "to"
            or sentence.stem(index + 1) not in ("which", "what")
            or not row.startswith("rows by")
        ):
            continue
        one = vocabulary.KEYS.get(noun := sentence.stem(index + 2)) or names.get(noun)
        nouns = [word for word, key in (vocabulary.KEYS | names).items() if key == one]
        end = next(
            (names[f"{e} {n}"] for e in ("new", "to", "target") for n in nouns if f"{e} {n}" in names), None
        )
        if one is not None and end is not None:
            _turn_rows({one: end}, asked.keys, asked.grouped)


_BOTH = re.compile(r"\b(?:command and (?:by )?(?:process|program)|(?:process|program) and (?:by )?command)\b")


def turn_to_commands(sentence: Sentence, asked: Asked, event: Event) -> None:
    """`bpf calls by command`: where the event has commands of its own, they are meant and not the process."""
    own = next((f.name for f in event.fields.values() if "command" in f.names and f.name != "comm"), None)
    said = [token.stem for token in sentence.tokens]
    said = [word for word in said if word not in ("its", "the")]
    asked_for = ("by", "per", "each", *(("which", "what") if "who" in said else ()))
    by_command = any((before, "command") in pairwise(said) for before in asked_for)
    if own is not None and _BOTH.search(sentence.text) is not None and "comm" in asked.keys:
        asked.keys.insert(asked.keys.index("comm"), own)  # `by command and process`
    elif own is not None and by_command and not {"process", "program"} & set(said):
        _turn_rows({"comm": own}, asked.keys, asked.grouped)


def turn_to_names(asked: Asked, event: Event, names: dict[str, str]) -> None:
    """`interrupts whose name starts with nvme`: where no process is known, the name is the event's own."""
    own = names.get("nam")
    if ("comm" not in event.fields or happens_to(event)) and own is not None:
        _turn_conditions(asked, "comm", own, op="startswith")


def turn_to_objects(sentence: Sentence, asked: Asked) -> None:
    """`wakeups of ksoftirqd/1 by waker`: where rows are those who do it, the name after `of` is whom it happens to."""
    for index, token in enumerate(sentence.tokens):
        name = (token.meaning or "").removeprefix("only processes named ")
        if not (_is_of_event(sentence, index) and "comm" in asked.keys) and not (
            asked.who and (_is_object(sentence, index) or _is_it(sentence))
        ):
            continue
        _turn_conditions(asked, "comm", "target_comm", value=name)


_KILLS = re.compile(
    r"\bwho(ever)? (\w+ )?(kill|kills|killed|killing|terminates?d?|signals?|signall?ed|stops?)\b.* pid\b",
    re.IGNORECASE,
)


def turn_to_killed(sentence: Sentence, asked: Asked) -> None:
    """`kills of pid 1`, `who killed my process with PID 7`: who is killed, not who kills."""
    if _KILLS.search(sentence.text) is not None:
        _turn_conditions(asked, "pid", "target_pid")
    for index, token in enumerate(sentence.tokens):
        if token.stem != "kill" or token.meaning != sentence.event or sentence.stem(index + 1) != "of":
            continue
        said = [t.meaning or "" for t in sentence.tokens[index + 2 : index + 3]]
        for number, condition in enumerate(asked.conditions):
            if said and said[0].startswith("only ") and condition.field in ("pid", "comm"):
                asked.conditions[number] = replace(condition, field=f"target_{condition.field}")


def _is_it(sentence: Sentence) -> bool:
    """Tell whether what was named elsewhere is the object: `who sends it SIGTERM? It is called celery`."""
    after = zip(sentence.tokens, sentence.tokens[1:], strict=False)
    return any(
        token.text.lower() in ("it", "them") and verb.meaning == sentence.event for verb, token in after
    )


def _is_of_event(sentence: Sentence, index: int) -> bool:
    named = sentence.tokens[index - 2 : index - 1]
    return bool(named) and sentence.stem(index - 1) == "of" and named[0].meaning == sentence.event


def _is_object(sentence: Sentence, index: int) -> bool:
    """Tell whether a name stands right behind the verb of the event: `who wakes up my redis`."""
    at = index - 1
    while sentence.stem(at) in ("my", "our", "the", "all", "up", "process", "program"):
        at -= 1
    return at > 0 and sentence.tokens[at].meaning == sentence.event


def turn_to_targets(sentence: Sentence, asked: Asked) -> None:
    """`tasks which are woken most often`, `processes that receive signals`: they are those whom it happens to."""
    passive = [
        i
        for i, t in enumerate(sentence.tokens)
        if t.stem in _PASSIVE
        and (t.stem != "get" or sentence.stem(i - 1) == "who" or _follows_name(sentence, i))
    ]
    if not passive or any(token.stem == "send" for token in sentence.tokens):
        return
    if {"comm", "target_comm"} <= set(asked.mentioned):
        return  # `who does the waking and who is woken`
    for index in passive:
        named = (
            (sentence.tokens[index - 1].meaning or "").removeprefix("only processes named ") if index else ""
        )
        # `java gets SIGKILLed`
        _turn_conditions(asked, "comm", "target_comm", value=named)
        if sentence.is_free(index):
            sentence.take(index, index, "those whom it happens to")
    if asked.who and not asked.keys:
        asked.who = False
        asked.mentioned.append("comm")
    targets = {"comm": "target_comm", "pid": "target_pid"}
    _turn_rows(targets, asked.keys, asked.grouped, asked.mentioned)


def _follows_name(sentence: Sentence, index: int) -> bool:
    return index > 0 and (sentence.tokens[index - 1].meaning or "").startswith("only processes named")


_PASSIVE = stems("woken awoken awakened receive receives received receiving gets get")
