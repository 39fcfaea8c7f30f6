"""Colours: what each word of a script is, as semantic tokens with the protocol's own type names, so that every theme knows them.

`@map` is a `variable` that is `static`, a builtin one that is `readonly` of the `defaultLibrary`. Conversions and escapes inside
strings are left to the grammar. Tokens never overlap and never span lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lsprotocol import types as t

from gpttrace.language import nodes as n
from gpttrace.language.reference import AGGREGATIONS, BUILTINS, FUNCTIONS, MAP_KINDS, MODES, TYPE_NAMES
from gpttrace_lsp.look import Look, worked
from gpttrace_lsp.navigate.names import c_places, parameters
from gpttrace_lsp.navigate.renaming import KEYWORDS
from gpttrace_lsp.pieces import Piece, pieces_of
from gpttrace_lsp.positions import Lines
from gpttrace_lsp.spots import name_span

if TYPE_CHECKING:
    from gpttrace_lsp.server import Server

TYPES = (
    "namespace", "type", "struct", "parameter", "variable", "property", "enumMember", "event", "function", "macro",
    "keyword", "comment", "string", "number",
)  # fmt: skip
MODIFIERS = ("declaration", "readonly", "static", "deprecated", "modification", "defaultLibrary")
_TYPE = {name: at for at, name in enumerate(TYPES)}
_BIT = {name: 1 << at for at, name in enumerate(MODIFIERS)}
_KEPT = 32
_UNCOLOURED = re.compile(
    r"\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)|%[-+ 0#]*[0-9]*(?:\.[0-9]*)?[hljzt]*(?:rx|rh|gr|[a-zA-Z%])"
)
_PART = re.compile(r'"(?:[^"\\\n]|\\.)*"|[^:+]+')
_IN_FUNCTIONS = frozenset(
    ("kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe", "usdt", "rawtracepoint", "iter")
)


class Coloured(NamedTuple):
    """One token in characters of the text."""

    start: int
    end: int
    type: str
    modifiers: tuple[str, ...] = ()


def register(server: Server) -> None:
    """Register semantic tokens: whole, changes since the last time, and of a range."""
    legend = t.SemanticTokensLegend(list(TYPES), list(MODIFIERS))
    given: dict[str, tuple[str, list[int]]] = {}  # what each document was told last, by its result id

    async def data_of(uri: str, within: t.Range | None = None) -> list[int] | None:
        look = await server.look(uri)
        if look is None:
            return None
        span = look.lines.span(within) if within is not None else None
        return await worked(len(look.text), lambda: encoded(look.lines, colours(look, span)))

    def remember(uri: str, data: list[int]) -> str:
        number = str(int(given.pop(uri, ("0", []))[0]) + 1)
        given[uri] = (number, data)
        while len(given) > _KEPT:
            del given[next(iter(given))]
        return number

    @server.feature(t.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, legend)
    async def full(params: t.SemanticTokensParams) -> t.SemanticTokens | None:
        uri = params.text_document.uri
        data = await data_of(uri)
        return t.SemanticTokens(data, remember(uri, data)) if data is not None else None

    @server.feature(t.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL_DELTA, legend)
    async def delta(params: t.SemanticTokensDeltaParams) -> t.SemanticTokens | t.SemanticTokensDelta | None:
        uri = params.text_document.uri
        data = await data_of(uri)
        if data is None:
            return None
        number, before = given.get(uri, ("", []))
        after = remember(uri, data)
        if number != params.previous_result_id:
            return t.SemanticTokens(data, after)
        return t.SemanticTokensDelta(changes(before, data), after)

    @server.feature(t.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, legend)
    async def ranged(params: t.SemanticTokensRangeParams) -> t.SemanticTokens | None:
        data = await data_of(params.text_document.uri, params.range)
        return t.SemanticTokens(data) if data is not None else None


def colours(look: Look, span: tuple[int, int] | None = None) -> list[Coloured]:
    """Return the tokens of a script in order, or those of the items and comments that touch a span."""
    first, last = span if span is not None else (0, len(look.text))
    found = [
        Coloured(each.start, each.end, "comment")
        for each in look.tree.comments
        if each.end >= first and each.start <= last
    ]
    if look.tree.shebang and first == 0:
        start = look.text.index("#!")
        found.append(Coloured(start, start + len(look.tree.shebang), "comment"))
    old = {each.start for each in look.findings if each.code == "deprecated"}
    constants = c_places(look)
    for index, item in enumerate(look.tree.items):
        if item.end >= first and item.start <= last:
            found += _Item(look, index, old, constants).tokens()
    return _apart(found)


class _Item:
    """One item's tokens: what a word is, is told by the tree where it parses, else by the word itself."""

    def __init__(self, look: Look, index: int, old: set[int], constants: dict[str, int]) -> None:
        self.look, self.index, self.old, self.constants = look, index, old, constants
        self.item = look.tree.items[index]
        self.parameters = parameters(self.item)
        self.known: dict[int, tuple[str, tuple[str, ...]]] = {}
        for node in look.study.nodes[index]:
            self._told(node)

    def tokens(self) -> Iterator[Coloured]:
        for point in self.item.points if isinstance(self.item, n.Probe) else ():
            yield from _point(point, point.start in self.old)
        before = ""
        for piece in pieces_of(self.look, self.index):
            if piece.kind == "string":
                yield from _string(piece)
            elif (kind := self._kind(piece, before)) is not None:
                old = ("deprecated",) if piece.start in self.old else ()
                yield Coloured(piece.start, piece.end, kind[0], kind[1] + old)
            before = piece.text

    def _kind(self, piece: Piece, before: str) -> tuple[str, tuple[str, ...]] | None:
        known = self.known.get(piece.start)
        match piece.kind:
            case "id":
                return known or self._word(piece.text, before)
            case "var":
                kind = "parameter" if piece.text in self.parameters else "variable"
                return kind, known[1] if known is not None else ()
            case "map":
                local = piece.text in self.parameters
                return "parameter" if local else "variable", (
                    *(known[1] if known else ()),
                    *(() if local else ("static",)),
                )
            case "positional":
                return "parameter", ("readonly",)
            case "int" | "float":
                return known or ("number", ())
            case "comment":
                return "comment", ()
            case "directive":
                return "keyword", ()
            case "open":
                return "string", ()
        return None

    def _word(self, word: str, before: str) -> tuple[str, tuple[str, ...]]:
        if word in KEYWORDS:
            return "keyword", ()
        if before in (".", "->"):
            return "property", ()
        if before in ("struct", "union", "enum"):
            return "struct", ()
        if word in self.parameters:
            return "parameter", ()
        if word in AGGREGATIONS or (word in FUNCTIONS and word not in BUILTINS):
            return "function", ("defaultLibrary",)
        if word in BUILTINS:
            return "variable", ("readonly", "defaultLibrary")
        if word in TYPE_NAMES or word in MAP_KINDS:
            return "type", ("defaultLibrary",)
        if isinstance(self.item, n.CDefinition) and word not in self.constants:
            return "property", ()
        return "enumMember" if word in self.constants or word.isupper() else "variable", ("readonly",)

    def _told(self, node: n.Node) -> None:
        match node:
            case n.Call():
                self.known[node.start] = self._called(node.name)
            case n.Identifier():
                self._identifier(node)
            case n.Member() if (span := name_span(self.look, node)) is not None:
                self.known[span[0]] = "property", ()
            case n.ConfigEntry(value=value):
                self.known[node.start] = "property", ()
                self.known[value.start] = "number" if isinstance(value, n.Integer) else "enumMember", ()
            case n.TypeName():
                self._type(node)
            case n.Macro() | n.Subprogram() | n.MapDecl():
                self._definition(node)
            case _:
                self._changed(node)

    def _changed(self, node: n.Node) -> None:
        match node:
            case n.Let(target=target) | n.For(variable=target):
                self.known[target.start] = "variable", ("declaration",)
            case n.Assign(target=n.Variable() | n.Map() as target):
                self.known[target.start] = "variable", ("modification",)
            case n.Unary(op="++" | "--", operand=target):
                self.known[target.start] = "variable", ("modification",)

    def _definition(self, node: n.Macro | n.Subprogram | n.MapDecl) -> None:
        if (span := name_span(self.look, node)) is not None:
            kind = {n.Macro: "macro", n.Subprogram: "function", n.MapDecl: "variable"}[type(node)]
            self.known[span[0]] = kind, ("declaration",)
        params = [] if isinstance(node, n.MapDecl) else node.params
        self.known |= {each.start: ("parameter", ("declaration",)) for each in params}

    def _identifier(self, node: n.Identifier) -> None:
        above = self.look.study.parents.get(id(node))
        if node.name in self.look.study.macro_names:
            self.known[node.start] = "macro", ()
        elif isinstance(above, n.Call) and node.name in MODES.get(above.name, {}):
            self.known[node.start] = "enumMember", ("defaultLibrary",)

    def _called(self, name: str) -> tuple[str, tuple[str, ...]]:
        if name in self.look.study.function_names:
            return "function", ()
        return ("macro", ()) if name in self.look.study.macro_names else ("function", ("defaultLibrary",))

    def _type(self, node: n.TypeName) -> None:
        words = [*re.finditer(r"\w+", self.look.text[node.start : node.end])]
        if node.of is None and words and words[0][0] not in ("struct", "union", "enum", "typeof"):
            for word in words:
                self.known[node.start + word.start()] = ("number", ()) if word[0].isdigit() else ("type", ())


