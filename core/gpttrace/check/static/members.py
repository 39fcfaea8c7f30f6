"""Fields of `args` and members of structs that do not exist, with what was probably meant."""

from __future__ import annotations

from collections.abc import Collection

from gpttrace.check.codes import Code
from gpttrace.check.static.ctype import word_of
from gpttrace.check.static.facts import Facts
from gpttrace.check.static.rule import on
from gpttrace.check.static.study import Study, nearest
from gpttrace.language import is_integer
from gpttrace.language import nodes as n
from gpttrace.language.findings import Severity
from gpttrace.language.reference import RENAMED_MEMBERS, TYPE_NAMES
from gpttrace.language.types import tuple_parts

_WITH_FIELDS = ("tracepoint", "fentry", "fexit", "rawtracepoint")
_MOST_LOOKED_AT = 400


@on(n.Member)
def member(study: Study, node: n.Member) -> None:
    """`args.x`, `$p->x` and `(struct s *)…->x` where there is no x."""
    if not node.name or study.probe is None:
        return
    owner = study.type(node.target)
    if owner == "args":
        _field(study, node)
    elif owner.startswith("tuple("):
        _element(study, node, len(tuple_parts(owner)))
    elif owner == "unknown" or node.name.isdigit() or owner.startswith("record("):
        return
    elif owner == "string" or is_integer(owner):
        _no_struct(study, node, owner)
    else:
        _struct_member(study, node, owner)


def _element(study: Study, node: n.Member, elements: int) -> None:
    if not node.name.isdigit():
        message, hint = f"a tuple has no member `{node.name}`", "its elements are `.0`, `.1` …"
    elif len(node.name) < 9 and int(node.name) < elements:
        return
    else:
        message, hint = (
            f"this tuple has {elements} elements, and the first is `.0`",
            f"the last is `.{elements - 1}`",
        )
    study.report(node, "error", "unknown-member", message, hint)


def _no_struct(study: Study, node: n.Member, owner: str) -> None:
    if isinstance(node.target, n.Identifier | n.Integer | n.String | n.Variable):
        what = "a string" if owner == "string" else "a number"
        hint = "cast it to a pointer first: `((struct name *)$x)->field`"
        study.report(node, "error", "unknown-member", f"{what} has no member `{node.name}`", hint)


# ---------------------------------------------------------------------------------------------- args


def _field(study: Study, node: n.Member) -> None:
    host = study.host
    if host is None:
        return
    if node.name.startswith("common_"):
        message = f"bpftrace does not show the common field `{node.name}`"
        study.report(_name_place(node), "error", "unknown-field", message, _COMMON.get(node.name))
        return
    for point in study.points:
        if point.kind in _WITH_FIELDS and _lacking(study, host, node, point):
            return


_COMMON = {"common_pid": "write `tid`", "common_type": "write `probe`"}


def _lacking(study: Study, host: Facts, node: n.Member, point: n.AttachPoint) -> bool:
    names = _names(host, point)
    known = [(name, host.fields(point.kind, name)) for name in names]
    without = [(name, fields) for name, fields in known if fields is not None and node.name not in fields]
    if not without:
        return False
    first, fields = without[0]
    near = nearest(node.name, fields or ())
    guess = f"; did you mean `{near}`?" if near else ""
    others = (
        f" (and {len(without) - 1} more of the {len(names)} that `{point.text}` matches)"
        if len(without) > 1
        else ""
    )
    message = f"{point.kind}:{first} has no field `{node.name}`{others}{guess}"
    hint = f"it has {', '.join(list(fields or ())[:12])}" if fields else "it has no fields"
    study.report(_name_place(node), _field_severity(study, host, point), "unknown-field", message, hint)
    return True


def _field_severity(study: Study, host: Facts, point: n.AttachPoint) -> Severity:
    return "warning" if host.works(point.kind) is False else "error"


def _names(host: Facts, point: n.AttachPoint) -> list[str]:
    if not any(mark in point.text for mark in "*?["):
        return (
            [":".join(point.parts) if point.kind == "tracepoint" else point.parts[-1]] if point.parts else []
        )
    if point.kind == "tracepoint":
        return list(host.match(point.kind, ":".join(point.parts), _MOST_LOOKED_AT))
    name = point.parts[-1] if point.parts else ""
    return list(host.match(point.kind, name, 1))


def _name_place(node: n.Member) -> tuple[int, int]:
    return node.end - len(node.name), node.end


# ------------------------------------------------------------------------------------------- structs


