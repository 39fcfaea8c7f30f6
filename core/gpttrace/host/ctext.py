"""C text of BTF types, as the kernel's sources write them: `struct file *`, `const char *`, `unsigned long`, `char[16]`."""

from __future__ import annotations

from gpttrace.host import btf as b
from gpttrace.host.btf import Btf

# BTF keeps the compiler's spelling; people, tracefs and bpftrace's documents write the shorter one.
SHORT = {
    "long unsigned int": "unsigned long",
    "long int": "long",
    "long long unsigned int": "unsigned long long",
    "long long int": "long long",
    "short unsigned int": "unsigned short",
    "short int": "short",
    "_Bool": "bool",
}
ANONYMOUS = "(anonymous{})"
_WORDS = {b.STRUCT: "struct", b.UNION: "union", b.ENUM: "enum", b.ENUM64: "enum"}
_QUALIFIER = {b.VOLATILE: "volatile", b.CONST: "const", b.RESTRICT: "restrict"}
_DEEPEST = 32  # no C type of a kernel is nested so deep; a broken description may be


def type_text(btf: Btf, type_id: int, inner: str = "", depth: int = 0) -> str:
    """Return a type as C writes it, around `inner`: a name, or what has been gathered of pointers and arrays."""
    kind = btf.kind(type_id)
    if depth > _DEEPEST:
        return "void"
    if kind == b.PTR:
        return _pointer(btf, btf.target(type_id), inner, depth)
    if kind == b.ARRAY:
        words, at = btf.locate(type_id)
        around = f"({inner})" if inner.startswith("*") else inner
        return type_text(btf, words[at + 3], f"{around}[{words[at + 5]}]", depth + 1)
    if kind == b.PROTO:
        around = f"({inner})" if inner.startswith("*") else inner
        return type_text(btf, btf.target(type_id), f"{around}({_parameters(btf, type_id, depth)})", depth + 1)
    if kind in b.QUALIFIERS:
        return _qualified(btf, type_id, kind, inner, depth)
    return _joined(base_text(btf, type_id), inner)


def base_text(btf: Btf, type_id: int) -> str:
    """Return the name of a type that is no pointer, array, function or qualifier."""
    kind = btf.kind(type_id)
    if kind == 0:
        return "void"
    name = btf.name(type_id)
    if kind == b.FWD:
        return f"{'union' if btf.flag(type_id) else 'struct'} {name}"
    if kind in _WORDS:
        return f"{_WORDS[kind]} {name or _nameless(btf, type_id)}"
    return SHORT.get(name, name)


def _nameless(btf: Btf, type_id: int) -> str:
    # With its id it can be asked for (`Types.struct`); ids of modules overlap, so those stay without.
    return ANONYMOUS.format(f":{type_id}" if btf.base is None else "")


def _pointer(btf: Btf, target: int, inner: str, depth: int) -> str:
    return type_text(btf, target, f"*{inner}", depth + 1)


def _qualified(btf: Btf, type_id: int, kind: int, inner: str, depth: int) -> str:
    target = btf.target(type_id)
    word = _QUALIFIER.get(kind, "")  # type tags (__user, __rcu) are for checkers, not for readers
    if word and btf.kind(target) == b.PTR:
        return type_text(btf, target, _joined(word, inner), depth + 1)
    rest = type_text(btf, target, inner, depth + 1)
    return f"{word} {rest}" if word else rest


def _parameters(btf: Btf, type_id: int, depth: int) -> str:
    texts = [type_text(btf, param, "", depth + 1) if param else "..." for _, param in btf.entries(type_id)]
    return ", ".join(texts) or "void"


def _joined(left: str, right: str) -> str:
    if not right or right.startswith("["):
        return left + right
    return f"{left} {right}"