def _point(point: n.AttachPoint, old: bool) -> Iterator[Coloured]:
    pieces = list(_PART.finditer(point.text))
    for at, piece in enumerate(pieces):
        span = point.start + piece.start(), point.start + piece.end()
        if at == 0:
            yield Coloured(*span, "keyword", ("deprecated",) if old else ())
        elif piece[0].isdigit() or piece[0].startswith("0x"):
            yield Coloured(*span, "number")
        elif at == len(pieces) - 1 or (point.offset is not None and at == len(pieces) - 2):
            yield Coloured(*span, "function" if point.kind in _IN_FUNCTIONS else "event")
        else:
            yield Coloured(*span, "namespace")


def _string(piece: Piece) -> Iterator[Coloured]:
    # Whole tokens would hide how the grammar shows the conversions of a format.
    at = 0
    for found in _UNCOLOURED.finditer(piece.text):
        if found.start() > at:
            yield Coloured(piece.start + at, piece.start + found.start(), "string")
        at = found.end()
    if at < len(piece.text):
        yield Coloured(piece.start + at, piece.end, "string")


def _apart(found: list[Coloured]) -> list[Coloured]:
    found.sort()
    kept: list[Coloured] = []
    end = 0
    for each in found:
        if each.start >= end:  # a comment is told twice: by the tree, and by the item that holds it
            kept.append(each)
            end = each.end
    return kept


