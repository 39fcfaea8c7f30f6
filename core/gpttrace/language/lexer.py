"""Tokens of the inside of a program: predicates, bodies, configs. Attach points have their own spelling (attach.py).

`scan` cuts from a place to the end of the brackets that open there. It stops early, too, where a line clearly begins a
new probe, so that a missing `}` costs one finding and not the rest of the file. It never fails: a character that is no
token becomes one of kind `bad`, a string without end one of kind `open`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gpttrace.language.reference import PROBE_KINDS

_TOKEN = re.compile(
    r"""[ \t\r\n\f\v]*+(?:
      (?P<id>[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<comment>//[^\n]*+|/\*(?s:.*?)(?:\*/|\Z))
    | (?P<op><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.|[-+*/%&|^~!<>=?:;,.(){}\[\]])
    | (?P<var>\$[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<map>@(?:[A-Za-z_][A-Za-z0-9_]*+)?)
    | (?P<float>(?<!\.)[0-9]++\.[0-9]++(?![A-Za-z0-9_.]))
    | (?P<int>[0-9][A-Za-z0-9_]*+)
    | (?P<string>"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")
    | (?P<positional>\$[0-9]++|\$\#)
    | (?P<open>"[^\n]*+)
    | (?P<bad>'(?:[^'\n]*+')?|\#[^\n]*+|[^\x00-\x7f]++|(?s:.))
    )""",
    re.VERBOSE,
)
_NEXT_PROBE = re.compile(
    rf"""(?:BEGIN|END|begin|end)[ \t]*+[\n{{/,]
    | (?:{"|".join(sorted(PROBE_KINDS, key=len, reverse=True))}):[^\s:;)]""",
    re.VERBOSE,
)


@dataclass(slots=True)
class Tokens:
    """Parallel lists, closed by a token of kind `end`; `stop` is the offset behind the last one."""

    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    stop: int = 0


def scan(text: str, begin: int, opener: str = "{") -> Tokens:
    """Cut `text` from `begin` to the bracket that closes the first `opener` (`{` or `(`)."""
    out = Tokens(stop=len(text))
    closer = "}" if opener == "{" else ")"
    add_kind, add_text, add_start = out.kinds.append, out.texts.append, out.starts.append
    depth = 0
    at: int | None = begin
    while at is not None:
        matches = _TOKEN.finditer(text, at)
        at = None
        for match in matches:
            kind = match.lastgroup or ""
            start, end = match.span(kind)
            word = text[start:end]
            if kind == "comment":
                out.comments.append((start, end))
                continue
            if kind == "id":
                if start > begin and text[start - 1] == "\n" and _NEXT_PROBE.match(text, start):
                    out.stop = start
                    break
            elif word == opener:
                depth += 1
            elif word == closer:
                depth -= 1
                if depth < 0:
                    out.stop = start
                    break
            elif kind == "open":
                # What follows an unclosed string on its line is often still meant: `printf("hi);`
                word = word.rstrip(" \t\r;)]}") or word[:1]
                at = start + len(word)
            add_kind(kind)
            add_text(word)
            add_start(start)
            if word == closer and depth == 0:
                out.stop = end
                break
            if at is not None:
                break
    out.kinds.append("end")
    out.texts.append("")
    out.starts.append(out.stop)
    return out
