"""What a suggestion is, told as a hover tells it: made only for the one that is looked at (`completionItem/resolve`)."""

from __future__ import annotations

from collections.abc import Sequence

from gpttrace.host import Host
from gpttrace.language.reference import KIND_SPELLINGS, KIND_WORDS
from gpttrace_lsp.hover.points import probe_hover
from gpttrace_lsp.hover.symbols import map_told, member_told, struct_told
from gpttrace_lsp.hover.telling import Telling
from gpttrace_lsp.hover.words import builtin_words, config_hover, function_hover
from gpttrace_lsp.look import Look


def explain(about: Sequence[str], host: Host | None, look: Look | None) -> Telling | None:
    """Return what a suggestion's `about` stands for, None when there is nothing to say. May read files; for a thread."""
    match about:
        case ["probe", probe] if host is not None:
            kind, _, name = probe.partition(":")
            return probe_hover(kind, name, host)
        case ["kind", kind]:
            return _kind(kind, host)
        case ["function", name]:
            return function_hover(name, host)
        case ["builtin", name]:
            return builtin_words(name, host)
        case ["setting", name]:
            return config_hover(name, host)
        case ["map", name] if look is not None:
            known = look.study.symbols.maps.get(name)
            return map_told(look, known) if known is not None else None
        case ["member", owner, name]:
            return member_told(host, owner, name)
        case ["struct", name]:
            return struct_told(host, name)
    return None


def _kind(kind: str, host: Host | None) -> Telling:
    since = KIND_SPELLINGS.get(kind, ("", ""))[0]
    told = Telling().say(KIND_WORDS.get(kind)).say(f"Since bpftrace {since}." if since else None)
    if host is not None:
        why = host.why_not(kind)
        if why is not None:
            told.text(f"Does not work here: {why[0]}; {why[1]}")
        elif count := host.count(kind) if host.lists(kind) else 0:
            told.say(f"{count:,} names on {host.name}.")
    return told
