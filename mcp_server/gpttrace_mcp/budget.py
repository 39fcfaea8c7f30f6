"""How large a reply may be, and the one place where it is made to fit: rows go from the end, and the reply says how to get them.

A token is counted as at most six letters, three digits or two signs: more than any known tokenizer makes of such text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from gpttrace_mcp.shapes import ALWAYS, ERRORS, Part, Reply

MOST_TOKENS = 8_000
MOST_OF_AN_ERROR = 1_200  # a client shows an error's text shortened
_TOKEN = re.compile(r"[A-Za-z]{1,6}|[0-9]{1,3}|[^\x00-\x7f]|[^A-Za-z0-9\s]{1,2}|\s+")
_SAID = 6  # lists of which it is said where the rest is
_SPARE = 500  # for these sentences
_CUT = "… (cut)"


def tokens(text: str) -> int:
    """Return about how many tokens a text is for a model; rather too many than too few."""
    wide = 0 if text.isascii() else sum(char > "\x7f" for char in text)
    return sum(1 for _ in _TOKEN.finditer(text)) + wide


def compact(value: Any) -> str:
    """Return JSON without spaces, letters of all scripts as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dumped(reply: Reply) -> dict[str, Any]:
    """Return the structured result: what is empty is left out, what every reply has is always there."""
    return {
        **{name: getattr(reply, name) for name in ALWAYS},
        **reply.model_dump(mode="json", exclude_defaults=True),
    }


def fit(reply: Reply, rest: Callable[[str, int, int], str] | None = None) -> Reply:
    """Return the reply within the budget. `rest` says how to get what is left out: of a list's name, shown and total rows."""
    most = MOST_OF_AN_ERROR if reply.status in ERRORS else MOST_TOKENS
    if tokens(compact(dumped(reply))) <= most:
        return reply
    lists = list(_lists(reply))
    whole = [list(items) for _, items in lists]
    for _, items in lists:
        items.clear()
    room = most - _SPARE - tokens(compact(dumped(reply)))
    cut: list[str] = []
    for (name, items), (all_of, shown) in zip(lists, _shared(whole, max(room, 0)), strict=True):
        items.extend(all_of[:shown])
        if shown < len(all_of):
            words = f"{name}: {shown:,} of {len(all_of):,} are shown, the reply would be too long"
            cut.append(f"{words}; {rest(name, shown, len(all_of))}" if rest else words)
    more = [f"{len(cut) - _SAID} more are cut too"] if len(cut) > _SAID else []
    reply.warnings += [*cut[:_SAID], *more]
    return reply if tokens(compact(dumped(reply))) <= most else _bare(reply, most)


def within(text: str, most: int = MOST_TOKENS) -> str:
    """Return a text cut at the end of a line so that it fits."""
    if tokens(text) <= most:
        return text
    kept, room = [], most - 10
    for line in text.splitlines():
        room -= tokens(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, _CUT])


def _lists(reply: Reply) -> list[tuple[str, list[Any]]]:
    """Return the lists of a reply that may be cut, each with its name: rows of tables, and lists of parts."""
    found: list[tuple[str, list[Any]]] = [(table.name, table.rows) for table in getattr(reply, "tables", ())]
    for name in type(reply).model_fields:
        value = getattr(reply, name)
        if (
            name != "tables"
            and isinstance(value, list)
            and value
            and (isinstance(value[0], Part) or len(value) > 20)
        ):
            found.append((name, value))
    return found


def _shared(lists: Sequence[list[Any]], room: int) -> list[tuple[list[Any], int]]:
    """Return each list with how many of its items fit: short ones whole, the others the same share of what is left."""
    costs = [[tokens(compact(_plain(item))) + 1 for item in items] for items in lists]
    order = sorted(range(len(lists)), key=lambda number: sum(costs[number]))
    shown = [0] * len(lists)
    for place, number in enumerate(order):
        share, used = room // (len(order) - place), 0
        for cost in costs[number]:
            if used + cost > share:
                break
            used += cost
            shown[number] += 1
        room -= used
    return list(zip(lists, shown, strict=True))


def _plain(item: Any) -> Any:
    return item.model_dump(mode="json", exclude_defaults=True) if isinstance(item, Part) else item


def _bare(reply: Reply, most: int) -> Reply:
    """Cut the texts of a reply that is too long without any row."""
    texts = [
        name
        for name in type(reply).model_fields
        if isinstance(getattr(reply, name), str) and name != "status"
    ]
    for name in sorted(texts, key=lambda name: -len(getattr(reply, name))):
        text = getattr(reply, name)
        for length in (4_000, 1_000, 200):
            if len(text) > length:
                setattr(reply, name, text[:length] + _CUT)
            if tokens(compact(dumped(reply))) <= most:
                return reply
    kept = type(reply)(status=reply.status, summary=reply.summary[:1_000], hint=reply.hint[:500])
    kept.warnings.append("the reply was too long and is left out but for this")
    return kept
