"""Prints syntaxes/bpftrace.tmLanguage.json: the colours of bpftrace text, with the words of gpttrace.language.reference.

`make_grammar.py` writes the file beside it anew, `make_grammar.py --check` only tells whether it is what would be written.
The grammar cuts as our own lexer does: an unclosed string ends with its line, an unclosed block where a line begins a new
probe, and a predicate at the `/` that stands before a `{` or at the end of a line, so that a mistake does not colour the rest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gpttrace.language import reference
from gpttrace.language.attach import PATH_KINDS
from gpttrace.language.literals import UNITS

Rule = dict[str, Any]
FILE = Path(__file__).parents[1] / "syntaxes/bpftrace.tmLanguage.json"
NOTE = "Written by lsp/vscode/scripts/make_grammar.py from gpttrace.language.reference; do not edit."


def words(names: Iterable[str]) -> str:
    """Return an alternation, longest first, so that `kr` is not taken for `k`."""
    return "|".join(sorted(set(names), key=lambda name: (-len(name), name)))


def scope(name: str) -> str:
    """Return a scope as themes look for it, with the language behind it."""
    return f"{name}.bpftrace"


def match(regex: str, name: str = "", **groups: str | Rule) -> Rule:
    """Return a rule of one regular expression; `g1="scope"` names its groups."""
    rule: Rule = {"match": regex}
    if name:
        rule["name"] = scope(name)
    if groups:
        rule["captures"] = captures(groups)
    return rule


def span(name: str, begin: str, end: str, patterns: list[Rule], **groups: str | Rule) -> Rule:
    """Return a rule from one place to another; `b1="scope"` names groups of `begin`, `e1` those of `end`."""
    rule: Rule = {"name": scope(name)} if name else {}
    rule |= {"begin": begin, "end": end, "patterns": patterns}
    for key, side in (("b", "beginCaptures"), ("e", "endCaptures")):
        mine = {group: value for group, value in groups.items() if group.startswith(key)}
        if mine:
            rule[side] = captures(mine)
    return rule


def captures(groups: dict[str, str | Rule]) -> Rule:
    """Return groups as the grammar wants them."""
    return {key[1:]: {"name": scope(is_)} if isinstance(is_, str) else is_ for key, is_ in groups.items()}


def use(*names: str) -> list[Rule]:
    """Return includes of the repository."""
    return [{"include": f"#{name}"} for name in names]


KINDS = reference.PROBE_KINDS
PATHS = words(word for word, kind in KINDS.items() if kind in PATH_KINDS)
TIMED = words(word for word, kind in KINDS.items() if kind in ("interval", "profile"))
BARE = words(word for word, kind in KINDS.items() if kind in ("begin", "end"))
OTHERS = words(word for word, kind in KINDS.items() if kind not in PATH_KINDS)
QUOTED = r'"(?:[^"\\]|\\.)*"'
# Where our lexer says that a line begins a new probe, whatever is still open.
NEXT_PROBE = rf"(?=^(?:(?:BEGIN|END|begin|end)[ \t]*(?:[{{/,]|$)|(?:{words(KINDS)}):[^\s:;)]))"
FUNCTIONS = reference.FUNCTIONS
UNSAFE = words(name for name, function in FUNCTIONS.items() if function.unsafe)
SAFE = words(
    name
    for name in {*FUNCTIONS, *reference.INNER_FUNCTIONS}
    if name not in FUNCTIONS or not FUNCTIONS[name].unsafe
)
MODES = words(mode for modes in reference.MODES.values() for mode in modes)
CALLABLE = words({*reference.BUILTIN_ARGUMENTS})
ENDS_PREDICATE = r"(?=\s*(?:\{|$|//|/\*))"


def attach_points() -> dict[str, Rule]:
    """Return the rules of `kind:part:part`, each taken whole so that a path's `/` begins no predicate."""

    def point(kinds: str, part: str, inside: str, name: str = "keyword.other.probe") -> Rule:
        parts: Rule = {"patterns": use(inside)}
        return match(
            rf"(?<![\w$@.])({kinds})((?:[ \t]*:[ \t]*(?:{QUOTED}|{part})*)+)", "meta.probe", g1=name, g2=parts
        )

    return {
        "attach-point": {
            "patterns": [
                point(TIMED, r'[^\s,:;{"/]', "point-time"),
                point(PATHS, r'[^\s,:;{"]', "point-part"),
                point(OTHERS, r'[^\s,:;{"/]', "point-part"),
                match(rf"(?<![\w$@.])(?i:{BARE})\b", "keyword.other.probe"),
                point(r"[A-Za-z_*?][\w*?]*", r'[^\s,:;{"/]', "point-part", "entity.name.tag.probe"),
            ]
        },
        "point-time": {
            "patterns": [
                match(r":", "punctuation.separator.probe"),
                match(r"\b(hz|s|ms|us)(?=\s*:)", "keyword.other.unit"),
                *use("number", "positional"),
            ]
        },
        "point-part": {
            "patterns": [
                match(r":", "punctuation.separator.probe"),
                match(QUOTED, "string.quoted.double"),
                match(
                    r"(\+)(0[xX][0-9a-fA-F]+|\d+)", g1="keyword.operator.arithmetic", g2="constant.numeric"
                ),
                match(r"(?<=[:\s])(?:0[xX][0-9a-fA-F]+|\d+)(?=[\s,:{]|$)", "constant.numeric"),
                match(r"[*?]|\[[^\]\s]*\]", "keyword.operator.wildcard"),
                match(r"/[^\s:\"*?\[{,]*", "string.unquoted.path"),
                *use("positional"),
                match(r"[^\s:\"*?\[+/$]+", "entity.name.function.probe"),
            ]
        },
    }


