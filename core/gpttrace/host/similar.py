"""Did you mean: the existing names that a mistyped, renamed or half-remembered one most likely stands for.

First what a name became (renames.py), then names at most two slips away, then what the search makes of its words: swapped
parts, a missing category or prefix. A name that shares little with what was asked is not offered.
"""

from __future__ import annotations

from collections.abc import Iterator

from gpttrace.host.fuzzy import distance
from gpttrace.host.lines import Fit, flat
from gpttrace.host.names import Names
from gpttrace.host.renames import renamed
from gpttrace.host.search import Search
from gpttrace.host.sources import LIST_OF, Sources

_SLIPS = 2
_LEAST_SCORE, _SURE = 0.35, 0.9
_SHORTEST = 3
_MOST_MEASURED = 300
_MOST_KEPT = 2_000  # a text is looked at again after each key, and its mistakes are mostly those of before


def similar_names(sources: Sources, kind: str, name: str, limit: int) -> list[str]:
    """Return at most `limit` names of a kind, best first; none when nothing is near."""
    if not name or limit <= 0:
        return []
    known = sources.similar.get((kind, name, limit))
    if known is None:
        if len(sources.similar) >= _MOST_KEPT:
            sources.similar.clear()
        known = sources.similar[kind, name, limit] = _found(sources, kind, name, limit)
    return list(known)


def _found(sources: Sources, kind: str, name: str, limit: int) -> list[str]:
    names = sources.types.indexes["constant"] if kind == "constant" else sources.names(kind)
    search = sources.words if kind == "constant" else sources.search
    found = [each for each in renamed(LIST_OF.get(kind, kind), name) if each in names]
    near = sorted(_near(search, kind, name))
    found += [each for _, _, each in near]
    if not found or (near and near[0][0] > 1):
        found += _read(search, kind, name, limit)
    return [each for each in dict.fromkeys(found) if each != name][:limit]


def similar_in(names: Names, name: str, limit: int) -> list[str]:
    """Return names of a list of its own (a program's functions) that look like a mistyped one."""
    search = Search(lambda _: names)
    found = [each for _, _, each in sorted(_near(search, "uprobe", name))] or _read(
        search, "uprobe", name, limit
    )
    return [each for each in dict.fromkeys(found) if each != name][:limit]


def _near(search: Search, kind: str, name: str) -> Iterator[tuple[int, bool, str]]:
    """Yield (slips, whether the first letter differs, name)."""
    lines, wanted = search.lines(kind), flat(name)
    most = min(_SLIPS, len(wanted) // 3)
    text = wanted.decode("utf-8", "replace")
    for begin, end in sorted(set(lines.near(wanted)))[:_MOST_MEASURED]:
        far = distance(text, lines.flat[begin:end].decode("utf-8", "replace"), most)
        if far <= most:
            found = lines.name(begin, end)
            yield far, found[:1] != name[:1], found


def _read(search: Search, kind: str, name: str, limit: int) -> list[str]:
    event = name.rpartition(":")[2]
    found = search.find(name, (kind,), limit, Fit.SUBSTRING) if len(name) >= _SHORTEST else []
    if event != name and len(event) >= _SHORTEST:
        alone = search.find(event, (kind,), limit, Fit.SUBSTRING)
        surely = [each for each in alone if each.score >= _SURE]
        found = [*surely, *found, *alone]
    return [each.probe.partition(":")[2] for each in found if each.score >= _LEAST_SCORE]
