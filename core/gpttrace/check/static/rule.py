"""The form of one rule: on which nodes of the tree it looks, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gpttrace.check.static.study import Study
from gpttrace.language import nodes as n

Check = Callable[[Study, Any], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` is called for each node of the classes `on`, inside probes and functions; macros only when `macros` is true."""

    check: Check
    on: tuple[type[n.Node], ...]
    macros: bool = False


def on(*classes: type[n.Node]) -> Callable[[Check], Rule]:
    """Make a rule of a function that looks at nodes of these classes."""
    return lambda check: Rule(check, classes)


def everywhere(*classes: type[n.Node]) -> Callable[[Check], Rule]:
    """Make a rule that looks into macros too."""
    return lambda check: Rule(check, classes, macros=True)
