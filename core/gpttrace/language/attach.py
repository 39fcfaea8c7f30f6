"""Attach points: `kind:part:part+offset`, as written and in parts.

What may stand in one was measured: a `/` right behind a part belongs to it (a predicate needs a space before its `/`,
except behind BEGIN and END), 0.17 and 0.23 allow spaces around `:`, and no version knows `{a,b}`.
"""

from __future__ import annotations

import re

from gpttrace.language.nodes import AttachPoint
from gpttrace.language.reference import PROBE_KINDS

# The kind, then `:part` again and again; a part may hold a path, a quoted symbol, `*` `?` `[a-z]`, `+0x10`, `$1`, `@`.
_PART = r'(?:"(?:[^"\\\n]|\\.)*+"|[^\s,:;{"])*+'
POINT = re.compile(rf"(?P<kind>[A-Za-z_*?][A-Za-z0-9_*?]*+)(?P<rest>(?:[ \t]*+:[ \t]*+{_PART})*+)")
_SPLIT = re.compile(r':((?:"(?:[^"\\\n]|\\.)*+"|[^":])*)')
_OFFSET = re.compile(r"(.+)\+(0[xX][0-9a-fA-F]+|[0-9]+)")
_OFFSET_KINDS = frozenset(["kprobe", "kretprobe", "uprobe", "uretprobe"])
PATH_KINDS = frozenset(["uprobe", "uretprobe", "usdt", "iter"])


def attach_point(match: re.Match[str]) -> AttachPoint:
    """Build the node of one match of POINT."""
    word, rest = match["kind"], match["rest"]
    if " " in rest or "\t" in rest:
        rest = _without_gaps(rest)
    kind = PROBE_KINDS.get(word) or PROBE_KINDS.get(word.lower(), word)  # since 0.24 `Begin` is `begin`, too
    parts = [piece.replace('"', "") for piece in _SPLIT.findall(rest)]
    offset = None
    if parts and kind in _OFFSET_KINDS and (found := _OFFSET.fullmatch(parts[-1])):
        parts[-1] = found[1]
        offset = int(found[2], 16 if found[2][:2] in ("0x", "0X") else 10)
    return AttachPoint(word + rest, kind, parts, offset, start=match.start(), end=match.end())


def _without_gaps(rest: str) -> str:
    # Quoted parts keep their spaces.
    return "".join(":" + piece.strip(" \t") for piece in _SPLIT.findall(rest))
