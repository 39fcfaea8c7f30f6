"""One wording for what people say in many: `two counters`, `(µs)`, `for every combination of X and Y`, `just the leading 9`.

A question is read in these plain words. Each rule keeps the meaning: what it leaves out says nothing that the rest does not
say, or names the unit in which a time is shown, which is not the question's to say.
"""

from __future__ import annotations

import re

_UNITS = r"(?:micro|milli|nano)?seconds|[num]?secs|millis|micros|nanos|[µμ]s|[mun]s"
_SMALL = r"(?:micro|milli|nano)seconds?|[num]secs?|[µμ]s|[mun]s"
_DOER = r"(?:processes|process|programs?|commands?|tasks?|threads?|users?)"

_RULES: tuple[tuple[str, str], ...] = (
    # The unit of what is shown.
    (rf" ?\((?:in )?(?:{_UNITS})\)", ""),
    (rf"\b(?:{_SMALL})[- ](?=histogram|distribution|buckets|resolution)", ""),
    (rf"\b(histogram|distribution|histograms) of (?:{_SMALL})(?=$|[.,;?!])", r"\1"),
    (rf",? (?:with |as |at )?(?:{_SMALL})(?:[- ]resolution| scale| granularity)\b", ""),
    (rf"(?<=[a-z)]), (?:{_SMALL})(?=$|[.;?!])", ""),
    (rf"\b(and|,) (?:the )?(?:{_SMALL})(?=$|[.;?!])", r"\1 duration"),
    # Two numbers, side by side.
    (r",? ?(?:\bas |\bin |\bgive me |\bgive |\bshow |\bi want )?\b(?:two|both|three|separate) (?:separate )?(?:counters?|counts|columns|numbers|figures|totals)\b(?! of)", ""),
    (r",? (?:each|both) (?:counted|on its own|on their own)(?=$|[.,;?!])", ""),
    # Rows.
    (r"\bfor (?:each|every) (?:combination|pair|pairing) of ", "by "),
    (r"\bper (?:combination|pair|pairing) of ", "by "),
    (r"\bfor (each|every) of (?:its|their|the) (?=\w)", r"for \1 "),
    (r"\b(?:counted|broken down|grouped|split|sorted) by (?:both )?([\w ]{2,30}?) as well as (?:by )?(?=\w)", r"by \1 and "),
    # How many rows.
    (r"\b(?:just |only )?the (?:leading|first|top|best|upper) (\d+)(?=$|[.,;?!])", r"top \1"),
    (r"(?<=,) (?:show|list|give|best|worst|biggest|largest|name|just|only) (?:me )?(?:the )?(\d+)(?: of them)?(?=$|[.;?!])", r" top \1"),
    (r"(?<=[.?!,]) (?:the )?(\d+) (?:names|entries|rows|results|lines|most frequent|biggest|largest)(?=$|[.;?!])", r" top \1"),
    (rf"\b(\d+) most (?:affected|active|common|frequent)(?: {_DOER})?(?=$|[.,;?!])", r"top \1"),
    # Spans of time.
    (r"\bin (?:that|each such|every such|each|every) window\b", ""),
    (r"\bin an? (\d+)[- ](second|minute|hour|s|min) window\b", r"for \1 \2s"),
    (r"\b(?:in|for|over) each (\d+)[- ](second|minute|s|min) (?:interval|window|period)\b", r"every \1 \2s"),
    (r"\bin (?:every|each) one-(second|minute) (?:interval|window|period)\b", r"every \1"),
    (r",? (?:with )?(?:a )?(?:fresh|new|updated) (?:numbers|figures|output|values) every\b", " every"),
    (r",? one line each (?=second\b|minute\b)", " every "),
    (r"\b(?:reset and printed|printed and reset|flushed|refreshed) every\b", "every"),
)  # fmt: skip
_PLAINER = tuple((re.compile(pattern, re.IGNORECASE), plain) for pattern, plain in _RULES)


def in_plain_words(question: str) -> str:
    """Return the question in the wording that the reader knows; texts without these wordings come back as they are."""
    for pattern, plain in _PLAINER:
        question = pattern.sub(plain, question)
    return question