def literals() -> dict[str, Rule]:
    """Return the rules of comments, strings and numbers."""
    bad = match(r"\\.", "invalid.illegal.escape")
    escape = match(r'\\(?:[ntr"\\]|x[0-9a-fA-F]{1,2}|[0-3]?[0-7]{1,2})', "constant.character.escape")
    spec = r"%(?:%|[-+0#]*\d*(?:\.\d*)?(?:hh|ll|[hljzt])?(?:rx|rh|gr|[diuoxXcspr])|[YmdHMSTfFjey])"
    suffix = words([*UNITS, "u", "U", "l", "L", "ll", "LL", "ul", "UL", "ull", "ULL", "uL", "uLL"])
    return {
        "comments": {
            "patterns": [
                match(r"//.*$", "comment.line.double-slash"),
                span("comment.block", r"/\*", r"\*/", [], b0="punctuation.definition.comment.begin",
                     e0="punctuation.definition.comment.end"),
            ]
        },
        "string": span(
            "string.quoted.double", '"', '(")|(?=$)', [escape, bad, match(spec, "constant.other.placeholder")],
            b0="punctuation.definition.string.begin", e1="punctuation.definition.string.end",
        ),
        "number": {
            "patterns": [
                match(r"(?<![\w.])\d+\.\d+(?![\w.])", "constant.numeric.float"),
                match(r"(?<![\w$@])0[xX][0-9a-fA-F_]+\b", "constant.numeric.hex"),
                match(rf"(?<![\w$@])(\d[\d_]*(?:[eE]\d+)?)({suffix})?\b", "constant.numeric.decimal",
                      g2="keyword.other.unit"),
                match(r"(?<![\w$@])\d\w*", "constant.numeric.other"),
            ]
        },
        "positional": match(r"\$(?:\d+|#)", "variable.parameter.positional"),
    }  # fmt: skip


