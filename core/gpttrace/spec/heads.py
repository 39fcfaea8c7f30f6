"""What stands before `of`: `fd of closed files` asks for a field, which must be in the answer or is named as lost."""

from __future__ import annotations

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import Asked
from gpttrace.spec.catalogue import Event
from gpttrace.spec.field_names import field_names
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.words import stems

# What things have, and no event is: where the answer does not hold it, it was lost.
_ATTRIBUTES = stems(
    """type reason value mode flag flags code family level age owner group status state result whence offset format formats advice
    argument arguments timeout priority zone node address addresses key protocol option options index id port"""
)
# They ask for a form or a measure, or only introduce what is meant.
_FORMS = words.SLOTS | words.RATE | words.COMM_WORDS
_FORMS |= stems(
    """call calls list lists kind kinds name names stack stacks trace traces event events time times set sets use usage activity
    outcome history overview picture summary table view timeline pair pairs case cases instance instances share part
    breakdown profile log figure figures statistic each every all most any some one many lot lots half rest order sort
    amount which out end ends less load change changes"""
)
_FIRST = 5  # a head stands at the begin of a question


def _head(sentence: Sentence) -> tuple[int, int] | None:
    """Return the first and the last token of the one or two words before the first `of`, where they begin a question."""
    at = next((i for i, token in enumerate(sentence.tokens[:_FIRST]) if token.stem == "of"), 0)
    if not at or sentence.tokens[at - 1].kind != "word" or sentence.stem(at - 1) in _FORMS:
        return None
    first = at - 1
    if (
        first
        and sentence.tokens[first - 1].kind == "word"
        and sentence.stem(first - 1) not in words.EMPTY | _FORMS
    ):
        first -= 1
    opened = all(token.stem in words.EMPTY | words.WEAK_EVENTS for token in sentence.tokens[:first])
    return (first, at - 1) if opened and first >= at - 2 else None


def head_field(sentence: Sentence, asked: Asked, event: Event) -> str | None:
    """Return the field that the head of a question names: `vcpu of kvm exits`."""
    found = _head(sentence)
    if found is None or _is_named(sentence, found, asked):
        return None
    names = field_names(event)
    key = names.get(" ".join(sentence.stem(i) for i in range(found[0], found[1] + 1))) or names.get(
        sentence.stem(found[1])
    )
    return key if key in event.fields else None


def lost_head(sentence: Sentence, asked: Asked, spec: TraceSpec, event: Event) -> str | None:
    """Return the head of a question that its answer does not hold: `age of deleted files`."""
    found = _head(sentence)
    if found is None or _is_named(sentence, found, asked):
        return None
    token = sentence.tokens[found[1]]
    if token.meaning not in ("", sentence.event) or token.stem not in _ATTRIBUTES:
        return None
    held = {spec.value, *spec.keys, *(condition.field for condition in spec.conditions)}
    told = {word for name, key in field_names(event).items() if key in held for word in name.split()}
    return None if token.stem in told else token.text


def _is_named(sentence: Sentence, found: tuple[int, int], asked: Asked) -> bool:
    return any(sentence.stem(i) in asked.named for i in range(found[0], found[1] + 1))
