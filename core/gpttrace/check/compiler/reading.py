"""What bpftrace printed about a program -> findings: placed, told once, without what only follows from another error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gpttrace.check.compiler.lines import DEFINITIONS, STDIN, Said, read_lines
from gpttrace.check.compiler.messages import NOISE, UNKNOWN, Pattern, clang_pattern, pattern_of
from gpttrace.check.compiler.places import Places, Range
from gpttrace.language import Program
from gpttrace.language import nodes as n
from gpttrace.language.findings import Finding, Related

# With -v, 0.23 prints the failure's words for programs that loaded as well.
_LOADED = re.compile(r"(processed \d+ insns.*\s*)+")
_ABSENT = {"unknown-probe-name", "missing-symbol"}
_FUNCTIONS = {
    "d_path": "path",
    "skb_output": "skboutput",
    "override_return": "override",
    "send_signal": "signal",
}


@dataclass(frozen=True, slots=True)
class Meant:
    """One message that is no noise: what was said, its pattern, and the names in it."""

    said: Said
    pattern: Pattern
    names: dict[str, str]
    log: str = ""

    @property
    def name(self) -> str:
        """The thing to blame, or ""."""
        name = self.names.get("name") or self.names.get("symbol") or ""
        return _FUNCTIONS.get(name, name)


def meanings(said: Iterable[Said]) -> Iterator[Meant]:
    """Give each message its pattern, and the kernel's log that belongs to it; noise is left out."""
    log = ""
    for each in said:
        if not each.text and each.log:  # 0.17 prints the log before the message
            log = each.log
            continue
        if not each.text or NOISE.match(each.text):
            continue
        if each.file is not None and each.file.endswith(".h"):
            if each.word == "error":
                yield Meant(each, clang_pattern(each.text), {})
            continue
        pattern, names = pattern_of(each.text) or (UNKNOWN[each.word], {})
        if pattern.code == "load-failed" and _LOADED.fullmatch(each.log):
            continue
        yield Meant(each, pattern, names, each.log or log)
        log = ""


def read_findings(text: str, program: Program, name: str = STDIN, sent: str | None = None) -> list[Finding]:
    """Read the output of a compile-only run of `program`.

    `sent` is the text that bpftrace was given when it is another one with the same lines and byte columns: other line ends, or
    probes blanked.
    """
    places = Places(program, name)
    sieve = _Sieve(places)
    for meant in meanings(read_lines(text, program.source.text if sent is None else sent, name)):
        sieve.take(meant, placed(meant, places))
    return levelled(sieve.found, program)


def placed(meant: Meant, places: Places) -> Finding:
    """Return the finding for one message: at its own place, at the probe that it names, or over the whole program."""
    pattern, said = meant.pattern, meant.said
    start, end = _place(meant, places)
    severity = pattern.severity or ("warning" if said.word == "warning" else "error")
    message = pattern.words or said.text.strip()
    if said.file not in (None, places.name, DEFINITIONS) and not _foreign(said, places):
        message = f"{said.file}:{said.first}: {message}"
    if said.why and said.why not in message:
        message = f"{message.rstrip('.')}: {said.why}"
    related = tuple(_related(said, places))
    return Finding(
        start, end, severity, pattern.code, message, said.hint or pattern.hint, "bpftrace", related
    )


def _place(meant: Meant, places: Places) -> Range:
    said, kind = meant.said, meant.pattern.blame
    given = None if _foreign(said, places) else places.range_of(said)
    for each in said.related if given is None and said.file is not None else ():
        if not _foreign(each, places) and each.text.startswith("expanded from"):
            given = places.range_of(each)
            break
    if given is not None:
        return places.blame(kind, meant.name, given)
    named = places.probe_named(said.function or meant.names.get("probe", ""))
    if named is not None:
        probe, point = named
        # A message about attaching is about the point, one about compiling or loading about the probe.
        return (
            (point.start, point.end)
            if kind == "point" or len(probe.points) > 1
            else (probe.points[0].start, probe.points[-1].end)
        )
    whole = (0, len(places.text))
    return places.clamp(*_first(places.blame(kind, meant.name, whole), whole, places))


def _first(found: Range, whole: Range, places: Places) -> Range:
    # Without any place: the first line that has something.
    if found != whole:
        return found
    lead = len(places.text) - len(places.text.lstrip())
    return lead, places.source.line_end(places.source.line_column(lead)[0])


def _foreign(said: Said, places: Places) -> bool:
    return (
        said.file not in (None, places.name, DEFINITIONS)
        and said.file is not None
        and said.file.startswith("stdlib/")
    )


def _related(said: Said, places: Places) -> Iterator[Related]:
    for each in said.related:
        if each.file == places.name and (at := places.range_of(each)) is not None:
            yield Related(*at, each.text)


class _Sieve:
    """Keeps what is new: no duplicates, no warnings beside an error about the same, no cascades."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.found: list[Finding] = []
        self.wrong: set[int] = set()  # statements that have an error
        self.seen: set[object] = set()

    def take(self, meant: Meant, finding: Finding) -> None:
        statement = self.places.statement_at(finding.start)
        if self._told(meant, finding) or (
            id(statement) in self.wrong and self._follows(meant, finding, statement)
        ):
            return
        self.found.append(finding)
        if finding.severity == "error":
            self.wrong.add(id(statement))

    def _told(self, meant: Meant, finding: Finding) -> bool:
        keys: list[object] = [(finding.start, finding.end, finding.code, finding.message)]
        if finding.severity != "error" and ("error", finding.start, finding.code) in self.seen:
            return True
        if finding.code in ("unknown-type", "c-definition"):
            keys.append((finding.code, meant.name or (finding.start, finding.message.partition(":")[0])))
        if finding.code in ("syntax", "integer-overflow"):
            keys.append("syntax")  # after the first one bpftrace only guesses
        if finding.code == "attach-failed":
            keys.append((finding.code, finding.start))
        told = any(key in self.seen for key in keys)
        self.seen.update(keys)
        self.seen.add((finding.severity, finding.start, finding.code))
        return told

    def _follows(self, meant: Meant, finding: Finding, statement: n.Node | None) -> bool:
        if meant.pattern.cascade or finding.code == "syntax":
            return True
        target = statement.target if isinstance(statement, n.Assign) else None
        return (
            finding.code == "undefined-variable"
            and target is not None
            and isinstance(target, n.Variable)
            and target.name == meant.name
        )


def levelled(findings: list[Finding], program: Program) -> list[Finding]:
    """Make the absence of every attach point of a probe an error, which older releases only warn of."""
    missing = {(each.start, each.end) for each in findings if each.code in _ABSENT}
    lost = {
        (point.start, point.end)
        for probe in program.probes
        if all((point.start, point.end) in missing for point in probe.points)
        for point in probe.points
    }
    return [
        replace(each, severity="error") if each.code in _ABSENT and (each.start, each.end) in lost else each
        for each in findings
    ]
