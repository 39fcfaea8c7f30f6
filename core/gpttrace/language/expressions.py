"""Expressions and types of the language, by operator precedence; recursion happens only at brackets."""

from __future__ import annotations

from collections.abc import Callable

from gpttrace.language import nodes as n
from gpttrace.language.terms import DEEPEST, Terms

# As in C; `?:` binds weaker than all of these.
PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_NAMED_ONLY = frozenset(["++", "--", "&"])
_PREFIX = frozenset(["-", "!", "~", "*", "&", "++", "--"])


class Expressions(Terms):
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
                if op in _NAMED_ONLY:
                    self.check_operand(value)
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
            # The rest of the line may be meant, the next line is not.
            self.panic = "\n" in self.text[self.last_end : self.at]
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
            self.text[start : self.last_end] if self.last_end > start else "",
            start=start,
            end=self.ended(start),
        )

    def parenthesis(self) -> n.Expr:
        """Parse `(a)`, `()`, `(a,)`, `(a, b)` or `(name=a, …)`."""
        start = self.at
        self.advance()
        if self.word == ")":
            self.advance()
            return n.Tuple([], start=start, end=self.ended(start))
        if self.kind == "id" and self.peek() == "=":
            return self.record(start)
        first = self.expression()
        if self.word != ",":
            self.close(")", start)
            return n.Paren(first, start=start, end=self.ended(start))
        items = [first]
        while self.accept(","):
            if self.word == ")" and len(items) == 1:
                break
            items.append(self.expression())
        self.close(")", start)
        return n.Tuple(items, start=start, end=self.ended(start))

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
        return n.Record(fields, start=start, end=self.ended(start))

    def appended(self, value: n.Expr, start: int) -> n.Expr:
        """Parse `.name`, `->name`, `[index]`, `++` and `--` behind a value."""
        while True:
            word = self.word
            if word in (".", "->"):
                self.advance()
                name = self.word
                if self.kind not in ("id", "int" if word == "." else "id"):
                    self.error(
                        "expected-field", f"expected a field name after `{word}`, found {self.found()}"
                    )
                    name = ""
                else:
                    self.advance()
                value = n.Member(value, name, word == "->", start=start, end=self.ended(start))
            elif word == "[":
                at = self.at
                self.advance()
                index = self.expression()
                self.close("]", at)
                value = n.Index(value, index, start=start, end=self.ended(start))
            elif word in ("++", "--"):
                self.advance()
                value = n.Unary(word, value, True, start=start, end=self.ended(start))
                self.check_operand(value)
            else:
                return value

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
        return n.Map(word, keys, start=start, end=self.ended(start))

    def check_operand(self, unary: n.Unary) -> None:
        """Report `++`, `--` and `&` of what is no variable or map (all versions)."""
        operand = unary.operand
        while isinstance(operand, n.Paren) and unary.op != "&":
            operand = operand.inner
        if isinstance(operand, n.Unary) and operand.op in _NAMED_ONLY:
            return  # reported there, if wrong
        whole = unary.op != "&" or not isinstance(operand, n.Map) or operand.keys is None
        if not self.panic and not (isinstance(operand, n.Variable | n.Map) and whole):
            words = "a variable (`$x`) or a map (`@x`)"
            self.fault(unary.start, unary.end, "bad-operand", f"`{unary.op}` goes with {words} only")

    def name(self) -> n.Expr:
        """Parse a word: a call, a special form, a builtin or another identifier."""
        start, word = self.at, self.word
        special = _SPECIAL.get(word)
        if special and (word not in ("sizeof", "offsetof") or self.peek() == "("):
            return special(self)
        self.advance()
        if self.word == "(":
            return n.Call(word, self.arguments(), start=start, end=self.ended(start))
        return n.Identifier(word, start=start, end=self.ended(start))

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
        return n.SizeOf(of, start=start, end=self.ended(start))

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
        return n.OffsetOf(of, path, start=start, end=self.ended(start))


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
