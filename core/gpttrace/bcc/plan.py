"""A question -> a tool of this machine with its arguments, or why there is none. Nothing but `--help` is started here.

Below the bar no tool is taken: its nearest ones are offered. What was not understood and what the tool cannot do is named.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gpttrace.bcc.asking import describe_tool
from gpttrace.bcc.choose import choose_tool, is_common_word
from gpttrace.bcc.compose import Composed, compose_arguments
from gpttrace.bcc.described import Description
from gpttrace.bcc.flags import flag_words
from gpttrace.bcc.installed import INSTALL_HINT, Installed
from gpttrace.bcc.known import Known, known_tools
from gpttrace.bcc.manual import known_from
from gpttrace.bcc.values import argument_problems
from gpttrace.bcc.wishes import Wishes, read_wishes
from gpttrace.errors import QuestionRefused, Unavailable, UsageError
from gpttrace.spec.options import Options
from gpttrace.spec.refuse import refuse_text

BAR = 0.6
BETTER = 1.2  # a tool that is not here is named when it fits so much better
_UNKNOWN, _UNSURE, _CORRECTED = 0.25, 0.45, 0.08
_NO_ARGUMENTS = Description(usage="", summary="")


@dataclass(frozen=True, slots=True)
class ToolPlan:
    """A tool with its arguments, ready to be held against the policy and run; `seconds` is what was asked for."""

    question: str
    tool: Installed
    known: Known
    arguments: tuple[str, ...]
    confidence: float
    seconds: float | None = None
    takes_duration: bool = False
    notes: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    in_our_data: bool = True

    @property
    def argv(self) -> tuple[str, ...]:
        """What is run."""
        return (self.tool.path, *self.arguments)

    @property
    def command(self) -> str:
        """The command as a person would type it."""
        return shlex.join([self.tool.command, *self.arguments])


@dataclass(slots=True)
class _Draft:
    tool: Installed
    known: Known
    wishes: Wishes
    composed: Composed = field(default_factory=Composed)
    unknown: tuple[str, ...] = ()
    confidence: float = 0.0


def plan_tool(
    question: str,
    tools: Mapping[str, Installed],
    cache_dir: Path,
    *,
    named: str | None = None,
    options: Options | None = None,
    anyway: bool = False,
) -> ToolPlan:
    """Return the plan for a question; `named` is the tool that the user insists on, `anyway` takes a question half understood.

    Raises QuestionRefused with the nearest tools, Unavailable when the tool is not here or does not tell its arguments,
    UsageError for a name that is no tool's.
    """
    if (problem := refuse_text(question)) is not None and (question.strip() or named is None):
        raise QuestionRefused(problem)
    if not tools:
        raise Unavailable("there are no tools of bcc on this machine", hint=INSTALL_HINT)
    known = _all_known(tools, cache_dir)
    tool, unsure = _named(named, tools, known) if named else _chosen(question, tools, known)
    description = _description(tool, known[tool.name], cache_dir)
    draft = _draft(question, tool, known[tool.name], description, options)
    draft.confidence = _confidence(draft, unsure)
    _refuse(draft, known, question, insisted=named is not None, anyway=anyway)
    return _plan(question, draft, description)


def _all_known(tools: Mapping[str, Installed], cache_dir: Path) -> dict[str, Known]:
    ours = known_tools()
    return {name: ours.get(name) or known_from(tool, cache_dir) for name, tool in tools.items()}


def _named(named: str, tools: Mapping[str, Installed], known: Mapping[str, Known]) -> tuple[Installed, bool]:
    for tool in tools.values():
        if named in (tool.name, tool.command, tool.path):
            return _not_on_a_terminal(tool, tools, known), False
    from difflib import get_close_matches

    if named in known_tools():
        raise Unavailable(f"{named} is not on this machine", hint=INSTALL_HINT)
    near = get_close_matches(named, tools, n=1)
    hint = f"did you mean {near[0]}?" if near else "gpttrace tool --list shows them"
    raise UsageError(f"there is no bcc tool {named!r} here", hint=hint)


def _chosen(
    question: str, tools: Mapping[str, Installed], known: Mapping[str, Known]
) -> tuple[Installed, bool]:
    chosen = choose_tool(question, known)
    elsewhere = choose_tool(question, known_tools()).best
    if elsewhere is not None and elsewhere.known.name not in tools:
        score = chosen.best.score if chosen.best else 0.0
        if elsewhere.score > score * BETTER:
            raise Unavailable(f"{elsewhere.known.name} would do that, and it is not here", hint=INSTALL_HINT)
    if chosen.best is not None:
        return _not_on_a_terminal(tools[chosen.best.known.name], tools, known), chosen.unsure
    raise QuestionRefused(
        "no tool of bcc here is known for that",
        hint="say it in other words, name a tool with -c, or ask gpttrace without `tool`",
        alternatives=tuple(f"tool -c {each.name} …: {each.what}" for each in chosen.nearest),
    )


def _not_on_a_terminal(
    tool: Installed, tools: Mapping[str, Installed], known: Mapping[str, Known]
) -> Installed:
    facts = known[tool.name]
    if not facts.terminal:
        return tool
    if facts.instead in tools:
        return tools[facts.instead]
    raise Unavailable(
        f"{tool.command} draws a full screen and cannot be run for you", hint="run it in a terminal"
    )


def _description(tool: Installed, known: Known, cache_dir: Path) -> Description:
    if known.takes == "nothing":
        return _NO_ARGUMENTS  # it does not know --help and would start to trace
    told = describe_tool(tool, cache_dir)
    if told.description is None:
        raise Unavailable(
            f"{tool.command} does not tell its arguments: {told.trouble}",
            hint="GPTtrace asks it again when its file changes",
        )
    return told.description


def _draft(
    question: str, tool: Installed, known: Known, description: Description, options: Options | None
) -> _Draft:
    every = (known.words | flag_words(known)).union(*(each.words for each in known_tools().values()))

    def means_something(stem: str) -> bool:
        return stem in every or is_common_word(stem)

    wishes = read_wishes(question, means_something, own=known.words, wants_probe=known.takes == "probe")
    _apply(options or Options(), wishes)
    draft = _Draft(tool, known, wishes, compose_arguments(wishes, description, known))
    understood = known.words | flag_words(known)
    choices = {choice.lower() for each in description.arguments for choice in each.choices}
    draft.unknown = tuple(
        dict.fromkeys(
            token.text
            for token in wishes.sentence.tokens
            if token.meaning is None
            and token.stem not in understood
            and not is_common_word(token.stem)
            and token.text.lower() not in {tool.name, tool.command, *choices}
            and not set(token.stem.split("-")) <= understood
        )
    )
    draft.composed.problems += argument_problems(draft.composed.arguments, description)
    return draft


def _apply(options: Options, wishes: Wishes) -> None:
    for name in ("pid", "comm", "cgroup"):
        if (value := getattr(options, name)) is not None:
            wishes.who = {key: kept for key, kept in wishes.who.items() if key not in ("pid", "comm")}
            wishes.who[name] = value
    wishes.top = options.top or wishes.top
    wishes.every = options.every or wishes.every
    wishes.duration = options.seconds or wishes.duration


def _confidence(draft: _Draft, unsure: bool) -> float:
    corrected = len(draft.wishes.sentence.corrections)
    lost = _UNKNOWN * len(draft.unknown) + _CORRECTED * corrected + (_UNSURE if unsure else 0)
    return round(max(1.0 - lost, 0.0), 2)


def _refuse(
    draft: _Draft, known: Mapping[str, Known], question: str, *, insisted: bool, anyway: bool
) -> None:
    name = draft.tool.command
    if draft.known.takes == "code":
        raise QuestionRefused(
            f"{name} wants C text, which is never made from a question",
            hint="gpttrace ask writes a program of bpftrace instead",
        )
    if draft.composed.problems:
        reasons = "; ".join(dict.fromkeys(draft.composed.problems))
        raise QuestionRefused(
            f"{name}: {reasons}", hint=f"gpttrace tool --describe {draft.tool.name} shows what it takes"
        )
    if draft.confidence >= BAR or insisted or anyway:
        return
    nearest = [each for each in choose_tool(question, known).nearest if each.name != draft.tool.name]
    words = ", ".join(f"`{word}`" for word in draft.unknown[:8])
    raise QuestionRefused(
        f"I did not understand: {words}" if words else "more than one tool fits",
        hint=f"without that it would be: {' '.join([name, *draft.composed.arguments])}",
        alternatives=tuple(f"tool -c {each.name} …: {each.what}" for each in nearest[:3]),
    )


def _plan(question: str, draft: _Draft, description: Description) -> ToolPlan:
    plan = ToolPlan(
        question=question,
        tool=draft.tool,
        known=draft.known,
        arguments=tuple(draft.composed.arguments),
        confidence=draft.confidence,
        seconds=draft.wishes.duration,
        takes_duration=any(
            each.meaning == "duration" and each.name in draft.composed.values
            for each in description.arguments
        ),
        notes=tuple(dict.fromkeys(draft.composed.notes)),
        not_understood=draft.unknown,
        in_our_data=draft.tool.name in known_tools(),
    )
    return replace(plan, notes=(*plan.notes, *(f"not understood: {word}" for word in plan.not_understood)))
