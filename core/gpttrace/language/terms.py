"""Terms: literals, variables and type names, the leaves of expressions."""

from __future__ import annotations

from gpttrace.language import nodes as n
from gpttrace.language.cursor import Cursor
from gpttrace.language.literals import integer, unescape
from gpttrace.language.printer import to_text
from gpttrace.language.reference import BUILTINS, TYPE_NAMES

DEEPEST = 150
_TAGS = frozenset(["struct", "union", "enum"])
_OPERAND_KINDS = frozenset(["id", "int", "string", "var", "map", "positional", "float"])
_OPERAND_MARKS = frozenset(["(", "-", "!", "~", "*", "&", "{"])


class Terms(Cursor):
    """Parses one term at a time; never raises."""

    def expression(self) -> n.Expr:
        """Parse an expression; the class above does it."""
        raise NotImplementedError

    def argument(self) -> n.Expr | n.TypeName:
        """Parse a type or an expression; the class above does it."""
        raise NotImplementedError

    def number(self) -> n.Expr:
        """Parse an integer literal."""
        start, word = self.at, self.word
        self.advance()
        value, wrong = integer(word)
        if wrong:
            self.fault(start, self.last_end, "bad-integer", wrong)
        return n.Integer(word, value, start=start, end=self.ended(start))

    def floating(self) -> n.Expr:
        """Parse a number with a fraction."""
        start, word = self.at, self.word
        self.advance()
        return n.Float(word, start=start, end=self.ended(start))

    def string(self) -> n.String:
        """Parse a string literal."""
        start, word = self.at, self.word
        self.advance()
        value, faults = unescape(word[1:-1])
        for offset, length, message in faults:
            at = start + 1 + offset
            self.fault(
                at, at + length, "bad-escape", message, 'known are \\n \\t \\r \\" \\\\ \\xHH and octal \\NNN'
            )
        return n.String(word, value, start=start, end=self.ended(start))

    def positional(self) -> n.Expr:
        """Parse `$1` or `$#`."""
        start, word = self.at, self.word
        self.advance()
        number = -1 if word == "$#" else int(word[1:11])
        return n.Positional(number, start=start, end=self.ended(start))

    def variable(self) -> n.Variable:
        """Parse `$name`."""
        start, word = self.at, self.word
        self.advance()
        return n.Variable(word[1:], start=start, end=self.ended(start))

    def boolean(self) -> n.Expr:
        """Parse `true` or `false`."""
        start, word = self.at, self.word
        self.advance()
        return n.Bool(word == "true", start=start, end=self.ended(start))

    def type_ahead(self) -> bool:
        """Tell whether a type begins at the cursor where an expression could stand, too."""
        if self.kind != "id":
            return False
        after = self.peek()
        if self.word in _TAGS:
            return True
        if self.word == "typeof":
            return after == "("
        if self.word in TYPE_NAMES:
            return after in (")", ",", "*", "[", "") or (
                self.kinds[self.i + 1] == "id" and after not in _TAGS
            )
        return after == "*" and self._stars_then(self.i + 1)

    def _stars_then(self, i: int) -> bool:
        while self.words[i] == "*":
            i += 1
        return self.words[i] in (")", ",")

    def cast_ahead(self) -> bool:
        """Tell whether the `(` at hand opens a cast."""
        i = self.i + 1
        if self.kinds[i] != "id":
            return False
        first = self.words[i]
        if first in _TAGS or (first == "typeof" and self.words[i + 1] == "("):
            return self.kinds[i + 1] != "end"
        while self.kinds[i] == "id":
            i += 1
        starred = self.words[i] == "*"
        while self.words[i] == "*":
            i += 1
        if self.words[i] == "[" and first in TYPE_NAMES:
            return True
        if self.words[i] != ")":
            return False
        if starred or first in TYPE_NAMES:
            return self.kinds[i + 1] in _OPERAND_KINDS or self.words[i + 1] in _OPERAND_MARKS
        return first not in BUILTINS and (
            self.kinds[i + 1] in _OPERAND_KINDS or self.words[i + 1] in ("(", "!", "~")
        )

    def type_name(self) -> n.TypeName:
        """Parse a type as it is written in casts, `let`, `sizeof` and subprograms."""
        start = self.at
        words: list[str] = []
        of: n.Expr | None = None
        if self.word == "typeof" and self.peek() == "(":
            of, inside = self._typeof()
            words.append(f"typeof({inside})")
        elif self.word == "(":
            words.append(self._tuple_type())
        else:
            if self.word in _TAGS:
                words.append(self.word)
                self.advance()
            if self.kind == "id":
                words.append(self.word)
                self.advance()
            if self.kind == "id":  # measured: no version takes `unsigned int` or `const char`
                self.error("bad-type", "a type is one word here", "for example `uint32` for `unsigned int`")
                while self.kind == "id":
                    self.advance()
                self.panic = False
        if not words:
            self.error("expected-type", f"expected a type, found {self.found()}", "for example `uint64`")
        text = " ".join(words)
        while self.word == "*":
            text += " *" if not text.endswith("*") else "*"
            self.advance()
        return n.TypeName(text + self._dimensions(), of, start=start, end=self.ended(start))

    def _typeof(self) -> tuple[n.Expr | None, str]:
        self.advance()
        opened = self.at
        self.advance()
        inner = self.argument()
        self.close(")", opened)
        if isinstance(inner, n.TypeName):
            return None, inner.text
        return inner, to_text(inner)

    def _tuple_type(self) -> str:
        opened = self.at
        self.depth += 1
        self.advance()
        parts = []
        while self.depth <= DEEPEST and (self.kind == "id" or self.word == "("):
            parts.append(self.type_name().text)
            if not self.accept(","):
                break
        self.close(")", opened)
        self.depth -= 1
        return f"({', '.join(parts)})"

    def _dimensions(self) -> str:
        text = ""
        while self.word == "[":
            opened = self.at
            self.advance()
            size = ""
            if self.word != "]":
                size = to_text(self.expression())
            self.close("]", opened)
            text += f"[{size}]"
        return text
