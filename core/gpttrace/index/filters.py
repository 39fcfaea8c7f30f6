"""Filters: which examples may be found: by kind of probe, tag, need, source, and whether a host can run them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gpttrace.host import Host
from gpttrace.host.kinds import long_name
from gpttrace.index.header import Example

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of an example; an empty part asks nothing. `host` is the machine that must be able to run it."""

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    host: Host | None = None

    def takes(self, example: Example) -> bool:
        """Tell whether an example is wanted: one of the kinds, of the needs and of the sources, and all tags."""
        if self.sources and example.source not in self.sources:
            return False
        if self.kinds and not {long_name(kind) for kind in self.kinds} & {*map(long_name, example.kinds)}:
            return False
        if self.tags and not {tag.lower() for tag in self.tags} <= {tag.lower() for tag in example.tags}:
            return False
        if self.needs and not any(
            need == wanted or need.startswith(f"{wanted} ") for need in example.needs for wanted in self.needs
        ):
            return False
        return self.host is None or why_not_here(example, self.host) is None

    @property
    def asks(self) -> bool:
        """Tell whether anything is asked at all."""
        return any((self.kinds, self.tags, self.needs, self.sources, self.host))


def why_not_here(example: Example, host: Host) -> str | None:
    """Say why a host cannot run an example; None when it can, as far as is known."""
    if (
        host.tool is not None
        and example.source != "bcc"
        and (why := _version(example.versions, host.tool.version))
    ):
        return why
    for need in example.needs:
        if need == "btf" and not host.btf:
            return "no kernel types (BTF)"
        if need.startswith("kernel ") and numbers(host.kernel) < numbers(need):
            return f"needs {need}"
    if example.kinds and not example.groups and all(host.works(kind) is False for kind in example.kinds):
        return f"no {' or '.join(example.kinds)} here"
    for group in example.groups:
        if not any(_is_here(point, host) for point in group):
            return f"{group[0]} does not work here"
    return None


def numbers(text: str) -> tuple[int, ...]:
    """Return the first version number in a text."""
    match = _NUMBERS.search(text)
    return tuple(map(int, match[0].split("."))) if match else ()


def _version(wanted: str, here: tuple[int, ...]) -> str | None:
    least, _, most = wanted.partition("-")
    if here < numbers(least):
        return f"needs bpftrace {least.strip()}"
    return (
        f"needs bpftrace {wanted}" if numbers(most) and here[: len(numbers(most))] > numbers(most) else None
    )


def _is_here(point: str, host: Host) -> bool:
    kind, _, name = point.partition(":")
    if host.works(kind) is False:
        return False
    # Functions of programs may be anywhere; where a list is not complete, nothing is said to be missing.
    if kind not in (
        "tracepoint",
        "rawtracepoint",
        "kprobe",
        "kretprobe",
        "fentry",
        "fexit",
        "iter",
    ) or not host.lists(kind):
        return True
    return host.count(kind, name) > 0


def example_of(whole: str) -> Example:
    """Return the example that is kept as JSON."""
    given: Mapping[str, Any] = json.loads(whole)
    lists = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    groups = tuple(tuple(group) for group in given["groups"])
    return Example(**{**given, **lists, "groups": groups})
