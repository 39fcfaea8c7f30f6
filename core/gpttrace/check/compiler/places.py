"""bpftrace's places -> ranges in the user's own text.

bpftrace counts lines and columns from 1, columns in bytes, ends exclusive; over several lines it gives lines only; at the end of
a file it may point past it. Releases up to 0.23 blame the whole call (the end of their ranges is right, the beginning is not), so
the thing that the message names is looked for in our tree, nearest to that end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpttrace.check.compiler.lines import DEFINITIONS, STDIN, Said
from gpttrace.check.compiler.messages import Blame
from gpttrace.language import Program, walk
from gpttrace.language import nodes as n

# The kinds that 0.17 aborts on, without saying where.
NEWER_KINDS = frozenset(
    (
        "begin",
        "end",
        "self",
        "test",
        "bench",
        "rawtracepoint",
        "rt",
        "fentry",
        "fexit",
        "f",
        "fr",
        "TEST",
        "BENCH",
    )
)
Range = tuple[int, int]
_WORD = re.compile(r"[<\"].*|[\w$@]+|\S")
_NAME = re.compile(r"[$@]?\w+|/(?=\s*$)")
_LAST_TOKEN = re.compile(r"[$@]?\w+\s*$|\S\s*$")


class Places:
    """Where things are in one program; `name` is what bpftrace calls its file."""

    def __init__(self, program: Program, name: str = STDIN) -> None:
        self.program, self.name = program, name
        self.source, self.text = program.source, program.source.text
        self._nodes: list[n.Node] | None = None

    @property
    def nodes(self) -> list[n.Node]:
        """All nodes, parents first."""
        if self._nodes is None:
            self._nodes = list(walk(self.program))
        return self._nodes

    def range_of(self, said: Said) -> Range | None:
        """Return the range that a message gives, None when it gives none in the user's file."""
        if said.file is None:
            return None
        if said.file == self.name:
            return self._own(said)
        if said.file == DEFINITIONS:
            return self._definition(said)
        return self._header(said.file)

    def _own(self, said: Said) -> Range:
        if said.column is None:
            return self._lines(said.first, said.last)
        start = self.offset(said.first, said.column)
        end = self.offset(said.first, said.stop) if said.stop is not None else start
        return self.clamp(start, end)

    def clamp(self, start: int, end: int) -> Range:
        """Return a range that is inside the text and not empty, as long as the text has anything to show."""
        last = len(self.text.rstrip())
        if start >= last:
            return max(last - 1, 0), last
        return start, max(end, start + 1)

    def offset(self, line: int, column: int) -> int:
        """Return the character offset of a line and a column in bytes, both from 1."""
        line = min(line, self.source.lines)
        data = self.source.line_text(line).encode("utf-8", "surrogatepass")[: column - 1]
        return self.source.line_start(line) + len(data.decode("utf-8", "ignore"))

    def _lines(self, first: int, last: int) -> Range:
        start = self.source.line_start(first)
        end = self.source.line_end(min(last, self.source.lines))
        inside = [node for node in self.nodes if start <= node.start and node.end <= end]
        begun = [node for node in inside if self._line(node.start) == first]
        ended = [node for node in begun if self._line(node.end) == last]
        for chosen in (ended, begun[:1] if last - first == 0 else []):
            for node in chosen:
                if isinstance(node, n.Stmt | n.Item):
                    return node.start, node.end
        stripped = self.text[start:end]
        lead = len(stripped) - len(stripped.lstrip())
        return self.clamp(start + lead, start + len(stripped.rstrip()))

    def _line(self, offset: int) -> int:
        return self.source.line_column(offset)[0]

    def _definition(self, said: Said) -> Range | None:
        # Line 1 is bpftrace's; then the C definitions alone, one after the other, each with its own lines.
        line = said.first - 2
        for chunk in self.program.c_definitions:
            count = self.text.count("\n", chunk.start, chunk.end) + 1
            if line < count:
                whole = self._line(chunk.start) + line
                lead = self.source.line_column(chunk.start)[1] - 1 if line == 0 else 0
                return self._word_at(whole, self.offset(whole, (said.column or 1) + lead))
            line -= count
        return None

    def _word_at(self, line: int, offset: int) -> Range:
        end = self.source.line_end(line)
        if word := _WORD.match(self.text, offset, end):
            return word.start(), word.end()
        before = self.text[self.source.line_start(line) : end]
        token = _LAST_TOKEN.search(before)
        at = self.source.line_start(line) + (token.start() if token else 0)
        return self.clamp(at, end)

    def _header(self, path: str) -> Range | None:
        brought: list[n.Item] = [
            each for each in self.program.c_definitions if each.text.lstrip().startswith("#include")
        ]
        if not path.endswith(".h"):
            brought = list(self.program.imports)
        named = [each for each in brought if path.endswith(_included(self.text[each.start : each.end]))]
        return next(((each.start, each.end) for each in [*named, *brought]), None)

    # ------------------------------------------------------------------------------------------ blame

    def blame(self, kind: Blame, name: str, given: Range) -> Range:
        """Return the range of the thing that is meant, looked for where bpftrace points; `given` when it is not there."""
        if kind == "place":
            return given
        if kind == "token":
            return self._token(name, given)
        found = self._things(kind, name, given) or (self._things(kind, "", given) if kind == "point" else [])
        if not found:
            return given
        if kind == "again":
            return max(found)
        exact = [each for each in found if each == given]
        return (
            exact[0] if exact else min(found, key=lambda each: (abs(each[1] - given[1]), each[1] - each[0]))
        )

    def _things(self, kind: Blame, name: str, given: Range) -> list[Range]:
        return [each for node in self._overlapping(given) if (each := _thing(node, kind, name, self.text))]

    def _overlapping(self, given: Range) -> Iterator[n.Node]:
        start, end = given
        return (node for node in self.nodes if node.start < end and node.end > start)

    def _token(self, name: str, given: Range) -> Range:
        # The ranges of older releases end where the token ends that they did not expect.
        start, end = given
        if name == "preprocessor directive":
            return start, start + 1
        if name and not name[0].isalpha():
            at = self.text.rfind(name, max(start - 1, 0), end)
            return (at, at + len(name)) if at >= 0 else given
        words = list(_NAME.finditer(self.text, start, end))
        return words[-1].span() if name and words else given

    def statement_at(self, offset: int) -> n.Node | None:
        """Return the innermost statement at an offset, or the item."""
        best: n.Node | None = None
        for node in self.nodes:
            if isinstance(node, n.Stmt | n.Item) and node.start <= offset < node.end:
                best = node
        return best

    def item_at(self, offset: int) -> n.Item | None:
        """Return the probe, macro … at an offset."""
        return next((item for item in self.program.items if item.start <= offset < item.end), None)

    def probe_named(self, name: str) -> tuple[n.Probe, n.AttachPoint] | None:
        """Return the probe that bpftrace calls `name` in messages without a place.

        0.17 writes the whole list of attach points as it stands, later ones `kind_target_name_N`, with N the number of the
        probe (0.23) or of the expanded program (0.27): the name decides first, N among those of one name.
        """
        wanted, number = _plain(name), 0
        if numbered := re.fullmatch(r"(.*)_(\d+)", wanted):
            wanted, number = numbered[1], int(numbered[2])
        matches = [
            (index, probe, point)
            for index, probe in enumerate(self.program.probes, 1)
            for point in probe.points
            if _matches(point, wanted) or _plain(name) == _plain(point.text)
        ]
        matches = matches or [
            (index, probe, probe.points[0])
            for index, probe in enumerate(self.program.probes, 1)
            if _plain(name) == _plain(",".join(point.text for point in probe.points))
        ]
        if not matches:
            return None
        _, probe, point = min(matches, key=lambda each: (each[0] != number, each[0]))
        return probe, point


