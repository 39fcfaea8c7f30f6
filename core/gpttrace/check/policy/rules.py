"""The rules of a policy as values, and how one policy tightens another.

A stricter value always wins, whichever side it comes from, so that a chain of files can only narrow what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

Includes = Literal["none", "system", "folder", "any"]
Imports = Literal["none", "folder", "any"]
Action = Literal["deny", "ask", "allow"]

# From strictest to widest.
ORDERS: dict[str, tuple[Any, ...]] = {
    "includes": ("none", "system", "folder", "any"),
    "imports": ("none", "folder", "any"),
    "sensitive": ("deny", "ask", "allow"),
    "unsafe": (False, True),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What a program may do.

    `unsafe` allows functions that change the machine. `includes`: `system` is a plain name in angle brackets
    (`<linux/sched.h>`), `folder` also files beside the program. `sensitive` is what becomes of a program that reads people's
    data. `deny_*` are patterns of attach points (`kprobe:tcp_*`) and names of functions. Limits: `seconds` and `rows` of one
    run, `probes` and statements after everything is expanded, `map_keys` of one map, `string_length` in bytes, `hz` of a timer.
    """

    unsafe: bool = False
    includes: Includes = "system"
    imports: Imports = "none"
    sensitive: Action = "ask"
    deny_probes: tuple[str, ...] = ()
    deny_functions: tuple[str, ...] = ()
    sensitive_probes: tuple[str, ...] = ()
    seconds: float = 86_400
    rows: int = 100_000_000
    probes: int = 2_000
    statements: int = 20_000
    map_keys: int = 1_000_000
    string_length: int = 65_536
    hz: int = 10_000

    def tightened(self, by: Policy) -> Policy:
        """Return the stricter of both in every point."""
        return replace(
            self,
            **{
                each.name: _stricter(each.name, getattr(self, each.name), getattr(by, each.name))
                for each in fields(self)
            },
        )


DEFAULT = Policy()


def _stricter(name: str, one: Any, other: Any) -> Any:
    if name in ORDERS:
        return min(one, other, key=ORDERS[name].index)
    if isinstance(one, tuple):
        return tuple(dict.fromkeys((*one, *other)))
    return min(one, other)
