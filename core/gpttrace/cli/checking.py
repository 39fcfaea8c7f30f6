"""What `check` does: files, standard input or a text are checked, and what is found is printed under its own lines."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import click

from gpttrace.check.codes import all_codes
from gpttrace.check.policy import load_policy
from gpttrace.check.report import Level, Report, Step
from gpttrace.check.whole import Progress
from gpttrace.check.whole import check as check_program
from gpttrace.cli.failures import say
from gpttrace.cli.show import write_json
from gpttrace.cli.source import SourceFile, read_source
from gpttrace.cli.text import finding_text
from gpttrace.errors import UsageError
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace.spec.model import TraceSpec

QUIET = ("information", "hint")
DENIED, LACKING = 4, 5


def check(
    *,
    files: tuple[str, ...],
    text: str | None,
    level: Level | None,
    host_file: str | None,
    policy_file: str | None,
    bisect: bool,
    code: str | None,
    as_json: bool,
    sarif: bool,
    verbose: bool,
    asked: str | None = None,
    yes: bool = False,
) -> int:
    """Check programs and return 0 when all are right, 1 when one is wrong, 4 when all that is wrong is the policy's no."""
    if code is not None:
        return explain_code(code)
    sources = _sources(files, text)
    settings = Settings.load()
    policy = load_policy(settings, Path(policy_file) if policy_file else None)
    host = Host.load(Path(host_file)) if host_file else Host.local(settings)
    spec = _read(asked, host) if asked is not None else None
    wanted: Level = level if level == "canary" else "load" if bisect else level or "compile"

    async def check_one(source: SourceFile) -> Report:
        progress = _progress() if bisect else None
        if wanted == "canary":
            from gpttrace.prove import climb  # what is not run needs no tracer
            from gpttrace.prove.running import Under

            under = Under(host, settings, policy, approved=yes)
            proved = climb(
                source.text, under=under, spec=spec, file=_path(source), bisect=bisect, progress=progress
            )
            return (await proved)[0]
        return await check_program(
            source.text,
            host=host,
            level=wanted,
            policy=policy,
            file=_path(source),
            asked=spec,
            bisect=bisect,
            progress=progress,
            settings=settings,
        )

    async def check_all() -> list[Report]:
        return [await check_one(source) for source in sources]

    checked = list(zip(sources, anyio.run(check_all), strict=True))
    if as_json:
        write_json(
            {"ok": all(report.ok for _, report in checked), "files": [r.to_json(s.name) for s, r in checked]}
        )
    elif sarif:
        from gpttrace.check.sarif import to_sarif

        write_json(to_sarif((source.name, report) for source, report in checked))
    else:
        for source, report in checked:
            show_report(source.name, report, verbose=verbose)
    return _exit([report for _, report in checked], required=level if level != "static" else None)


def _sources(files: tuple[str, ...], text: str | None) -> list[SourceFile]:
    if bool(files) == (text is not None):
        raise UsageError("give programs to check: FILE…, `-`, or -e 'PROGRAM'", hint="gpttrace check tool.bt")
    return (
        [SourceFile("-e", text)]
        if text is not None
        else [read_source(file, any_line_ends=True) for file in files]
    )


def _read(question: str, host: Host) -> TraceSpec | None:
    """Return what a question asks for, read offline; raises what `generate` raises for one that is not understood."""
    from gpttrace.writer import refusal_error, write_offline

    draft = write_offline(question, host)
    if draft.spec is None or draft.refused is not None:
        raise refusal_error(draft)
    return draft.spec


def _path(source: SourceFile) -> Path | None:
    path = Path(source.name)
    return path.absolute() if path.is_file() else None


def _exit(reports: list[Report], required: Level | None) -> int:
    wrong = [report for report in reports if not report.ok]
    if wrong:
        return DENIED if all(report.denied for report in wrong) else 1
    done = [{step.level for step in report.steps if step.done} for report in reports]
    if required is not None and any(required not in levels for levels in done):
        return LACKING
    return 0


def show_report(name: str, report: Report, *, verbose: bool) -> None:
    """Print the findings of one program with their lines, and how far the check went."""
    shown = [each for each in report.findings if verbose or each.severity not in QUIET]
    for finding in shown:
        click.echo(finding_text(finding, report.program.source, name))
    click.echo(f"{name}: {_verdict(report, len(report.findings) - len(shown))}")
    if verbose and report.log:
        click.echo(report.log, err=True)


def _verdict(report: Report, hidden: int) -> str:
    counts = [
        f"{count} {word}{'s' if count != 1 else ''}"
        for word in ("error", "warning")
        if (count := sum(each.severity == word for each in report.findings))
    ]
    said = ", ".join(counts) or "nothing wrong found"
    if hidden:
        said += f", {hidden} remark{'s' if hidden != 1 else ''} (-v shows them)"
    if any(step.level == "canary" for step in report.steps):
        return "\n".join([said, *(f"  {step.level}: {_level(step)}" for step in report.steps)])
    steps = "; ".join(_step(step.level, step.done, step.how, step.why) for step in report.steps)
    return f"{said}\n  checked: {steps}"


def _level(step: Step) -> str:
    """Return what a level came to, on a line of its own."""
    if step.level in ("static", "compile", "load"):
        return _step(step.level, step.done, step.how, step.why)
    said = step.how if step.done else f"not {_PASSED[step.level]}"
    return f"{said} ({step.why})" if step.why else said


_PASSED = {"attached": "attached", "meaning": "read", "canary": "proved"}


def _step(level: str, done: bool, how: str, why: str) -> str:
    words = {
        "static": "by our own rules",
        "meaning": "by its meaning",
        "compile": "compiled",
        "load": "by the kernel's verifier",
    }
    if not done:
        return f"not {words[level]} ({why})"
    detail = how if level != "static" else ""
    return words[level] + (f" ({detail}{'; ' + why if why else ''})" if detail or why else "")


def _progress() -> Progress:
    live = sys.stderr.isatty()

    def told(done: int, most: int, what: str) -> None:
        if live:
            say(f"\r\x1b[Kload {done} of at most {most}: {what}")

    return told


def explain_code(name: str) -> int:
    """Print what a code means, with a wrong and a right program."""
    codes = all_codes()
    if name not in codes:
        from difflib import get_close_matches

        near = get_close_matches(name, codes, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "docs/findings.md lists them all"
        raise UsageError(f"there is no finding called {name!r}", hint=hint)
    code = codes[name]
    click.echo(f"{code.name} ({code.severity}, from {code.source}): {code.title}\n\n{code.why}")
    for title, text in (("wrong", code.bad), ("right", code.good)):
        if text:
            click.echo(f"\n{title}:\n" + "\n".join(f"    {line}" for line in text.splitlines()))
    return 0