def _included(text: str) -> str:
    found = re.search(r"[<\"](.*?)[>\"]", text)
    return found[1] if found else "?"


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name).lower()


def _matches(point: n.AttachPoint, wanted: str) -> bool:
    pattern = "_".join(re.escape(_plain(part)) for part in (point.kind, *point.parts))
    if any("*" in part for part in point.parts):
        pattern = "_".join(
            re.escape(re.sub(r"[^\w*]", "_", part)).replace(r"\*", ".*")
            for part in (point.kind, *point.parts)
        ).lower()
    return re.fullmatch(pattern, wanted) is not None


def _thing(node: n.Node, kind: Blame, name: str, text: str) -> Range | None:
    """Return the range of `node` when it is a thing of that kind and name."""
    match kind, node:
        case "variable", n.Variable(name=own) if own == name:
            return node.start, node.end
        case "map", n.Map(name=own) if name in ("", own):
            return node.start, node.end
        case "map", n.Assign(target=n.Map(name=own) as target) if name in ("", own):
            return target.start, target.end
        case "member", n.Member(name=own) if own == name:
            return node.end - len(own), node.end
        case "call", n.Call(name=own) if name in ("", own):
            return node.start, node.end
        case "call", n.SizeOf() | n.OffsetOf() if not name:
            return node.start, node.end
        case (("function" | "builtin"), n.Call(name=own)) if own == name:
            return node.start, node.start + len(own)
        case "builtin", n.Identifier(name=own) if own == name:
            return node.start, node.end
        case "operator", n.Binary(op=own) if name in ("", own):
            return node.start, node.end
        case "operator", n.Unary(op=own) if own == name:
            return node.start, node.end
        case _:
            return _thing_of_statement(node, kind, name, text)


def _thing_of_statement(node: n.Node, kind: Blame, name: str, text: str) -> Range | None:
    match kind, node:
        case "type", n.TypeName() if (at := text.find(name, node.start, node.end)) >= 0:
            return at, at + len(name)
        case "type", n.Identifier(name=own) if own == name:
            return node.start, node.end
        case _, n.AttachPoint():
            return (node.start, node.end) if _is_point(node, kind, name) else None
        case "symbol", n.Call(args=[n.String(value=own), *_]) if own == name.encode():
            return node.start, node.end
        case "value", n.ExprStmt(expr=expr):
            return expr.start, expr.end
        case "assign", (n.Assign(target=target) | n.Let(target=target)) if (
            _target(target) in (name, "") or not name
        ):
            return node.start, node.end
        case "declare", n.Let(target=n.Variable(name=own) as target) if own == name:
            return node.start, target.end
        case "setting", n.ConfigEntry(key=own) if own == name:
            return node.start, node.end
        case ("jump", n.Jump()) | ("index", n.Index()) if getattr(node, "word", name) == name:
            return node.start, node.end
        case "unroll", n.Unroll(count=count):
            return count.start, count.end
        case "loop", n.While(body=body):
            return node.start, node.start + len(text[node.start : body.start].rstrip())
        case _:
            return None


def _is_point(point: n.AttachPoint, kind: Blame, name: str) -> bool:
    if kind == "newer":
        return point.text.partition(":")[0].strip() in NEWER_KINDS
    return kind == "again" or (kind == "point" and (not name or ":".join(point.parts).endswith(name)))


def _target(target: n.Expr) -> str:
    return target.name if isinstance(target, n.Variable | n.Map) else ""
