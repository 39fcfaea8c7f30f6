"""Plain words: which words of a sentence name nothing. A word that is not among them may be the name of a process or a file,
and is then held against the tables or the tree."""

from __future__ import annotations

from functools import cache

from gpttrace.spec.catalogue import load_catalogue, words_of
from gpttrace.spec.vocabulary import FAILED, KEYS, NO_EVENT, OTHER, SUCCEEDED
from gpttrace.spec.words import plain, stem, stems

# Words of reports that no question needs.
_REPORTING = stems(
    """
    account accounted accounting accounts activity add added adds aggregate ahead alike alone amount amounts attach
    attached average background balanced barely behaviour big brief broad bucket buckets bulk burst bursts bursty by
    call call-wise caller callers calls calm clear clearly close closely coarse combined comes common compared
    concentrated consist consists constant constants contribute contributed contributes contribution contributor
    contributors count counted counter counters counts data dense descending direct distribution dominant dominate
    dominated dominates done down each early easy elapsed empty ended entire entries entry equal equals equivalent
    even evenly event events exactly exit extra extreme falls far fast fell few fewer figure figures file
    file-related files final fine fire fired fires firing flat followed follows foreground form formed fraction from
    fully gap gave group groups had half happen happened happens hardly has heading headings heavily heavy
    hexadecimal high hold holds hot huge idle in include includes including individual interval intervals issued it
    just keep keeps kept kernel key kind kinds known large largest late lead leading leads least led less lies light
    linear list lists little lone long loud low made main mainly major majority make makes making many map maps mark
    mean means measure measured measures median microsecond microseconds millisecond milliseconds minor minority mix
    mixed mode moderate modest moment more most mostly much name named names nanosecond nanoseconds narrow nature
    near nearly negligible next normal notable note notes number numbers observed occur occurred occurs odd often
    once order other others outlier outliers over overall pair part partly pattern patterns peak per percentile
    perform performed performs pid place plain point points portion power powers print printed prints probe probes
    process process-wide produced produces program programs proportion pure quick quiet random range ranged ranges
    ranging rank ranks rapid rare rarely rate rates raw read reads real record recorded records regular remain
    remainder remaining remains remarkable remember remembers report reported reports request requests rest result
    results return returned returning returns rough roughly row rows run runs same sample samples saw see seen share
    share-wise shares sharp short show showed shown shows significant similar simple single size sized sizes skew
    skewed slice slow small smaller smallest smooth so sole some sort span spanned spans sparse spike spread stable
    stack stacks stand stands start started starts stay stayed steady step steps still stop stopped stops store
    stores strong substantial sudden sum summary syscall syscalls system table tail take taken takes task tell tells
    than that the their them then there these they thin thing things this those thread threads through thus tied
    time timed timestamp tiny together took top total totalled totalling totals trace traced traces track tracked
    tracks trail trails triggered triggers trivial twice two typical typically under unequal uneven uniform until
    use used user uses usual value values vast very was watch watched watches weak well were whenever where which
    while whole whose wide widely within without work worth write writes wrote zero
    """
)
_ENDINGS = (
    "ly",
    "ing",
    "tion",
    "tions",
    "ment",
    "ness",
    "able",
    "ible",
    "ously",
    "ive",
    "ity",
    "ened",
    "ised",
    "ized",
    "ated",
)


@cache
def _known() -> frozenset[str]:
    nouns = {word for event in load_catalogue().events.values() for word in event.noun.lower().split()}
    slots = frozenset(KEYS) | NO_EVENT | OTHER | FAILED | SUCCEEDED
    return slots | _REPORTING | frozenset(stem(word) for word in nouns)


@cache
def things() -> frozenset[str]:
    """Return the stems of what happens on machines, of the catalogue: `file`, `send`, `password`; who writes one claims it."""
    events = load_catalogue().events.values()
    words = {
        stem(word)
        for event in events
        for word in (*words_of(event), *event.noun.lower().split())
        if word.isalpha()
    }
    return frozenset(words) - NO_EVENT - OTHER - frozenset(KEYS) - _REPORTING - _NEUTRAL


_NEUTRAL = stems(
    "kernel function functions second seconds name field value start end stop exit begin process thread note notes enter leave "
    "return"
)


def is_plain(word: str) -> bool:
    """Tell whether a word of letters is an ordinary one: known, or with an ending that names do not have."""
    lower = word.lower().replace("’", "'")
    if stem(lower) in _known() or lower in _CONTRACTED:
        return True
    return len(lower) > 6 and lower.endswith(_ENDINGS)


_CONTRACTED = plain(
    "isn't wasn't weren't aren't doesn't didn't don't won't can't couldn't hasn't haven't it's that's there's"
)