# ------------------------------------------------------------------------------------- the protocol's form


def encoded(lines: Lines, found: list[Coloured]) -> list[int]:
    """Return tokens as the protocol has them: five numbers each, relative to the one before, in the client's units."""
    data: list[int] = []
    last_line = last_column = 0
    for each in found:
        bits = sum(_BIT[name] for name in each.modifiers)
        for line, column, length in _on_lines(lines, each):
            data += (
                line - last_line,
                column - last_column if line == last_line else column,
                length,
                _TYPE[each.type],
                bits,
            )
            last_line, last_column = line, column
    return data


def _on_lines(lines: Lines, each: Coloured) -> Iterator[tuple[int, int, int]]:
    start = each.start
    while start < each.end:
        line = lines.line_of(start)
        begin, stop = lines.line_span(line)
        end = min(each.end, stop)
        if end > start:
            if lines.encoding == "utf-32" or lines.text[begin:end].isascii():
                yield line, start - begin, end - start
            else:
                column = lines.position(start).character
                yield line, column, lines.position(end).character - column
        start = lines.starts[line + 1] if line + 1 < len(lines.starts) else each.end


def changes(before: list[int], after: list[int]) -> list[t.SemanticTokensEdit]:
    """Return what turns one result into the next, as one edit, or none when they are equal."""
    if before == after:
        return []
    least = min(len(before), len(after))
    head = next((at for at in range(least) if before[at] != after[at]), least)
    tail = next((at for at in range(least - head) if before[-1 - at] != after[-1 - at]), least - head)
    return [t.SemanticTokensEdit(head, len(before) - head - tail, after[head : len(after) - tail])]
