"""Each event by itself: `as they happen`, `one line per failure`, `print it whenever it changes`."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary as words
from gpttrace.spec.sentence import Sentence

_AS_IT_HAPPENS = re.compile(
    r"\bas (it|they)\b|\bone by one\b|\btogether with\b|\b(each|every) single\b|\blive (view|list|feed)\b|"
    r"\breal[- ]time\b(?! (signal|task|thread|process|prio|class|sched|polic)\w*)"
    r"|(?:^|[.:;?!] )(show|print|list|log|display)( me)? (every|each) "
    r"(?!\d|process|program|user|cpu|core|second|minute|device|disk's)\w+"
    r"|\b(show|print|list|log|display)( me)? the \w+( and( the)? \w+)? of (each|every) "
    r"(?!process|program|user|cpu|core|device)\w+"
    r"|\b(show|print|list|log|display)( me)? (every|each) (process|program|user|task|command) (that|which|who)\b"
    r"|\b(print|show|list|log|display|tell|report)\b.* (whenever|each time|every time)\b"
    r"|\band (how long|the time) (each|it|they)( of them| one| call)? (took|lasted)\b|\blive$|\bin (detail|full)\b"
    r"|\b(one|a) (row|line|entry|record) (each|apiece|per|for (each|every))\b",
    re.IGNORECASE,
)


_ONE_LINE = re.compile(
    r"\b(one|a|single) (row|line|entry|record)s?( each| apiece| (per|for each|for every) \w+)?\b|\bone (each )?per (line|row)\b|"
    r"\b(printed )?one by one\b|\bone (line|row) (each|apiece)\b",
    re.IGNORECASE,
)


def as_it_happens(sentence: Sentence) -> bool:
    """`every process as it exits`, `each open, one by one`, `together with its exit code`, `a live view`."""
    return _AS_IT_HAPPENS.search(sentence.text) is not None


_LOGS = re.compile(
    r"(?:^|[.:;,?!] ?|\band )(?:please |just |then |i'd like to |i want to )?(?:print|log|dump|record|announce) "
    r"(?!the number|how many|the total|counts?\b)"
    r"|\b(?:tell|alert|notify|inform|warn|show) (?:me|us) (?:with a \w+ )?(?:when|whenever|if|each time|every time)\b"
    r"|: (?:show|list|give)(?: me)? (?!the number|how many)|^(?:show|list|print)\b.*\b(?:along|together) with (?:the|its)\b"
    r"|\bshow (?:each|every) (?:\w+ ){1,3}with (?:its|their|the)\b"
    r"|^(?:please |can you |could you )?(?:show|list|give|report)\b[^:]*: ?(?:the |its )?[\w ]+(?:, [\w ]+)*,? and "
    r"|^(?:each|every) time\b.*, (?:give|show|print|tell|log|list)\b|^whenever\b"
    r"|\bon (?:one|its own|a single) line\b|\beach (?:one )?on its own\b"
    r"|\bat the moment (?:it|they)\b|\b(?:print|log|show|report)(?:ed)? (?:a|one) (?:message|line)\b",
    re.IGNORECASE,
)
_TABLE = re.compile(
    r"\b(?:per|how many|number of(?! bytes)|counts?|totals?|average|mean|histograms?|distribution|top|most|sum|broken down|"
    r"grouped|for (?:each|every)|each \d|every \d|(?:each|every) (?:second|minute)|rate|ratio|share|percentage|longest|"
    r"slowest|max(?:imum)?)\b",
    re.IGNORECASE,
)


def wants_lines(sentence: Sentence) -> bool:
    """Tell whether each event is to be shown by itself and nothing asks for a table: `frequency changes, log the cpu`."""
    return _LOGS.search(sentence.text) is not None and _TABLE.search(sentence.text) is None


def take_listed(sentence: Sentence) -> bool:
    """Tell whether each event is asked for by itself, and take the words that say so."""
    found = as_it_happens(sentence)
    if (line := _ONE_LINE.search(sentence.text)) is not None:
        sentence.take_inside(*line.span(), "each by itself")  # `one line per failure`
        found = True
    while (index := sentence.find(words.WEAK_EVENTS)) is not None:
        sentence.take(index, index, "each by itself")
        found = True
    return found
