"""What a suggestion is, in Markdown: made only for the one that is looked at (`completionItem/resolve`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gpttrace.errors import UsageError
from gpttrace.host import Host
from gpttrace.host.describe import Description, describe
from gpttrace.language import nodes as n
from gpttrace.language import to_text
from gpttrace.language.parameters import FORMS
from gpttrace.language.reference import AGGREGATIONS, BUILTINS, CONFIG_KEYS, FUNCTIONS, KIND_SPELLINGS
from gpttrace.spec.shown import events_at, unit_at
from gpttrace_lsp.completion.versions import is_newer
from gpttrace_lsp.completion.words import parameters
from gpttrace_lsp.look import Look

_MOST_FIELDS, _MOST_EVENTS, _MOST_PLACES = 40, 3, 8
_MOST_WORDS = 6


def explain(about: Sequence[str], host: Host | None, look: Look | None) -> str:
    """Return what a suggestion's `about` stands for, "" when there is nothing to say. May read files; for a thread."""
    match about:
        case ["probe", probe] if host is not None:
            return explain_probe(host, probe)
        case ["kind", kind]:
            return _kind(kind, host)
        case ["function", name]:
            return explain_function(name, host)
        case ["builtin", name]:
            return _builtin(name, host)
        case ["setting", name]:
            return _setting(name)
        case ["map", name] if look is not None:
            return _map(name, look)
        case ["member", owner, name] if host is not None:
            return _member(host, owner, name)
        case ["struct", name] if host is not None:
            return _struct(host, name)
    return ""


def explain_probe(host: Host, probe: str) -> str:
    """Return what a probe shows and misses, its prototype, and its fields with their types and units."""
    try:
        known = describe(host, probe)
    except UsageError:
        return ""
    parts = [*_shows(known.probe)]
    if known.works is False and known.why_not:
        parts.insert(0, f"**Not on this machine**: {known.why_not[0]}; {known.why_not[1]}.")
    if known.prototype:
        parts.append(f"```c\n{known.prototype}\n```")
    if known.fields:
        parts.append(_table(known))
    elif known.fields_known:
        parts.append("It has no fields.")
    return "\n\n".join(parts)


def _shows(probe: str) -> Iterable[str]:
    events = events_at(probe)
    if not events:
        return
    yield "Shows: " + "; ".join(event.summary for event in events[:_MOST_EVENTS]) + "."
    misses = dict.fromkeys(miss for event in events[:_MOST_EVENTS] for miss in event.misses)
    if misses:
        yield "Does not show: " + "; ".join(misses) + "."


def _table(known: Description) -> str:
    rows = ["| field | type | |", "|---|---|---|"]
    for each in known.fields[:_MOST_FIELDS]:
        unit = unit_at(known.probe, each.expression) or unit_at(known.probe, f"args->{each.name}") or ""
        words = ", ".join(f"{value} {word}" for value, word in list(each.words.items())[:_MOST_WORDS])
        said = "; ".join(
            part
            for part in (unit, words, f"read with `{each.expression}`" if "(" in each.expression else "")
            if part
        )
        rows.append(f"| `{each.name}` | `{each.type}` | {said} |")
    if len(known.fields) > _MOST_FIELDS:
        rows.append(f"| … {len(known.fields) - _MOST_FIELDS} more | | |")
    return "\n".join(rows)


def _kind(kind: str, host: Host | None) -> str:
    since = KIND_SPELLINGS.get(kind, ("", ""))[0]
    parts = [f"Since bpftrace {since}."] if since else []
    if host is not None:
        why = host.why_not(kind)
        if why is not None:
            parts.append(f"**Not on this machine**: {why[0]}; {why[1]}.")
        elif count := host.count(kind) if host.lists(kind) else 0:
            parts.append(f"{count:,} names on {host.name}.")
    return "\n\n".join(parts)


def explain_function(name: str, host: Host | None) -> str:
    """Return a function's forms, what it does, its parameters, and since when it is there."""
    known = AGGREGATIONS.get(name) or FUNCTIONS.get(name)
    if known is None:
        return ""
    forms = FORMS.get(name, ((),))
    code = "\n".join(f"{name}({parameters(form)})" for form in forms)
    parts = [f"```bpftrace\n{code}\n```", f"{known.words[:1].upper()}{known.words[1:]}."]
    lines = {f"- `{each.name}`: {each.words}": None for form in forms for each in form}
    if lines:
        parts.append("\n".join(lines))
    parts += [f"Gives `{known.returns}`."] if known.returns not in ("none", "same", "unknown") else []
    parts += ["Changes the machine, so it needs `--unsafe`."] if known.unsafe else []
    parts += [_since(known.since, host)] if known.since else []
    return "\n\n".join(parts)


def _since(since: str, host: Host | None) -> str:
    here = f"; here is {'.'.join(map(str, host.version))}" if host and is_newer(since, host) else ""
    return f"Since bpftrace {since}{here}."


def _builtin(name: str, host: Host | None) -> str:
    known = BUILTINS.get(name)
    if known is None:
        return ""
    unit = f", in {known.unit}" if known.unit else ""
    kind = f" `{known.type}`" if known.type not in ("unknown", "args") else ""
    text = f"{known.words[:1].upper()}{known.words[1:]}{unit}.{kind}"
    return f"{text}\n\n{_since(known.since, host)}" if known.since else text


def _setting(name: str) -> str:
    known = CONFIG_KEYS.get(name)
    if known is None:
        return ""
    values = f"\n\nOne of {', '.join(f'`{each}`' for each in known.values)}." if known.values else ""
    since = f"\n\nSince bpftrace {known.since}." if known.since else ""
    return f"{known.words[:1].upper()}{known.words[1:]}; `{known.default}` when it is not set.{values}{since}"


def _map(name: str, look: Look) -> str:
    known = look.study.symbols.maps.get(name)
    if known is None:
        return ""
    keys = ", ".join(
        f"{word} `{kind}`" for word, kind in zip(known.key_names, known.keys or (), strict=False)
    )
    lines = [
        f"Keys: {keys}" if keys else "No keys",
        f"Value: `{known.value}`" + (f", in {known.unit}" if known.unit else ""),
    ]
    if known.declared:
        lines.append(f"Declared as `{known.declared}`")
    for use in known.places("write")[:_MOST_PLACES]:
        item = look.tree.items[use.item]
        where = (
            item.points[0].text if isinstance(item, n.Probe) and item.points else type(item).__name__.lower()
        )
        lines.append(f"Written on line {look.lines.line_of(use.start) + 1}, at `{where}`")
    if known.aggregation is not None:
        lines.append(f"by `{to_text(known.aggregation)}`")
    return "\n".join(f"- {line}" for line in lines)


def _member(host: Host, owner: str, name: str) -> str:
    struct = host.struct(owner)
    member = struct.members.get(name) if struct else None
    if member is None:
        return ""
    bits = f", {member.bits} bits" if member.bits else ""
    return f"```c\n{member.type} {name};\n```\n\nIn `{owner}` at byte {member.offset}, {member.size} bytes{bits}."


def _struct(host: Host, name: str) -> str:
    struct = host.struct(name)
    if struct is None:
        return ""
    members = "\n".join(f"\t{each.type} {each.name};" for each in list(struct.members.values())[:20])
    more = f"\n\t/* {len(struct.members) - 20} more */" if len(struct.members) > 20 else ""
    return f"```c\n{name} {{\n{members}{more}\n}};\n```\n\n{struct.size:,} bytes."
