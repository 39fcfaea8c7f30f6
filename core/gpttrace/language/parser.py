"""`parse`: bpftrace source of any version from 0.14 to 0.27 to a tree, with findings instead of exceptions.

It never raises, always ends, takes time linear in the input, and one mistake does not hide the next.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from gpttrace.language import nodes as n
from gpttrace.language.attach import PATH_KINDS, POINT, attach_point
from gpttrace.language.findings import Finding
from gpttrace.language.literals import unescape
from gpttrace.language.program import Program
from gpttrace.language.reference import PROBE_KINDS
from gpttrace.language.source import Source
from gpttrace.language.statements import Statements

LARGEST_TEXT = 4 * 1024 * 1024
_BLANK = re.compile(r"(?:[ \t\r\n\f\v]++|//[^\n]*+|/\*(?s:.*?)(?:\*/|\Z))*+")
_COMMENT = re.compile(r"//[^\n]*+|/\*(?s:.*?)(?:\*/|\Z)")
_DIRECTIVE = re.compile(r"#(?:[^\n\\]|\\(?s:.))*+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+")
_C_BRACES = re.compile(r'[{};]|//[^\n]*+|/\*(?s:.*?)(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*+"')
_C_TAIL = re.compile(r"[^;{}#]*+;")
_CONFIG = re.compile(r"config\s*+=?\s*+(?=\{)")
_IMPORT = re.compile(r'import\s*+(?P<literal>"(?:[^"\\\n]|\\.)*+"?)(?:[ \t]*+;)?')
_MAP_DECL = re.compile(r"let\s++(@[A-Za-z0-9_]*+)\s*+=\s*+([A-Za-z_][A-Za-z0-9_]*+)\s*+(?=\()")
_MACRO = re.compile(r"macro\s++([A-Za-z_][A-Za-z0-9_]*+)\s*+(?=\()")
_FN = re.compile(r"(?:fn|subprog)\s++([A-Za-z_][A-Za-z0-9_]*+)\s*+(?=\()")
_LINE_REST = re.compile(r"[^\n{]*+")


def parse(text: str | bytes) -> Program:
    """Return the tree of a program; what is wrong with it is in `.findings`, in source order."""
    findings: list[Finding] = []
    if isinstance(text, bytes):
        text = _decode(text, findings)
    text = text.removeprefix("\ufeff") if text.startswith("\ufeff#!") else text
    if "\0" in text:
        at = text.index("\0")
        why = "this is a binary file, or a text with NUL bytes in it"
        findings.append(Finding(at, at + 1, "error", "binary-file", why, "bpftrace programs are UTF-8 text"))
    source = Source(text)
    if len(text) > LARGEST_TEXT:
        why = f"a program of {len(text):,} characters is not read; the limit is {LARGEST_TEXT:,}"
        findings.append(Finding(0, 1, "error", "file-too-large", why))
        return Program(
            items=[n.BadItem(text, end=len(text))], findings=findings, source=source, end=len(text)
        )
    parser = Parser(source)
    try:
        program = parser.program()
    except RecursionError:  # the caller's own stack was nearly full
        why = "too many brackets are open at once"
        program = Program(
            items=[n.BadItem(text, end=len(text))],
            findings=[Finding(0, 1, "error", "nesting-too-deep", why)],
            source=source,
            end=len(text),
        )
    if not program.items and not program.findings:
        why = "there is no probe in this program"
        hint = "bpftrace before 0.24 does not accept that"
        program.findings = [Finding(0, 0, "warning", "empty-program", why, hint)]
    program.findings = sorted(findings + program.findings, key=lambda finding: finding.start)
    return program


def _decode(data: bytes, findings: list[Finding]) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as fault:
        at = len(data[: fault.start].decode("utf-8", "replace"))
        why = f"byte 0x{data[fault.start]:02x} is not UTF-8"
        findings.append(Finding(at, at + 1, "error", "not-utf8", why, "save the file as UTF-8"))
        return data.decode("utf-8", "replace")


class Parser(Statements):
    """Parses items one after the other; each cuts its own tokens from the text."""

    pos = 0
    probes_seen = False
    configs = 0

    def program(self) -> Program:
        """Parse the whole text."""
        text = self.text
        shebang = None
        self.pos = 1 if text.startswith("\ufeff") else 0
        if text.startswith("#!"):
            end = text.find("\n")
            shebang = text[: end if end >= 0 else len(text)].rstrip("\r")
            self.pos = len(shebang)
        items: list[n.Item] = []
        self.blank()
        while self.pos < len(text):
            before = self.pos
            items.append(self.item())
            if self.pos <= before:  # nothing may stand still
                self.pos = before + 1
            self.blank()
        return Program(shebang, items, self.comments, self.findings, source=self.source, end=len(text))

    def blank(self) -> None:
        """Step over white space and comments, keeping the comments."""
        match = _BLANK.match(self.text, self.pos)
        assert match is not None
        if "/" in match[0]:
            for comment in _COMMENT.finditer(self.text, match.start(), match.end()):
                self.comments.append(n.Comment(comment[0], start=comment.start(), end=comment.end()))
                self.check_comment(*comment.span())
        self.pos = match.end()

    def item(self) -> n.Item:
        """Parse whatever stands at the top level here."""
        self.panic = False
        self.depth = 0
        if self.text[self.pos] == "#":
            return self.directive()
        word = _WORD.match(self.text, self.pos)
        parse_item = _ITEMS.get(word[0]) if word else None
        item = parse_item(self) if parse_item else None
        return item or self.probe()

    # ---------------------------------------------------------------------------------- definitions

    def directive(self) -> n.Item:
        """Parse a `#include` or `#define` line with its continuations."""
        start = self.pos
        match = _DIRECTIVE.match(self.text, start)
        assert match is not None
        self.pos = match.end()
        self.misplaced(start, self.pos, "C definitions")
        return n.CDefinition(match[0].rstrip(), start=start, end=self.pos)

    def misplaced(self, start: int, end: int, what: str) -> None:
        """Report what must stand before the first probe (all versions)."""
        if self.probes_seen:
            self.fault(start, end, "misplaced-definition", f"{what} must stand before the first probe")

    def c_definition(self) -> n.Item | None:
        """Parse a struct, union, enum or typedef up to its end; None when this is something else."""
        start = self.pos
        depth = 0
        end = len(self.text)
        for match in _C_BRACES.finditer(self.text, start):
            mark = match[0]
            if mark == "{":
                depth += 1
            elif mark == "}":
                depth -= 1
                if depth <= 0:
                    tail = _C_TAIL.match(self.text, match.end())
                    end = tail.end() if tail and depth == 0 else match.end()
                    break
            elif mark == ";" and depth == 0:
                end = match.end()
                break
        else:
            self.fault(
                start,
                start + 6,
                "unclosed-bracket",
                "this C definition never ends",
                "it ends with `}` or `;`",
            )
        self.pos = end
        self.misplaced(start, end, "C definitions")
        return n.CDefinition(self.text[start:end].rstrip(), start=start, end=end)

    def import_item(self) -> n.Item | None:
        """Parse `import "name";`."""
        match = _IMPORT.match(self.text, self.pos)
        if not match:
            return None
        start, self.pos = match.start(), match.end()
        literal = match["literal"]
        quoted = n.String(literal, unescape(literal[1:-1])[0], start=match.start("literal"), end=match.end("literal"))
        if len(literal) < 2 or not literal.endswith('"'):
            self.fault(quoted.start, quoted.end, "unterminated-string", "a string must end on the line where it starts")
        return n.Import(quoted, start=start, end=self.pos)

    def config(self) -> n.Item | None:
        """Parse `config = { key = value; … }`."""
        match = _CONFIG.match(self.text, self.pos)
        if not match:
            return None
        start = self.pos
        stop = self.cut(match.end()).stop
        opened = self.at
        self.advance()
        entries = []
        while self.word != "}" and self.kind != "end":
            entries.append(self.config_entry())
        self.panic = False
        self.close("}", opened)
        self.pos = max(stop, self.last_end)
        self.misplaced(start, match.end() - 1, "config")
        self.configs += 1
        if self.configs == 2:
            self.fault(start, start + 6, "duplicate-config", "a program has one config block")
        return n.Config(entries, start=start, end=self.pos)

    def config_entry(self) -> n.ConfigEntry:
        """Parse `key = value;`."""
        start, began = self.at, self.i
        key = self.word
        if self.kind != "id":
            self.error("bad-config", f"expected a setting's name, found {self.found()}", "key = value;")
        else:
            self.advance()
        if not self.accept("="):
            self.error("bad-config", f"expected `=` after `{key}`, found {self.found()}", "key = value;")
        value = self.expression()
        entry = n.ConfigEntry(key, value, start=start, end=self.last_end)
        self.end_statement()
        if self.panic:
            self._resume(began)
        return entry

    def map_decl(self) -> n.Item | None:
        """Parse `let @name = kind(size);`."""
        match = _MAP_DECL.match(self.text, self.pos)
        if not match:
            return None
        start = self.pos
        self.cut(match.end(), "(")
        args = [each for each in self.arguments() if isinstance(each, n.Expr)]
        self.pos = max(self.last_end, match.end())
        self.misplaced(start, self.pos, "map declarations")
        self.blank()
        if self.text.startswith(";", self.pos):
            self.pos += 1
        return n.MapDecl(match[1], match[2], args, start=start, end=self.pos)

    def macro(self) -> n.Item | None:
        """Parse `macro name(a, $b, @c) { … }`."""
        match = _MACRO.match(self.text, self.pos)
        if not match:
            return None
        start = self.pos
        stop = self.cut(match.end()).stop
        params = [each for each in self.arguments() if isinstance(each, n.Expr)]
        self.panic = False
        body = self.block_value()
        self.pos = max(stop, self.last_end)
        return n.Macro(match[1], params, body, start=start, end=self.pos)

    def subprogram(self) -> n.Item | None:
        """Parse `fn name($a: type): type { … }`."""
        match = _FN.match(self.text, self.pos)
        if not match:
            return None
        start = self.pos
        stop = self.cut(match.end()).stop
        opened = self.at
        self.advance()
        params = []
        while self.kind in ("var", "id"):
            params.append(self.param())
            if not self.accept(","):
                break
        self.close(")", opened)
        if not self.accept(":"):
            self.error("expected-colon", f"expected `:` and the type that is returned, found {self.found()}")
        returns = self.type_name()
        body = self.block()
        self.pos = max(stop, self.last_end)
        return n.Subprogram(match[1], params, returns, body, start=start, end=self.pos)

    def param(self) -> n.Param:
        """Parse `$name: type`."""
        start = self.at
        name = self.word.removeprefix("$")
        self.advance()
        if not self.accept(":"):
            self.error("expected-colon", f"expected `:` and a type after `${name}`, found {self.found()}")
        kind = self.type_name()
        return n.Param(name, kind, start=start, end=self.last_end)

    # --------------------------------------------------------------------------------------- probes

    def probe(self) -> n.Item:
        """Parse attach points, predicate and body; report what of them is missing."""
        start = self.pos
        points = self.points()
        if not points and not self.text.startswith("{", self.pos):
            return self.garbage(start)
        if not points:
            self.fault(start, start + 1, "no-attach-point", "this block belongs to no probe", "begin { … }")
        self.probes_seen = True
        self.blank()
        if not self.at_body() and not self.next_is_probe():
            self.unexpected(points)
        if not self.at_body():
            end = points[-1].end
            why = f"`{points[-1].text}` has no `{{ … }}` behind it"
            self.fault(points[-1].start, end, "expected-block", why)
            return n.Probe(points, None, n.Block([], start=end, end=end), start=start, end=end)
        stop = self.cut(self.pos).stop
        predicate = self.predicate()
        if self.kind == "end":
            self.error("expected-block", f"expected `{{` and what this probe does, found {self.found()}")
        body = self.block()
        self.pos = max(stop, self.last_end)
        return n.Probe(points, predicate, body, start=start, end=max(body.end, self.last_end))

    def at_body(self) -> bool:
        """Tell whether a predicate or a block begins here."""
        return self.text.startswith(("{", "/"), self.pos)

    def next_is_probe(self) -> bool:
        """Tell whether what follows looks like another probe or definition, or is nothing."""
        word = _WORD.match(self.text, self.pos)
        return self.pos >= len(self.text) or (
            word is not None and (word[0] in PROBE_KINDS or word[0] in _ITEMS)
        )

    def unexpected(self, points: list[n.AttachPoint]) -> None:
        """Report what stands between attach points and body, and step over it."""
        start = self.pos
        match = _LINE_REST.match(self.text, start)
        self.pos = match.end() if match else start + 1
        rest = self.text[start : self.pos].rstrip()
        why = f"expected `{{`, `/` or `,` after `{points[-1].text}`, found `{rest[:30]}`"
        self.fault(start, start + max(len(rest), 1), "expected-block", why)
        self.panic = True
        self.blank()
        if not self.at_body():
            self.pos = max(self.pos, start + 1)

    def points(self) -> list[n.AttachPoint]:
        """Parse attach points separated by commas; a comma may end the list."""
        points: list[n.AttachPoint] = []
        while match := POINT.match(self.text, self.pos):
            point = attach_point(match)
            self.pos = match.end()
            if "/" in point.text and point.kind not in PATH_KINDS:
                self.split_predicate(point)
            self.check_kind(point)
            points.append(point)
            before = self.pos
            self.blank()
            if not self.text.startswith(",", self.pos):
                self.pos = before if not points else self.pos
                break
            self.pos += 1
            self.blank()
        return points

    def split_predicate(self, point: n.AttachPoint) -> None:
        """Give back to the text what is a predicate written without a space before it."""
        whole = self.text[point.start : point.end]
        slash = whole.index("/")
        again = POINT.match(self.text[: point.start + slash], point.start)
        if again is None or point.kind not in PROBE_KINDS.values():
            return
        shorter = attach_point(again)
        point.text, point.parts, point.offset, point.end = (
            shorter.text,
            shorter.parts,
            shorter.offset,
            shorter.end,
        )
        self.pos = point.end
        why = "a predicate needs a space before its first `/`"
        self.fault(self.pos, self.pos + 1, "predicate-needs-space", why)

    def check_kind(self, point: n.AttachPoint) -> None:
        """Report an unknown probe type with the nearest known one."""
        kind = point.kind
        if kind in PROBE_KINDS.values() or any(c in kind for c in "*?$"):
            return
        near = difflib.get_close_matches(kind, PROBE_KINDS, 1)
        guess = f"; did you mean `{near[0]}`?" if near else ""
        end = point.start + len(kind)
        known = "types are tracepoint, kprobe, uprobe, usdt, fentry, interval, profile, software, hardware, begin, end …"
        self.fault(point.start, end, "unknown-probe", f"unknown probe type `{kind}`{guess}", known)

    def predicate(self) -> n.Expr | None:
        """Parse `/ expr /`."""
        if self.word != "/":
            return None
        self.advance()
        self.in_predicate = True
        expr = self.expression()
        self.in_predicate = False
        if self.word == "/":
            self.advance()
        else:
            self.error("unclosed-predicate", f"expected `/` to close the predicate, found {self.found()}")
            while self.word not in ("{", "}") and self.kind != "end":
                self.advance()
        if self.word == "/":  # `/a/ /b/`
            self.error("expected-block", "a probe has one predicate", "join conditions with `&&`")
            while self.word not in ("{", "}") and self.kind != "end":
                self.advance()
        return expr

    def garbage(self, start: int) -> n.Item:
        """Step over what begins no item, to the end of the line or the next `{`."""
        match = _LINE_REST.match(self.text, start)
        self.pos = max(match.end() if match else 0, start + 1)
        text = self.text[start : self.pos].rstrip()
        if text[:1] == "}":
            self.pos, text = start + 1, "}"
            self.fault(start, start + 1, "unmatched-bracket", "this `}` closes nothing")
        else:
            self.fault(
                start, start + max(len(text), 1), "expected-probe", f"expected a probe, found `{text[:30]}`"
            )
        return n.BadItem(text, start=start, end=start + len(text))


_ITEMS: dict[str, Callable[[Parser], n.Item | None]] = {
    "struct": Parser.c_definition,
    "union": Parser.c_definition,
    "enum": Parser.c_definition,
    "typedef": Parser.c_definition,
    "import": Parser.import_item,
    "config": Parser.config,
    "let": Parser.map_decl,
    "macro": Parser.macro,
    "fn": Parser.subprogram,
    "subprog": Parser.subprogram,
}
