"""Policy files: `/etc/gpttrace/policy.toml` is the machine's, and may widen the default; a user's own may only tighten it.

    unsafe = false
    includes = "system"            # none, system, folder, any
    imports = "none"               # none, folder, any
    [sensitive]
    action = "ask"                 # deny, ask, allow
    probes = ["kprobe:my_secret_*"]
    [deny]
    probes = ["uprobe:*/sshd:*"]
    functions = ["cat"]
    [limits]
    seconds = 3600                 # rows, probes, statements, map_keys, string_length, hz

The machine's file counts only when root owns it and nobody else may write to it: what a model or a user can write cannot widen.
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpttrace.check.policy.rules import DEFAULT, ORDERS, Policy
from gpttrace.errors import NotPermitted, UsageError
from gpttrace.settings import Settings

LIMITS = ("seconds", "rows", "probes", "statements", "map_keys", "string_length", "hz")
_PLACES: dict[tuple[str, ...], str] = {
    ("unsafe",): "unsafe",
    ("includes",): "includes",
    ("imports",): "imports",
    ("sensitive", "action"): "sensitive",
    ("sensitive", "probes"): "sensitive_probes",
    ("deny", "probes"): "deny_probes",
    ("deny", "functions"): "deny_functions",
    **{("limits", name): name for name in LIMITS},
}


def load_policy(settings: Settings, extra: Path | None = None) -> Policy:
    """Return the policy of this machine and user, tightened by the file that was named (`extra`, or `GPTTRACE_POLICY`).

    Raises UsageError for a file that says something unknown or that was named and is not there, NotPermitted for a machine's file
    that others than root could have written.
    """
    policy = DEFAULT
    if settings.machine_policy.exists():
        _must_be_roots(settings.machine_policy)
        policy = read_policy(settings.machine_policy)
    users = settings.config_dir / "policy.toml"
    for path in (users if users.exists() else None, settings.policy, extra):
        if path is not None:
            policy = policy.tightened(_over(policy, read_policy_values(path)))
    return policy


def read_policy(path: Path) -> Policy:
    """Return what one file says, over the default; UsageError when it is not there or says something unknown."""
    return _over(DEFAULT, read_policy_values(path))


def _over(policy: Policy, values: dict[str, Any]) -> Policy:
    return replace(policy, **values)


def _must_be_roots(path: Path) -> None:
    for place in (path, path.parent):
        status = place.stat()
        if status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise NotPermitted(
                f"{place} can be written by others than root, so {path.name} is not to be trusted",
                hint=f"chown root:root {place} && chmod go-w {place}",
            )


def read_policy_values(path: Path) -> dict[str, Any]:
    """Return what one file sets, by the names of `Policy`'s fields."""
    import tomllib  # most machines have no policy file

    try:
        text = path.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {os.strerror(error.errno or 0)}", hint=f"ls -l {path}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}", hint="see docs/policy.md for the form") from None
    values: dict[str, Any] = {}
    for place, value in _leaves(given):
        name = _name(path, place)
        values[name] = _value(path, place, value)
    return values


def _leaves(given: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for key, value in given.items():
        place = (*above, key)
        found += _leaves(value, place) if isinstance(value, dict) else [(place, value)]
    return found


def _name(path: Path, place: tuple[str, ...]) -> str:
    if place in _PLACES:
        return _PLACES[place]
    from difflib import get_close_matches

    words = {".".join(each): each for each in _PLACES}
    near = get_close_matches(".".join(place), words, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(words)}"
    raise UsageError(f"{path}: there is no setting {'.'.join(place)}", hint=hint)


def _value(path: Path, place: tuple[str, ...], value: Any) -> Any:
    name, written = _PLACES[place], ".".join(place)
    if name in ORDERS:
        if value not in ORDERS[name] or isinstance(value, bool) != isinstance(ORDERS[name][0], bool):
            raise UsageError(
                f"{path}: {written} cannot be {value!r}",
                hint="it is one of " + ", ".join(str(each).lower() for each in ORDERS[name]),
            )
        return value
    if name in LIMITS:
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise UsageError(f"{path}: {written} cannot be {value!r}", hint="it is a number above 0")
        return value
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UsageError(
            f"{path}: {written} cannot be {value!r}", hint='it is a list of texts: ["kprobe:x*"]'
        )
    return tuple(value)
