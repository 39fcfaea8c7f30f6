"""Ask bpftrace whether a program compiles, and bring its words to the user's own places.

bpftrace stops at the first pass that fails: a probe with an error is then blanked by spaces and the rest asked again, a few
times and within the time. Nothing runs and nothing is loaded or attached. What our own parser rejects is not sent at all (0.17
aborts on unknown kinds of probe); only its findings are to be shown then.
"""

from __future__ import annotations

import os
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

ROUNDS = 4


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
    flags = (*way.abilities.compile_only, *(["--unsafe"] if unsafe else []))
    rounds = _Rounds(tree, way, ("-", *params), flags, file)
    await rounds.run(began + seconds)
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
        self.blanked: list[n.Item] = []

    async def run(self, deadline: float) -> None:
        """Ask until nothing new can be learnt, the rounds are used up or the time is over."""
        while self.count < ROUNDS and (left := deadline - time.monotonic()) > 0:
            said = await self._ask(left)
            if said.exit == 0 and self.count == 1 and not said.stderr:
                return
            guilty = self._take(said)
            if said.exit is None or not guilty or len(guilty) + len(self.blanked) >= len(self.program.probes):
                return
            self.blanked += guilty

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

    def _take(self, said: ToolResult) -> list[n.Item]:
        """Keep what is new, and return the probes that had an error."""
        text = (said.stderr + b"\n" + said.stdout).decode("utf-8", "replace")
        found = read_findings(text, self.program, sent=blanked(self.program, self.blanked))
        false: list[Finding] = []
        if self.way.namespaced:
            found, false = true_findings(found, probes_known=self.way.probes_known)
        found += _ended_badly(said, [*found, *false], self.program)
        if any(each.code != "stack-limit" for each in false) and not any(
            each.severity == "error" for each in found
        ):
            self.why = "bpftrace could not check all of it without root; run the check as root to be sure"
        followed = {name for item in self.blanked for name in _maps(item)}
        self.findings += [each for each in found if not self._known(each, followed)]
        errors = [each for each in [*found, *false] if each.severity == "error"]
        places = Places(self.program)
        items = [places.item_at(each.start) for each in errors]
        return [
            item
            for index, item in enumerate(items)
            if isinstance(item, n.Probe) and item not in self.blanked and _first(items, item) == index
        ]

    def _known(self, finding: Finding, followed: set[str]) -> bool:
        if finding in self.findings:
            return True
        # Only a blanked probe assigns it.
        text = self.program.source.text[finding.start : finding.end]
        return finding.code == "undefined-map" and text.partition("[")[0] in followed


def blanked(program: Program, items: Sequence[n.Item]) -> str:
    """Return the text to send: `\\n` line ends, and spaces in place of some items, with every other byte column as it was."""
    text = program.source.text
    for item in sorted(items, key=lambda each: each.start, reverse=True):
        inside = text[item.start : item.end]
        text = text[: item.start] + "".join(_space(char) for char in inside) + text[item.end :]
    return text.replace("\r\n", "\n")


def _space(char: str) -> str:
    return char if char in "\r\n" else " " * len(char.encode("utf-8", "surrogatepass"))


def _maps(item: n.Item) -> set[str]:
    return {node.name for node in walk(item) if isinstance(node, n.Map)}


def _first(items: Sequence[n.Item | None], item: n.Item) -> int:
    return next(index for index, each in enumerate(items) if each is item)


def _ended_badly(said: ToolResult, found: Sequence[Finding], program: Program) -> list[Finding]:
    """Say that bpftrace did not end well, where its own words do not."""
    if said.exit == 0 or any(each.severity == "error" for each in found):
        return []
    start, end = Places(program).clamp(0, program.source.line_end(1))
    if said.exit is None:
        message, code = f"compiling it did not end within {said.took:.0f} s", "too-costly"
    elif said.exit in (-9, -11, -6, 137, 139, 134):
        message, code = f"bpftrace ended by a signal ({said.exit}) while compiling it", "bpftrace-crash"
    else:
        last = said.stderr.decode(errors="replace").strip().splitlines()[-1:]
        message, code = (
            f"bpftrace refused it: {last[0] if last else f'exit status {said.exit}'}",
            "bpftrace-error",
        )
    hint = "make its loops, strings and tuples smaller" if code != "bpftrace-error" else None
    return [Finding(start, end, "error", code, message, hint, "bpftrace")]
