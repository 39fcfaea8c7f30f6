"""Words inside a probe: the script's own names, builtins, functions, constants and types.

What this machine's bpftrace does not have is left out, so that what is completed also compiles; it is shown, with the version
that it came with, only when nothing else is like what was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gpttrace.host import Host
from gpttrace.language.parameters import FORMS, parameters
from gpttrace.language.reference import AGGREGATIONS, BUILTINS, FUNCTIONS, MODES, Builtin, Function
from gpttrace_lsp.completion.calls import open_call
from gpttrace_lsp.completion.own import before_word, keys_elsewhere, macros, maps, script_arguments, variables
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.scripts import statement_snippets
from gpttrace_lsp.completion.suggestions import Kind, Suggestion, Suggestions, fitting
from gpttrace_lsp.completion.typed import Typed
from gpttrace_lsp.completion.typenames import type_names
from gpttrace_lsp.completion.versions import chosen, is_newer

_LEAST_LETTERS = 3  # of constants, of which there are 19,000
_MOST_CONSTANTS = 100
_ACTS = frozenset(("none", "bool"))
_WITH_ARGS = frozenset(("tracepoint", "fentry", "fexit", "uprobe", "rawtracepoint"))
_RETURNING = frozenset(("kretprobe", "uretprobe", "fexit"))
_REGISTERS = frozenset(
    ("kprobe", "kretprobe", "uprobe", "uretprobe", "usdt", "rawtracepoint", "watchpoint", "asyncwatchpoint")
)
_COMMON = (
    "comm", "pid", "tid", "nsecs", "args", "retval", "curtask", "uid", "cpu", "kstack", "ustack", "arg0", "arg1", "arg2", "probe",
    "func", "cgroup",
)  # fmt: skip
_OPERATORS = (
    ("sizeof", "bytes of a type or value", "${1:type}", ""),
    ("offsetof", "place of a member", "${1:type}, ${2:member}", "0.18"),
    ("true", "1", "", "0.24"),
    ("false", "0", "", "0.24"),
)


def word_suggestions(place: Place, typed: Typed, *, snippets: bool = True) -> Suggestions:
    """Return what fits where a statement or a value may stand."""
    written = place.typed
    if written.startswith("$"):
        return Suggestions(fitting([*variables(typed), *script_arguments()], written))
    if written.startswith("@"):
        return Suggestions(fitting(maps(typed), written))
    call = open_call(place.inside, through=False)
    modes = _modes(call.name, typed.host) if call and call.argument == 0 else []
    keys = list(keys_elsewhere(place, typed))
    found = [*((each, "") for each in (*modes, *keys)), *_all(place, typed, snippets=snippets)]
    items = chosen(found, written, typed.host)
    constants = list(_constants(typed, written)) if len(written) >= _LEAST_LETTERS else []
    items = [*items, *(each for each in constants if all(each.label != other.label for other in items))]
    # With the third letter come the constants, so that the client has to ask again.
    return Suggestions(items, cut=len(written) < _LEAST_LETTERS or len(constants) >= _MOST_CONSTANTS)


def _all(place: Place, typed: Typed, *, snippets: bool) -> Iterator[tuple[Suggestion, str]]:
    if _fills_map(place):
        yield from _functions(AGGREGATIONS.values(), place)
    yield from ((each, "") for each in (*variables(typed), *maps(typed)))
    yield from _in_statement(place, typed, snippets) if place.sort == "statement" else _in_value(place, typed)


def _in_statement(place: Place, typed: Typed, snippets: bool) -> Iterator[tuple[Suggestion, str]]:
    shown = statement_snippets(typed.host, list(typed.maps), after_block=before_word(place)[-1:] == ["}"])
    yield from ((each, "") for each in shown if snippets or each.kind is not Kind.Snippet)
    yield from ((each, "") for each in macros(typed, place))
    known = [each for each in FUNCTIONS.values() if not (snippets and each.name == "printf")]
    yield from _functions(sorted(known, key=lambda each: each.returns not in _ACTS), place)
    yield from _builtins(typed)


def _in_value(place: Place, typed: Typed) -> Iterator[tuple[Suggestion, str]]:
    yield from _builtins(typed)
    yield from _functions((each for each in FUNCTIONS.values() if each.returns != "none"), place)
    yield from ((each, "") for each in macros(typed, place))
    if place.key == "type":
        yield Suggestion("struct", Kind.Keyword, "a kernel type", insert="struct ", then="suggest"), ""
        yield from ((each, "") for each in type_names())
    for word, said, stops, since in _OPERATORS:
        yield Suggestion(word, Kind.Keyword, said, word, f"{word}({stops})" if stops else ""), since


def _fills_map(place: Place) -> bool:
    texts = before_word(place)
    return len(texts) > 1 and texts[-1] == "=" and (texts[-2].startswith("@") or texts[-2] == "]")


def _builtins(typed: Typed) -> Iterator[tuple[Suggestion, str]]:
    rank = {name: at for at, name in enumerate(_COMMON)}
    kinds = {point.kind for point in typed.points}
    for each in sorted(BUILTINS.values(), key=lambda each: rank.get(each.name, len(rank))):
        if not kinds or _makes_sense(each, kinds):
            detail = _builtin_detail(each, typed)
            yield Suggestion(each.name, Kind.Constant, detail, about=("builtin", each.name)), each.since


def _makes_sense(each: Builtin, kinds: set[str]) -> bool:
    if each.name.startswith(("arg", "sarg")) and each.name[-1:].isdigit():
        return bool(kinds & _REGISTERS)
    if each.name == "args":
        return bool(kinds & _WITH_ARGS)
    if each.name == "retval":
        return bool(kinds & _RETURNING)
    return each.name != "func" or bool(kinds & (_REGISTERS | {"fentry", "fexit"}))


def _builtin_detail(each: Builtin, typed: Typed) -> str:
    unit = f", {each.unit}" if each.unit else ""
    if each.name[:3] == "arg" and each.name[3:].isdigit() and typed.host and typed.points:
        point = typed.points[0]
        known = typed.host.function(point.parts[-1]) if point.kind == "kprobe" and point.parts else None
        at = int(each.name[3:])
        if known is not None and at < len(known.params):
            name, ctype = known.params[at]
            return f"{ctype} {name}"
    return f"{each.type}{unit} · {each.words}" if each.type not in ("unknown", "args") else each.words


def _functions(found: Iterable[Function], place: Place) -> Iterator[tuple[Suggestion, str]]:
    for each in found:
        form = FORMS[each.name][0] if each.name in FORMS else ()
        unsafe = " · needs --unsafe" if each.unsafe else ""
        detail = f"{each.name}({parameters(form)}) · {each.words}{unsafe}"
        snippet, then = "", ""
        if not place.called:
            snippet = f"{each.name}($0)" if form else f"{each.name}()"
            then = "hints" if form else ""
        about = ("function", each.name)
        yield (
            Suggestion(each.name, Kind.Function, detail, each.name, snippet, about=about, then=then),
            each.since,
        )


def _modes(function: str, host: Host | None) -> list[Suggestion]:
    modes = MODES.get(function, {})
    return [
        Suggestion(mode, Kind.EnumMember, f"how {function}() answers")
        for mode, since in modes.items()
        if not is_newer(since, host)
    ]


def _constants(typed: Typed, written: str) -> Iterator[Suggestion]:
    for name in sorted(typed.c.constants):
        if name.startswith(written):
            yield Suggestion(name, Kind.EnumMember, "of this script")
    if typed.host is not None and typed.host.has_types:
        index = typed.host.sources.types.indexes["constant"]
        for name in index.match(f"{written}*", _MOST_CONSTANTS):
            yield Suggestion(name, Kind.EnumMember, f"= {index.value(name)}")
