"""One wording for what people say in many: `two counters`, `(µs)`, `for every combination of X and Y`, `just the leading 9`.

A question is read in these plain words. Each rule keeps the meaning: what it leaves out says nothing that the rest does not
say, or names the unit in which a time is shown, which is not the question's to say.
"""

from __future__ import annotations

import re

_UNITS = r"(?:micro|milli|nano)?seconds|[num]?secs|millis|micros|nanos|[µμ]s|[mun]s"
_SMALL = r"(?:micro|milli|nano)seconds?|[num]secs?|[µμ]s|[mun]s"
_DOER = r"(?:processes|process|programs?|commands?|tasks?|threads?|users?)"

_NOUNS = (
    "process|processes|program|pid|tid|uid|user|file|path|name|command|device|disk|size|length|bytes|duration|time|latency|delay|wait|"
    "error|errno|code|number|port|address|cpu|interface|driver|state|signal|sender|receiver|target|function|caller|vector|irq|flags|"
    "mode|type|reason|protocol|queue|index|sector|level|option|value|inode|offset|priority|zone|trip|module|cgroup|parent|id|"
    "taken|status|owner|group|descriptor|fd|generation|lifetime|age"
)
_COLUMN = rf"(?:the |its |their )?(?:(?!of\b)[\w-]+ ){{0,3}}(?:{_NOUNS})"
_COLUMNS = rf"{_COLUMN}(?:, {_COLUMN})*,? and {_COLUMN}"
_SHOW = r"print|log|show|list|report|dump|record|give|tell"

_RULES: tuple[tuple[str, str], ...] = (
    # Columns in front of what they are of.
    (
        rf"^((?:please |just )?(?:{_SHOW})(?: me)?) ({_COLUMNS}) (?:for|of|on|at) ((?:each|every|all|any)\b[^:]+?|\w+s (?:that|which|slower|longer|larger|above|over|below)\b[^:]+?)[.]?$",
        r"\1 \3: \2",
    ),
    (rf"^((?:please |just )?(?:{_SHOW})(?: me)?) ({_COLUMNS}) (whenever|when|each time|every time)\b([^:]+?)[.]?$", r"\1 \3\4: \2"),
    # The unit of what is shown.
    (rf" ?\((?:in )?(?:{_UNITS})\)", ""),
    (rf"\b(?:{_SMALL})[- ](?=histogram|distribution|buckets|resolution)", ""),
    (rf"\b(histogram|distribution|histograms) of (?:{_SMALL})(?=$|[.,;?!])", r"\1"),
    (rf",? (?:with |as |at )?(?:{_SMALL})(?:[- ]resolution| scale| granularity)\b", ""),
    (rf"(?<=[a-z)]), (?:{_SMALL})(?=$|[.;?!])", ""),
    (rf"\b(and|,) (?:the )?(?:{_SMALL})(?=$|[.;?!])", r"\1 duration"),
    # What is said again, or in a layman's words.
    (r"\bcore dump", "coredump"),
    (r"\bquickest\b", "fastest"),
    (r" ?\((?:end of file|eof|rwbs flags|uid not 0|timer_list)\)", ""),
    (r"\brwbs flags\b", "operation"),
    (r"\b(?:ordinary|normal|unprivileged|regular) users\b", "users other than root"),
    (r"^(?:please )?(?:inform|alert|notify|warn) (me|us)\b", r"tell \1"),
    (r"^(?:please )?announce\b", "print"),
    (r"\bblock(?:ed|s|ing)? (?:for )?(?=(?:over|more than|longer than|at least|above|beyond) \d)", "took "),
    (r"\b(calls|requests|attempts) (?:that|which) end (?:with|in) (E[A-Z]+)\b", r"\1 that fail with \2"),
    (r" because [^().?!]*\((E[A-Z]+)\)", r" with \1"),
    (r"\b(?:the |its )two addresses\b", "local address, remote address"),
    (r"\b(?:the |its )two ports\b", "local port, remote port"),
    (r"\bhow long (?:it|they|each) (?:existed|lived|lasted)\b", "duration"),
    (r"\b(stacks?|stack traces) from which (\w[\w.-]+) calls (\w+)", r"\1 of \3 calls by \2"),
    (r"\bfrom where in (user|kernel)[ -]?(?:code|space|land) do(?:es)? (.+?) call (\w+)(?:\(\))?\?", r"\1 stacks of \3 calls of \2."),
    (r"\binterrupts (?:that )?nobody handled(?: \([^)]*\))?|\binterrupts for which the handler returned IRQ_NONE", "unhandled interrupts"),
    (r",? (?:from |between )?(?:fork|birth|start) (?:to|and|until) (?:exit|death|end)(?=$|[,.?!])", ""),
    (r" through (?:a )?file descriptors?\b", ""),
    (r"\bof each (?:kind|type|sort) \(([\w ]+), ([\w ]+)\)", r"by \1 and \2"),
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
    (r", (?:the )?(?:biggest|largest|heaviest|worst|busiest) (\d+)(?: \w+)?(?=$|[.;?!])", r", top \1"),
    (rf"\b(\d+|ten|five|three|twenty) most (?:affected|active|common|frequent)(?: {_DOER})?(?=$|[.,;?!])", r"top \1"),
    (r"\bby (?:the )?number of (?:errors|failures)\b", "with the most failures"),
    (r",? (?:each )?with (?:its|the|their|a) (?:number of occurrences|own count|count for each(?: \w+)?)(?=$|[.,;?!])", ", counted"),
    (r"\bby the name of the (parent|child|sender|receiver|target|caller)\b", r"by \1 name"),
    (r", (?:and )?separately,", " and"),
    (r"\band and\b", "and"),
    # Spans of time.
    (r"\bin (?:that|each such|every such|each|every) window\b", ""),
    (r"\bin an? (\d+)[- ](second|minute|hour|s|min) window\b", r"for \1 \2s"),
    (r"\b(?:in|for|over) each (\d+)[- ](second|minute|s|min) (?:interval|window|period)\b", r"every \1 \2s"),
    (r"\bin (?:every|each) one-(second|minute) (?:interval|window|period)\b", r"every \1"),
    (r",? (?:with )?(?:a )?(?:fresh|new|updated) (?:numbers|figures|output|values) every\b", " every"),
    (r"\b(per (?:second|minute)), one line (?:each|every|per) (?:second|minute)\b", r"\1"),
    (r",? one line each (?=second\b|minute\b)", " every "),
    (r"\b(?:reset and printed|printed and reset|flushed|refreshed) every\b", "every"),
)  # fmt: skip
_PLAINER = tuple((re.compile(pattern, re.IGNORECASE), plain) for pattern, plain in _RULES)


def in_plain_words(question: str) -> str:
    """Return the question in the wording that the reader knows; texts without these wordings come back as they are."""
    for pattern, plain in _PLAINER:
        question = pattern.sub(plain, question)
    return question