def _struct_member(study: Study, node: n.Member, owner: str) -> None:
    bare = owner.rstrip("*").rstrip()
    members = _members(study, bare)
    if members is None or node.name in members or owner.count("*") > 1 or "[" in owner:
        return
    renamed = RENAMED_MEMBERS.get((bare.removeprefix("struct "), node.name))
    near = renamed if renamed in members else nearest(node.name, members)
    guess = f"; did you mean `{near}`?" if near else ""
    why = (
        f"this kernel calls it `{near}`"
        if renamed and near == renamed
        else f"see `gpttrace probes` or `bpftrace -lv '{bare}'`"
    )
    study.report(
        _name_place(node), "error", "unknown-member", f"`{bare}` has no member `{node.name}`{guess}", why
    )


def _members(study: Study, bare: str) -> Collection[str] | None:
    if bare in study.c.structs:
        return study.c.structs[bare]
    if study.open_names or study.host is None or not bare.startswith(("struct ", "union ")):
        return None
    struct = study.host.struct(bare) if study.host.has_types else None
    return struct.members if struct and struct.members else None


@on(n.Cast, n.SizeOf, n.OffsetOf, n.Let)
def written_type(study: Study, node: n.Cast | n.SizeOf | n.OffsetOf | n.Let) -> None:
    """Structs, enums and plain types that do not exist."""
    kind = node.type if isinstance(node, n.Cast | n.Let) else node.of
    if not isinstance(kind, n.TypeName) or kind.of is not None or study.open_names:
        return
    if isinstance(node, n.OffsetOf):
        _offset(study, node, kind.text)
    bare = kind.text.split("[")[0].rstrip("*").rstrip()
    if bare.startswith(("struct ", "union ")):
        _struct_type(study, kind, bare)
    elif _nowhere(study, bare) and not isinstance(node, n.OffsetOf):
        study.report(
            kind,
            "error",
            "unknown-type",
            f"there is no type `{bare}`{_type_guess(bare)}",
            "for example `uint64`",
        )
    elif study.older("0.24") and bare in _C_WORDS and bare not in study.c.structs:
        near = word_of(bare)
        message = f"bpftrace {study.version_text} does not know the type `{bare}`"
        study.report(
            kind,
            "error",
            "unknown-type",
            message,
            f"write `{near}`" if near != "unknown" else "write `uint64`",
        )


def _nowhere(study: Study, bare: str) -> bool:
    host = study.host
    if not bare.isidentifier() or bare in TYPE_NAMES or host is None or not host.has_types:
        return False
    known = (
        f"struct {bare}" in study.c.structs or f"union {bare}" in study.c.structs or bare in study.c.constants
    )
    return not known and host.typedef(bare) is None and host.struct(bare) is None


def _type_guess(bare: str) -> str:
    near = nearest(bare, TYPE_NAMES)
    return f"; did you mean `{near}`?" if near else ""


def _offset(study: Study, node: n.OffsetOf, struct: str) -> None:
    members = _members(study, struct)
    if members is not None and node.path and node.path[0] not in members:
        near = nearest(node.path[0], members)
        guess = f"; did you mean `{near}`?" if near else ""
        study.report(
            node,
            "error",
            "unknown-member",
            f"`{struct}` has no member `{node.path[0]}`{guess}",
            "see `gpttrace probes`",
        )


# What 0.27 takes from the kernel's types and 0.17 and 0.23 refuse.
_C_WORDS = frozenset(
    ["char", "short", "int", "long", "unsigned", "size_t", "pid_t", "uid_t"]
    + [f"{sign}{bits}" for sign in ("u", "s", "__u", "__s") for bits in (8, 16, 32, 64)]
    + [f"{sign}{bits}_t" for sign in ("uint", "int") for bits in (8, 16, 32, 64)]
)


def _struct_type(study: Study, kind: n.TypeName, bare: str) -> None:
    host = study.host
    if bare in study.c.structs or host is None or not host.has_types or host.struct(bare) is not None:
        return
    message = f"there is no `{bare}` in this program or kernel"
    hint = "define it before the first probe, or #include its header"
    study.report(kind, "error", "unknown-type", message, hint)


RULES = (member, written_type)
CODES = (
    Code(
        "unknown-field", "error", "gpttrace", "a field that the probe's `args` does not have",
        "bpftrace refuses it. With a wildcard, every hook point that it matches must have the field.",
        "tracepoint:syscalls:sys_enter_openat { print(str(args->filenam)); }",
        "tracepoint:syscalls:sys_enter_openat { print(str(args->filename)); }",
    ),
    Code(
        "unknown-member", "error", "gpttrace", "a member that the struct does not have",
        "Kernel structs change between versions; the members are those of the host's own types (BTF).",
        "BEGIN { print(curtask->piid); }", "BEGIN { print(curtask->pid); }",
    ),
    Code(
        "unknown-type", "error", "gpttrace", "a type that is not known",
        "bpftrace knows its own number types, what the program defines, and the kernel's structs.",
        "BEGIN { $x = (struct no_such_thing *)0; }", "BEGIN { $x = (struct task_struct *)0; }",
    ),
)  # fmt: skip
