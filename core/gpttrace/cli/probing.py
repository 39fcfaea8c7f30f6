"""What `probes` does: find hook points by name, pattern or words, and describe one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from gpttrace.cli.failures import say
from gpttrace.cli.hosting import open_host
from gpttrace.cli.show import show_program, write_json
from gpttrace.cli.text import WIDTH, align
from gpttrace.errors import UsageError
from gpttrace.host import Host

if TYPE_CHECKING:
    from gpttrace.host.describe import DescribedField

MOST_WORDS = 4


def probes(
    *,
    query: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int,
    describe: str | None,
    host_file: str | None,
    as_json: bool,
) -> int:
    """List the probes that a query means, best first; 1 when there are none."""
    host = open_host(host_file)
    if describe is not None:
        return describe_probe(host, describe, as_json)
    if not query:
        raise UsageError(
            "say what to look for", hint="gpttrace probes 'tcp retransmit', or 'sched:*', or vfs_read"
        )
    words = " ".join(query)
    found = host.search(words, kinds, limit)
    if as_json:
        write_json({"query": words, "probes": [asdict(each) for each in found]})
    else:
        for each in found:
            click.echo(each.probe)
        for kind in dict.fromkeys(each.probe.partition(":")[0] for each in found):
            if (reason := host.why_not(kind)) is not None:
                say(f"{kind} does not work here: {reason[0]}")
        if len(found) == limit:
            say(f"the first {limit} are shown; -n {limit * 10} shows more")
    if not found:
        say(
            f"nothing here is called {words!r}; other words, or a pattern such as '*{query[0]}*', may find it"
        )
    return 0 if found else 1


def describe_probe(host: Host, probe: str, as_json: bool) -> int:
    """Print what a probe gives, what it shows, and a program that uses it."""
    from gpttrace.host.describe import describe
    from gpttrace.spec.shown import events_at, unit_at

    told = describe(host, probe)
    units = {each.name: unit_at(told.probe, each.expression) for each in told.fields}
    shows = [event.summary for event in events_at(told.probe)]
    if as_json:
        whole = told.to_json()
        for each in whole["fields"] or ():
            each["unit"] = units[each["name"]]
        write_json({**whole, "shows": shows})
        return 0
    click.echo(told.probe + (f"\n  {told.prototype}" if told.prototype else ""))
    for line in shows:
        click.echo(f"  shows: {line}")
    if told.why_not is not None:
        click.echo(f"  does not work here: {told.why_not[0]}\n    {told.why_not[1]}")
    if told.fields:
        click.echo("\n" + "\n".join(_fields(told.fields, units)))
    if told.example:
        click.echo("\nexample:")
        show_program(told.example)
    return 0


def _fields(fields: Sequence[DescribedField], units: Mapping[str, str | None]) -> list[str]:
    head = ["read it as", "type", "bytes", "unit or values"]
    body = []
    for each in fields:
        words = ", ".join(f"{value} {word}" for value, word in list(each.words.items())[:MOST_WORDS])
        more = ", …" if len(each.words) > MOST_WORDS else ""
        body.append([each.expression, each.type, str(each.size or ""), units[each.name] or words + more])
    return align([head, *body], [False, False, True, False], WIDTH)
