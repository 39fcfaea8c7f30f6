"""The form of the answer that words name: `average`, `how often`, `p99`, `the slowest`."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event, Field
from gpttrace.spec.measured import are_latencies
from gpttrace.spec.model import Shape
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem, stems

SUPERLATIVE_UNIT = {
    **dict.fromkeys(stems("slowest longest shortest fastest"), "ns"),
    **dict.fromkeys(stems("largest biggest smallest"), "bytes"),
}


def _says_bandwidth(sentence: Sentence) -> bool:
    said = {token.stem for token in sentence.tokens}
    return bool(said & _BANDWIDTH) and "rat" not in said


_BANDWIDTH = stems("bandwidth throughput")


def asked_shape(sentence: Sentence, asked: Asked, event: Event) -> tuple[Shape | None, str | None]:
    """Return the form that a word names, and the value that a superlative names (`slowest`)."""
    if asked.stacks:
        summed = sentence.find(words.SUMS) is not None
        while (
            counted := sentence.find(words.COUNT | words.SUMS | (words.MAXIMUM if summed else frozenset()))
        ) is not None:
            sentence.take(counted, counted, "count")
        _shape_phrases(sentence)
        return "stacks", None
    found = _shape_phrases(sentence)
    more, value = _shape_words(sentence, event)
    found += more
    if asked.grouped and asked.top and _RANKS_AT_END.search(sentence.text) is not None:
        found = [shape for shape in found if shape != "max"]  # `by process, biggest ten`
        value = None
    order: tuple[Shape, ...] = ("hist", "avg", "stats", "max", "min")
    measured = next((shape for shape in order if shape in found), None)
    if "avg" in found and _ON_AVERAGE.search(sentence.text) is not None:
        found = [
            shape for shape in found if shape not in ("max", "min")
        ]  # `which disk is slowest on average`
    if len({"avg", "max", "min"} & set(found)) > 1 and "hist" not in found:
        asked.problems.append(
            "an average and an extreme are two answers; ask for one of them, or for a distribution"
        )
    if measured in ("max", "min") and "sum" in found:
        return "sum", value  # `the biggest total run time`: the largest sums first
    both = (
        "count" in found
        and _BOTH.search(sentence.text) is not None
        and any(f.unit for f in event.fields.values())
    )
    both = both or _TIMES_AND_TIME.search(sentence.text) is not None
    if both or ("avg" in found and ("sum" in found or "count" in found)):
        measured = "stats"  # bpftrace's stats() are count, average and total
    if "rate" in found and "comm" in asked.keys and not asked.per_second and _says_bandwidth(sentence):
        return "sum", value  # `which process eats the bandwidth`
    if measured is None and (asked.per_second or "rate" in found):
        return "rate", value
    return measured or next((shape for shape in ("sum", "count") if shape in found), None), value


_RANKS_AT_END = re.compile(r",[ ]?(the )?(biggest|largest|worst|highest) \w+\W*$", re.IGNORECASE)
_TIMES_AND_TIME = re.compile(
    r"\bhow (many times|often)\b.*\band (for )?how long\b.*\b(in total|altogether|total)\b", re.IGNORECASE
)
_ON_AVERAGE = re.compile(
    r"\b(slowest|longest|largest|biggest|highest|worst|shortest|fastest|smallest)( \w+){0,4} (on|by|in) average\b",
    re.IGNORECASE,
)
_MEASURE = r"(total |average |mean |overall )?(size|bytes|volume|amount|time|duration|latency)s?"
_BOTH = re.compile(
    r"\bhow (many bytes|much)\b.*\band (in |with )?how many\b(?! (bytes|does|do|are|is)\b)|"
    r"\bhow many\b.*\band how (many bytes|much|large|big)\b|"
    rf"\b(count|number of) .*\band (show |print |give |tell |report )?(me )?(the |their |its )+(total |average |mean )?"
    rf"(latency|latencies|duration|durations|size|sizes)\b|"
    rf"\b(number|count)s? and (the |their )?{_MEASURE}\b|\b{_MEASURE} and (the |their )?(number|count)\b",
    re.IGNORECASE,
)


_HOW_LONG = re.compile(
    r"\bhow much time ((does|do|did|is|will|would) (it|they|that|an?|the|each|every)\b.*\b(take|need|last)|(passes|elapses))",
    re.IGNORECASE,
)


_POWERS = re.compile(r"\bpowers?[- ]of[- ](two|2)\b", re.IGNORECASE)


def _shape_phrases(sentence: Sentence) -> list[Shape]:
    found: list[Shape] = []
    if (buckets := _POWERS.search(sentence.text)) is not None:
        sentence.take_inside(*buckets.span(), "hist")
        found.append("hist")
    if _HOW_LONG.search(sentence.text) is not None:
        asked = sentence.find_phrase(("how", "much"))
        if asked is not None:
            sentence.take(asked, asked + 1, "")  # how long it takes
    phrases: tuple[tuple[Shape, tuple[str, ...]], ...] = (
        ("sum", words.SUM_PHRASES),
        ("count", words.COUNT_PHRASES),
    )
    for shape, texts in phrases:
        for text in texts:
            phrase = tuple(stem(word) for word in text.split())
            if (at := sentence.find_phrase(phrase)) is not None:
                sentence.take(at, at + len(phrase) - 1, shape)
                found.append(shape)
    return found


def _shape_words(sentence: Sentence, event: Event) -> tuple[list[Shape], str | None]:
    found: list[Shape] = []
    value = None
    for shape, table in _SHAPE_WORDS:
        start = 0
        while (index := sentence.find(table, start)) is not None:
            word, start = sentence.stem(index), index + 1
            text = sentence.tokens[index].text.lower()
            fields = {*event.fields, *(name for f in event.fields.values() for name in f.names)}
            named = text in fields and index and not (text == "count" and sentence.stem(index - 1) == "a")
            if text == "time" or named or are_latencies(sentence, index, event):
                continue  # `times` are counted, the time is not, nor is the frequency of a clock
            unit = SUPERLATIVE_UNIT.get(word)
            if (
                unit is not None
                and (field := _named_measure(sentence, event) or event.field_of_unit(unit)) is not None
            ):
                value = field.name
            sentence.take(index, index, shape)
            found.append(shape)
    for index in range(len(sentence.tokens)):  # `how long does it take at most`
        if (
            sentence.is_free(index)
            and sentence.stem(index) == "at"
            and sentence.stem(index + 1) in ("most", "worst")
        ):
            sentence.take(index, index + 1, "max")
            found.append("max")
    if (index := sentence.find(("hottest",))) is not None and "millidegrees" in event.fields:
        sentence.take(index, index, "max")
        found.append("max")
    return found, value


def _named_measure(sentence: Sentence, event: Event) -> Field | None:
    """Return the number that two words name whole: `smallest congestion window`."""
    text = sentence.text.lower()
    names = (
        (name, field) for field in event.fields.values() if field.unit for name in field.names if " " in name
    )
    return next((field for name, field in names if re.search(rf"\b{re.escape(name)}\b", text)), None)


_SHAPE_WORDS: tuple[tuple[Shape, frozenset[str]], ...] = (
    ("hist", words.HIST), ("avg", words.AVERAGE), ("stats", words.STATS), ("max", words.MAXIMUM), ("min", words.MINIMUM),
    ("rate", words.RATE), ("sum", words.SUMS), ("count", words.COUNT),
)  # fmt: skip
