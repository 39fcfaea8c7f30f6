"""What people and the kernel call the fields of an event: stems, and the field that each means."""

from __future__ import annotations

import re

from gpttrace.spec import vocabulary
from gpttrace.spec.catalogue import Event
from gpttrace.spec.facts import Facts
from gpttrace.spec.lexicon import stemmed
from gpttrace.spec.narrow import is_call
from gpttrace.spec.words import stem


def field_names(event: Event, numbers: bool = False) -> dict[str, str]:
    """Return the names by which people call the fields of an event, as stems; `numbers`: of those that can be compared."""
    found = {
        " ".join(stemmed(name)): field.name
        for field in event.fields.values()
        for name in (*field.names, field.name)
        if (field.type in ("int", "int64", "uint64") if numbers else field.unit not in ("bytes", "ns"))
    }
    found |= {
        stem(name.replace(" ", "")): key
        for name, key in found.items()
        if " " in name and stem(name.replace(" ", "")) not in found
    }
    for name, key in ({} if numbers else _argument_names(event)).items():
        found.setdefault(name, key)
    named = [
        f.name
        for f in event.fields.values()
        if f.type == "string" and f.names and f.name not in ("comm", "cgroup")
    ]
    if numbers or event.area == "raw" or not (named or "comm" in event.fields):
        return found
    return {"nam": named[0] if named else "comm", **(_RESULTS if "ret" in event.fields else {}), **found}


def _argument_names(event: Event) -> dict[str, str]:
    """Return the kernel's own names of an event's fields: `dst_path`, `lock_addr`, `clockid`."""
    texts = (
        (f.name, text) for f in event.fields.values() for text in (f.begin, f.end) if text and f.unit is None
    )
    said = {stem(word) for name in (*event.names, *event.also) for word in name.split()}
    found: dict[str, str] = {}
    for name, text in texts:
        for arg in _ARGUMENT.findall(text):
            found.setdefault(stem(arg), name)
    return {
        arg: name
        for arg, name in found.items()
        if arg not in vocabulary.NO_EVENT | vocabulary.OTHER | said and not is_call(arg)
    }


_ARGUMENT = re.compile(r"args->(\w+)")
_RESULTS = {"result": "ret", "reason": "ret", "outcom": "ret", "return valu": "ret", "return cod": "ret"}


def arguments(event: Event, host: Facts | None) -> frozenset[str]:
    """Return the stems of what the hooks of an event carry (`maxevents`): no names of programs."""
    if host is None:
        return frozenset()
    probes = (
        probe for point in event.hooks[0].points for probe in point.begin if probe.startswith("tracepoint:")
    )
    return frozenset(
        stem(name) for probe in probes for name in host.plain_fields(probe.removeprefix("tracepoint:"))
    )
