"""What begins at the top level: kinds of probes, whole probes, definitions, probes by the words of their names, and examples."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gpttrace.host import Host
from gpttrace.host.kinds import IN_BINARIES
from gpttrace.language import nodes as n
from gpttrace.language.reference import (
    CONFIG_KEYS,
    KIND_SPELLINGS,
    KIND_WORDS,
    MAP_KIND_WORDS,
    PROBE_KINDS,
    ConfigKey,
)
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.scripts import plain, probe_body, top_snippets
from gpttrace_lsp.completion.suggestions import Kind, Suggestion, Suggestions, fit, fitting
from gpttrace_lsp.completion.versions import chosen, is_newer

_LEAST_LETTERS = 2
_PROBES = 40
# In the order in which people need them.
_ORDER = (
    "tracepoint", "kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe", "usdt", "profile", "interval", "begin", "end",
    "software", "hardware", "rawtracepoint", "iter", "watchpoint", "asyncwatchpoint", "self", "bench", "test",
)  # fmt: skip
_OLDER = {"fentry": "kfunc", "fexit": "kretfunc", "begin": "BEGIN", "end": "END"}
_ALONE = frozenset(("begin", "end"))


def top_suggestions(place: Place, host: Host | None, *, snippets: bool, shown: str = "@") -> Suggestions:
    """Return what may begin here; with two letters or more also probes by the words of their names."""
    typed = place.typed
    if typed == "#" or typed.startswith("#"):
        found = [
            Suggestion(f"#{word}", Kind.Keyword, "for the C preprocessor", f"#{word} ")
            for word in ("include", "define")
        ]
        return Suggestions(fitting(found, typed))
    rows = [*_kinds(host), *_definitions(snippets=snippets)]
    items = chosen(rows, typed, host)
    whole = fitting(top_snippets(host, shown) if snippets else (), typed)
    items = [*whole, *items] if not typed else _merged(items, whole, typed)
    probes = list(_probes(host, typed)) if len(typed) >= _LEAST_LETTERS and not begins_kind(typed) else []
    return Suggestions([*items, *probes], cut=True)


def begins_kind(typed: str) -> bool:
    """Tell whether a word is on its way to a kind's name: then it means no event and no example."""
    return len(typed) >= _LEAST_LETTERS and any(word.startswith(typed) for word in PROBE_KINDS)


def _merged(items: list[Suggestion], whole: list[Suggestion], typed: str) -> list[Suggestion]:
    return sorted([*items, *whole], key=lambda each: fit(each.label, typed) or 0)


def kind_suggestions(place: Place, host: Host | None) -> Suggestions:
    """Return the kinds for one more attach point, behind a comma; those that the list has already come first."""
    points = place.item.points if isinstance(place.item, n.Probe) else []
    there = {point.kind for point in points if point.end < len(place.before) or ":" in point.text}
    rows = sorted(_kinds(host), key=lambda row: PROBE_KINDS.get(row[0].label.rstrip(":"), "") not in there)
    typed = place.typed
    probes = list(_probes(host, typed)) if len(typed) >= _LEAST_LETTERS and not begins_kind(typed) else []
    return Suggestions([*chosen(rows, typed, host), *probes], cut=True)


def _kinds(host: Host | None) -> Iterator[tuple[Suggestion, str]]:
    broken = {kind for kind in _ORDER if host is not None and host.works(kind) is False}
    for kind in sorted(_ORDER, key=lambda kind: kind in broken):
        word, since = spelled(kind, host)
        why = " · does not work on this machine" if kind in broken else ""
        label = word if kind in _ALONE else f"{word}:"
        then = "" if kind in _ALONE else "suggest"
        yield Suggestion(label, Kind.Keyword, KIND_WORDS[kind] + why, about=("kind", kind), then=then), since


def spelled(kind: str, host: Host | None) -> tuple[str, str]:
    """Return the word for a kind that a machine's bpftrace takes, and since when it is known; the older one when unsure."""
    since = KIND_SPELLINGS.get(kind, ("", ""))[0]
    if kind in _OLDER and (is_newer(since, host) or (kind in _ALONE and (host is None or not host.version))):
        return _OLDER[kind], ""
    return kind, since


