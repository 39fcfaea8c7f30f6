"""What stands under a cell when its trace has ended: what was asked, how it ended, what was found, what was lost."""

from __future__ import annotations

from gpttrace.cli.text import plural
from gpttrace.session import Answer
from gpttrace.trace import Result
from gpttrace_jupyter.markup import Shown, line, program, sentences

_MOST_WARNINGS = 5


def summary(answer: Answer) -> Shown:
    """Return the compact summary of a run; the program is one click away."""
    result = answer.result
    assert result is not None
    shown = sentences(answer.explanation or (nothing(result) if result.rows == 0 else ""))
    if not result.complete:
        shown += line("the trace was killed: its maps are lost, rows that were read are here", strong=True)
    for each in list(dict.fromkeys(result.warnings))[:_MOST_WARNINGS]:
        shown += line(f"warning: {each}", strong=True)
    if result.lost:
        shown += line(
            f"{result.lost:,} events were lost: narrow the program, or count instead of printing", strong=True
        )
    shown += line(ending(result), dim=True)
    return shown + program(result.program, folded=True)


def ending(result: Result) -> str:
    """Return one line: the run's id, how it ended, how much there is."""
    probes, rows = plural(result.probes, "probe"), plural(result.rows, "row")
    return f"run {result.run_id}: {result.reason}; {result.took:.1f} s, {probes}, {rows}"


def nothing(result: Result) -> str:
    """Return why a frame is empty, for a run that was not explained."""
    if not result.probes:
        return "Nothing is here: no probe was attached."
    return f"Nothing is here: what the program looks for did not happen in {result.took:.1f} s."
