"""Options: what an editor may set, in the section `gpttrace`; read live, and never a reason to fail.

The names are those of the settings table in docs/editors.md and of the VS Code extension's manifest (a test holds them together).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

SECTION = "gpttrace"


@dataclass(frozen=True, slots=True)
class Options:
    """One value for each setting; a dot in the setting's name is a `_` here."""

    hostFile: str = ""  # noqa: N815  the settings' own spelling, so that one name is one name
    bpftrace: str = ""
    diagnostics_compile: Literal["typing", "save", "off"] = "typing"
    diagnostics_delay: int = 400
    diagnostics_verifier: Literal["save", "command", "off"] = "command"
    diagnostics_unsafe: bool = False
    completion_limit: int = 300
    completion_snippets: bool = True
    completion_examples: bool = True
    inlayHints_types: bool = True  # noqa: N815
    inlayHints_units: bool = True  # noqa: N815
    inlayHints_matches: bool = True  # noqa: N815
    codeLens_run: bool = True  # noqa: N815
    codeLens_matches: bool = True  # noqa: N815
    codeLens_explain: bool = True  # noqa: N815
    codeLens_verify: bool = True  # noqa: N815
    run_seconds: float = 10
    format_indent: Literal["tab", "editor"] = "tab"
    writer: Literal["auto", "offline", "model"] = "auto"


_TYPES = get_type_hints(Options)
_BOUNDS: dict[str, tuple[float, float]] = {
    "diagnostics_delay": (0, 60_000), "completion_limit": (1, 10_000), "run_seconds": (0.1, 86_400),
}  # fmt: skip


def read_options(given: Any) -> tuple[Options, list[str]]:
    """Return the options that a client sent (nested, or flat with dots), and a sentence for each that is not understood."""
    found: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in _flat(given if isinstance(given, Mapping) else {}).items():
        field = name.replace(".", "_")
        if field not in _TYPES or value is None:
            continue  # the client's own settings are in the same section
        if (wrong := _problem(field, value)) is not None:
            problems.append(f"{SECTION}.{name} is {value!r}: {wrong}; its default is used")
        else:
            found[field] = value
    return replace(Options(), **found), problems


def setting_names() -> list[str]:
    """Return the names of all settings as people write them."""
    return [each.name.replace("_", ".") for each in fields(Options)]


def _flat(given: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found


def _problem(field: str, value: Any) -> str | None:
    kind = _TYPES[field]
    if choices := get_args(kind):
        return None if value in choices else f"it is one of {', '.join(choices)}"
    if kind is bool:
        return None if isinstance(value, bool) else "it is true or false"
    if kind is str:
        return None if isinstance(value, str) else "it is a text"
    least, most = _BOUNDS[field]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if number and least <= value <= most else f"it is a number from {least:g} to {most:g}"