def expressions() -> dict[str, Rule]:
    """Return the rules of what stands in predicates and blocks."""
    member = r"(->|\.(?!\.))\s*(?:([A-Za-z_]\w*)|(\d+))?"
    return {
        "expression": {
            "patterns": use("comments", "string", "member", "number", "positional", "names", "keyword", "type", "call",
                            "builtin", "constant", "operator", "punctuation"),
        },
        "member": match(
            member, g1="punctuation.accessor", g2="variable.other.member", g3="constant.numeric.index"
        ),
        "names": {
            "patterns": [
                match(r"\$[A-Za-z_]\w*", "variable.other.readwrite"),
                match(r"@(?:[A-Za-z_]\w*)?", "variable.other.map"),
            ]
        },
        "keyword": {
            "patterns": [
                match(r"\b(?:if|else|while|for|unroll|break|continue|return|comptime)\b", "keyword.control"),
                match(r"\bimport\b", "keyword.control.import"),
                match(r"\blet\b", "storage.type.let"),
                match(r"\b(?:sizeof|offsetof|typeof)(?=\s*\()", "keyword.operator.word"),
                match(r"\b(?:true|false)\b", "constant.language.boolean"),
            ]
        },
        "type": {
            "patterns": [
                match(r"\b(struct|union|enum)\b(?:\s+([A-Za-z_]\w*))?", g1="storage.type", g2="entity.name.type"),
                # A word that is a builtin as well (`username`, `usym`) is a type only where `)` or `*` says so.
                match(rf"\b(?:{words(reference.TYPE_NAMES - set(reference.BUILTINS))})\b(?!\s*\()", "storage.type"),
            ]
        },
        "call": {
            "patterns": [
                match(rf"\b({words(reference.MODES)})\s*(\()\s*({MODES})\b", g1="support.function",
                      g2="punctuation.section.parens.begin", g3="constant.language.mode"),
                match(rf"\b(?:{words(reference.AGGREGATIONS)})\b(?=\s*\()", "support.function.aggregation"),
                match(rf"\b(?:{UNSAFE})\b(?=\s*\()", "support.function.unsafe"),
                match(rf"\b(?:{SAFE})\b(?=\s*\()", "support.function"),
                match(rf"\b(?:{CALLABLE})\b(?=\s*\()", "variable.language.builtin"),
                match(r"\b[A-Za-z_]\w*(?=\s*\()", "entity.name.function.call"),
            ]
        },
        "builtin": match(rf"\b(?:{words(reference.BUILTINS)})\b", "variable.language.builtin"),
        "constant": match(r"\b[A-Z][A-Z0-9_]*\b", "variable.other.constant"),
        "operator": {
            "patterns": [
                match(r"\.\.", "keyword.operator.range"),
                match(r"<<=|>>=|[-+*/%&|^]=", "keyword.operator.assignment.compound"),
                match(r"==|!=|<=|>=", "keyword.operator.comparison"),
                match(r"&&|\|\||!", "keyword.operator.logical"),
                match(r"<<|>>|[&|^~]", "keyword.operator.bitwise"),
                match(r"\+\+|--", "keyword.operator.increment"),
                match(r"[<>]", "keyword.operator.comparison"),
                match(r"=", "keyword.operator.assignment"),
                match(r"[-+*/%]", "keyword.operator.arithmetic"),
                match(r"[?:]", "keyword.operator.ternary"),
            ]
        },
        "punctuation": {
            "patterns": [
                match(r";", "punctuation.terminator.statement"),
                match(r",", "punctuation.separator.comma"),
                match(r"[()]", "punctuation.section.parens"),
                match(r"[\[\]]", "punctuation.section.brackets"),
            ]
        },
        "block": span("meta.block", r"\{", rf"(\}})|{NEXT_PROBE}", use("block", "expression"),
                      b0="punctuation.section.block.begin", e1="punctuation.section.block.end"),
    }  # fmt: skip


