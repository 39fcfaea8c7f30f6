"""What `examples` and `index` do: find and show examples, and look after the index of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gpttrace.cli.failures import say
from gpttrace.cli.hosting import open_host
from gpttrace.cli.show import show_program, write_json
from gpttrace.cli.text import WIDTH, align, printable
from gpttrace.errors import UsageError
from gpttrace.index.filters import Wanted
from gpttrace.index.header import Example
from gpttrace.index.places import Places, add_folder, find_places, remove_folder
from gpttrace.index.refresh import Progress
from gpttrace.index.search import Found, Hits
from gpttrace.index.store import Index, quiet

_FIELDS = (
    "name",
    "path",
    "source",
    "title",
    "questions",
    "tags",
    "events",
    "needs",
    "cost",
    "checks",
    "explanation",
    "kinds",
)


def examples(
    *,
    words: tuple[str, ...],
    tags: tuple[str, ...],
    kinds: tuple[str, ...],
    sources: tuple[str, ...],
    here: bool,
    limit: int,
    show: str | None,
    host_file: str | None,
    as_json: bool,
) -> int:
    """List the examples, events and tools that a question means, best first; 1 when there are none."""
    from gpttrace.index import face

    places = find_places()
    if show is not None:
        return show_example(show, places, as_json)
    wanted = Wanted(kinds, tags, sources=sources, host=open_host(host_file) if here or host_file else None)
    question = " ".join(words)
    with progress_bar() as progress:
        hits = (
            face.look_up(question, limit, wanted, places, progress)
            if question
            else face.listed(wanted, places, progress)
        )
    _say_warnings(hits)
    if as_json:
        write_json(
            {"question": question or None, "examples": [_found_json(each) for each in hits.found[:limit]]}
        )
    else:
        _print_found(hits.found, limit)
    if not hits.found:
        say("nothing like that is in the index; other words, or fewer conditions, may find it")
    return 0 if hits.found else 1


def show_example(name: str, places: Places, as_json: bool) -> int:
    """Print one example: its program, or what is known of an event or a tool."""
    from gpttrace.index import face

    with progress_bar() as progress:
        found = face.named(name, places, progress)
    if not found:
        raise UsageError(f"no example is called {name!r}", hint=f"gpttrace examples {name} searches for it")
    example = found[0]
    if as_json:
        write_json(_example_json(example))
        return 0
    if example.program:
        # A stranger's file must not drive the terminal.
        show_program("\n".join(printable(line.expandtabs(8)) for line in example.program.splitlines()))
    else:
        click.echo("\n".join(_about(example)))
    for other in found[1:]:
        say(f"also of this name: {printable(other.path)}")
    return 0


def show_index(*, as_json: bool) -> int:
    """Show what is indexed, from where, and what was left out and why."""
    places = find_places()
    with _opened(places) as index:
        told = {**_told(index), "weights": str(places.weights) if places.weights.exists() else None}
        told["folders"] = [str(folder) for folder in places.folders]
        if as_json:
            write_json(told)
            return 0
    for name in ("file", "examples", "vectors", "embedding"):
        value = told[name]
        said = ", ".join(f"{n} {key}" for key, n in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name:<12} {said if said not in (None, '') else 'none'}")
    for folder in told["folders"]:
        click.echo(f"{'folder':<12} {printable(folder)}")
    for why, count in told["skipped"].items():
        click.echo(f"{'left out':<12} {count} {'file' if count == 1 else 'files'}: {why}")
    return 0


def build(*, as_json: bool) -> int:
    """Make the index anew from nothing."""
    return _report(find_places(), as_json, again=True)


def add(*, folder: str, as_json: bool) -> int:
    """Index the `.bt` files of a folder, and of those below it, from now on."""
    places = find_places()
    path = add_folder(places, folder)
    say(f"added {printable(str(path))}")
    return _report(places, as_json)


def remove(*, folder: str, as_json: bool) -> int:
    """Leave a folder out again."""
    places = find_places()
    path = remove_folder(places, folder)
    say(f"removed {printable(str(path))}")
    return _report(places, as_json)


def _report(places: Places, as_json: bool, *, again: bool = False) -> int:
    with _opened(places, again=again) as index:
        told = _told(index)
    if as_json:
        write_json(told)
    else:
        examples = ", ".join(f"{count} {source}" for source, count in told["examples"].items())
        click.echo(f"{examples or 'nothing'}; {told['vectors']} with vectors")
    return 0


@contextmanager
def _opened(places: Places, *, again: bool = False) -> Iterator[Index]:
    from gpttrace.index.store import open_fresh

    with progress_bar() as progress:
        index = open_fresh(places, progress, again=again)
    for warning in index.warnings:
        say(f"gpttrace: {printable(warning)}")
    try:
        yield index
    finally:
        index.close()


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a progress callback: a bar on a terminal once there is something to wait for, else nothing."""
    if not sys.stderr.isatty():
        yield quiet
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    bar = Bar(console=Console(stderr=True), transient=True)
    tasks: dict[str, Any] = {}

    def progress(what: str, done: int, of: int) -> None:
        if what not in tasks:
            bar.start()
            tasks[what] = bar.add_task(f"index: {what}", total=of)
        bar.update(tasks[what], completed=done, total=of)

    try:
        yield progress
    finally:
        bar.stop()


def _told(index: Index) -> dict[str, Any]:
    from gpttrace.index.schema import meta, one, rows

    database = index.database
    skipped = "select skipped, count(*) from files where skipped != '' group by 1 order by 1"
    return {
        "file": str(index.path) if index.path else None,
        "examples": dict(rows(database, "select source, count(*) from examples group by 1 order by 1")),
        "vectors": one(database, "select count(*) from vectors"),
        "embedding": meta(database).get("identity") or None,
        "skipped": dict(rows(database, skipped)),
    }


def _say_warnings(hits: Hits) -> None:
    for warning in hits.warnings:
        say(f"gpttrace: {printable(warning)}")


def _print_found(found: Sequence[Found], limit: int) -> None:
    cells = [[printable(f.example.name), f.kind, printable(f.example.title)] for f in found[:limit]]
    if cells:
        click.echo("\n".join(line[2:] for line in align(cells, [False] * 3, WIDTH + 2)))
    if len(found) > limit:
        say(f"the first {limit} of {len(found)} are shown; -k {len(found)} shows all")


def _about(example: Example) -> Iterator[str]:
    yield printable(f"{example.title}  ({example.source})")
    for question in example.questions:
        yield f"  {printable(question)}"
    if example.explanation:
        yield printable(example.explanation)
    if example.source == "bcc":
        yield printable(f"run it: {Path(example.path).name}")
    elif example.source == "catalogue" and example.questions:
        yield printable(f'write a program: gpttrace generate "{example.questions[0]}"')


def _found_json(found: Found) -> dict[str, Any]:
    return {
        "kind": found.kind,
        **_example_json(found.example),
        "score": round(found.score, 4),
        "why": found.why,
    }


def _example_json(example: Example) -> dict[str, Any]:
    told = {name: getattr(example, name) for name in _FIELDS}
    return {**told, "bpftrace": example.versions or None, "program": example.program or None}
