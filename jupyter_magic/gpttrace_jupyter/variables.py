"""The notebook's variables in a cell: `{name}` in a question, `{{name}}` in a program, whose own braces stay what they are.

Names, attributes and indexing only; nothing is called. In a program, text inside quotes is escaped as bpftrace wants it, and
outside of quotes only what is one number, word, path or probe name is taken: a value cannot become code.
"""

from __future__ import annotations

import ast
import numbers
import re
from collections.abc import Mapping
from typing import Any

from gpttrace.errors import UsageError

_IN_QUESTION = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_NAME = r"[A-Za-z_]\w*(?:\.\w+|\[[^\[\]{}]*\])*"
_IN_PROGRAM = re.compile(
    rf"(?P<comment>//[^\n]*|/\*(?s:.*?)(?:\*/|\Z))|(?P<string>\"(?:\\.|[^\"\\\n])*\"?)|\{{\{{\s*(?P<name>{_NAME})\s*\}}\}}"
)
_PLACE = re.compile(rf"\{{\{{\s*({_NAME})\s*\}}\}}")
_FORMATS = re.compile(r"\b(?:printf|system|cat|errorf|warnf|debugf)\s*\(\s*$")
_ONE_WORD = re.compile(r"(?!.*(?://|/\*))[\w:.*/@$+-]+", re.ASCII)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def fill_question(text: str, variables: Mapping[str, Any]) -> str:
    """Return a question with its `{name}` filled in; `{{` and `}}` are braces. UsageError for what cannot be."""

    def value(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        found = _plain(match[1], variables)
        if not str(found).isprintable():
            raise UsageError(
                f"{{{match[1]}}} holds a line end or a control character", hint="give one line of text"
            )
        return str(found)

    return _IN_QUESTION.sub(value, text)


def fill_program(text: str, variables: Mapping[str, Any]) -> str:
    """Return a program with its `{{name}}` filled in, but for comments. UsageError for what cannot be."""

    def piece(match: re.Match[str]) -> str:
        if match["comment"] is not None:
            return match[0]
        if match["name"] is not None:
            return _as_code(match["name"], _plain(match["name"], variables))
        doubled = _FORMATS.search(text, 0, match.start()) is not None
        return _PLACE.sub(lambda place: _as_text(_plain(place[1], variables), percent=doubled), match[0])

    return _IN_PROGRAM.sub(piece, text)


def _as_code(name: str, value: Any) -> str:
    if not isinstance(value, str):
        return str(value)
    if not _ONE_WORD.fullmatch(value):
        raise UsageError(
            f"{{{{{name}}}}} is no single word, so it cannot stand outside of quotes in a program",
            hint=f'text stands in quotes: "{{{{{name}}}}}"',
        )
    return value


def _as_text(value: Any, *, percent: bool) -> str:
    """Escape what stands inside a string; in the format of a printing call `%` is doubled."""
    text = str(value)
    if "\0" in text:
        raise UsageError(
            "a value holds a zero byte, which no string of bpftrace can hold", hint="cut it there"
        )
    escaped = "".join(
        _ESCAPES.get(char) or (char if char >= " " and char != "\x7f" else _octal(char)) for char in text
    )
    return escaped.replace("%", "%%") if percent else escaped


def _octal(char: str) -> str:
    return f"\\{ord(char):03o}"  # three digits: what follows cannot become part of it


def _plain(expression: str, variables: Mapping[str, Any]) -> Any:
    value = _look_up(expression, variables)
    if isinstance(value, bool) or not isinstance(value, str | numbers.Number):
        kind = type(value).__name__
        raise UsageError(f"{{{expression}}} is of the type {kind}", hint="give text or a number")
    return value


def _look_up(expression: str, variables: Mapping[str, Any]) -> Any:
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        return _value(tree, variables)
    except UsageError:
        raise
    except (SyntaxError, ValueError):
        raise UsageError(
            f"{{{expression}}} is no name of a variable",
            hint="only names, attributes and [indexes]; {{ is a brace",
        ) from None
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise UsageError(
            f"{{{expression}}} has no value ({said})", hint="assign it in a cell above"
        ) from None


def _value(tree: ast.expr, variables: Mapping[str, Any]) -> Any:
    match tree:
        case ast.Name(id=name):
            if name not in variables:
                raise UsageError(
                    f"there is no variable {name}", hint="assign it in a cell above, or correct its name"
                )
            return variables[name]
        case ast.Attribute(value=inner, attr=name) if not name.startswith("_"):
            return getattr(_value(inner, variables), name)
        case ast.Subscript(value=inner, slice=key):
            return _value(inner, variables)[_key(key, variables)]
    raise ValueError("not a name")


def _key(tree: ast.expr, variables: Mapping[str, Any]) -> Any:
    if isinstance(tree, ast.Name):
        return _value(tree, variables)
    return ast.literal_eval(tree)
