"""How much and how many: thresholds, top, shares, buckets."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import LARGEST_ROWS, Amount, Asked, amount_at, text_at
from gpttrace.spec.exclusions import bound_left_out
from gpttrace.spec.model import Comparison
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stem, stems

DEFAULT_TOP = 10


def take_thresholds(sentence: Sentence, asked: Asked) -> None:
    """`longer than 1 ms`, `> 4k`, `at least 10us`, `under 64 KiB`, `4 KiB or more`."""
    _take_or_more(sentence, asked)
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None:
            continue
        op, at = _comparison_at(sentence, index)
        if (
            op is None
            and token.stem in ("of", "exactly")
            and (exact := amount_at(sentence, index + 1)) is not None
        ):
            op, at = ("==", index + 1) if exact.kind == "bytes" else (None, at)  # `writes of 4096 bytes`
        amount = amount_at(sentence, at) if op else None
        if op is None or amount is None or (amount.kind == "hz" and amount.value < 10_000_000):
            continue
        long = (
            amount.kind == "ns"
            and amount.value > 10**9
            and not any(t.stem in _LASTING for t in sentence.tokens)
            and text_at(sentence, index - 1).lower() not in _STAYING
        )
        if sentence.stem(index) == "over" and amount.kind == "ns" and _is_span(sentence, index):
            continue  # `average wait by program, over 20 s`
        if sentence.stem(index) in stems("over within") and long:
            continue  # `over 10 seconds` is a duration
        if (
            _A_SECOND.match(sentence.text[sentence.tokens[amount.last].end :]) is not None
            and amount.kind != "ns"
        ):
            asked.problems.append(
                "a bound on a rate is told of a whole table, not of one event; ask for the top ones instead"
            )
        op = _turned_round(sentence, op, index, amount.last)
        asked.thresholds.append((op, amount.value, amount.kind, _near(sentence, index, amount.last)))
        sentence.take(index, amount.last, f"{op} {amount.value:g} {amount.kind}".strip())


_SECOND = 10**9
_A_SECOND = re.compile(r" ?(/ ?s(ec(ond)?)?\b|per second\b|a second\b)", re.IGNORECASE)
_SUMMING = words.AVERAGE | words.HIST | words.SUMS | words.COUNT | {"by", "per"}


def _is_span(sentence: Sentence, index: int) -> bool:
    """Tell whether `over 20 s` is a part of its own behind what is summed up: how long to look, and no bound."""
    opens = index > 0 and sentence.text[: sentence.tokens[index].start].rstrip().endswith(",")
    amount = amount_at(sentence, index + 1)
    last = amount is not None and amount.last == len(sentence.tokens) - 1 and amount.value >= _SECOND
    return opens and last and any(token.stem in _SUMMING for token in sentence.tokens[:index])


_OPPOSITE: dict[Comparison, Comparison] = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


def _turned_round(sentence: Sentence, op: Comparison, first: int, last: int) -> Comparison:
    """Return the opposite where those within the bound are left out: `leave out what lived less than 10 ms`."""
    spans = bound_left_out(sentence.text, sentence.tokens[first].start, sentence.tokens[last].end)
    for start, stop in spans:
        sentence.take_inside(start, stop, f"not {op}")
    return _OPPOSITE[op] if spans else op


def _take_or_more(sentence: Sentence, asked: Asked) -> None:
    """`64 packets or more`, `10 ms or longer`."""
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if amount is None or amount.kind == "hz":
            continue
        if (sentence.stem(amount.last + 1), sentence.stem(amount.last + 2)) in _AT_BOUND:
            op_at: Comparison = ">=" if sentence.stem(amount.last + 2) == "least" else "<="
            _set_bound(sentence, asked, op_at, index, amount)
            sentence.take(amount.last + 1, amount.last + 2, f"{op_at} {amount.value:g}")
            return
        at = amount.last + (1 if sentence.stem(amount.last + 1) in ("or", "and") else 2)
        word = sentence.stem(at + 1)
        if sentence.stem(amount.last + 1) in ("upward", "plus") and not sentence.text[
            sentence.tokens[amount.last].end :
        ].startswith(","):
            _set_bound(sentence, asked, ">=", index, amount)
            sentence.take(amount.last + 1, amount.last + 1, ">=")
            return
        if (
            sentence.stem(at) in ("or", "and")
            and word in words.ABOVE | words.BELOW | _UP_DOWN
            and sentence.stem(at + 2) != "than"
        ):
            op: Comparison = ">=" if word in words.ABOVE or word in _UPWARDS else "<="
            _set_bound(sentence, asked, op, index, amount)
            sentence.take(at, at + 1, f"{op} {amount.value:g}")
            return


def _set_bound(sentence: Sentence, asked: Asked, op: Comparison, index: int, amount: Amount) -> None:
    asked.thresholds.append((op, amount.value, amount.kind, _near(sentence, index, amount.last)))
    sentence.take(index, amount.last, f"{op} {amount.value:g} {amount.kind}".strip())


_AT_BOUND = (("at", "most"), ("at", "least"))
_UPWARDS = frozenset(("up", "upward", "above", "abov", "over"))
_UP_DOWN = _UPWARDS | {"down", "fewer", "few"}
_STAYING = (
    "block",
    "blocks",
    "blocked",
    "hang",
    "hangs",
    "stuck",
    "held",
    "sleep",
    "sleeping",
    "live",
    "lived",
    "stalled",
    "ran",
)
_LASTING = stems("slow slower longer take takes took taking wait waits waited last lasted")


def _near(sentence: Sentence, first: int, last: int) -> tuple[str, ...]:
    """Return the words beside a comparison, which may name the field that is compared (`ports below 1024`)."""
    return sentence.stem(first - 1), sentence.stem(last + 1)


def _comparison_at(sentence: Sentence, index: int) -> tuple[Comparison | None, int]:
    word, after = sentence.stem(index), sentence.stem(index + 1)
    if word in (">", ">=", "<", "<="):
        return word, index + 1  # type: ignore[return-value]  # one of the four
    if word == "at" and after in (stem("least"), stem("most")):
        return (">=" if after == stem("least") else "<="), index + 2
    if word == "past" and sentence.stem(index - 1) not in _BEFORE_PAST:
        return ">", index + 1  # `running past 5 ms`, not `in the past 5 minutes`
    op: Comparison | None = ">" if word in words.ABOVE else "<" if word in words.BELOW else None
    return op, index + 2 if after in ("than", "then") else index + 1


_BEFORE_PAST = ("the", "in", "over", "during", "for", "of", "this", "within", "")
_SUPERLATIVES = stems(
    "greatest top most frequent largest biggest busiest heaviest slowest highest worst longest"
)


def take_top(sentence: Sentence, asked: Asked) -> None:
    """`top 5`, `the five largest`, `first 10`, `top processes`."""
    if (tool := sentence.find_phrase(("in", "top"))) is not None and sentence.ends_part(tool + 1):
        sentence.take(tool, tool + 1, "")  # `si is high in top: …`
    index = sentence.find(("top", "first", "limit"))
    if index is not None and sentence.stem(index) == "top" and _take_number_before(sentence, asked, index):
        return
    if index is not None:
        amount = amount_at(sentence, index + 1)
        if amount is not None and amount.kind == "" and amount.value >= 1:
            asked.top = int(amount.value)
            sentence.take(index, amount.last, f"the {asked.top} {LARGEST_ROWS}")
            return
        if sentence.stem(index) == "top":
            asked.top = DEFAULT_TOP
            sentence.take(index, index, f"the {DEFAULT_TOP} {LARGEST_ROWS}")
            return
    for index, token in enumerate(sentence.tokens):
        after = (
            amount_at(sentence, index + 1)
            if token.stem in _SUPERLATIVES | words.MOST and token.meaning is None
            else None
        )
        if (
            after is not None
            and after.kind == ""
            and after.value >= 1
            and (sentence.tokens[index + 1].kind == "number" or sentence.ends_part(after.last))
        ):
            asked.top = int(after.value)  # `the worst 3`
            sentence.take(index + 1, after.last, f"the {asked.top} {LARGEST_ROWS}")
            return
    ranked = any(token.stem in words.MOST | _SUPERLATIVES for token in sentence.tokens)
    for index in range(len(sentence.tokens)):
        amount = amount_at(sentence, index)
        if (
            amount is None
            or amount.kind != ""
            or amount.value < 1
            or text_at(sentence, index).lower() == "one"
        ):
            continue
        of_them = sentence.stem(amount.last + 1) == "of" and sentence.stem(amount.last + 2) in (
            "them",
            "thos",
        )
        if of_them and ranked and sentence.ends_part(amount.last + 2):
            asked.top = int(amount.value)
            sentence.take(index, amount.last + 2, f"the {asked.top} {LARGEST_ROWS}")
            return
        apart = sentence.text[sentence.tokens[amount.last].end :][:1] in (")", ":", ",", ".")
        beside = not apart and sentence.stem(amount.last + 1) in _SUPERLATIVES | words.MOST
        beside = beside or (sentence.stem(amount.last + 1) in _ROWS and amount.value > 1)
        if beside or (ranked and _is_noun(sentence, amount.last + 1) and _is_ranked_there(sentence, index)):
            asked.top = int(amount.value)
            sentence.take(index, amount.last + beside, f"the {asked.top} {LARGEST_ROWS}")
            return


_ROWS = stems("row rows line lines")  # `eight rows`


def _is_ranked_there(sentence: Sentence, index: int) -> bool:
    """Tell whether the sentence with this number ranks: in `We run forty pods. Which does most?` it does not."""
    stops = [t.end for t in sentence.tokens if sentence.text[t.end : t.end + 2] in (". ", "? ", "! ")]
    at = sentence.tokens[index].start
    first, last = (
        max((s for s in stops if s <= at), default=0),
        min((s for s in stops if s > at), default=9999),
    )
    ranking = words.MOST | _SUPERLATIVES
    return any(first <= t.start < last and t.stem in ranking for t in sentence.tokens)


def _take_number_before(sentence: Sentence, asked: Asked, index: int) -> bool:
    """`the six top processes`"""
    amount = amount_at(sentence, index - 1)
    if amount is None or amount.kind != "" or amount.last != index - 1 or amount.value < 1:
        return False
    asked.top = int(amount.value)
    sentence.take(index - 1, index, f"the {asked.top} {LARGEST_ROWS}")
    return True


def _is_noun(sentence: Sentence, index: int) -> bool:
    # `the four programs that open the most files`
    following = [token for token in sentence.tokens[index : index + 2] if token.kind == "word"]
    return any(token.stem in words.KEYS or token.text.endswith("s") for token in following)


def take_ratio(sentence: Sentence, asked: Asked) -> None:
    """`error rate`, `percentage of opens that fail`, `ratio of reads to writes`."""
    if (part := sentence.find_phrase(("what", "part", "of"))) is not None:
        asked.ratio = True
        sentence.take(part, part + 2, "as a share")
        return
    if (index := sentence.find(words.RATIO)) is not None and not _is_other_share(sentence, index):
        asked.ratio = True
        sentence.take(index, index, "as a share")
        return
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and token.stem in words.FAILED and sentence.stem(index + 1) == "rat":
            asked.ratio = asked.failed = True
            sentence.take(index, index + 1, "the share that fails")
            return


def _is_other_share(sentence: Sentence, index: int) -> bool:
    """Tell whether something is shared rather than a share asked for: `tenants share this box`."""
    text = text_at(sentence, index).lower()
    return text == "shared" or (
        text == "share" and text_at(sentence, index + 1).lower() in ("this", "a", "the", "one", "that", "our")
    )


def take_buckets(sentence: Sentence, asked: Asked) -> None:
    """`linear histogram from 0 to 64k in steps of 4k`, `in buckets of 10 ms`."""
    if (index := sentence.find(words.LINEAR)) is not None:
        asked.linear = True
        sentence.take(index, index, "in buckets of one width")
    low = high = step = None
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None:
            continue
        amount = amount_at(sentence, index + 1)
        before = next(
            (
                a
                for i in range(max(index - 2, 0), index)
                if (a := amount_at(sentence, i)) and a.last == index - 1
            ),
            None,
        )
        if token.stem in _STEPS and before is not None and asked.linear:
            step = int(before.value)
            sentence.take(index - 1 - (before.kind != ""), index, "the width of a bucket")
        elif token.stem == "to" and sentence.stem(index - 1) == "up" and amount is not None and asked.linear:
            high = int(amount.value)
            sentence.take(index - 1, amount.last, "the range of the buckets")
        elif (spread := _range_at(sentence, index)) is not None and (asked.linear or _has_steps(sentence)):
            low, high = int(spread[0].value * _scale_of(*spread)), int(spread[1].value)
            sentence.take(index, spread[1].last, "the range of the buckets")
        elif token.stem in _STEPS and (step_at := _after_of(sentence, index)) is not None:
            step = int(step_at.value)
            sentence.take(index, step_at.last, "the width of a bucket")
        elif (
            amount is not None
            and token.stem in ("from", "between")
            and sentence.stem(amount.last + 1) in ("to", "and")
        ):
            upper = amount_at(sentence, amount.last + 2)
            if upper is not None and asked.linear:
                low, high = int(amount.value * _scale_of(amount, upper)), int(upper.value)
                sentence.take(index, upper.last, "the range of the buckets")
    if step or high:
        asked.linear = True
        low, high = low or 0, high or (low or 0) + (step or 1) * _MOST_BUCKETS
        asked.buckets = (low, high, step or max((high - low) // 20, 1))


def _range_at(sentence: Sentence, index: int) -> tuple[Amount, Amount] | None:
    """`0 to 50 ms`"""
    low = amount_at(sentence, index)
    if low is None or sentence.tokens[index].kind != "number" or sentence.stem(low.last + 1) != "to":
        return None
    high = amount_at(sentence, low.last + 2)
    return (low, high) if high is not None and high.value > low.value else None


def _has_steps(sentence: Sentence) -> bool:
    return any(token.stem in _STEPS for token in sentence.tokens)


_STEPS = stems("step steps bucket buckets bin bins width wide")
_MOST_BUCKETS = 50


def _after_of(sentence: Sentence, index: int) -> Amount | None:
    at = index + 1
    while sentence.stem(at) in ("of", "size", "siz", "width", "="):
        at += 1
    return amount_at(sentence, at) if at > index + 1 or sentence.stem(index) in ("step", "width") else None


def _scale_of(low: Amount, high: Amount) -> float:
    # `from 0 to 64k`: the unit of the upper end is that of the lower one.
    return 1 if low.kind or not high.kind else 0 if low.value == 0 else high.value / max(high.value, 1)
