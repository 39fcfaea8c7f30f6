"""The last look at a reading: every literal of the question (path, number, program, error, function) must stand in its spec.

Words may be left out where they say nothing; a literal never is. Whatever part of the reader took it, it is found here.
"""

from __future__ import annotations

import re
import signal
from functools import lru_cache
from itertools import combinations

from gpttrace.spec.around import courtesies
from gpttrace.spec.catalogue import Catalogue, Event
from gpttrace.spec.comparisons import loses_one_of_two
from gpttrace.spec.errors import is_errno
from gpttrace.spec.kernel_names import hook_names
from gpttrace.spec.ledger import missing
from gpttrace.spec.lexicon import lexicon, stemmed
from gpttrace.spec.lost_parts import lost_parts
from gpttrace.spec.lost_rows import lost_rows
from gpttrace.spec.model import Condition, TraceSpec
from gpttrace.spec.narrow import is_call
from gpttrace.spec.reasons import TOPICS
from gpttrace.spec.row_words import asks_for_lost_row
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.vocabulary import JOINING
from gpttrace.spec.who import KERNEL_THREADS, is_program
from gpttrace.spec.words import Token, plain, stems


def unaccounted(
    sentence: Sentence, spec: TraceSpec, catalogue: Catalogue, phrase: tuple[str, ...]
) -> list[str]:
    """Return the literals of a question that its spec does not hold, in order, each once."""
    events = [catalogue[each.event] for each in (spec, *spec.others) if each.event in catalogue]
    nothing = {"", "processes", "each by itself", "count", sentence.event, *(e.summary for e in events)}
    conditions = [c for each in (spec, *spec.others) for c in each.conditions]
    aside = courtesies(sentence)
    found = [
        token.text
        for index, token in enumerate(sentence.tokens)
        if token.meaning in nothing
        and not any(start <= token.start < end for start, end in aside)
        and (
            asks_for_lost_row(sentence, index, spec, events, phrase)
            or (token.stem in _HOLDING and _measures_no_holding(spec, events))
            or _is_narrowing(sentence, index, events, catalogue)
            or _is_joined_call(sentence, index, events)
            or _is_lost(sentence, token, events, conditions, phrase)
            or _is_timed_elsewhere(sentence, token, spec, events)
            or loses_one_of_two(sentence, index, spec, events, phrase, catalogue)
            or _is_choice(sentence, index)
            or _is_restricting(sentence, index, conditions)
            or _is_name(sentence, index)
            or _is_dropped_time(sentence, index, spec, events)
            or _is_unmeasured(sentence, index, spec, events, phrase)
            or _is_way(sentence, index, events)
            or _is_real_time(sentence, index)
            or _is_off(sentence, index, events)
            or _is_other_topic(token, events, catalogue)
        )
    ]
    names = {word for e in events for name in (*e.names, *hook_names(e)) for word in name.lower().split()}
    names |= {str(c.value).lower() for c in conditions if c.field == "syscall"}
    names |= {t.text.lower() for t in sentence.tokens if t.kind == "path" and _is_its_program(t, events)}
    lists = [*lost_rows(sentence, spec, events, catalogue), *lost_parts(sentence, spec, catalogue, phrase)]
    return list(dict.fromkeys((*found, *lists, *missing(sentence, spec, frozenset(names)))))


def _is_its_program(token: Token, events: list[Event]) -> bool:
    """Tell whether a path is that of the program whose function is traced: `exec_simple_query in /usr/lib/.../postgres`."""
    points = (p for e in events for hook in e.hooks for p in hook.points)
    program = f":{token.text.rpartition('/')[2]}:"
    return any(token.text in probe or program in probe for p in points for probe in (*p.begin, *p.end))


def _units(spec: TraceSpec, events: list[Event]) -> set[str | None]:
    """Return the units of what is measured."""
    return {event.fields[spec.value].unit for event in events if spec.value and spec.value in event.fields}


