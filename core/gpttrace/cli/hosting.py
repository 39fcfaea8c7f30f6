"""What `host` does: show what a machine can trace, save it for another machine, say what does not work and what mends it."""

from __future__ import annotations

from pathlib import Path

import click

from gpttrace.cli.failures import say
from gpttrace.cli.show import write_json
from gpttrace.cli.text import WIDTH, printable
from gpttrace.host import Host
from gpttrace.settings import Settings

NEEDED = ("bpftrace", "rights", "tracefs")  # without these nothing can be traced at all
_MARKS = {True: "ok ", False: "no ", None: "?  "}


def open_host(host_file: str | None) -> Host:
    """Return the host of a file, or this machine."""
    return Host.load(Path(host_file)) if host_file else Host.local(Settings.load())


def show(*, host_file: str | None, as_json: bool) -> int:
    """Show bpftrace, the kernel, what can be traced, and what is missing."""
    facts = open_host(host_file).to_json()
    if as_json:
        write_json(facts)
        return 0
    tool = facts.pop("bpftrace")
    problems = facts.pop("problems")
    click.echo(f"{'bpftrace':<18} {tool['version'] or 'missing'}  {tool['path'] or ''}".rstrip())
    for name, value in facts.items():
        if value is not None or name != "saved":
            click.echo(f"{name.replace('_', ' '):<18} {_said(value)}")
    for problem in problems:
        click.echo(f"missing: {problem['what']}\n  try: {problem['mend']}")
    return 0


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else printable(str(value))


def save(*, file: str) -> int:
    """Write a host file."""
    host = Host.local(Settings.load())
    host.save(Path(file))
    size = Path(file).stat().st_size / 1e6
    say(
        f"wrote {file} ({size:.1f} MB): kernel {host.kernel}, bpftrace {'.'.join(map(str, host.version)) or 'missing'}"
    )
    say(f"  use it anywhere: gpttrace check --host {file} TOOL.bt")
    return 0


def doctor(*, as_json: bool) -> int:
    """Examine this machine; 0 when nothing keeps it from tracing, 5 when something does."""
    from gpttrace.host.doctor import examine

    found = examine(Host.local(Settings.load()))
    works = not any(each.ok is False and each.name in NEEDED for each in found)
    if as_json:
        write_json({"ok": works, "checks": [each.to_json() for each in found]})
        return 0 if works else 5
    width = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{_MARKS[each.ok]} {each.name:<{width}}  {_wrapped(each.says, width + 6)}")
        if each.mend and each.ok is not True:
            click.echo(f"{'':<{width + 6}}try: {_wrapped(each.mend, width + 11)}")
    return 0 if works else 5


def _wrapped(text: str, indent: int) -> str:
    import textwrap

    return ("\n" + " " * indent).join(textwrap.wrap(printable(text), WIDTH - indent, break_on_hyphens=False))
