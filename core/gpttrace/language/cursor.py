"""The parser's place in its tokens, and its findings.

One mistake, one finding: after an error nothing more is reported until the statement is over (`panic`).
"""

from __future__ import annotations

from gpttrace.language.findings import Finding, Related
from gpttrace.language.lexer import Tokens, scan
from gpttrace.language.nodes import Comment
from gpttrace.language.source import Source

MOST_FINDINGS = 500
ASSIGNED = "`=` gives a value; to compare, write `==`"


class Cursor:
    """State of one parse: source, findings, comments, and the tokens of the item at hand."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.findings: list[Finding] = []
        self.comments: list[Comment] = []
        self.open_ends: set[int] = set()  # ends of tokens where something missing was already reported
        self.panic = False
        self.depth = 0
        self.load(Tokens(["end"], [""], [0]))

    def load(self, tokens: Tokens) -> None:
        """Begin to read other tokens."""
        self.tokens = tokens
        self.kinds, self.words, self.starts = tokens.kinds, tokens.texts, tokens.starts
        self.i = 0
        self.kind, self.word, self.at = self.kinds[0], self.words[0], self.starts[0]
        self.last_end = self.at
        self.comments += [Comment(self.text[a:b], start=a, end=b) for a, b in tokens.comments]
        if tokens.comments:
            self.check_comment(*tokens.comments[-1])

    def cut(self, begin: int, opener: str = "{") -> Tokens:
        """Scan from `begin` and begin to read there."""
        tokens = scan(self.text, begin, opener)
        self.load(tokens)
        return tokens

    def advance(self) -> None:
        """Step over one token; the last one stays."""
        if self.kind == "end":
            return
        self.last_end = self.at + len(self.word)
        i = self.i = self.i + 1
        self.kind = self.kinds[i]
        self.word = self.words[i]
        self.at = self.starts[i]

    def ended(self, start: int) -> int:
        """Return where a node that began at `start` ends: behind the last token, or at once if it took none."""
        return max(start, self.last_end)

    def peek(self, ahead: int = 1) -> str:
        """Return the text of a token further on; empty past the end."""
        i = self.i + ahead
        return self.words[i] if i < len(self.words) else ""

    def fault(self, start: int, end: int, code: str, message: str, hint: str | None = None) -> None:
        """Report a mistake at a place, whatever else was reported; does not start a panic."""
        self._add(Finding(start, min(end, max(len(self.text), start)), "error", code, message, hint))

    def error(
        self, code: str, message: str, hint: str | None = None, related: tuple[Related, ...] = ()
    ) -> None:
        """Report a mistake at the current token, unless one was already reported in this statement."""
        if not self.panic:
            end = self.at + max(len(self.word), 1 if self.at < len(self.text) else 0)
            self._add(Finding(self.at, end, "error", code, message, hint, related=related))
            if self.kind == "end":
                self.open_ends.add(self.at)
        self.panic = True

    def _add(self, finding: Finding) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
        elif len(self.findings) == MOST_FINDINGS:
            text = f"more than {MOST_FINDINGS} mistakes; the rest is not listed"
            self.findings.append(Finding(finding.start, finding.end, "error", "too-many-findings", text))

    def accept(self, word: str) -> bool:
        """Step over `word` if it is next."""
        if self.word == word:
            self.advance()
            return True
        return False

    def close(self, word: str, opened: int) -> None:
        """Step over the closing bracket of the one at `opened`, or say that it is missing."""
        if self.word == word:
            self.advance()
            return
        if self.word == "=" and word == ")":
            self.error("assignment-in-condition", ASSIGNED)
            return
        # Of several things missing at the end, or behind a comment that never ends, one is enough to name.
        self.panic = self.panic or (self.kind == "end" and self.at in self.open_ends)
        opener = self.text[opened]
        line, _ = self.source.line_column(opened) if not self.panic else (0, 0)
        related = (Related(opened, opened + 1, f"this `{opener}` is never closed"),)
        what = "block" if opener == "{" else f"`{opener}`"
        self.error(
            "unclosed-bracket",
            f"expected `{word}` to close the {what} opened on line {line}, found {self.found()}",
            related=related,
        )

    def found(self) -> str:
        """Name the current token for a sentence."""
        if self.kind == "end":
            return "the end of the file" if self.at >= len(self.text.rstrip()) else "the next probe"
        return f"`{self.word}`" if len(self.word) <= 30 else f"`{self.word[:29]}…`"

    def check_comment(self, start: int, end: int) -> None:
        """Report a `/*` that never ends (0.27 accepts it, older versions do not)."""
        if self.text.startswith("/*", start) and (end - start < 4 or not self.text.startswith("*/", end - 2)):
            self.fault(
                start, start + 2, "unterminated-comment", "this comment is never closed", "end it with `*/`"
            )
