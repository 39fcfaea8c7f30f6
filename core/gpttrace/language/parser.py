"""`parse`: bpftrace source of any version from 0.14 to 0.27 to a tree, with findings instead of exceptions.

It never raises, always ends, takes time linear in the input, and one mistake does not hide the next.
"""

from __future__ import annotations

import difflib
import re

from gpttrace.language import nodes as n
from gpttrace.language.attach import PATH_KINDS, POINT, attach_point
from gpttrace.language.cursor import ASSIGNED
from gpttrace.language.definitions import ITEMS, LINE_REST, Definitions
from gpttrace.language.findings import Finding
from gpttrace.language.program import Program
from gpttrace.language.reference import PROBE_KINDS
from gpttrace.language.source import Source

LARGEST_TEXT = 4 * 1024 * 1024
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+")
_BRACE_LIST = re.compile(r"\{[\w*?]+(?:,[ \t]*[\w*?]+)+\}[\w*?]*")


def parse(text: str | bytes) -> Program:
    """Return the tree of a program; what is wrong with it is in `.findings`, in source order."""
    findings: list[Finding] = []
    if isinstance(text, bytes):
        text = _decode(text, findings)
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


class Parser(Definitions):
    """Parses items one after the other; each cuts its own tokens from the text."""

    after_garbage = False

    def program(self) -> Program:
        """Parse the whole text."""
        text = self.text
        shebang = None
        self.pos = 1 if text.startswith("\ufeff") else 0
        if text.startswith("#!", self.pos):
            end = text.find("\n")
            shebang = text[self.pos : end if end >= 0 else len(text)].rstrip("\r")
            self.pos += len(shebang)
        items: list[n.Item] = []
        self.blank()
        while self.pos < len(text):
            before = self.pos
            items.append(self.item())
            if self.pos <= before:  # nothing may stand still
                self.pos = before + 1
            self.blank()
        return Program(shebang, items, self.comments, self.findings, source=self.source, end=len(text))

    def item(self) -> n.Item:
        """Parse whatever stands at the top level here."""
        self.panic = False
        self.depth = 0
        if self.text[self.pos] == "#":
            return self.directive()
        word = _WORD.match(self.text, self.pos)
        parse_item = ITEMS.get(word[0]) if word else None
        if word is None or parse_item is None or self.text.startswith(":", word.end()):
            return self.probe()
        return parse_item(self) or self.malformed(word[0])

    def probe(self) -> n.Item:
        """Parse attach points, predicate and body; report what of them is missing."""
        start = self.pos
        points = self.points()
        if not points and not self.text.startswith("{", self.pos):
            return self.garbage(start)
        if not points and not self.after_garbage:
            self.fault(start, start + 1, "no-attach-point", "this block belongs to no probe", "begin { … }")
        self.probes_seen = True
        self.after_garbage = False
        self.brace_list(points)
        self.blank()
        complained = not self.at_body() and not self.next_is_probe()
        if complained:
            self.unexpected(points)
        if not self.at_body():
            end = points[-1].end
            why = f"`{points[-1].text}` has no `{{ … }}` behind it"
            if not complained and not self.reported(points[-1]):
                self.fault(points[-1].start, end, "expected-block", why)
            return n.Probe(points, None, n.Block([], start=end, end=end), start=start, end=end)
        stop = self.cut(self.pos).stop
        predicate = self.predicate()
        if self.kind == "end":
            self.error("expected-block", f"expected `{{` and what this probe does, found {self.found()}")
        body = self.block()
        self.pos = max(stop, self.last_end)
        return n.Probe(points, predicate, body, start=start, end=max(body.end, self.last_end))

    def brace_list(self, points: list[n.AttachPoint]) -> None:
        """Report `name_{a,b}`, which shells know and bpftrace does not, and take it as part of the point."""
        match = _BRACE_LIST.match(self.text, self.pos) if points and self.pos == points[-1].end else None
        if match:
            point = points[-1]
            why = "bpftrace has no `{a,b}` in names"
            self.fault(
                match.start(),
                match.end(),
                "brace-list",
                why,
                "write the attach points out, with commas between",
            )
            self.pos = point.end = match.end()
            point.text += match[0]
            point.parts[-1:] = [point.parts[-1] + match[0]] if point.parts else []

    def reported(self, point: n.AttachPoint) -> bool:
        """Tell whether this attach point is of an unknown type, which was reported."""
        return (
            bool(self.findings)
            and self.findings[-1].start == point.start
            and self.findings[-1].code == "unknown-probe"
        )

    def at_body(self) -> bool:
        """Tell whether a predicate or a block begins here."""
        return self.text.startswith(("{", "/"), self.pos)

    def next_is_probe(self) -> bool:
        """Tell whether what follows looks like another probe or definition, or is nothing."""
        word = _WORD.match(self.text, self.pos)
        return self.pos >= len(self.text) or (
            word is not None and (word[0] in PROBE_KINDS or word[0] in ITEMS)
        )

    def unexpected(self, points: list[n.AttachPoint]) -> None:
        """Report what stands between attach points and body, and step over it."""
        start = self.pos
        match = LINE_REST.match(self.text, start)
        self.pos = match.end() if match else start + 1
        rest = self.text[start : self.pos].rstrip()
        why = f"expected `{{`, `/` or `,` after `{points[-1].text}`, found `{rest[:30]}`"
        if not self.reported(points[-1]):
            self.fault(start, start + max(len(rest), 1), "expected-block", why)
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
        if kind in PROBE_KINDS.values() or any(c in kind for c in "*?"):
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
            if self.word == "=":
                self.error("assignment-in-condition", ASSIGNED)
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
        match = LINE_REST.match(self.text, start)
        self.pos = max(match.end() if match else 0, start + 1)
        text = self.text[start : self.pos].rstrip()
        if text[:1] == "}":
            self.pos, text = start + 1, "}"
            self.fault(start, start + 1, "unmatched-bracket", "this `}` closes nothing")
        else:
            self.after_garbage = True  # a block behind it is no second mistake
            self.fault(
                start, start + max(len(text), 1), "expected-probe", f"expected a probe, found `{text[:30]}`"
            )
        return n.BadItem(text, start=start, end=start + len(text))
