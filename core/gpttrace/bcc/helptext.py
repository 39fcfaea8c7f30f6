"""The text of `--help` -> a Description: argparse's forms (also that of Python 3.13), getopt's lists, GNU's `--pid=PID`.

Whatever a program prints, this returns a Description or says what is wrong with it; it never runs anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpttrace.bcc.described import Argument, Description, Meaning
from gpttrace.bcc.meaning import default_of, meaning_of, unit_of
from gpttrace.bcc.usage import Place, Usage, find_usage, read_usage

MOST_ARGUMENTS = 200
_HEADING = re.compile(r"\S[^:]*:\s*")
_ENTRY = re.compile(r"(\s{1,40})(-{1,2}[^\s-].*)")
_GAP = re.compile(r"\s{2,}|\s+#\s+")
_EXAMPLES = re.compile(r"\s*(examples?|eg)\b", re.IGNORECASE)
_BRACED = re.compile(r"\{([^}]*)\}")
_LIST = re.compile(r"\bcommas?\b", re.IGNORECASE)
_HELP = frozenset(("-h", "--help", "-?", "--usage", "--version"))


def read_help(text: str) -> Description | None:
    """Return what a help text describes, or None when it holds no usage line."""
    lines = text.expandtabs().splitlines()
    found = find_usage(lines)
    if found is None:
        return None
    usage = read_usage(found[0])
    body = lines[found[1] :]
    options = list(_options(body, usage))[:MOST_ARGUMENTS]
    texts = _positional_texts(body)
    places = [_positional(place, texts) for place in usage.places]
    known = {flag for each in options for flag in each.flags}
    exclusive = tuple(group for group in usage.exclusive if all(flag in known for flag in group))
    return Description(
        usage=found[0],
        summary=_summary(body),
        arguments=(*places, *options),
        exclusive=exclusive,
        examples=tuple(_examples(body)),
    )


def _options(body: list[str], usage: Usage) -> Iterator[Argument]:
    for head, text in _entries(body):
        option = _option(head, text, usage)
        if option is not None and not _HELP & set(option.flags):
            yield option


def _entries(body: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the head (`-p PID, --pid PID`) and the help text of each option, continuation lines joined."""
    head, words, indent = "", [""], 0
    for line in body:
        if _EXAMPLES.match(line) and not line.startswith(" " * 20):
            break
        match = _ENTRY.fullmatch(line)
        if match and (not head or len(match[1]) <= indent + 4):
            if head:
                yield head, " ".join(words).strip()
            parts = _GAP.split(match[2], maxsplit=1)
            head, words, indent = parts[0], parts[1:], len(match[1])
        elif head and line.strip() and len(line) - len(line.lstrip()) > indent:
            words.append(line.strip())
        elif head:
            yield head, " ".join(words).strip()
            head = ""
    if head:
        yield head, " ".join(words).strip()


def _option(head: str, text: str, usage: Usage) -> Argument | None:
    flags: list[str] = []
    metavar = ""
    for part in re.split(r",\s+(?=-)", head):
        match = re.match(r"(--?[\w?][\w-]*)(?:\[?=|\s+)?(.*)", part.strip())
        if match is None:
            return None
        flags.append(match[1])
        metavar = match[2].strip(" ]") or metavar
    braced = _BRACED.search(metavar)
    choices = tuple(braced[1].split(",")) if braced else ()
    plain = re.sub(r"[\[\]. ]", "", metavar.split(" ")[0] or metavar)
    long = [flag for flag in flags if flag.startswith("--")]
    names = tuple(name for name in (*long, plain) if name and not choices)
    meaning: Meaning = "flag" if not metavar else "choice" if choices else meaning_of(names, text)
    return Argument(
        name=(long or flags)[0].strip("-"),
        flags=tuple(flags),
        meaning=meaning,
        unit=None if meaning == "flag" else unit_of(meaning, names, text),
        choices=choices,
        default=default_of(text),
        help=text,
        required=any(flag in usage.required for flag in flags),
        many="..." in metavar or bool(_LIST.search(text)),
    )


def _positional_texts(body: list[str]) -> dict[str, str]:
    """Return the help texts below `positional arguments:`."""
    texts: dict[str, str] = {}
    name = ""
    inside = False
    for line in body:
        if _HEADING.fullmatch(line):
            inside = line.lower().startswith("positional")
        elif inside and (match := re.fullmatch(r" {2}(\S.*?)(?:\s{2,}(.*))?", line)):
            name = match[1]
            texts[name] = match[2] or ""
        elif inside and name and line.strip():
            texts[name] = f"{texts[name]} {line.strip()}".strip()
    return texts


def _positional(place: Place, texts: dict[str, str]) -> Argument:
    text = texts.get(place.name, "")
    meaning: Meaning = "choice" if place.choices else meaning_of((place.name,), text)
    return Argument(
        name=place.name,
        meaning=meaning,
        unit=unit_of(meaning, (place.name,), text),
        choices=place.choices,
        default=default_of(text),
        help=text,
        required=not place.optional,
        many=place.many or bool(_LIST.search(text)),
    )


def _summary(body: list[str]) -> str:
    words: list[str] = []
    for line in body:
        if not line.strip() and words:
            break
        if line.strip() and (line[:1].isspace() or _HEADING.fullmatch(line)):
            break
        words.append(line.strip())
    return " ".join(word for word in words if word)[:400]


def _examples(body: list[str]) -> Iterator[str]:
    start = next((at for at, line in enumerate(body) if _EXAMPLES.match(line)), len(body))
    for line in body[start + 1 : start + 61]:
        if line.strip():
            yield line.strip()[:200]