def _is_way(sentence: Sentence, index: int, events: list[Event]) -> bool:
    """Tell whether traffic is asked for both ways, of which an event sees one: `bytes in and out per interface`."""
    if sentence.stem(index) not in ("in", "out") or len(events) != 1 or "direction" in events[0].fields:
        return False
    if sentence.tokens[index].meaning in ("", None) and _CAME_AND_WENT.search(sentence.text) is not None:
        return True
    ways = {text.text.lower() for text in sentence.tokens[index : index + 3]} >= {"in", "out"}
    return ways and events[0].id.endswith(("-send", "-receive"))


_IN, _OUT = r"\b(?:came|comes?|coming) in\b", r"\b(?:went|go|goes|going) out\b"
_CAME_AND_WENT = re.compile(rf"{_IN}.*{_OUT}|{_OUT}.*{_IN}", re.IGNORECASE)


def _is_name(sentence: Sentence, index: int) -> bool:
    """Tell whether a plain word is a name: `on the workqueue named events`."""
    named = index > 1 and sentence.tokens[index - 1].text.lower() in ("named", "called")
    return named and sentence.tokens[index].meaning == "" and sentence.ends_part(index)


def _is_dropped_time(sentence: Sentence, index: int, spec: TraceSpec, events: list[Event]) -> bool:
    """Tell whether a time behind what it is of became nothing: `net_rx softirq time per cpu`."""
    token, before = sentence.tokens[index], sentence.tokens[index - 1 : index]
    if token.text.lower() != "time" or token.meaning != "" or not before or not before[0].meaning:
        return False
    if before[0].meaning.startswith(("rows by", "one table", "with ", "the largest", "trace for")):
        return False
    ends = sentence.ends_part(index) or sentence.stem(index + 1) in ("by", "per", "for", "in", "of", "on")
    return ends and "ns" not in _units(spec, events)


def _is_unmeasured(
    sentence: Sentence, index: int, spec: TraceSpec, events: list[Event], phrase: tuple[str, ...]
) -> bool:
    """Tell whether a measure only went with the name of the event: `delay between queueing and running of work`."""
    token = sentence.tokens[index]
    unit = "ns" if token.text.lower() in _LASTING else "bytes" if token.text.lower() in _SIZED else None
    if unit is None or token.meaning != sentence.event or token.stem in phrase:
        return False
    if any(token.text.lower() in name.split() for event in events for name in event.names):
        return False
    held = {spec.value, *spec.keys, *(c.field for c in spec.conditions)}
    return unit not in {
        event.fields[name].unit for event in events for name in held if name and name in event.fields
    }


_LASTING = plain("latency latencies delay delays duration durations lag lags")

_SIZED = plain("byte bytes size sizes")


def _is_restricting(sentence: Sentence, index: int, conditions: list[Condition]) -> bool:
    """Tell whether a plain word says which of the events are meant: `tiny writes`, `the first read of a file`."""
    if sentence.tokens[index].text.lower() in _SIZES and any(
        c.op in ("<", "<=", ">", ">=") and c.value for c in conditions
    ):
        return False  # `tiny writes: those below 16 bytes`
    after = sentence.tokens[index + 1 : index + 2]
    if (
        sentence.tokens[index].text.lower() in ("exactly", "precisely")
        and sentence.tokens[index].meaning == ""
    ):
        return sentence.text[sentence.tokens[index].end :].lower().startswith((" one ", " a ", " two "))
    told = sentence.tokens[index].meaning == "" and sentence.tokens[index].text.lower() in _WHICH_OF_THEM
    return told and bool(after) and after[0].meaning == sentence.event


_SIZES = plain("tiny huge enormous")

_WHICH_OF_THEM = _SIZES | plain("delayed old oldest first last early late fresh initial final second")


def _is_choice(sentence: Sentence, index: int) -> bool:
    """Tell whether an `or` stands between a condition and the event, of which one is not a narrower other: `sudo or setuid`."""
    if sentence.stem(index) != "or" or not 0 < index < len(sentence.tokens) - 1:
        return False
    sides = [sentence.tokens[at].meaning or "" for at in (index - 1, index + 1)]
    return sentence.event in sides and any(side.startswith("only ") for side in sides)


