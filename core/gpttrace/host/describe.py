"""What is known of one probe: its fields with types and sizes, a function's prototype, the words of enums, and an example.

Only plain facts; what an event means and which unit a field has is the catalogue's matter (`gpttrace.spec`). The example is
written so that every supported bpftrace compiles it (`args->x`, the kind's name that this host's bpftrace knows).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gpttrace.errors import UsageError
from gpttrace.host.kinds import IN_BINARIES, KINDS, long_name
from gpttrace.host.local import Host
from gpttrace.host.tracefs import Field

_OLD_NAMES = {"fentry": "kfunc", "fexit": "kretfunc", "begin": "BEGIN", "end": "END"}
_FENTRY_SINCE = (0, 22)
_HOOKED = ("kprobe", "kretprobe", "fentry", "fexit")
_INTEGER_SIZES = (1, 2, 4, 8)
_EXAMPLE_FIELDS = 3
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class DescribedField:
    """One field: `expression` reads it, `words` are value → name where its type is an enum."""

    name: str
    type: str
    size: int
    signed: bool
    is_string: bool
    expression: str
    words: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """`exists` is None where the host cannot tell; `prototype` is C, "" without one; `example` is a program."""

    probe: str
    kind: str
    name: str
    exists: bool | None
    works: bool | None
    why_not: tuple[str, str] | None
    fields: tuple[DescribedField, ...]
    fields_known: bool
    prototype: str
    example: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON shape of `gpttrace probes --describe --json`."""
        return {
            "probe": self.probe,
            "kind": self.kind,
            "name": self.name,
            "exists": self.exists,
            "works": self.works,
            "why_not": {"what": self.why_not[0], "mend": self.why_not[1]} if self.why_not else None,
            "fields": [
                {
                    "name": each.name,
                    "type": each.type,
                    "size": each.size,
                    "signed": each.signed,
                    "string": each.is_string,
                    "expression": each.expression,
                    "words": {str(value): word for value, word in each.words.items()},
                }
                for each in self.fields
            ]
            if self.fields_known
            else None,
            "prototype": self.prototype or None,
            "example": self.example,
        }


def describe(host: Host, probe: str) -> Description:
    """Describe `kind:name`, in any of bpftrace's spellings; UsageError when there is no such kind or name."""
    head, _, name = probe.strip().partition(":")
    kind = long_name(head)
    if kind not in KINDS:
        raise _unknown(host, probe)
    exists = _exists(host, kind, name)
    if exists is False:
        near = [f"{kind}:{each}" for each in host.similar(kind, name)]
        raise UsageError(f"there is no {kind}:{name} on {host.name}", hint=_hint(near, name))
    known = host.fields(kind, name)
    fields = tuple(_described(host, kind, each) for each in (known or {}).values())
    return Description(
        probe=f"{kind}:{name}" if name else kind,
        kind=kind,
        name=name,
        exists=exists,
        works=host.works(kind),
        why_not=host.why_not(kind),
        fields=fields,
        fields_known=known is not None,
        prototype=_prototype(host, kind, name),
        example=_example(host, kind, name, fields),
    )


def _unknown(host: Host, probe: str) -> UsageError:
    near = [each.probe for each in host.search(probe, limit=3) if each.score >= _SURE]
    return UsageError(f"{probe} begins with no kind of probe", hint=_hint(near, probe))


def _hint(near: list[str], name: str) -> str:
    if near:
        return f"did you mean {', '.join(near)}?"
    return f'look for it: gpttrace probes "{name.rpartition(":")[2]}"'


def _exists(host: Host, kind: str, name: str) -> bool | None:
    if kind in IN_BINARIES:
        return host.count(kind, name) > 0 or None
    if host.count(kind, name) > 0:
        return True
    return False if host.lists(kind) else None


def _described(host: Host, kind: str, known: Field) -> DescribedField:
    words = host.enumerators(known.type) if known.type.startswith("enum ") else {}
    return DescribedField(
        known.name,
        known.type,
        known.size,
        known.signed,
        known.is_string,
        _expression(host, kind, known),
        words,
    )


def _expression(host: Host, kind: str, known: Field) -> str:
    if known.name == "retval" and kind == "fexit":
        return "retval"
    holder = "ctx" if kind == "iter" else "args"
    plain = f"{holder}->{known.name}"
    if known.is_string and not known.type.endswith("]"):
        return f"str({plain})"
    return f"str({plain})" if known.is_data_loc and known.is_string else plain


def _prototype(host: Host, kind: str, name: str) -> str:
    found = host.function(name) if kind in _HOOKED else None
    if found is None:
        return ""
    params = ", ".join(_declared(text, word) for word, text in found.params) or "void"
    return f"{_declared(found.returns, found.name)}({params})"


def _declared(text: str, name: str) -> str:
    if "(*)" in text:
        return text.replace("(*)", f"(*{name})", 1)
    base, bracket, rest = text.partition("[")
    return f"{base}{'' if base.endswith('*') else ' '}{name}{bracket}{rest}"


def _example(host: Host, kind: str, name: str, fields: tuple[DescribedField, ...]) -> str:
    head = f"{_spelled(host, kind)}:{name}".rstrip(":")
    match kind:
        case "begin" | "end":
            return f'{head} {{ printf("hello\\n"); }}'
        case "profile":
            return f"profile:{name or 'hz:99'} {{ @[comm] = count(); }}"
        case "interval":
            return f'interval:{name or "s:1"} {{ time("%H:%M:%S\\n"); }}'
        case "software" | "hardware":
            return f"{head}:{1_000_000 if kind == 'hardware' else 1} {{ @[comm] = count(); }}"
        case "kretprobe":
            return f"{head} {{ @[comm] = hist(retval); }}"
    told = [each for each in fields if each.is_string or _plain_number(each)]
    shown = [each for each in told if not each.name.startswith("__")][:_EXAMPLE_FIELDS]
    if not shown or kind == "rawtracepoint":
        return f"{head} {{ @[comm] = count(); }}"
    formats = " ".join(f"{each.name}={'%s' if each.is_string else '%d'}" for each in shown)
    values = ", ".join(each.expression for each in shown)
    return f'{head} {{ printf("{formats}\\n", {values}); }}'


def _spelled(host: Host, kind: str) -> str:
    # The older words are understood by every version that has these kinds (0.17, 0.23 and 0.27 tried).
    if kind in ("begin", "end") or (host.version and host.version < _FENTRY_SINCE):
        return _OLD_NAMES.get(kind, kind)
    return kind


def _plain_number(each: DescribedField) -> bool:
    apart = each.type.startswith(("struct ", "union ", "__data_loc", "__rel_loc"))
    return each.size in _INTEGER_SIZES and not apart and each.type[-1:] not in "]*"