def definitions() -> dict[str, Rule]:
    """Return the rules of what stands before the probes."""
    c_words = "typedef|static|inline|extern|const|volatile|unsigned|signed"
    literal = [
        match(r'"(?:[^"\\]|\\.)*"', "string.quoted.double"),
        match(r"<[^>\s]+>", "string.quoted.other.lt-gt"),
    ]
    closed = match(r"/\*.*?\*/|//.*$", "comment.block")
    return {
        "shebang": match(r"\A#!.*$", "comment.line.shebang"),
        # A `#` line ends with its line on every version, also behind a `\` and inside a comment that is not closed.
        "directive": span("meta.preprocessor", r"^\s*(#)\s*(\w+)?", r"(?=$)", [closed, *literal, *use("number")],
                          b1="punctuation.definition.directive", b2="keyword.control.directive"),
        "c-definition": span(
            "meta.definition.c", r"\b(struct|union|enum|typedef)\b(?:\s+(?!\{)([A-Za-z_]\w*))?",
            rf"(?<=\}})(?:[^;{{}}#]*;)?|;|{NEXT_PROBE}", use("comments", "c-block", "c-word", "number", "string"),
            b1="storage.type", b2="entity.name.type",
        ),
        "c-block": span("meta.block.c", r"\{", rf"\}}|{NEXT_PROBE}",
                        use("comments", "c-block", "directive", "c-word", "number", "string")),
        "c-word": {
            "patterns": [
                match(r"\b(struct|union|enum)\b(?:\s+([A-Za-z_]\w*))?", g1="storage.type", g2="entity.name.type"),
                match(rf"\b(?:{words(reference.TYPE_NAMES)})\b", "storage.type"),
                match(rf"\b(?:{c_words})\b", "storage.modifier"),
                match(r"\b[A-Za-z_]\w*(?=\s*(?:[;,=:\[}]|$))", "variable.other.member"),
            ]
        },
        "config": span("meta.config", r"\b(config)\b(?=\s*(?:=|$))", rf"(?<=\}})|{NEXT_PROBE}", [
            *use("comments"), match("=", "keyword.operator.assignment"),
            span("meta.block", r"\{", rf"(\}})|{NEXT_PROBE}", use("config-entry"),
                 b0="punctuation.section.block.begin", e1="punctuation.section.block.end"),
        ], b1="keyword.other.config"),
        "config-entry": {
            "patterns": [
                *use("comments", "string", "number"),
                match(rf"\b(?:{words(reference.CONFIG_KEYS)})\b(?=\s*=)", "support.type.property-name"),
                match(r"\b\w+\b(?=\s*=)", "variable.other.property"),
                match(r"\b\w+\b", "constant.language.value"),
                *use("operator", "punctuation"),
            ]
        },
        "map-declaration": match(
            rf"\b(let)\s+(@\w*)\s*(=)\s*({words(reference.MAP_KINDS)})\b", g1="storage.type.let",
            g2="variable.other.map", g3="keyword.operator.assignment", g4="support.type.map",
        ),
        "callable": match(r"\b(macro|fn)\s+([A-Za-z_]\w*)", g1="storage.type.function", g2="entity.name.function"),
        "predicate": span(
            "meta.predicate", "/", rf"(/){ENDS_PREDICATE}|(?=\{{)|{NEXT_PROBE}", use("expression"),
            b0="punctuation.definition.predicate.begin", e1="punctuation.definition.predicate.end",
        ),
    }  # fmt: skip


def grammar() -> Rule:
    """Return the whole grammar."""
    top = ("shebang", "comments", "directive", "config", "map-declaration", "callable", "c-definition", "attach-point",
           "block", "predicate", "expression")  # fmt: skip
    return {
        "information_for_contributors": [NOTE],
        "name": "bpftrace",
        "scopeName": "source.bpftrace",
        "fileTypes": ["bt"],
        "firstLineMatch": r"^#!.*\bbpftrace\b",
        "patterns": use(*top),
        "repository": {**attach_points(), **literals(), **expressions(), **definitions()},
    }


def main(arguments: list[str]) -> int:
    """Write the grammar, or with `--check` return 1 when the file is another one."""
    text = json.dumps(grammar(), indent="\t", ensure_ascii=False) + "\n"
    if arguments == ["--check"]:
        return int(not FILE.exists() or FILE.read_text(encoding="utf-8") != text)
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
