"""Statements and blocks. After a mistake the parser goes on with the next statement."""

from __future__ import annotations

from collections.abc import Callable

from gpttrace.language import nodes as n
from gpttrace.language.cursor import ASSIGNED
from gpttrace.language.expressions import Expressions
from gpttrace.language.terms import DEEPEST

ASSIGNMENTS = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="])
_JUMPS = frozenset(["break", "continue", "return"])


class Statements(Expressions):
    """Parses blocks and what is in them; never raises."""

    valued = False  # inside a macro or a block that is a value: the last expression of a branch is its value

    def block(self) -> n.Block:
        """Parse `{ … }`; when it is not there, report that and return an empty block."""
        start = self.at
        if self.word != "{":
            self.error("expected-block", f"expected `{{`, found {self.found()}")
            return n.Block([], start=start, end=start)
        self.panic = False
        self.depth += 1
        if self.depth > DEEPEST:
            self.error("nesting-too-deep", f"more than {DEEPEST} blocks are open here", "split it up")
            self._skip_braces()
            self.depth -= 1
            return n.Block([], start=start, end=self.ended(start))
        self.advance()
        body: list[n.Stmt] = []
        while self.word != "}" and self.kind != "end":
            body.append(self.statement())
        self.panic = False
        self.close("}", start)
        self.panic = False
        self.depth -= 1
        return n.Block(body, start=start, end=self.ended(start))

    def _skip_braces(self) -> None:
        open_braces = 0
        while self.kind != "end":
            if self.word == "{":
                open_braces += 1
            elif self.word == "}":
                open_braces -= 1
            self.advance()
            if open_braces == 0:
                return

    def statement(self) -> n.Stmt:
        """Parse one statement; always consumes something."""
        began, start = self.i, self.at
        parse = _STATEMENTS.get(self.word)
        stmt = parse(self) if parse and not self._is_name() else self.simple()
        if self.panic:
            self._resume(began)
            if isinstance(stmt, n.ExprStmt) and isinstance(stmt.expr, n.BadExpr):
                stmt = n.BadStmt(self.text[start : self.last_end], start=start, end=self.ended(start))
        return stmt

    def _is_name(self) -> bool:
        # `import(…)`, `let = …`: keywords of newer versions are plain names where nothing else fits.
        return self.word in ("let", "import") and self.peek() in ("=", ";", ".")

    def _resume(self, began: int) -> None:
        while self.kind != "end" and self.word not in ("{", "}"):
            if self.accept(";"):
                break
            if self.i > began and self._begins_statement():
                break
            self.advance()
        if self.i == began:
            self.advance() if self.word != "{" else self._skip_braces()
        self.panic = False

    def _begins_statement(self) -> bool:
        if "\n" not in self.text[self.last_end : self.at]:
            return False
        return (
            self.kind in ("var", "map")
            or self.word in _STATEMENTS
            or (self.kind == "id" and self.peek() == "(")
        )

    def end_statement(self) -> bool:
        """Step over `;`; True when there was one. It may be missing only before `}`."""
        if self.word == ";":
            self.advance()
            return True
        if self.word == "}":
            return False
        if self.word in (")", "]"):
            self.error("unmatched-bracket", f"this `{self.word}` closes nothing")
        elif self.kind == "bad" or self.kind == "open":
            self.missing()
            self.panic = True
        elif self.kind != "end":
            self.error("expected-semicolon", f"expected `;` before {self.found()}")
        return False

    def simple(self) -> n.Stmt:
        """Parse an assignment or an expression for its effect."""
        start = self.at
        if self.word == ";":
            self.error("empty-statement", "there is no statement before this `;`", "remove it")
            self.advance()
            self.panic = False
            return n.BadStmt(";", start=start, end=self.ended(start))
        expr = self.expression()
        if self.word in ASSIGNMENTS:
            return self._assignment(expr, start)
        stmt = n.ExprStmt(expr, start=start, end=self.ended(start))
        if not self.end_statement() and not self.panic:
            stmt.yields = self.valued
        return stmt

    def _assignment(self, target: n.Expr, start: int) -> n.Stmt:
        op = self.word
        if not isinstance(target, n.Variable | n.Map) and target != n.Identifier("_"):
            self.error("bad-assignment", "only a variable (`$x`) or a map (`@x`) can be assigned to")
        self.advance()
        value = self.expression()
        stmt = n.Assign(target, op, value, start=start, end=self.ended(start))
        self.end_statement()
        return stmt

    def let(self) -> n.Stmt:
        """Parse `let $x [: type] [= value];`."""
        start = self.at
        self.advance()
        if self.kind != "var":
            self.error("expected-variable", f"expected a variable after `let`, found {self.found()}")
            return n.BadStmt(self.text[start : self.last_end], start=start, end=self.ended(start))
        target = self.variable()
        kind = self.type_name() if self.accept(":") else None
        value = self.expression() if self.accept("=") else None
        stmt = n.Let(target, kind, value, start=start, end=self.ended(start))
        self.end_statement()
        return stmt

    def condition(self) -> n.Expr:
        """Parse a condition and take off the parentheses around the whole of it."""
        start = self.at
        expr = self.expression()
        if isinstance(expr, n.Paren):
            return expr.inner
        if isinstance(expr, n.Record):
            self.fault(start, expr.end, "assignment-in-condition", ASSIGNED)
        elif isinstance(expr, n.Tuple):
            self.fault(start, expr.end, "expected-expression", "expected a condition")
        elif isinstance(expr, n.Binary | n.Ternary) and not self.panic:
            # 0.27 takes `if pid { }`, but `if pid == 1 { }` no version.
            self.fault(start, expr.end, "missing-parentheses", "this condition needs parentheses around it")
        return expr

    def if_(self) -> n.If:
        """Parse `if … { } else if … { } else { }`, however long the chain is."""
        chain: list[n.If] = []
        last: n.Block | None = None
        while True:
            start = self.at
            self.advance()
            comptime = self.accept("comptime")
            cond = self.condition()
            then = self.block()
            chain.append(n.If(cond, then, None, comptime, start=start, end=self.ended(start)))
            if self.panic or not self.accept("else"):
                break
            if self.word != "if":
                last = self.block()
                break
        other: n.Block | n.If | None = last
        for each in reversed(chain):
            each.other = other
            each.end = other.end if other else each.end
            other = each
        return chain[0]

    def if_statement(self) -> n.Stmt:
        """Parse an `if` statement."""
        stmt = self.if_()
        self.accept(";")
        return stmt

    def if_value(self) -> n.IfExpr:
        """Parse an `if` whose branches yield values."""
        valued, self.valued = self.valued, True
        branch = self.if_()
        self.valued = valued
        return n.IfExpr(branch, start=branch.start, end=branch.end)

    def block_value(self) -> n.BlockExpr:
        """Parse a block whose last expression is its value."""
        valued, self.valued = self.valued, True
        predicate, self.in_predicate = self.in_predicate, False
        body = self.block()
        self.valued, self.in_predicate = valued, predicate
        value = None
        if body.body and isinstance(body.body[-1], n.ExprStmt) and body.body[-1].yields:
            value = body.body.pop().expr  # type: ignore[attr-defined]  # narrowed above
        return n.BlockExpr(body, value, start=body.start, end=body.end)

    def while_(self) -> n.Stmt:
        """Parse `while (cond) { }`."""
        start = self.at
        self.advance()
        cond = self.condition()
        body = self.block()
        self.accept(";")
        return n.While(cond, body, start=start, end=self.ended(start))

    def unroll(self) -> n.Stmt:
        """Parse `unroll (count) { }`."""
        start = self.at
        self.advance()
        count = self.condition()
        body = self.block()
        self.accept(";")
        return n.Unroll(count, body, start=start, end=self.ended(start))

    def for_(self) -> n.Stmt:
        """Parse `for ($kv : @map) { }` and `for $i : 0..10 { }`."""
        start = self.at
        self.advance()
        at = self.at
        opened = at if self.accept("(") else -1
        variable = n.Variable("", start=self.at, end=self.at)
        if self.kind == "var":
            variable = self.variable()
        else:
            self.error("expected-variable", f"expected a variable after `for`, found {self.found()}")
        if not self.accept(":"):
            self.error("expected-colon", f"expected `:` and what to go through, found {self.found()}")
        over = self.operand()
        if self.accept(".."):
            high = self.operand()
            over = n.Range(over, high, start=over.start, end=high.end)
        elif not self.panic and not (isinstance(over, n.Map) and over.keys is None):
            self.fault(
                over.start, over.end, "bad-loop", "a `for` goes through a map (`@x`) or a range (`0..10`)"
            )
        if opened >= 0:
            self.close(")", opened)
        body = self.block()
        self.accept(";")
        return n.For(variable, over, body, start=start, end=self.ended(start))

    def jump(self) -> n.Stmt:
        """Parse `break`, `continue` or `return [value]`."""
        start, word = self.at, self.word
        self.advance()
        value = None
        if word == "return" and self.word not in (";", "}") and self.kind != "end":
            value = self.expression()
        stmt = n.Jump(word, value, start=start, end=self.ended(start))
        self.end_statement()
        return stmt

    def import_(self) -> n.Stmt:
        """Parse `import "name";` inside a macro."""
        start = self.at
        self.advance()
        if self.kind != "string":
            self.error(
                "expected-string", f"expected a file name in quotes after `import`, found {self.found()}"
            )
            return n.BadStmt(self.text[start : self.last_end], start=start, end=self.ended(start))
        stmt = n.ImportStmt(self.string(), start=start, end=self.ended(start))
        self.end_statement()
        return stmt

    def c_definition_here(self) -> n.Stmt:
        """Step over a C definition inside a block, which is no place for one."""
        start = self.at
        self.error("misplaced-definition", "C definitions must stand before the first probe")
        while self.kind != "end" and self.word not in ("{", "}", ";"):
            self.advance()
        if self.word == "{":
            self._skip_braces()
        self.accept(";")
        self.panic = False
        return n.BadStmt(self.text[start : self.last_end], start=start, end=self.ended(start))

    def bare_block(self) -> n.Stmt:
        """Parse a block that stands for itself."""
        start = self.at
        value = self.block_value() if self.valued else None
        if value is not None and (value.value is not None or self.word == "}"):
            return n.ExprStmt(value, self.word == "}", start=start, end=self.ended(start))
        block = value.body if value is not None else self.block()
        self.accept(";")
        return n.BlockStmt(block, start=start, end=self.ended(start))


_STATEMENTS: dict[str, Callable[[Statements], n.Stmt]] = {
    "let": Statements.let,
    "if": Statements.if_statement,
    "while": Statements.while_,
    "unroll": Statements.unroll,
    "for": Statements.for_,
    "break": Statements.jump,
    "continue": Statements.jump,
    "return": Statements.jump,
    "import": Statements.import_,
    "struct": Statements.c_definition_here,
    "union": Statements.c_definition_here,
    "enum": Statements.c_definition_here,
    "{": Statements.bare_block,
}
