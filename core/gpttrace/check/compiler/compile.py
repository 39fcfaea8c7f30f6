"""Ask bpftrace whether a program compiles, and bring its words to the user's own places.

bpftrace stops at the first pass that fails: the statement with the error is then blanked by spaces and the rest asked again, a
few times and within the time. Nothing runs and nothing is loaded or attached. What our own parser rejects is not sent at all
(0.17 aborts on unknown kinds of probe); only its findings are to be shown then.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpttrace.check.compiler.places import Places
from gpttrace.check.compiler.reading import read_findings
from gpttrace.check.compiler.rootless import true_findings
from gpttrace.check.compiler.way import Rights, Way, find_way
from gpttrace.host import Host
from gpttrace.language import Program, parse, walk
from gpttrace.language import nodes as n
from gpttrace.language.findings import Finding
from gpttrace.process import BPFTRACE_MEMORY, ToolResult, run_tool_async
from gpttrace.settings import Settings

ROUNDS = 6
_UNASSIGNED = {"undefined-map", "undefined-variable", "never-assigned"}


@dataclass(frozen=True, slots=True)
class Compiled:
    """What bpftrace said. `ran` is "none" when it was not asked, and `why` says why, or what could not be checked.

    `took` is in seconds; `log` is all that it printed; `rounds` counts its runs.
    """

    findings: tuple[Finding, ...] = ()
    ran: Rights = "none"
    why: str | None = None
    took: float = 0.0
    log: str = ""
    rounds: int = 0


async def compile_findings(
    program: Program | str,
    host: Host,
    *,
    file: Path | None = None,
    unsafe: bool = False,
    params: Sequence[str] = (),
    seconds: float = 10.0,
    tool: str | None = None,
    settings: Settings | None = None,
) -> Compiled:
    """Compile a program with the bpftrace of `host` (or `tool`, for a saved host); never raises for what the program is.

    `file` is where the program lies: `import` and `#include` start from its folder. `params` are its `$1`, `$2` …
    """
    import anyio.to_thread

    began = time.monotonic()
    tree = parse(program) if isinstance(program, str) else program
    if not tree.ok:
        return Compiled(why="the program cannot be parsed, so bpftrace was not asked")
    cache = (settings or Settings.load()).cache_dir
    way = await anyio.to_thread.run_sync(
        lambda: find_way(host, cache, program=tree, tool=tool, seconds=seconds)
    )
    if way.abilities is None or way.abilities.compile_only is None:
        return Compiled(why=way.why)
    asked = time.monotonic()  # finding the way can take a second the first time, which is not the program's
    flags = (*way.abilities.compile_only, *(["--unsafe"] if unsafe else []))
    rounds = _Rounds(tree, way, ("-", *params), flags, file)
    await rounds.run(asked + seconds)
    return Compiled(
        tuple(sorted(rounds.findings, key=lambda each: (each.start, each.end))),
        way.rights,
        rounds.why,
        time.monotonic() - began,
        rounds.log,
        rounds.count,
    )


class _Rounds:
    """The runs of one check: each without the probes that had errors in those before."""

    def __init__(
        self, program: Program, way: Way, args: Sequence[str], flags: Sequence[str], file: Path | None
    ) -> None:
        self.program, self.way = program, way
        self.argv = [*way.command, *flags, *args]
        self.cwd = None if file is None else os.path.abspath(file.parent)
        self.findings: list[Finding] = []
        self.why: str | None = None
        self.log = ""
        self.count = 0
        self.blanked: list[n.Node] = []

    async def run(self, deadline: float) -> None:
        """Ask until nothing new can be learnt, the rounds are used up or the time is over."""
        while self.count < ROUNDS and (left := deadline - time.monotonic()) > 0:
            said = await self._ask(left)
            guilty = self._take(said)
            if said.exit is None or not guilty:
                return
            self.blanked += guilty
            if all(self._is_empty(probe) for probe in self.program.probes):
                return

    def _is_empty(self, probe: n.Probe) -> bool:
        return self._is_blank(probe) or all(self._is_blank(each) for each in probe.body.body)

    def _is_blank(self, node: n.Node) -> bool:
        return any(node is each for each in self.blanked)

    async def _ask(self, left: float) -> ToolResult:
        self.count += 1
        sent = blanked(self.program, self.blanked)
        said = await run_tool_async(
            self.argv,
            stdin=sent.encode("utf-8", "surrogatepass"),
            timeout=left,
            env=self.way.environment,
            cwd=self.cwd,
            memory=BPFTRACE_MEMORY,
        )
        self.log += (said.stderr + said.stdout).decode(errors="replace")
        return said

    def _take(self, said: ToolResult) -> list[n.Node]:
        """Keep what is new, and return what to leave out in the next round."""
        text = (said.stderr + b"\n" + said.stdout).decode("utf-8", "replace")
        found = read_findings(text, self.program, sent=blanked(self.program, self.blanked))
        false: list[Finding] = []
        if self.way.namespaced:
            found, false = true_findings(found, probes_known=self.way.probes_known)
        if said.exit is None:
            self.why = f"bpftrace did not end within {said.took:.0f} s"
        if said.exit is not None or self.count == 1:
            found += _ended_badly(said, [*found, *false], self.program)
        if any(each.code != "stack-limit" for each in false) and not any(
            each.severity == "error" for each in found
        ):
            self.why = "bpftrace could not check all of it without root; run the check as root to be sure"
        followed = {name for node in self.blanked for name in _names(node)}
        self.findings += [each for each in found if not self._known(each, followed)]
        errors = [each for each in [*found, *false] if each.severity == "error"]
        return self._guilty(errors)

    def _guilty(self, errors: Sequence[Finding]) -> list[n.Node]:
        """Return what to leave out next: the statement of an error, or its whole probe when that was not enough."""
        places = Places(self.program)
        found: list[n.Node] = []
        for each in errors:
            item, node = places.item_at(each.start), places.statement_at(each.start)
            if not isinstance(item, n.Probe) or self._is_blank(item) or node is None:
                continue
            again = any(item.start <= other.start < item.end for other in self.blanked)
            part = item if again else node
            found += [] if any(part is other for other in found) else [part]
        return found

    def _known(self, finding: Finding, followed: set[str]) -> bool:
        if finding in self.findings:
            return True
        # Only what was left out assigns it.
        names = set(re.findall(r"[$@]\w*", self.program.source.text[finding.start : finding.end]))
        return finding.code in _UNASSIGNED and bool(names & followed)


def blanked(program: Program, parts: Sequence[n.Node]) -> str:
    """Return the text to send: `\\n` line ends, and spaces in place of some parts, with every other byte column as it was."""
    text = program.source.text
    for part in sorted(parts, key=lambda each: each.start, reverse=True):
        start, end = extent(text, part)
        text = text[:start] + "".join(_space(char) for char in text[start:end]) + text[end:]
    return text.replace("\r\n", "\n")


def extent(text: str, part: n.Node) -> tuple[int, int]:
    """Return the range to leave out with a part: a statement goes with its semicolon."""
    rest = text[part.end :]
    semicolon = isinstance(part, n.Stmt) and rest.lstrip().startswith(";")
    return part.start, part.end + (rest.index(";") + 1 if semicolon else 0)


def _space(char: str) -> str:
    return char if char in "\r\n" else " " * len(char.encode("utf-8", "surrogatepass"))


def _names(part: n.Node) -> set[str]:
    found = {node.name for node in walk(part) if isinstance(node, n.Map)}
    return found | {f"${node.name}" for node in walk(part) if isinstance(node, n.Variable)}


def _ended_badly(said: ToolResult, found: Sequence[Finding], program: Program) -> list[Finding]:
    """Say that bpftrace did not end well, where its own words do not."""
    if said.exit == 0 or any(each.severity == "error" for each in found):
        return []
    start, end = Places(program).clamp(0, program.source.line_end(1))
    if said.exit is None:
        # On a slow machine a good program can take that long: this is no proof against it.
        message = f"compiling it did not end within {said.took:.0f} s"
        smaller = "make its loops, strings and tuples smaller, or check again when the machine has less to do"
        return [Finding(start, end, "warning", "too-costly", message, smaller, "bpftrace")]
    if said.exit in (-9, -11, -6, 137, 139, 134):
        message, code = f"bpftrace ended by a signal ({said.exit}) while compiling it", "bpftrace-crash"
    else:
        last = said.stderr.decode(errors="replace").strip().splitlines()[-1:]
        message, code = (
            f"bpftrace refused it: {last[0] if last else f'exit status {said.exit}'}",
            "bpftrace-error",
        )
    hint = "make its loops, strings and tuples smaller" if code != "bpftrace-error" else None
    return [Finding(start, end, "error", code, message, hint, "bpftrace")]