def _is_real_time(sentence: Sentence, index: int) -> bool:
    """Tell whether `real-time` says which tasks are meant, rather than when they are to be told of; or `out of order`."""
    if sentence.stem(index) in ("order", "band", "sync", "bound"):
        return (sentence.stem(index - 2), sentence.stem(index - 1)) == ("out", "of")
    after = index + 1 + (sentence.stem(index + 1) == "tim")
    return sentence.stem(index) in ("real", "realtim", "real-tim") and sentence.stem(after) in _REAL_TIME


def _is_off(sentence: Sentence, index: int, events: list[Event]) -> bool:
    """Tell whether time off the processor is asked for, and the event knows nothing of it."""
    off = sentence.stem(index) == "off" and sentence.stem(index + 1) in ("cpu", "processor")
    return off and not any(
        "off" in name.split() or "off-cpu" in name for event in events for name in event.names
    )


_OWN_TOPICS = TOPICS - stems(
    "disk pipe pipes swap guest socket sockets lock locks mutex postgres java python"
)


def _is_other_topic(token: Token, events: list[Event], catalogue: Catalogue) -> bool:
    """Tell whether a word says what the events are of, and those of the spec are of something else: `BPF timers`."""
    if token.stem not in _OWN_TOPICS:
        return False
    entries = [
        each for each in lexicon(catalogue).entries if any(each.event.id == event.id for event in events)
    ]
    own = {word for each in entries for word in each.words} | {
        word
        for event in events
        for text in (event.id.replace("-", " "), event.summary, *event.misses)
        for word in stemmed(text)
    }
    raw = any(event.area == "raw" for event in events)
    return not raw and token.stem not in own


_REAL_TIME = stems("task tasks thread threads process processes priority priorities class scheduling policy")


def _is_narrowing(sentence: Sentence, index: int, events: list[Event], catalogue: Catalogue) -> bool:
    """Tell whether an empty word belongs to its neighbour in the names of other events alone: `timers firing`."""
    token = sentence.tokens[index]
    if token.meaning != "" or token.stem not in _KINDS | _HAPPENING:
        return False
    at = index + 1 if token.stem in _KINDS else index - 1
    beside = sentence.tokens[at : at + 1] if at >= 0 else []
    if not beside or beside[0].meaning != sentence.event:
        return False
    if frozenset((token.stem, beside[0].stem)) not in _pairs(catalogue):
        return False
    return not any(
        token.stem in stemmed(name)
        for event in events
        if event.summary == beside[0].meaning
        for name in (*event.names, *event.also, event.noun, event.summary.replace("(", " ").replace(")", " "))
    )


_HOLDING = frozenset(("hold", "held"))


def _measures_no_holding(spec: TraceSpec, events: list[Event]) -> bool:
    """Tell whether a time is measured that is none of holding: most locks are only seen while somebody waits for them."""
    return "ns" in _units(spec, events) and not any(
        _HOLDING & set(stemmed(name)) for e in events for name in e.names
    )


# Words that say which of the events are meant: before their noun, and after it.
_KINDS = stems("new huge raw direct shared virtual physical private anonymous global local remote bpf ebpf")

_HAPPENING = stems("fire fires firing fired message messages probe probes")


@lru_cache(maxsize=2)
def _pairs(catalogue: Catalogue) -> frozenset[frozenset[str]]:
    names = (stemmed(name) for event in catalogue.events.values() for name in event.names)
    return frozenset(frozenset(pair) for name in names for pair in combinations(name, 2))


def _is_joined_call(sentence: Sentence, index: int, events: list[Event]) -> bool:
    """Tell whether an empty word stands beside a function as if it were one: `puts and printf calls`."""
    token = sentence.tokens[index]
    if token.meaning != "" or token.kind != "word" or token.stem in _NO_CALLS:
        return False
    comma = sentence.text[token.end : token.end + 1] == ","
    at = (
        index + 1
        if comma
        else index + 2
        if sentence.stem(index + 1) in ("and", "or")
        else len(sentence.tokens)
    )
    if at >= len(sentence.tokens):
        return False
    beside = sentence.tokens[at]
    called = is_call(token.text.lower()) and (beside.meaning or "").startswith("the system call")
    return called or (not comma and any(beside.text in hook_names(event) for event in events))


