"""Tokens of the inside of a program: predicates, bodies, configs. Attach points have their own spelling (attach.py).

`scan` cuts from a place to the end of the braces that open there. It stops early, too, where a line clearly begins a
new probe, so that a missing `}` costs one finding and not the rest of the file. It never fails: a character that is no
token becomes one of kind `bad`.
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
    | (?P<map>@[A-Za-z_0-9]*+)
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


def scan(text: str, begin: int, *, braces: bool = True) -> Tokens:
    """Cut `text` from `begin` to the `}` that closes the first `{`; with `braces` false to the first `;` outside."""
    out = Tokens(stop=len(text))
    kinds, texts, starts = out.kinds.append, out.texts.append, out.starts.append
    depth = 0
    end = begin
    for match in _TOKEN.finditer(text, begin):
        kind = match.lastgroup or ""
        start, end = match.span(kind)
        word = text[start:end]
        if kind == "comment":
            out.comments.append((start, end))
            continue
        if kind == "id":
            if (start == 0 or text[start - 1] == "\n") and start > begin and _NEXT_PROBE.match(text, start):
                out.stop = start
                break
        elif word == "{":
            depth += 1
        elif word == "}":
            depth -= 1
            if depth <= 0:
                if depth == 0:
                    kinds(kind), texts(word), starts(start)
                out.stop = end if depth == 0 else start
                break
        elif word == ";" and depth == 0 and not braces:
            kinds(kind), texts(word), starts(start)
            out.stop = end
            break
        kinds(kind)
        texts(word)
        starts(start)
    kinds("end"), texts(""), starts(out.stop)
    return out
