"""The symbols of one script: settings, C names, map declarations, macros, functions, probes with the maps first written there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lsprotocol import types as t

from gpttrace.language import Program, walk
from gpttrace.language import nodes as n
from gpttrace_lsp.positions import Lines

_LONGEST = 80
_C_HEAD = re.compile(r"(#\s*define|#\s*include|struct|union|enum)\s+(<[^>\n]*>|\"[^\"\n]*\"|\w+)")
_C_KINDS = {
    "struct": t.SymbolKind.Struct, "union": t.SymbolKind.Struct, "enum": t.SymbolKind.Enum,
    "define": t.SymbolKind.Constant, "include": t.SymbolKind.File,
}  # fmt: skip


def symbols(tree: Program, lines: Lines) -> list[t.DocumentSymbol]:
    """Return the symbols of a script in order, nested; each has a name, and its selection inside its range."""
    written: set[str] = set()
    return [each for item in tree.items if (each := _symbol(item, lines, written)) is not None]


def flat(
    nested: Iterable[t.DocumentSymbol], within: str | None = None
) -> Iterator[tuple[t.DocumentSymbol, str | None]]:
    """Yield symbols and those inside them, each with the name of the one around it."""
    for each in nested:
        yield each, within
        yield from flat(each.children or (), each.name)


def _symbol(item: n.Item, lines: Lines, written: set[str]) -> t.DocumentSymbol | None:
    kinds = t.SymbolKind
    match item:
        case n.Probe():
            return _probe(item, lines, written)
        case n.Macro():
            text = _head(lines, item.start, item.body.start)
            return _made(item.name, kinds.Function, lines, item, (6, item.name), text)
        case n.Subprogram():
            text = _head(lines, item.start, item.body.start)
            return _made(item.name, kinds.Function, lines, item, (3, item.name), text)
        case n.MapDecl():
            written.add(item.name)
            return _made(item.name, kinds.Variable, lines, item, (4, item.name), item.kind)
        case n.Config():
            found = _made("config", kinds.Namespace, lines, item, (0, "config"))
            found.children = [
                _made(each.key, kinds.Property, lines, each, (0, each.key))
                for each in item.entries
                if each.key.strip()
            ]
            return found
        case n.CDefinition():
            return _c(item, lines)
    return None


def _probe(item: n.Probe, lines: Lines, written: set[str]) -> t.DocumentSymbol:
    name = ", ".join(point.text for point in item.points) or "{ … }"
    detail = _head(lines, item.predicate.start, item.predicate.end) if item.predicate is not None else ""
    end = item.points[-1].end if item.points else item.start
    found = t.DocumentSymbol(
        _short(name),
        t.SymbolKind.Event,
        lines.range(item.start, item.end),
        lines.range(item.start, min(end, item.end)),
        detail=f"/{detail}/" if detail else None,
    )
    found.children = list(_maps(item, lines, written)) or None
    return found


def _maps(item: n.Probe, lines: Lines, written: set[str]) -> Iterator[t.DocumentSymbol]:
    for node in walk(item.body):
        target = (
            node.target if isinstance(node, n.Assign) else node.operand if isinstance(node, n.Unary) else None
        )
        changed = isinstance(node, n.Assign) or (isinstance(node, n.Unary) and node.op in ("++", "--"))
        if changed and isinstance(target, n.Map) and target.name not in written:
            written.add(target.name)
            value = node.value if isinstance(node, n.Assign) else None
            detail = value.name if isinstance(value, n.Call) else None
            where = lines.range(target.start, target.end)
            yield t.DocumentSymbol(target.name, t.SymbolKind.Variable, where, where, detail=detail)


def _c(item: n.CDefinition, lines: Lines) -> t.DocumentSymbol | None:
    head = _C_HEAD.match(item.text)
    if head is None:
        return None
    kind = _C_KINDS[head[1].lstrip("# \t")]
    where = lines.range(item.start + head.start(2), item.start + head.end(2))
    return t.DocumentSymbol(
        head[2], kind, lines.range(item.start, max(item.end, item.start + head.end(2))), where
    )


def _made(
    name: str, kind: t.SymbolKind, lines: Lines, node: n.Node, near: tuple[int, str], detail: str = ""
) -> t.DocumentSymbol:
    start = lines.text.find(near[1], node.start + near[0], node.end)
    start = start if start >= 0 else node.start
    whole = lines.range(node.start, node.end)
    return t.DocumentSymbol(
        name,
        kind,
        whole,
        lines.range(start, min(start + len(near[1]), node.end)),
        detail=_short(detail) or None,
    )


def _head(lines: Lines, start: int, end: int) -> str:
    return " ".join(lines.text[start:end].split())


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
