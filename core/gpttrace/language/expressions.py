"""Expressions and types of the language, by operator precedence; recursion happens only at brackets."""

from __future__ import annotations

from collections.abc import Callable

from gpttrace.language import nodes as n
from gpttrace.language.cursor import Cursor
from gpttrace.language.literals import integer, unescape
from gpttrace.language.printer import to_text
from gpttrace.language.reference import BUILTINS, TYPE_NAMES

DEEPEST = 150
# As in C; `?:` binds weaker than all of these.
PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_PREFIX = frozenset(["-", "+", "!", "~", "*", "&", "++", "--"])
_TAGS = frozenset(["struct", "union", "enum"])
_OPERAND_KINDS = frozenset(["id", "int", "string", "var", "map", "positional", "float"])


class Expressions(Cursor):
    """Parses one expression or type at a time; never raises."""

    in_predicate = False

    def block_value(self) -> n.BlockExpr:
        """Parse `{ … }` as a value; the statements' parser does it."""
        raise NotImplementedError

    def if_value(self) -> n.IfExpr:
        """Parse `if … { } else { }` as a value; the statements' parser does it."""
        raise NotImplementedError

    def expression(self) -> n.Expr:
        """Parse one expression."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.error("nesting-too-deep", f"more than {DEEPEST} brackets are open here", "split it up")
            self.depth -= 1
            return n.BadExpr("", start=self.at, end=self.at)
        cond = self.binary()
        arms = []
        while self.word == "?":
            self.advance()
            then = None if self.word == ":" else self.expression()
            if not self.accept(":"):
                self.error("expected-colon", f"expected `:` and the other value of `?`, found {self.found()}")
            arms.append((cond, then))
            cond = self.binary()
        for test, then in reversed(arms):
            cond = n.Ternary(test, then, cond, start=test.start, end=cond.end)
        self.depth -= 1
        return cond

    def binary(self) -> n.Expr:
        """Parse operands joined by binary operators."""
        left = self.operand()
        waiting: list[tuple[n.Expr, str, int]] = []
        while True:
            word = self.word
            rank = PRECEDENCE.get(word, 0)
            if word == "/" and self.in_predicate and self.predicate_ends():
                rank = 0
            while waiting and waiting[-1][2] >= rank:
                before, op, _ = waiting.pop()
                left = n.Binary(op, before, left, start=before.start, end=left.end)
            if rank == 0:
                return left
            waiting.append((left, word, rank))
            self.advance()
            left = self.operand()

    def predicate_ends(self) -> bool:
        """Tell whether the `/` at hand closes the predicate, rather than divides."""
        return self.peek() == "{" or self.kinds[self.i + 1] == "end"

    def operand(self) -> n.Expr:
        """Parse prefixes, a primary and what is appended to it."""
        before: list[tuple[int, str | n.TypeName]] = []
        while True:
            if self.word in _PREFIX:
                before.append((self.at, self.word))
                self.advance()
            elif self.word == "(" and self.cast_ahead():
                at = self.at
                self.advance()
                before.append((at, self.type_name()))
                self.close(")", at)
            else:
                break
        start = self.at
        primary = _PRIMARY.get(self.kind) or _BRACKETED.get(self.word, Expressions.missing)
        value = primary(self)
        if self.word in _POSTFIX:
            value = self.appended(value, start)
        for at, op in reversed(before):
            if isinstance(op, str):
                value = n.Unary(op, value, start=at, end=value.end)
            else:
                value = n.Cast(op, value, start=at, end=value.end)
        return value

    def missing(self) -> n.Expr:
        """Report that an expression was expected; steps over what can only be rubbish."""
        start, word = self.at, self.word
        if self.kind == "open":
            self.error(
                "unterminated-string",
                "a string must end on the line where it starts",
                'close it with `"`; write a line break as `\\n`',
            )
            self.advance()
            self.panic = False
        elif self.kind == "bad":
            if word == "\0":  # the file's one finding says it
                self.panic = True
            self.error(*_bad_character(word))
            self.advance()
        elif self.kind == "end":
            self.error("expected-expression", f"expected an expression, found {self.found()}")
        else:
            self.error("expected-expression", f"expected an expression before {self.found()}")
        return n.BadExpr(
            self.text[start : self.last_end] if self.last_end > start else "", start=start, end=self.last_end
        )

    def parenthesis(self) -> n.Expr:
        """Parse `(a)`, `()`, `(a,)`, `(a, b)` or `(name=a, …)`."""
        start = self.at
        self.advance()
        if self.word == ")":
            self.advance()
            return n.Tuple([], start=start, end=self.last_end)
        if self.kind == "id" and self.peek() == "=":
            return self.record(start)
        first = self.expression()
        if self.word != ",":
            self.close(")", start)
            return n.Paren(first, start=start, end=self.last_end)
        items = [first]
        while self.accept(","):
            if self.word == ")" and len(items) == 1:
                break
            items.append(self.expression())
        self.close(")", start)
        return n.Tuple(items, start=start, end=self.last_end)

    def record(self, start: int) -> n.Expr:
        """Parse the rest of `(name=value, …)`."""
        fields: list[tuple[str, n.Expr]] = []
        while True:
            name = self.word
            if self.kind != "id" or self.peek() != "=":
                self.error("expected-field", f"expected `name=value`, found {self.found()}")
                break
            self.advance()
            self.advance()
            fields.append((name, self.expression()))
            if not self.accept(","):
                break
        self.close(")", start)
        return n.Record(fields, start=start, end=self.last_end)

    def appended(self, value: n.Expr, start: int) -> n.Expr:
        """Parse `.name`, `->name`, `[index]`, `++` and `--` behind a value."""
        while True:
            word = self.word
            if word in (".", "->"):
                self.advance()
                name = self.word
                if self.kind not in ("id", "int"):
                    self.error(
                        "expected-field", f"expected a field name after `{word}`, found {self.found()}"
                    )
                    name = ""
                else:
                    self.advance()
                value = n.Member(value, name, word == "->", start=start, end=self.last_end)
            elif word == "[":
                at = self.at
                self.advance()
                index = self.expression()
                self.close("]", at)
                value = n.Index(value, index, start=start, end=self.last_end)
            elif word in ("++", "--"):
                self.advance()
                value = n.Unary(word, value, True, start=start, end=self.last_end)
            else:
                return value

    # ------------------------------------------------------------------------------------ primaries

    def number(self) -> n.Expr:
        """Parse an integer literal."""
        start, word = self.at, self.word
        self.advance()
        value, wrong = integer(word)
        if wrong:
            self.fault(start, self.last_end, "bad-integer", wrong)
        return n.Integer(word, value, start=start, end=self.last_end)

    def floating(self) -> n.Expr:
        """Parse a number with a fraction."""
        start, word = self.at, self.word
        self.advance()
        return n.Float(word, start=start, end=self.last_end)

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
        return n.String(word, value, start=start, end=self.last_end)

    def positional(self) -> n.Expr:
        """Parse `$1` or `$#`."""
        start, word = self.at, self.word
        self.advance()
        number = -1 if word == "$#" else int(word[1:11])
        return n.Positional(number, start=start, end=self.last_end)

    def variable(self) -> n.Variable:
        """Parse `$name`."""
        start, word = self.at, self.word
        self.advance()
        return n.Variable(word[1:], start=start, end=self.last_end)

    def map(self) -> n.Expr:
        """Parse `@name` or `@name[keys]`."""
        start, word = self.at, self.word
        self.advance()
        keys = None
        if self.word == "[":
            at = self.at
            self.advance()
            keys = [self.expression()]
            while self.accept(","):
                keys.append(self.expression())
            self.close("]", at)
        return n.Map(word, keys, start=start, end=self.last_end)

    def name(self) -> n.Expr:
        """Parse a word: a call, a special form, a builtin or another identifier."""
        start, word = self.at, self.word
        special = _SPECIAL.get(word)
        if special and (word not in ("sizeof", "offsetof") or self.peek() == "("):
            return special(self)
        self.advance()
        if self.word == "(":
            return n.Call(word, self.arguments(), start=start, end=self.last_end)
        return n.Identifier(word, start=start, end=self.last_end)

    def arguments(self) -> list[n.Expr | n.TypeName]:
        """Parse `(a, b, …)` of a call."""
        opened = self.at
        self.advance()
        args: list[n.Expr | n.TypeName] = []
        if self.word != ")":
            args.append(self.argument())
            while self.accept(","):
                args.append(self.argument())
        self.close(")", opened)
        return args

    def argument(self) -> n.Expr | n.TypeName:
        """Parse one argument: a type where only a type can be meant, else an expression."""
        return self.type_name() if self.type_ahead() else self.expression()

    def boolean(self) -> n.Expr:
        """Parse `true` or `false`."""
        start, word = self.at, self.word
        self.advance()
        return n.Bool(word == "true", start=start, end=self.last_end)

    def comptime(self) -> n.Expr:
        """Parse `comptime expr`."""
        start = self.at
        self.advance()
        value = self.expression()
        return n.Comptime(value, start=start, end=value.end)

    def size_of(self) -> n.Expr:
        """Parse `sizeof(type or expression)`."""
        start = self.at
        self.advance()
        opened = self.at
        self.advance()
        of = self.argument()
        self.close(")", opened)
        return n.SizeOf(of, start=start, end=self.last_end)

    def offset_of(self) -> n.Expr:
        """Parse `offsetof(type or expression, a.b)`."""
        start = self.at
        self.advance()
        opened = self.at
        self.advance()
        of = self.argument()
        path = []
        if not self.accept(","):
            self.error("expected-field", f"expected `,` and a field, found {self.found()}")
        while self.kind == "id":
            path.append(self.word)
            self.advance()
            if not self.accept("."):
                break
        self.close(")", opened)
        return n.OffsetOf(of, path, start=start, end=self.last_end)

    # ---------------------------------------------------------------------------------------- types

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
            return self.kinds[i + 1] in _OPERAND_KINDS or self.words[i + 1] in (
                "(",
                "-",
                "+",
                "!",
                "~",
                "*",
                "&",
                "{",
            )
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
            while self.kind == "id":
                words.append(self.word)
                self.advance()
        if not words:
            self.error("expected-type", f"expected a type, found {self.found()}", "for example `uint64`")
        text = " ".join(words)
        while self.word == "*":
            text += " *" if not text.endswith("*") else "*"
            self.advance()
        return n.TypeName(text + self._dimensions(), of, start=start, end=self.last_end)

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


_POSTFIX = frozenset([".", "->", "[", "++", "--"])
_PRIMARY: dict[str, Callable[[Expressions], n.Expr]] = {
    "id": Expressions.name,
    "int": Expressions.number,
    "float": Expressions.floating,
    "string": Expressions.string,
    "var": Expressions.variable,
    "map": Expressions.map,
    "positional": Expressions.positional,
}
_BRACKETED: dict[str, Callable[[Expressions], n.Expr]] = {
    "(": Expressions.parenthesis,
    "{": lambda parser: parser.block_value(),
}
_SPECIAL: dict[str, Callable[[Expressions], n.Expr]] = {
    "true": Expressions.boolean,
    "false": Expressions.boolean,
    "comptime": Expressions.comptime,
    "sizeof": Expressions.size_of,
    "offsetof": Expressions.offset_of,
    "if": lambda parser: parser.if_value(),
    "else": Expressions.missing,
}


def _bad_character(word: str) -> tuple[str, str, str | None]:
    if word.startswith("'"):
        return "unexpected-character", "bpftrace has no '…' literals", 'write strings with double quotes: "…"'
    if word.startswith("#"):
        return "unexpected-character", "`#` cannot stand inside a block", "comments begin with `//`"
    if word == "$":
        return "unexpected-character", "expected a name after `$`", None
    return "unexpected-character", f'"{word[:20]}" has no meaning here', None
