"""One entry of a JSON file set, and every other byte left as it is: order, spaces, numbers as they were written.

A client's file belongs to its user and to the client: writing all of it anew would change what nobody asked to be changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object in a text: its name, where that begins, and where its value begins and ends."""

    name: str
    at: int
    value: int
    end: int


def with_entry(text: str, key: str, name: str, entry: Mapping[str, Any]) -> str:
    """Return a JSON text whose object `key` has `name` set to `entry`; ValueError says why a text cannot be changed."""
    if not text.strip():
        return json.dumps({key: {name: entry}}, indent=2, ensure_ascii=False) + "\n"
    before = _read(text)
    servers = before.get(key, {})
    if not isinstance(servers, dict):
        raise ValueError(f'its "{key}" is no object')
    if servers.get(name) == entry:
        return text
    top = _SPACE.match(text).end()  # type: ignore[union-attr]
    unit = _unit(text, top)
    found = _one(text, top, key)
    if found is None:
        changed = _set(text, top, key, {name: entry}, unit, "")
    else:
        changed = _set(text, found.value, name, entry, unit, _indent(text, found.at))
    after = json.loads(changed)
    assert after == {**before, key: {**servers, name: entry}}, "the change would have changed something else"
    return changed


def _read(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def _set(text: str, at: int, name: str, value: Any, unit: str, outer: str) -> str:
    """Set a member of the object that begins `at`, whose own line is indented by `outer`."""
    members = list(_members(text, at))
    known = _one(text, at, name)
    inner = _indent(text, members[-1].at) if members else outer + unit
    many = "\n" in text[at : members[0].at] if members else "\n" in text
    end = "\r\n" if "\r\n" in text else "\n"
    written = json.dumps(value, indent=unit if many else None, ensure_ascii=False)
    written = written.replace("\n", end + inner)
    if known is not None:
        return text[: known.value] + written + text[known.end :]
    member = f"{json.dumps(name)}: {written}"
    if members:
        gap = "," + (end + inner if many else " ")
        return text[: members[-1].end] + gap + member + text[members[-1].end :]
    close = text.index("}", at)
    around = (end + inner, end + outer) if many else ("", "")
    return text[: at + 1] + around[0] + member + around[1] + text[close:]


def _one(text: str, at: int, name: str) -> Member | None:
    found = [each for each in _members(text, at) if each.name == name]
    if len(found) > 1:
        raise ValueError(f'it has "{name}" twice')
    return found[0] if found else None


def _members(text: str, at: int) -> Iterator[Member]:
    """Yield the members of the object that begins `at` in a text that is known to be JSON."""
    at = _after_space(text, at + 1)
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        value = _after_space(text, _after_space(text, end) + 1)  # past the colon
        _, end = _DECODER.raw_decode(text, value)
        yield Member(name, at, value, end)
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _indent(text: str, at: int) -> str:
    """Return the spaces before what begins `at`, when it begins its line."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return before if not before.strip() else before[: len(before) - len(before.lstrip())]


def _unit(text: str, top: int) -> str:
    first = next(_members(text, top), None)
    return (_indent(text, first.at) if first is not None else "") or "  "
