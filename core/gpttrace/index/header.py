"""Header: what a `.bt` file says of itself: title, questions, tags, events, needs, versions, cost, checks, explanation.

Our own form is documented in docs/index.md. A file of any other form is an Example as well: its title is the first sentence of
its first comment. Nothing here raises, whatever the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gpttrace.index.prose import first_sentence, without_licence

Origin = Literal["corpus", "catalogue", "bpftrace", "bcc", "user"]
KEYS = ("question", "tags", "event", "needs", "bpftrace", "cost", "check")
_KEY = re.compile(rf"({'|'.join(KEYS)}):\s*(.*)", re.DOTALL)
_BLOCK = re.compile(r"/\*(.*?)(?:\*/|\Z)", re.DOTALL)
_MOST_COMMENT = 4000  # an explanation is a paragraph; more is a licence or a changelog


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what answers it: a program, an event of the catalogue (no program), or an installed tool.

    `groups` are the probes that it needs: of each group at least one must exist. `kinds` are the kinds of those probes.
    """

    name: str
    path: str
    title: str
    questions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    versions: str = ""
    cost: str = ""
    checks: tuple[str, ...] = ()
    explanation: str = ""
    program: str = ""
    source: Origin = "user"
    kinds: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()


def read_example(name: str, path: str, text: str, source: Origin = "user") -> Example:
    """Return what a bpftrace program says of itself."""
    from gpttrace.index.probes import probes_of

    comment = leading_comment(text)
    title, given, explanation = _parts(comment)
    if not given:
        plain = without_licence(comment)
        title, explanation = first_sentence(plain, name), plain
    groups = probes_of(text)
    return Example(
        name=name,
        path=path,
        title=title or name,
        questions=tuple(given.get("question", ())),
        tags=_listed(given.get("tags", ())),
        events=_listed(given.get("event", ())),
        needs=_listed(given.get("needs", ())),
        versions=" ".join(given.get("bpftrace", ()))[:40],
        cost=" ".join(given.get("cost", ()))[:40],
        checks=tuple(given.get("check", ())),
        explanation=explanation,
        program=text,
        source=source,
        kinds=kinds_of(groups),
        groups=groups,
    )


def kinds_of(groups: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Return the kinds of the probes, each once."""
    return tuple(dict.fromkeys(point.partition(":")[0] for group in groups for point in group))


def leading_comment(text: str) -> str:
    """Return the text of the comment that a program begins with, without its marks; "" when it begins with something else."""
    rest = text.lstrip("\ufeff")
    if rest.startswith("#!"):
        rest = rest.partition("\n")[2]
    rest = rest.lstrip()
    if (block := _BLOCK.match(rest)) is not None:
        return "\n".join(line.strip().removeprefix("*").strip() for line in block[1].splitlines())
    lines = []
    for line in rest.splitlines():
        if not line.lstrip().startswith("//"):
            break
        lines.append(line.lstrip()[2:].strip())
    return "\n".join(lines)


def _parts(comment: str) -> tuple[str, dict[str, list[str]], str]:
    """Return (title, values by key, explanation); no keys when the comment is not of our form."""
    title: list[str] = []
    given: dict[str, list[str]] = {}
    rest: list[str] = []
    for line in comment[:_MOST_COMMENT].splitlines():
        match = _KEY.match(line)
        if match is not None and not rest:
            given.setdefault(match[1], []).append(match[2].strip())
        elif given and line:
            rest.append(line)
        elif line:
            title.append(line)
    return " ".join(title), given, " ".join(rest)


def _listed(lines: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for line in lines for part in line.split(",") if part.strip()))
