"""What a machine's bpftrace has, and what is newer than it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gpttrace.check.static.study import number
from gpttrace.host import Host
from gpttrace_lsp.completion.suggestions import Suggestion, fitting


def is_newer(since: str, host: Host | None) -> bool:
    """Tell whether a machine's bpftrace is known to be older than a version."""
    return bool(since and host and host.version and host.version[:2] < number(since))


def chosen(found: Iterable[tuple[Suggestion, str]], typed: str, host: Host | None) -> list[Suggestion]:
    """Return the suggestions that fit; those of newer versions, marked, only where there is no other."""
    pairs = list(found)
    here = fitting((each for each, since in pairs if not is_newer(since, host)), typed)
    if here or not typed:
        return here
    return fitting((_marked(each, since) for each, since in pairs if is_newer(since, host)), typed)


def _marked(each: Suggestion, since: str) -> Suggestion:
    return replace(each, detail=f"since bpftrace {since}, not here", then="")
