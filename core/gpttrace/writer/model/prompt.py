"""The prompt: what a model is told before it writes. Whatever was retrieved stands in fences, so that it reads as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gpttrace.index.search import Found
from gpttrace.language import Program, parse
from gpttrace.model import FENCE_RULE, Message, fenced
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.options import Options, apply_options
from gpttrace.writer.model.form import SPEC_IN_WORDS

MOST_QUESTION = 2_000
_MOST_EXAMPLE, _MOST_QUESTIONS = 1_600, 2
_MOST_CANDIDATES = 9_000

_RULES = """\
You write bpftrace programs that answer questions about a running Linux machine. Your program is checked by a parser, a policy, \
bpftrace itself and the kernel's verifier, and its meaning is compared with your spec; what is found comes back to you.

Rules:
- Use only hook points and fields that exist on the machine described below; when unsure, use the tools.
- Only look, never act: no system(), signal(), override(), no #include, no import.
- One program. The trace is ended from outside and bpftrace prints all maps at the end: no interval that calls exit(), no \
banner, no printf in END. Maps that only remember something between probes are deleted from at the end of each event and cleared \
in END.
- A list of events is one printf for each event with the plain values, separated by spaces, strings last. Counts and spreads go \
into a map keyed by what rows are told apart by: @name[key, …] = count(); sum(x); avg(x); hist(x); lhist(x, min, max, step).
- Time between two probes: @start[tid] = nsecs; at the begin; at the end guard with /@start[tid]/, then delete(@start[tid]). \
A pointer that was stored is guarded with /@name[tid] != 0/.
- Rates and tables "every N": interval:s:N { print(@x); clear(@x); }. Only the largest N rows: print(@x, N).
- Values stay in the kernel's units: times in ns, sizes in bytes.
- If tracing cannot answer the question, or it asks for something else than looking, say why in `refusal` and leave `program` "".

Your answer is one JSON object and nothing else:
{"spec": SPEC or null, "program": "…", "assumptions": ["…"], "refusal": null or "…"}
`assumptions` are short sentences about what the question left open and how you decided.

"""
SYSTEM = f"{_RULES}{SPEC_IN_WORDS}\n\n{FENCE_RULE}"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a prompt stands on: facts of the host, events as text, examples, and what was given beside the question."""

    question: str
    facts: str
    options: str = ""
    events: tuple[str, ...] = ()
    examples: tuple[Found, ...] = ()


def head(grounds: Grounds, *, short: bool = False) -> tuple[Message, ...]:
    """Return the messages that every round begins with; `short` leaves the examples and all but two events out."""
    parts = [f"The machine:\n{grounds.facts}"]
    events = "\n\n".join(grounds.events[:2] if short else grounds.events)
    if events:
        told = fenced(events, "events of the catalogue", most=_MOST_CANDIDATES)
        parts.append(f"Events that the question may speak of, with the hooks of this machine:\n{told}")
    parts += [] if short else [example_text(each) for each in grounds.examples]
    if grounds.options:
        parts.append(f"Given beside the question, and as binding as it:\n{grounds.options}")
    parts.append(f"The question: {grounds.question[:MOST_QUESTION]}")
    return (Message("system", SYSTEM), Message("user", "\n\n".join(parts)))


def example_text(found: Found) -> str:
    """Return one retrieved example, fenced: anybody may have written it."""
    return fenced(example_words(found), f"example {found.example.name}", most=_MOST_EXAMPLE)


def example_words(found: Found) -> str:
    """Return what an example shows, questions that it answers, and its program without comments, which are long."""
    example = found.example
    asked = [f"question: {each}" for each in example.questions[:_MOST_QUESTIONS]]
    return "\n".join([example.title, *asked, without_comments(parse(example.program))])


def without_comments(tree: Program) -> str:
    """Return a program's text without its comments."""
    text = tree.source.text
    for comment in reversed(tree.comments):
        text = text[: comment.start] + " " + text[comment.end :]
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def options_text(options: Options) -> str:
    """Return the options of the command line in words, one a line; "" without any."""
    if options == Options():
        return ""
    laid = apply_options(TraceSpec("", "count"), options)
    lines = [f"- only where {c.field} {c.op} {c.value}" for c in laid.conditions]
    if options.command:
        lines.append("- a command is started for the trace; bpftrace knows its process as the builtin `cpid`")
    if laid.every:
        lines.append(f"- a table every {laid.every:,} ns")
    if laid.top:
        lines.append(f"- only the {laid.top} largest rows")
    return "\n".join(lines)


def feedback_text(lines: Sequence[str], left: int) -> str:
    """Return what goes back to the model after a round."""
    told = fenced("\n".join(f"- {line}" for line in lines), "findings")
    rounds = f"{left} round{'' if left == 1 else 's'} left"
    return f"Your answer is not right yet ({rounds}). What was found:\n{told}\nAnswer with the whole JSON object again."
