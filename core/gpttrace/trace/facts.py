"""What this kernel says about the arguments that a program uses: text, a number, or a 32-bit number in a 64-bit slot."""

from __future__ import annotations

from collections.abc import Mapping

from gpttrace.host.tracefs import Field as KernelField
from gpttrace.host.tracefs import find_tracefs, tracepoint_fields
from gpttrace.language.nodes import Identifier, Member, Probe
from gpttrace.language.program import Program
from gpttrace.language.tree import walk
from gpttrace.trace.plan import Kind

# System calls get their arguments in 64-bit slots and the kernel does not extend the sign: AT_FDCWD reads 4294967196.
_NARROW = frozenset(("int", "pid_t", "clockid_t", "timer_t", "mqd_t"))


def argument_kinds(program: Program) -> dict[int, Kind]:
    """Return the kind of each `args.x` of tracepoints by the id of its node; what is not known is left out."""
    tracefs = find_tracefs()
    kinds: dict[int, Kind] = {}
    for probe in program.probes if tracefs is not None else ():
        assert tracefs is not None
        events = [":".join(point.parts[:2]) for point in probe.points if point.kind == "tracepoint"]
        if len(events) == len(probe.points):
            fields = [tracepoint_fields(tracefs, event) for event in events]
            kinds |= _kinds_in(probe, fields)
    return kinds


def _kinds_in(probe: Probe, fields: list[dict[str, KernelField]]) -> dict[int, Kind]:
    kinds: dict[int, Kind] = {}
    for node in walk(probe):
        if isinstance(node, Member) and isinstance(node.target, Identifier) and node.target.name == "args":
            found = {_kind(each, node.name) for each in fields}
            if len(found) == 1 and (kind := found.pop()) != "any":
                kinds[id(node)] = kind
    return kinds


def _kind(fields: Mapping[str, KernelField], name: str) -> Kind:
    field = fields.get(name)
    if field is None or field.is_data_loc:
        return "any"
    if "[" in field.type:
        return "string" if field.is_string else "any"
    if field.type in _NARROW and field.size == 8:
        return "int32"
    if field.size > 8 or field.type.startswith("struct"):
        return "any"
    return "int" if field.signed or field.size < 8 else "uint"
