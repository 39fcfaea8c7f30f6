"""Do two patterns of names have a name in common? A wildcard must not reach what its author could not name."""

from __future__ import annotations

import re
from functools import lru_cache

from gpttrace.language.nodes import AttachPoint
from gpttrace.language.reference import PROBE_KINDS

_WILD = re.compile(r"[*?[]")
# Ways to the same kernel function: a pattern for one must hold for the others when it says so.
FUNCTION_KINDS = frozenset(["kprobe", "kretprobe", "fentry", "fexit"])
USER_KINDS = frozenset(["uprobe", "uretprobe"])


@lru_cache(maxsize=4096)
def may_meet(one: str, other: str) -> bool:
    """Tell whether some name fits both patterns (`*`, `?`, `[…]` taken as any character); never a false no."""
    for plain, pattern in ((one, other), (other, one)):
        if not _WILD.search(plain):  # most names are, and most patterns meet few of them
            return _expression(pattern).fullmatch(plain) is not None
    left, right = _tokens(one), _tokens(other)
    # Positions reachable together, row by row: the usual matching of two patterns at once.
    reach = [[False] * (len(right) + 1) for _ in range(len(left) + 1)]
    reach[len(left)][len(right)] = True
    for i in range(len(left), -1, -1):
        for j in range(len(right), -1, -1):
            if not reach[i][j]:
                reach[i][j] = _step(left, right, i, j, reach)
    return reach[0][0]


@lru_cache(maxsize=512)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(each) or re.escape(each) for each in _tokens(pattern)), re.DOTALL)


def _step(left: tuple[str, ...], right: tuple[str, ...], i: int, j: int, reach: list[list[bool]]) -> bool:
    mine = left[i] if i < len(left) else None
    theirs = right[j] if j < len(right) else None
    if mine == "*" and (reach[i + 1][j] or (theirs is not None and reach[i][j + 1])):
        return True
    if theirs == "*" and (reach[i][j + 1] or (mine is not None and reach[i + 1][j])):
        return True
    if mine is None or theirs is None or "*" in (mine, theirs):
        return False
    return (mine == theirs or "?" in (mine, theirs)) and reach[i + 1][j + 1]


def _tokens(pattern: str) -> tuple[str, ...]:
    tokens: list[str] = []
    at = 0
    while at < len(pattern):
        close = pattern.find("]", at + 2) if pattern[at] == "[" else -1
        tokens.append("?" if close > 0 else pattern[at])
        at = close + 1 if close > 0 else at + 1
    return tuple(tokens)


def point_fits(point: AttachPoint, pattern: str) -> bool:
    """Tell whether an attach point can reach what a pattern such as `kprobe:tcp_*` or `uprobe:*/sshd:*` names."""
    word, _, rest = pattern.partition(":")
    kind = PROBE_KINDS.get(word, word)
    if not may_meet(point.kind, kind):
        return False
    written = ":".join(point.parts)
    if point.kind in FUNCTION_KINDS and ":" not in rest:
        written = point.parts[-1] if point.parts else ""  # vmlinux:vfs_read is vfs_read
    return may_meet(written, rest or "*")