_NO_CALLS = stems("the call calls syscall of is it all this both either function functions do does")


def _is_lost(
    sentence: Sentence,
    token: Token,
    events: list[Event],
    conditions: list[Condition],
    phrase: tuple[str, ...],
) -> bool:
    values = {str(c.value).lower() for c in conditions}
    if token.kind == "number":
        return not _in_brackets(sentence, token)
    if token.kind in ("path", "quoted"):
        if _is_its_program(token, events):
            return False
        return len(token.text) > 1 and not any(token.text.lower() in value for value in values)
    small = token.text.lower().removesuffix("'s").removesuffix("’s")
    of_name = token.meaning == sentence.event and (token.stem in phrase or _is_said_by(events, small))
    if token.text[:3] == "SIG" and hasattr(signal, token.text):
        return not any(c.field == "sig" for c in conditions)
    of_work = small in ("kworker", "kworkers") and token.meaning == sentence.event
    if small.startswith(KERNEL_THREADS) and not of_work:
        linked = sentence.stem(sentence.tokens.index(token) - 1) in ("by", "of", "from", "for")
        return (linked or not of_name) and not any(small.startswith(value) for value in values)
    if small == "root":
        return not of_name or token.stem not in phrase
    if is_errno(token.text):
        return not of_name
    if is_program(small):
        return small not in values and (not of_name or _is_doer(sentence, token, events, small))
    if is_call(small) and _is_joined(sentence, token) and len(events) == 1:
        return not any(small in hook_names(event) for event in events)
    named = token.meaning == sentence.event and sentence.text[token.start - 1 : token.start] != "/"
    return named and _is_function(token.text) and not _is_hooked(events, token.text)


def _is_doer(sentence: Sentence, token: Token, events: list[Event], program: str) -> bool:
    """Tell whether a program is whose events are meant (`kvm exits of qemu`) rather than a word of their name (`java gc`)."""
    linked = sentence.stem(sentence.tokens.index(token) - 1) in ("of", "by", "in", "from", "for")
    own = any(
        program in event.id.split("-") or event.area in ("userspace", "runtimes", "containers")
        for event in events
    )
    return linked and not own


def _in_brackets(sentence: Sentence, token: Token) -> bool:
    # `EMFILE (24)`: the same again
    return (
        sentence.text[token.start - 1 : token.start] == "("
        and sentence.text[token.end : token.end + 1] == ")"
    )


def _is_said_by(events: list[Event], word: str) -> bool:
    return any(word in name.split() for event in events for name in event.names)


def _is_joined(sentence: Sentence, token: Token) -> bool:
    index = sentence.tokens.index(token)
    return bool({sentence.stem(index - 1), sentence.stem(index + 1)} & JOINING)


_IDENTIFIER = re.compile(r"[a-z]\w*_\w+")


def _is_function(text: str) -> bool:
    return is_call(text) or (_IDENTIFIER.fullmatch(text) is not None)


def _is_timed_elsewhere(sentence: Sentence, token: Token, spec: TraceSpec, events: list[Event]) -> bool:
    """Tell whether a kernel function's own time is asked for, and another place is timed (`copy_net_ns` by clone)."""
    if len(events) != 1 or token.meaning != sentence.event or not _IDENTIFIER.fullmatch(token.text):
        return False
    calls = all(
        p.startswith("tracepoint:syscalls:") for point in events[0].hooks[0].points for p in point.begin
    )
    names = hook_names(events[0])
    return "ns" in _units(spec, events) and calls and not {token.text, _IN_KERNEL.sub("", token.text)} & names


_IN_KERNEL = re.compile(r"^(__)?(x64_)?(do_|k?sys_|vfs_)+")


def _is_hooked(events: list[Event], text: str) -> bool:
    return any(text in hook_names(event) or _is_said_by([event], text) for event in events)
