"""The place of a cursor: what kind of text stands before it, and which part of the text a completion replaces.

Only what is before the cursor counts: the text is parsed up to there, so that whatever is unfinished or broken behind it does
not matter. `base` is where the parse may begin: the start of an item that has not changed, or 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gpttrace.language import nodes as n
from gpttrace.language import parse
from gpttrace.language.lexer import Tokens, scan
from gpttrace.language.reference import PROBE_KINDS

Sort = Literal[
    "top", "kind", "point", "head", "statement", "expression", "member", "type", "number", "string", "after",
    "config-key", "config-value", "map-kind", "import", "comment", "none",
]  # fmt: skip
_WORD = re.compile(r"(?:[$@][A-Za-z0-9_#]*|[A-Za-z0-9_]+)\Z")
_REST = re.compile(r"[A-Za-z0-9_]*")
_POINT_REST = re.compile(r"[A-Za-z0-9_:*?.+\-/]*")
_PHRASE = re.compile(r"[ \t]*(?P<phrase>[A-Za-z][^{}/;:=@$\"#*]*)\Z")
_LET = re.compile(r"let\s+@\w*\s*=\s*(\w*)\Z")
_TYPED_LET = re.compile(r"(?:let\s+)?\$\w+\s*:\s*$")
_LOOK = 200  # characters behind the word that are looked at
_BEGINS = frozenset("{};")
_OPERANDS = frozenset(("id", "var", "map", "int", "float", "string", "positional"))
_BEFORE_VALUE = frozenset(("return", "comptime", "in"))
_TYPED = frozenset(("sizeof", "offsetof", "typeof"))
_TAGS = frozenset(("struct", "union", "enum"))


@dataclass(frozen=True, slots=True)
class Place:
    """`typed` is what stands between `start` and the cursor (`offset`), `stop` is the end of the word that it is in.

    `item` is the item that holds the cursor, cut off there; its offsets, and those of `tokens`, count from `base`. `key` is the
    setting whose value is written, or the word before a type's name (`struct`). `behind` is the next character that is no space.
    `phrase` is where the words begin that a whole line at the top level is made of.
    """

    sort: Sort
    base: int
    start: int
    offset: int
    stop: int
    typed: str
    before: str
    item: n.Item | None = None
    tokens: Tokens | None = None
    point: n.AttachPoint | None = None
    key: str = ""
    phrase: int | None = None
    behind: str = ""

    @property
    def called(self) -> bool:
        """Whether a `(` stands behind the word already."""
        return self.behind == "("

    @property
    def inside(self) -> Tokens:
        """The tokens before the cursor; none where there is no body or predicate."""
        return self.tokens or Tokens(["end"], [""], [0])


def place_at(text: str, offset: int, base: int = 0) -> Place:
    """Find the place of a cursor; `base` must be where an item begins, or 0."""
    return _Finding(text, offset, base).find()


class _Finding:
    def __init__(self, text: str, offset: int, base: int) -> None:
        self.text, self.offset, self.base = text, offset, base
        self.before = text[base:offset]

    def place(self, sort: Sort, typed: str = "", rest: re.Pattern[str] = _REST, **more: object) -> Place:
        found = rest.match(self.text, self.offset)
        stop = found.end() if found else self.offset
        start = self.offset - len(typed)
        more["behind"] = self.text[stop : stop + _LOOK].lstrip()[:1]
        return Place(sort, self.base, start, self.offset, stop, typed, self.before, **more)  # type: ignore[arg-type]

    def find(self) -> Place:
        before = self.before
        if self.base == 0 and before.startswith("#!") and "\n" not in before:
            return self.place("none")
        tree = parse(before)
        if (comment := _comment_at_end(before, tree.comments)) is not None:
            return self.comment(comment, tree.items[-1] if tree.items else None)
        item = tree.items[-1] if tree.items else None
        if item is None:
            return self.top(None)
        match item:
            case n.Probe():
                return self.probe(item)
            case n.Config():
                return self.config(item)
            case n.Import():
                closed = before.rstrip().endswith((";", '"')) and not before.rstrip().endswith('import "')
                return self.top(None) if closed else self.place("import", before[item.path.start + 1 :])
            case n.CDefinition():
                if re.fullmatch(r"#\w*", before[item.start :]):
                    return self.place("top", before[item.start :])
                ended = "\n" in before[item.end :] or before[item.end - 1 : item.end] in ("}", ";")
                return self.top(None) if ended else self.place("none")
            case n.Macro() | n.Subprogram():
                tokens = scan(before, item.start)
                if _closed(tokens):
                    return self.top(None)
                return self.within(item, tokens)
        if (let := _LET.search(before, item.start)) is not None:
            return self.place("map-kind", let[1])
        return self.top(item)

    def comment(self, start: int, item: n.Item | None) -> Place:
        # Only one at the top level has room for a program behind it.
        inside = item is not None and not _closed(scan(self.before, _body(item)))
        typed = self.before[start:].lstrip("/* \t")
        return self.place("comment", typed, item=item if inside else None)

    # ------------------------------------------------------------------------------------- top level

    def top(self, item: n.Item | None) -> Place:
        line = self.before[self.before.rfind("\n") + 1 :]
        phrase = _PHRASE.match(line)
        word = _WORD.search(self.before)
        typed = word[0] if word else ""
        if self.before.endswith("#"):
            typed = "#"
        started = self.offset - len(phrase["phrase"]) if phrase else None
        return self.place("top", typed, item=item, phrase=started)

    def probe(self, probe: n.Probe) -> Place:
        before = self.before
        if before.startswith("{", probe.body.start):
            tokens = scan(before, probe.body.start)
            return self.top(None) if _closed(tokens) else self.within(probe, tokens)
        last = probe.points[-1]
        rest = before[last.end :]
        if not rest:
            return self.at_point(probe, last)
        behind = rest.lstrip()
        if behind.startswith("/"):
            return self.predicate(probe, len(before) - len(behind))
        if behind.rstrip() == ",":
            return self.place("kind", item=probe)
        if last.kind not in PROBE_KINDS.values():
            return self.top(probe)
        if behind.startswith('"') or (behind and not behind.startswith(("{", ","))):
            return self.place("none")
        return self.place("head", item=probe)

    def at_point(self, probe: n.Probe, point: n.AttachPoint) -> Place:
        head, colon, _ = self.before[point.start : point.end].partition(":")
        if not colon:
            return self.top(probe) if len(probe.points) == 1 else self.place("kind", head, item=probe)
        typed = self.before[point.start + len(head) + 1 :]
        return self.place("point", typed.lstrip(), _POINT_REST, item=probe, point=point)

    def predicate(self, probe: n.Probe, slash: int) -> Place:
        tokens = scan(self.before, slash)
        texts = tokens.texts[:-1]
        closed = len(texts) > 1 and texts[-1] == "/" and probe.predicate is not None
        if closed and self.before[probe.predicate.end :].strip() == "/":  # type: ignore[union-attr]
            return self.place("head", item=probe)
        return self.within(probe, tokens)

    # --------------------------------------------------------------------------------------- inside

    def within(self, item: n.Item, tokens: Tokens) -> Place:
        before = self.before
        if tokens.kinds[-2:-1] == ["open"] and "\n" not in before[tokens.starts[-2] :]:
            return self.place("string", before[tokens.starts[-2] + 1 :], item=item, tokens=tokens)
        word = _WORD.search(before)
        typed = word[0] if word else ""
        at = len(before) - len(typed)
        number = sum(start < at for start in tokens.starts[:-1])
        kinds, texts = tokens.kinds[:number], tokens.texts[:number]
        sort, key = _sort(kinds, texts, typed, before[:at])
        if sort != "type" and isinstance(item, n.Macro | n.Subprogram) and "{" not in texts:
            sort = "none"  # its name and parameters are the author's own
        return self.place(sort, typed, item=item, tokens=tokens, key=key)

    def config(self, config: n.Config) -> Place:
        tokens = scan(self.before, config.start)
        if _closed(tokens):
            return self.top(None)
        word = _WORD.search(self.before)
        typed = word[0] if word else ""
        texts = [text for text, start in zip(tokens.texts[:-1], tokens.starts, strict=False)
                 if start < len(self.before) - len(typed)]  # fmt: skip
        if "{" not in texts:
            return self.place("none")
        if tokens.kinds[-2:-1] == ["open"]:
            return self.place("none")
        if texts[-1] in ("{", ";"):
            return self.place("config-key", typed, item=config)
        if texts[-1] == "=" and len(texts) > 1:
            return self.place("config-value", typed, item=config, key=texts[-2])
        return self.place("none")


def _sort(kinds: list[str], texts: list[str], typed: str, before: str) -> tuple[Sort, str]:
    last = texts[-1] if texts else ""
    if last in (".", "->"):
        return "member", ""
    if typed[:1].isdigit():
        return "number", ""
    if last in _TAGS:
        return "type", last
    if last == "(" and texts[-2:-1] and texts[-2] in _TYPED:
        return "expression", "type"
    if last == ":" and _TYPED_LET.search(before):
        return "type", ""
    if last == "*" and len(texts) > 1 and texts[-2] in ("(", *_TAGS):
        return "none", ""
    if not texts or last in _BEGINS or last in ("else", "comptime"):
        return "statement", ""
    if (kinds[-1] in _OPERANDS and last not in _BEFORE_VALUE) or last == "]":
        return "after", ""
    if last == ")":
        return ("expression", "") if _casts(texts) else ("after", "")
    # A parenthesis that no word stands before may begin a cast.
    cast = last == "(" and (len(texts) < 2 or (kinds[-2] not in _OPERANDS and texts[-2] != ")"))
    return "expression", "type" if cast else ""


def _casts(texts: list[str]) -> bool:
    """Tell whether the `)` that comes last closes a cast, behind which a value follows."""
    depth, at = 0, len(texts) - 1
    while at >= 0:
        depth += (texts[at] == ")") - (texts[at] == "(")
        if depth == 0:
            break
        at -= 1
    inside = texts[at + 1 : -1]
    return bool(inside) and all(word.isidentifier() or word == "*" for word in inside) and (
        inside[0] in _TAGS or inside[-1] == "*" or inside[0].startswith(("int", "uint"))
    )  # fmt: skip


def _comment_at_end(before: str, comments: list[n.Comment]) -> int | None:
    """Return where the comment begins that the text ends in."""
    if not comments:
        return None
    last = max(comments, key=lambda each: each.start)
    text = before[last.start :]
    if text.startswith("//"):
        return last.start if "\n" not in text else None
    return last.start if "*/" not in text[2:] else None


def _body(item: n.Item) -> int:
    return item.body.start if isinstance(item, n.Probe) else item.start


def _closed(tokens: Tokens) -> bool:
    return tokens.texts.count("{") == tokens.texts.count("}") > 0
