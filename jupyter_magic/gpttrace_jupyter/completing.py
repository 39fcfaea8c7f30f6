"""What may stand at a place of a bpftrace program: probes of this machine, fields of `args`, builtins, functions, own names.

Knows the language and the machine, and nothing of who shows it. Text that is being typed is seldom a whole program, so the place
is found by counting braces, not by the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gpttrace.host import Knowledge
from gpttrace.language.reference import AGGREGATIONS, BUILTINS, FUNCTIONS, PROBE_KINDS

MOST = 300
Kind = Literal["probe", "field", "builtin", "function", "map", "variable", "keyword"]

_SKIPPED = re.compile(r"//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*(?:\"|(?=\n)|\Z)|[{}]")
_ARGS = re.compile(r"\bargs(?:\.|->)(\w*)\Z")
_WORD = re.compile(r"(?:[@$]\w*|\w+)\Z|\Z")
_POINT = re.compile(r"[^\s,{}]*\Z")
_PREDICATE = re.compile(r"\s/(?!/|\*)")
_KEYWORDS = (
    "if",
    "else",
    "while",
    "for",
    "unroll",
    "return",
    "break",
    "continue",
    "let",
    "sizeof",
    "offsetof",
)
# Kinds by the names that people write; short forms stay out of the list.
_RARE = frozenset(("test", "bench", "BENCH", "TEST", "kfunc", "kretfunc", "kfr"))
_KINDS = tuple(kind for kind in PROBE_KINDS if len(kind) > 2 and kind not in _RARE)
_BARE = frozenset(("BEGIN", "END", "begin", "end"))
_TIMES = {
    "profile": ("hz:99", "hz:49", "ms:10"),
    "interval": ("s:1", "ms:100", "hz:10"),
}


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that may stand from `start` (an offset into the text) to the cursor."""

    start: int
    text: str
    kind: Kind


def completions(text: str, at: int, knowledge: Knowledge, *, most: int = MOST) -> list[Completion]:
    """Return what may stand at offset `at` of a program, best first; nothing inside strings and comments."""
    before = text[:at]
    head, depth, inside = _around(before)
    if inside:
        return []
    if depth == 0 and not _in_predicate(before[head:]):
        return _probes(before, head, knowledge, most)
    opened = _opened(before, head)
    found = _inner(text, before, before[head:opened], knowledge)
    return sorted(found, key=lambda each: (each.text.startswith("_"), each.kind != "field"))[:most]


def _around(before: str) -> tuple[int, int, bool]:
    """Return where the probe of the cursor begins, how deep in braces it is, and whether a string or comment is open."""
    head, depth = 0, 0
    for match in _SKIPPED.finditer(before):
        piece = match[0]
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth = max(depth - 1, 0)
            head = match.end() if depth == 0 else head
        elif match.end() == len(before) and not _closed(piece):
            return head, depth, True
        elif depth == 0 and piece[0] == "/":
            head = match.end() if not before[head : match.start()].strip() else head
    return head, depth, False


def _closed(piece: str) -> bool:
    if piece.startswith("//"):
        return False
    if piece.startswith("/*"):
        return len(piece) >= 4 and piece.endswith("*/")
    return len(piece) > 1 and piece.endswith('"')


def _in_predicate(head: str) -> bool:
    """Tell whether the head of a probe has an open predicate; paths of binaries have no space before their slash."""
    return len(_PREDICATE.findall(head)) % 2 == 1 and not re.search(r"\s/.*/\s*\Z", head, re.DOTALL)


def _opened(before: str, head: int) -> int:
    """Return where the attach points of a probe end: at its body or its predicate."""
    brace = before.find("{", head)
    slash = _PREDICATE.search(before, head)
    ends = [each for each in (brace, slash.start() if slash else -1) if each >= 0]
    return min(ends, default=len(before))


# ------------------------------------------------------------------------------------------ attach points


def _probes(before: str, head: int, knowledge: Knowledge, most: int) -> list[Completion]:
    match = _POINT.search(before, head)
    word = match[0] if match else ""
    start = len(before) - len(word)
    kind, colon, rest = word.partition(":")
    if not colon:
        names: Iterable[str] = (
            each + ("" if each in _BARE else ":") for each in _KINDS if each.startswith(kind)
        )
        return [Completion(start, each, "probe") for each in names]
    return [Completion(start, f"{kind}:{each}", "probe") for each in _points(kind, rest, knowledge, most)]


def _points(kind: str, rest: str, knowledge: Knowledge, most: int) -> Iterable[str]:
    long = PROBE_KINDS.get(kind)
    if long is None:
        return ()
    if long in _TIMES:
        return [each for each in _TIMES[long] if each.startswith(rest)]
    if "*" in rest:
        return ()
    if long == "tracepoint" and ":" not in rest:
        found = dict.fromkeys(each.partition(":")[0] + ":" for each in knowledge.match(long, f"{rest}*:*"))
        return list(found)[:most]
    if long in ("uprobe", "uretprobe", "usdt") and ":" not in rest:
        return ()  # a path: the shell of the notebook completes those
    return list(knowledge.match(long, f"{rest}*", most))


# ------------------------------------------------------------------------------------------ bodies, predicates


def _inner(text: str, before: str, points: str, knowledge: Knowledge) -> Iterator[Completion]:
    args = _ARGS.search(before)
    if args is not None:
        start = len(before) - len(args[1])
        for name in fields_at(points, knowledge):
            if name.startswith(args[1]):
                yield Completion(start, name, "field")
        return
    match = _WORD.search(before)
    word = match[0] if match else ""
    start = len(before) - len(word)
    if word[:1] in ("@", "$"):
        kind: Kind = "map" if word[0] == "@" else "variable"
        for each in _own_names(text, word[0]):
            if each.startswith(word) and each != word:
                yield Completion(start, each, kind)
        return
    if (
        before[start - 1 : start] in (".", ">")
        and start
        and not before[:start].rstrip().endswith((" >", "> "))
    ):
        return  # a member of something that is not `args`
    yield from _words(word, start, len(before))


def _words(word: str, start: int, end: int) -> Iterator[Completion]:
    known: list[tuple[Kind, Iterable[str]]] = [
        ("builtin", (name for name in BUILTINS if not re.fullmatch(r"s?arg[1-9]", name) or word.startswith(("arg", "sarg")))),
        ("function", (f"{name}(" for name in {**AGGREGATIONS, **FUNCTIONS} if name not in BUILTINS)),
        ("keyword", _KEYWORDS),
    ]  # fmt: skip
    for kind, names in known:
        for each in sorted(names):
            if each.startswith(word) and each != word:
                yield Completion(start, each, kind)


def fields_at(points: str, knowledge: Knowledge) -> list[str]:
    """Return the names that `args` holds at attach points, as they stand before a body: those that all of them have."""
    common: dict[str, None] | None = None
    for point in re.split(r"[\s,]+", re.sub(r"//[^\n]*", "", points).strip()):
        kind, _, name = point.partition(":")
        if not name or kind not in PROBE_KINDS:
            continue
        shown = next(iter(knowledge.match(kind, name, 1)), None) if "*" in name else name
        fields = dict.fromkeys((knowledge.fields(kind, shown) or {}) if shown else {})
        common = fields if common is None else {each: None for each in common if each in fields}
    return list(common or ())


def _own_names(text: str, sign: str) -> list[str]:
    found = dict.fromkeys(re.findall(rf"{re.escape(sign)}[A-Za-z_]\w*", text))
    return sorted(found)