def _definitions(*, snippets: bool) -> Iterator[tuple[Suggestion, str]]:
    rows = [
        ("config", "settings of this script", "config = {\n\t${1:max_map_keys} = ${2:4096};\n}\n$0", "0.20"),
        (
            "let",
            "declare a map with its kind and size",
            "let @${1:name} = ${2:lruhash}(${3:1024});\n$0",
            "0.22",
        ),
        ("macro", "statements under a name", "macro ${1:name}(${2:\\$x}) {\n\t$0\n}", "0.24"),
        ("import", "another script, or a library", 'import "${1:file.bt}";\n$0', "0.24"),
        (
            "fn",
            "a function",
            "fn ${1:name}(\\$${2:x} : ${3:int64}) : ${4:int64} {\n\treturn ${5:0};\n}",
            "0.18",
        ),
        ("struct", "a C struct", "struct ${1:name} {\n\t${2:int} ${3:member};\n};\n$0", ""),
        ("#include", "a header of the kernel", "#include <${1:linux/sched.h}>\n$0", ""),
        ("#define", "a C constant", "#define ${1:NAME} ${2:1}\n$0", ""),
    ]
    for word, words, text, since in rows:
        yield (
            Suggestion(
                word,
                Kind.Keyword,
                words,
                insert=word if not snippets else "",
                snippet=text if snippets else "",
            ),
            since,
        )


def _probes(host: Host | None, typed: str) -> Iterator[Suggestion]:
    if host is None:
        return
    for found in host.search(typed, limit=_PROBES):
        kind, _, name = found.probe.partition(":")
        if host.works(kind) is False:
            continue
        word, _ = spelled(kind, host)
        yield Suggestion(f"{word}:{name}", Kind.Event, about=("probe", found.probe))


def head_suggestions(place: Place, host: Host | None, *, snippets: bool) -> Suggestions:
    """Return what follows attach points: a predicate, or a block that prints what the probe gives."""
    points = place.item.points if isinstance(place.item, n.Probe) else []
    if host is None or not points or not snippets:
        return Suggestions([])
    point = points[0]
    name = "" if point.kind in IN_BINARIES else ":".join(point.parts)
    body = probe_body(host, point.kind, name).lstrip("\n")
    when = "/${1:pid == 1}/\n{\n\t$0\n}"
    found = [
        Suggestion("{ … }", Kind.Snippet, "a block that prints its fields", plain(body), body, "{"),
        Suggestion("/ … /", Kind.Snippet, "only when a condition holds", plain(when), when, "/"),
    ]
    filtered = isinstance(place.item, n.Probe) and place.item.predicate is not None
    return Suggestions(found[:1] if filtered else found)


# ------------------------------------------------------------------------------------------------ settings


def setting_suggestions(place: Place, host: Host | None) -> Suggestions:
    """Return the keys of a config block that are not set yet."""
    config = place.item
    there = {entry.key for entry in config.entries} - {place.typed} if isinstance(config, n.Config) else set()
    rows = [(_setting(each), each.since) for each in CONFIG_KEYS.values() if each.name not in there]
    return Suggestions(chosen(rows, place.typed, host))


def _setting(each: ConfigKey) -> Suggestion:
    choice = f"|{','.join(each.values)}|" if each.values else f":{each.default}"
    about = ("setting", each.name)
    detail = f"{each.words}, {each.default}"
    return Suggestion(
        each.name, Kind.Property, detail, each.name, f"{each.name} = ${{1{choice}}};", about=about
    )


def value_suggestions(place: Place) -> Suggestions:
    """Return the values that a setting takes."""
    known = CONFIG_KEYS.get(place.key.lower().removeprefix("bpftrace_"))
    if known is None:
        return Suggestions([])
    values = known.values or (known.default,)
    found = [
        Suggestion(each, Kind.EnumMember, "as it is without a word" if each == known.default else "")
        for each in values
    ]
    return Suggestions(fitting(found, place.typed))


def map_kind_suggestions(place: Place) -> Suggestions:
    """Return the kinds of maps that `let @m =` declares."""
    found = [
        Suggestion(kind, Kind.Class, said, f"{kind}(1024);", f"{kind}(${{1:1024}});")
        for kind, said in MAP_KIND_WORDS.items()
    ]
    return Suggestions(fitting(found, place.typed))


def import_suggestions(place: Place, folder: Path | None) -> Suggestions:
    """Return the scripts beside this one, and the folders that may hold more."""
    if folder is None:
        return Suggestions([])
    inside, _, name = place.typed.rpartition("/")
    found = []
    with suppress(OSError):
        for each in sorted((folder / inside).iterdir()):
            path = f"{inside}/{each.name}" if inside else each.name
            if not each.name.startswith(name) or each.name.startswith("."):
                continue
            if each.is_dir():
                found.append(Suggestion(f"{path}/", Kind.Folder, then="suggest"))
            elif each.suffix == ".bt":
                found.append(Suggestion(path, Kind.File))
    return Suggestions(found, cut=True)
