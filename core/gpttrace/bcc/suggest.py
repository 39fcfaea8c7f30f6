"""Is a tool of bcc the better answer to a question? For `ask`, in passing: nothing is started, little is read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gpttrace.bcc.choose import choose_tool
from gpttrace.bcc.installed import Installed, installed_tools
from gpttrace.bcc.known import Known, known_tools
from gpttrace.errors import GpttraceError

if TYPE_CHECKING:
    from gpttrace.spec.question import Reading


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A tool to run instead: `command` is what would be run when its arguments are known already, `why` one sentence."""

    tool: str
    what: str
    why: str
    command: str | None
    ask: str

    @property
    def sentence(self) -> str:
        """What a front end shows."""
        return f"{self.tool}: {self.why or self.what} Try: {self.ask}"


def better_tool(
    question: str,
    reading: Reading | None,
    *,
    cache_dir: Path | None = None,
    tools: Mapping[str, Installed] | None = None,
) -> Suggestion | None:
    """Return a tool that is here and answers better than a program would; None when a program does, or none is sure enough.

    A question that the offline writer understood (`reading.is_sure`) is left to it unless our data says what a tool does better.
    Takes some milliseconds; never raises.
    """
    here = installed_tools() if tools is None else tools
    if not here:
        return None
    known = {name: facts for name, facts in known_tools().items() if name in here}
    chosen = choose_tool(question, known)
    if chosen.best is None or chosen.unsure:
        return None
    best = chosen.best.known
    if best.changes or best.takes == "code" or best.terminal:
        return None
    if reading is not None and reading.is_sure and not (best.better and _is_meant(question, best)):
        return None
    command = _command(question, here, best, cache_dir)
    return Suggestion(best.name, best.what, best.better, command, shlex.join(["gpttrace", "tool", question]))


def _is_meant(question: str, best: Known) -> bool:
    """Tell whether a phrase of two words or more, or the tool's name, is in the question: one word is too little to overrule."""
    chosen = choose_tool(
        question, {best.name: Known(best.name, best.what, tuple(n for n in best.names if len(n) > 1))}
    )
    return chosen.best is not None


def _command(question: str, here: Mapping[str, Installed], best: Known, cache_dir: Path | None) -> str | None:
    # Here, because most questions are the writer's and pay nothing for it.
    from gpttrace.bcc.asking import remembered_description
    from gpttrace.bcc.plan import BAR, plan_tool

    tool = here[best.name]
    if cache_dir is None or (best.takes != "nothing" and remembered_description(tool, cache_dir) is None):
        return None
    try:
        plan = plan_tool(question, {best.name: tool}, cache_dir, named=best.name)
    except GpttraceError:
        return None
    return plan.command if plan.confidence >= BAR else None
