"""A host and its file: what of the running machine is kept, and how a host is made of it on another machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpttrace.host.hostfile import Contents, Facts, open_host_file, write_host_file
from gpttrace.host.inventory import BTF_FOLDER
from gpttrace.host.kinds import KINDS
from gpttrace.host.types import INDEXES

if TYPE_CHECKING:
    from gpttrace.host.local import Host

LISTS = ("kprobe", "fentry", *(f"type.{sort}" for sort in INDEXES))
PLAIN = (
    "kernel",
    "arch",
    "cpus",
    "is_root",
    "btf",
    "kprobes",
    "fentry",
    "hardware_counters",
    "software_events",
    "name",
)


def save_host(host: Host, path: Path) -> None:
    """Write everything that is known of the running machine into one file; StoreError when it cannot be written."""
    sources = host.sources
    lists = {name: (sources.inventory.note(name), sources.inventory.names(name)) for name in LISTS}
    formats = {name: sources.events.format(name) for name in sorted(sources.events.names())}
    contents = Contents(
        facts=facts_of(host),
        lists=lists,
        formats={name: text for name, text in formats.items() if text},
        btf=_btf_files(),
    )
    write_host_file(path, contents)


def facts_of(host: Host) -> Facts:
    """Return the small facts of a host as JSON values."""
    abilities = {kind: host.sources.ability(kind) for kind in KINDS}
    return {
        **{name: getattr(host, name) for name in PLAIN},
        "bpftrace": {"path": host.bpftrace, "version": list(host.version)},
        "tracepoints_known": host.sources.events.known,
        "abilities": {kind: [each.works, each.why, each.mend] for kind, each in abilities.items()},
        "rights": host.rights(),
        "saved_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def load_fields(path: Path) -> dict[str, Any]:
    """Read a host file and return what a Host is made of; UsageError when the file cannot serve."""
    facts, sources = open_host_file(path)
    return {
        **{name: facts.get(name, _MISSING.get(name)) for name in PLAIN},
        "tool": None,
        "tool_problem": None,
        "tracefs": None,
        "cgroup_root": None,
        "saved": True,
        "saved_facts": facts,
        "sources": sources,
    }


_MISSING: Mapping[str, Any] = {
    "cpus": 1,
    "kernel": "",
    "arch": "",
    "name": "",
    **dict.fromkeys(PLAIN[3:9], False),
}


def _btf_files() -> dict[str, bytes]:
    try:
        return {path.name: path.read_bytes() for path in sorted(BTF_FOLDER.iterdir())}
    except OSError:
        return {}
