"""Prose: the sentences of a stranger's comment or man page, without licence, history and formatting. Never raises."""

from __future__ import annotations

import re

MOST = 1500  # characters kept of an explanation: the words beyond are about options and authors
_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)", re.DOTALL)
_LEGAL = re.compile(r"copyright|licen[sc]e|spdx|all rights reserved|\(c\)|warranty", re.IGNORECASE)
_DATED = re.compile(r"^\d{1,2}-[A-Z][a-z]{2}-\d{4}\b")
_OF_MAKER = re.compile(r"^(for linux, uses|this is a bpftrace version of|usage:|@lint)", re.IGNORECASE)
_NAMED = re.compile(r"^[\w.-]+(?:\.bt)?(?:\s+-+\s+|\s{2,}|\t+)")  # `biolatency.bt	Block I/O …`
_FONT = re.compile(r"\\f(?:[A-Z]|\([A-Z]{2}|\[\w*\])")
_ESCAPE = re.compile(r"\\(?:\((?:em|en|hy|bu|aq|dq|rs|ti|ha)|\[\w+\]|[&%|^,/])")


def without_licence(comment: str) -> str:
    """Return the paragraphs of a comment that say something of the program."""
    kept = []
    for paragraph in re.split(r"\n\s*\n", comment):
        lines = [line.strip() for line in paragraph.splitlines()]
        lines = [line for line in lines if line and not _DATED.match(line) and not _OF_MAKER.match(line)]
        if lines and not _LEGAL.search(" ".join(lines)):
            kept.append(" ".join(lines))
    return " ".join(kept)[:MOST]


def first_sentence(text: str, otherwise: str = "") -> str:
    """Return the first sentence, without the name of the tool before it."""
    text = _NAMED.sub("", text.strip(), count=1)
    text = re.sub(
        r"\s*(?:For Linux, )?[Uu]ses (?:bpftrace|BCC|BPF|eBPF)[^.]*\.?$", "", " ".join(text.split())
    )
    match = _SENTENCE.match(text)
    return (match[1] if match else text)[:200].strip() or otherwise


def man_sections(text: str) -> dict[str, str]:
    """Return the sections of a man page (`NAME`, `DESCRIPTION`, `EXAMPLES` …) as plain text."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if (head := re.match(r"\.S[Hh]\s+\"?([^\"]+)\"?", line)) is not None:
            current = sections.setdefault(head[1].strip().upper(), [])
        elif line.startswith((".", "'")):
            word, _, rest = line.partition(" ")
            if word in (".B", ".I", ".BR", ".IR", ".BI"):
                current.append(plain(rest))
            elif word in (".PP", ".TP", ".IP", ".LP", ".P"):
                current.append("")
        else:
            current.append(plain(line))
    return {name: "\n".join(lines).strip() for name, lines in sections.items()}


def plain(line: str) -> str:
    """Return a line of a man page without its fonts and escapes."""
    line = _ESCAPE.sub("", _FONT.sub("", line).replace("\\-", "-"))
    return line.replace("\\e", "\\").strip().strip('"')


def first_paragraph(text: str) -> str:
    """Return the first paragraph on one line."""
    return " ".join(re.split(r"\n\s*\n", text.strip(), maxsplit=1)[0].split())[:MOST]
