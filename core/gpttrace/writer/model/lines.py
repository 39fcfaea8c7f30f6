"""What checks and comparison say, in two forms: a level's state for the verdict, and lines for the model."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.check import Report
from gpttrace.language import Finding, Program, parse, walk
from gpttrace.language.nodes import Identifier
from gpttrace.meaning import Comparison
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.model import TraceSpec
from gpttrace.writer.model.meant import words_for

_MOST_WIDTH = 400
_SAME = "same"


def as_started(tree: Program) -> Program:
    """Return a program with a number for `cpid`: no check starts the command, and without one bpftrace refuses the word."""
    text = tree.source.text
    for node in (node for item in tree.items for node in walk(item)):
        if isinstance(node, Identifier) and node.name == "cpid":
            text = f"{text[: node.start]}{'1' * (node.end - node.start)}{text[node.end :]}"
    return parse(text)


def note_levels(report: Report, levels: dict[str, str]) -> None:
    """Write what came of compiling and loading into the levels."""
    errors = [each for each in report.findings if each.severity == "error"]
    steps = {step.level: step for step in report.steps}
    loaded = steps.get("load")
    if loaded is not None and loaded.done:
        levels["compile"], levels["load"] = "passed", state(errors)
        return
    compiled = steps.get("compile")
    if compiled is not None and compiled.done:
        levels["compile"] = state([each for each in errors if each.source == "bpftrace"])
    else:
        levels["compile"] = f"not done: {compiled.why if compiled else 'the policy denies it'}"
    levels["load"] = (
        f"not done: {loaded.why if loaded else levels['compile'].partition(': ')[2] or 'it was not asked for'}"
    )


def state(errors: Sequence[Finding]) -> str:
    """Return the state of a level with these errors."""
    return f"failed: {errors[0].message}" if errors else "passed"


def spec_lines(
    found: Comparison | None, spec: TraceSpec | None, problem: str | None, catalogue: Catalogue
) -> list[str]:
    """Return what is wrong between a program and its own spec, or with the spec itself."""
    if problem is not None:
        return [problem]
    if found is None or spec is None or found.answer in (_SAME, "unknown"):
        return []
    said = words_for(found, spec, catalogue)
    return [f"the program does not do what your spec says: {each}" for each in said]


def finding_lines(findings: Sequence[Finding], tree: Program) -> list[str]:
    """Return errors, then warnings, one line each: severity, place, message, hint."""
    wanted = [each for each in findings if each.severity in ("error", "warning")]
    lines = []
    for each in sorted(wanted, key=lambda each: (each.severity != "error", each.start)):
        line, column = tree.source.line_column(each.start)
        hint = f" ({each.hint})" if each.hint else ""
        lines.append(f"{each.severity} {line}:{column} {each.message}{hint}"[:_MOST_WIDTH])
    return list(dict.fromkeys(lines))
