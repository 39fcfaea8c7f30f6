"""Did you mean: the names that a mistyped one most likely stands for, as the finding and the host know them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gpttrace.language import Finding
from gpttrace.language import nodes as n
from gpttrace.language.reference import CONFIG_KEYS
from gpttrace_lsp.actions.fix import Fix, Fixer, around, one

if TYPE_CHECKING:
    from gpttrace_lsp.look import Look

_GUESS = re.compile(r"did you mean `([^`]+)`\?")
_WRITE = re.compile(r"(?:^|: )write `([^`…]+)`")
MOST = 3


def guess_of(finding: Finding) -> str | None:
    """Return the name that a finding itself guesses."""
    found = _GUESS.search(finding.message)
    return found[1] if found is not None else None


def offered(finding: Finding, names: Collection[str]) -> Iterator[Fix]:
    """Yield a fix for each name, the finding's own guess first and as the preferred one."""
    guess = guess_of(finding)
    for name in dict.fromkeys([*([guess] if guess else []), *names]):
        yield one(f"Write `{name}`", finding.start, finding.end, name, sure=name == guess, naming=True)


def plain(look: Look, finding: Finding) -> Iterator[Fix]:
    """A word that the finding has a guess for."""
    return offered(finding, ())


def near(look: Look, finding: Finding, known: Collection[str]) -> list[str]:
    """Return the known names that look like what stands there."""
    return get_close_matches(look.text[finding.start : finding.end], list(known), MOST, 0.6)


def hook_point(look: Look, finding: Finding) -> Iterator[Fix]:
    """A hook point that does not exist."""
    point = _point(look, finding)
    if point is None or look.host is None or not point.parts:
        return
    # The author's own spelling of the kind stays: `t:`, `k:`.
    kind = point.text.partition(":")[0]
    renamed = _WRITE.search(finding.hint or "")
    names = [renamed[1].partition(":")[2]] if renamed is not None else []
    wanted = ":".join(point.parts) if point.kind in ("tracepoint", *_IN_FILES) else point.parts[-1]
    names += look.host.similar(point.kind, wanted, MOST)
    for at, name in enumerate(list(dict.fromkeys(names))[:MOST]):
        text = f"{kind}:{name}"
        yield one(f"Write `{text}`", point.start, point.end, text, sure=at == 0, naming=True)


_IN_FILES = ("uprobe", "uretprobe", "usdt")


def _point(look: Look, finding: Finding) -> n.AttachPoint | None:
    points = (point for probe in look.tree.probes for point in probe.points)
    return next((each for each in points if each.start <= finding.start < each.end), None)


def field(look: Look, finding: Finding) -> Iterator[Fix]:
    """A field that the probe's `args` does not have."""
    probe = around(look, finding.start, n.Probe)
    if probe is None or look.host is None:
        return offered(finding, ())
    written = _WRITE.search(finding.hint or "")
    if written is not None:  # common_pid is no field, but a builtin
        member = around(look, finding.start, n.Member)
        return iter(
            [one(f"Write `{written[1]}`", member.start, member.end, written[1], sure=True)] if member else []
        )
    fields: dict[str, object] = {}
    for point in probe.points:
        name = ":".join(point.parts) if point.kind == "tracepoint" else "".join(point.parts[-1:])
        fields |= look.host.fields(point.kind, name) or {}
    return offered(finding, near(look, finding, fields))


def member(look: Look, finding: Finding) -> Iterator[Fix]:
    """A member that the struct does not have."""
    node = around(look, finding.start, n.Member)
    item = look.item_at(finding.start)
    if node is None or item is None or look.host is None or finding.start == node.start:
        return offered(finding, ())
    struct = look.host.struct(look.type_at(node.target, item).rstrip("* "))
    return offered(finding, near(look, finding, struct.members if struct is not None else ()))


def setting(look: Look, finding: Finding) -> Iterator[Fix]:
    """A setting that does not exist."""
    return offered(finding, near(look, finding, CONFIG_KEYS))


def map_name(look: Look, finding: Finding) -> Iterator[Fix]:
    """A map that nothing gives a value: perhaps one whose name is like it."""
    node = around(look, finding.start, n.Map)
    if node is None:
        return
    written = [name for name, symbol in look.study.symbols.maps.items() if symbol.places("write")]
    for name in get_close_matches(node.name, written, MOST, 0.6):
        yield one(f"Write `{name}`", node.start, node.start + len(node.name), name, naming=True)


def written_out(look: Look, finding: Finding) -> Iterator[Fix]:
    """What the finding's hint says to write in its place."""
    guess = guess_of(finding)
    if guess is not None:
        yield from offered(finding, ())
        return
    found = _WRITE.search(finding.hint or "")
    if found is not None:
        yield one(f"Write `{found[1]}`", finding.start, finding.end, found[1], sure=True, naming=True)


FIXERS: dict[str, Fixer] = {
    "unknown-probe-name": hook_point,
    "missing-symbol": hook_point,
    "unknown-field": field,
    "unknown-member": member,
    "unknown-setting": setting,
    "unknown-name": plain,
    "unknown-function": plain,
    "undefined-variable": plain,
    "undefined-map": map_name,
    "unknown-type": written_out,
    "newer-probe-type": written_out,
}
