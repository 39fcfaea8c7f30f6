"""confirmed.json: for each event of the catalogue and each of its hooks, the kernels that have it (`tests/kernels/confirm`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.corpus.hooks import Lack, has_hook, is_in_programs, lacks

import gpttrace_corpus
from gpttrace.host import Host
from gpttrace.spec.catalogue import load_catalogue

CONFIRMED = Path(gpttrace_corpus.__file__).parent / "confirmed.json"
PROGRAMS = "programs"  # stands for the programs and libraries of the machine where `confirm` ran


def hooks_of(host: Host) -> dict[str, list[bool]]:
    """Tell for each event which of its hooks a host is known to have."""
    events = load_catalogue().events.values()
    return {event.id: [has_hook(host, hook) is True for hook in event.hooks] for event in events}


def recorded() -> dict[str, list[list[str]]]:
    """Return what confirmed.json says: for each event and hook the kernels that have it."""
    read: dict[str, list[list[str]]] = json.loads(CONFIRMED.read_text(encoding="utf-8"))
    return read


def confirmed(hosts: Mapping[str, Host], here: str) -> dict[str, list[list[str]]]:
    """Return what confirmed.json should say; hooks in programs are looked for on the host `here` alone."""
    found = {name: hooks_of(host) for name, host in hosts.items()}

    def having(event: str, number: int, in_programs: bool) -> list[str]:
        if in_programs:
            return [PROGRAMS] if found[here][event][number] else []
        return [name for name in hosts if found[name][event][number]]

    return {
        event.id: [having(event.id, number, is_in_programs(hook)) for number, hook in enumerate(event.hooks)]
        for event in load_catalogue().events.values()
    }


def found_nowhere(hosts: Mapping[str, Host]) -> list[tuple[str, int, Lack]]:
    """Return what hooks read although no kernel that has the hook gives it: a slip in the catalogue."""
    nowhere = []
    for event in load_catalogue().events.values():
        for number, hook in enumerate(event.hooks):
            each = [set(lacks(host, event, hook)) for host in hosts.values() if has_hook(host, hook)]
            nowhere += [(event.id, number, lack) for lack in set.intersection(*each)] if each else []
    return nowhere


def as_text(table: Mapping[str, list[list[str]]]) -> str:
    """Return the table as JSON with a line for each event, so that changes can be read."""
    lines = [f"  {json.dumps(event)}: {json.dumps(hooks)}" for event, hooks in table.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def label(kernel: str) -> str:
    """Return `6.12` for `6.12.117+deb13-cloud-amd64`."""
    return ".".join(kernel.split("-")[0].split(".")[:2])
