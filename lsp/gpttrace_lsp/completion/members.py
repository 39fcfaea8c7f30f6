"""What stands behind `.` and `->`: fields of `args`, members of structs, elements of tuples and records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gpttrace.check.static.ctype import target
from gpttrace.host import Host
from gpttrace.host.tracefs import Field
from gpttrace.language import nodes as n
from gpttrace.language.types import tuple_parts
from gpttrace_lsp.completion.place import Place
from gpttrace_lsp.completion.suggestions import Kind, Suggestion, Suggestions, fit, fitting
from gpttrace_lsp.completion.typed import Typed, member_at_end

_MOST_TARGETS = 8
_ARGS_DOT = (0, 19)  # `args.x` came then, `.` on a pointer with 0.25
_POINTER_DOT = (0, 25)


def member_suggestions(place: Place, typed: Typed) -> Suggestions:
    """Return the members of the expression before the cursor; none when its type cannot be told."""
    node = member_at_end(place)
    if node is None:
        return Suggestions([])
    owner = node.target
    while isinstance(owner, n.Paren):
        owner = owner.inner
    of_args = isinstance(owner, n.Identifier) and owner.name == "args"
    kind = "" if of_args else _type(owner, typed)
    found = list(_fields(typed.host, typed.points) if of_args else _members(kind, typed))
    shown = fitting(found, place.typed)
    version = typed.host.version[:2] if typed.host else ()
    least = _ARGS_DOT if of_args else _POINTER_DOT
    if (of_args or kind.endswith("*")) and not node.arrow and version and version < least:
        shown = [_arrowed(each, place) for each in shown]
    if not of_args:
        return Suggestions(shown)
    texts = list(_with_texts(shown, place, place.base + owner.start))
    # With the next letter another field may fit better, and its text alone is then meant.
    return Suggestions(texts, cut=len(texts) > len(shown))


def _arrowed(each: Suggestion, place: Place) -> Suggestion:
    # This bpftrace wants `->` where a dot was typed.
    return replace(each, insert=f"->{each.label}", matches=f".{each.label}", start=place.start - 1)


def _with_texts(shown: list[Suggestion], place: Place, start: int) -> Iterator[Suggestion]:
    """Yield fields, and behind one that points to text also `str(…)` of it, which takes the place of `args` and all.

    Only of those that fit best: editors put what matches more letters, `args->` among them, before what fits better.
    """
    before = place.before[start - place.base : len(place.before) - len(place.typed)]
    best = fit(shown[0].label, place.typed) if shown else None
    for each in shown:
        yield each
        if each.kind is Kind.Field and each.about and fit(each.label, place.typed) == best:
            text = f"str(args->{each.label})"
            yield Suggestion(text, Kind.Function, "its text", matches=f"{before}{each.label}", start=start)


def _type(owner: n.Expr, typed: Typed) -> str:
    """Return the type of what stands before the dot; of `ctx` and `retval`, which the language calls unknown, as BTF has them."""
    names: list[str] = []
    root: n.Node = owner
    while isinstance(root, n.Member):
        names.append(root.name)
        root = root.target
    kind = _by_machine(root, typed) if isinstance(root, n.Identifier) else ""
    if not kind or typed.scope.member_type is None:
        return kind or typed.type(owner)
    for name in reversed(names):
        kind = typed.scope.member_type(kind, name) or "unknown"
    return kind


def _by_machine(root: n.Identifier, typed: Typed) -> str:
    point = typed.points[0] if typed.points else None
    if point is None or typed.host is None:
        return ""
    if root.name == "retval" and point.kind in ("fexit", "fentry"):
        known = typed.host.fields("fexit", target(point, typed.host)) or {}
        return known["retval"].type if "retval" in known else ""
    return (
        f"struct bpf_iter__{point.parts[-1]} *"
        if root.name == "ctx" and point.kind == "iter" and point.parts
        else ""
    )


# ---------------------------------------------------------------------------------------------- args


def _fields(host: Host | None, points: list[n.AttachPoint]) -> Iterator[Suggestion]:
    if host is None:
        return
    each_has = [known for point in points for known in _known(host, point)]
    names = dict.fromkeys(name for known in each_has for name in known if name != "retval")
    for name in sorted(
        names, key=lambda name: (-sum(name in known for known in each_has), name.startswith("__"))
    ):
        holders = [known for known in each_has if name in known]
        found = holders[0][name]
        some = "" if len(holders) == len(each_has) else f", at {len(holders)} of {len(each_has)} probes"
        is_text = found.is_string and (found.type.endswith("*") or found.is_data_loc)
        yield Suggestion(name, Kind.Field, f"{found.type}{some}", about=("text",) if is_text else ())


def _known(host: Host, point: n.AttachPoint) -> Iterator[Mapping[str, Field]]:
    name = ":".join(point.parts)
    names = list(host.match(point.kind, name, _MOST_TARGETS)) if "*" in name or "?" in name else [name]
    for each in names:
        if (known := host.fields(point.kind, each)) is not None:
            yield known


# --------------------------------------------------------------------------------------------- others


def _members(kind: str, typed: Typed) -> Iterator[Suggestion]:
    if kind.startswith("tuple("):
        for at, part in enumerate(tuple_parts(kind)):
            yield Suggestion(str(at), Kind.Field, part)
    elif kind.startswith("record("):
        for part in tuple_parts(kind):
            name, _, inside = part.partition(":")
            yield Suggestion(name, Kind.Field, inside)
    else:
        yield from _struct(kind, typed)


def _struct(kind: str, typed: Typed) -> Iterator[Suggestion]:
    bare = kind.removeprefix("const ").rstrip("*").rstrip()
    if bare in typed.c.structs:
        for name, ctype in (typed.c.structs[bare] or {}).items():
            yield Suggestion(name, Kind.Field, ctype)
        return
    if typed.host is None or kind.count("*") > 1 or not typed.host.has_types:
        return
    struct = typed.host.struct(bare)
    members = struct.members.items() if struct else ()
    # Marks between groups of members hold nothing.
    for name, member in sorted(members, key=lambda each: each[1].size == 0):
        bits = f" : {member.bits}" if member.bits else ""
        yield Suggestion(name, Kind.Field, f"{member.type}{bits}", about=("member", bare, name))
