"""Load a program into the kernel's verifier, and say for each probe what it says.

Nothing of the program runs and nothing stays attached: a harmless copy is loaded (see `harmless`). First plainly; only what
failed is asked again with a log, because asking for a log can itself make a good program fail. A release reports the first
refused probe only: that one is blanked and the rest loaded again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from gpttrace.check.compiler.compile import extent
from gpttrace.check.compiler.lines import read_lines
from gpttrace.check.compiler.places import Places
from gpttrace.check.compiler.reading import Meant, meanings, placed
from gpttrace.check.compiler.way import Rights, Way, find_way
from gpttrace.check.loader.harmless import Copy, harmless_copy
from gpttrace.check.loader.reasons import reason_of
from gpttrace.host import Host
from gpttrace.language import Program, parse
from gpttrace.language import nodes as n
from gpttrace.language.findings import Finding
from gpttrace.process import BPFTRACE_MEMORY, ToolResult, run_tool, run_tool_async
from gpttrace.settings import Settings

State = Literal["loaded", "refused", "unattached", "unknown"]
Progress = Callable[[int, int, str], None]

LOG_SIZE = 16_000_000  # bytes; the default of a million is full after some 10,000 instructions
_ROUNDS = 6
_KEPT_INLINE = 64 << 10
_LATER = {
    "load-failed",
    "attach-failed",
    "attach-skipped",
    "nothing-attached",
    "map-too-large",
    "limit-exceeded",
    "too-many-probes",
    "stack-limit",
}
_REFUSALS = {"stack-limit", "map-too-large"}
_WARNS = {"attach-skipped"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one probe: its attach points' range in the text, and whether it loaded."""

    start: int
    end: int
    state: State
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """`findings` are of source `verifier` (loading) or `bpftrace` (attaching); `ran` "none": nothing was loaded, see `why`.

    `log` is the verifier's, cut to its end when it is long; `log_file` has all of it then. `took` is in seconds.
    """

    findings: tuple[Finding, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    ran: Rights = "none"
    why: str | None = None
    log: str = ""
    log_file: Path | None = None
    took: float = 0.0
    loads: int = 0


async def load_findings(
    program: Program | str,
    host: Host,
    *,
    file: Path | None = None,
    params: Sequence[str] = (),
    seconds: float = 60.0,
    bisect: bool = False,
    progress: Progress | None = None,
    settings: Settings | None = None,
) -> Loaded:
    """Load a program that compiles; with `bisect` the refused probes' findings point at the statement that is to blame.

    `progress(done, at_most, what)` is called before each load. Cancelling leaves nothing behind.
    """
    import anyio.to_thread

    began = time.monotonic()
    tree = parse(program) if isinstance(program, str) else program
    if not tree.ok:
        return Loaded(why="the program cannot be parsed, so it was not loaded")
    settings = settings or Settings.load()
    cache = settings.cache_dir
    way = await anyio.to_thread.run_sync(lambda: find_way(host, cache, seconds=seconds))
    if way.rights not in ("root", "sudo") or way.abilities is None:
        return Loaded(why=way.why or "only root can load a program into the kernel; run the check with sudo")
    loader = Loader(way, host, params, file, began + seconds, progress)
    found = await loader.judge(tree)
    if bisect and any(each.source == "verifier" for each in found):
        from gpttrace.check.loader.bisect import narrowed  # it loads through us

        found = [await narrowed(each, tree, loader) if each.source == "verifier" else each for each in found]
    log, kept = _keep(loader.log, settings.state_dir)
    took = time.monotonic() - began
    return Loaded(tuple(found), loader.verdicts(tree), way.rights, loader.why, log, kept, took, loader.loads)


@dataclass(slots=True)
class Loader:
    """Loads copies of programs with one bpftrace until the deadline."""

    way: Way
    host: Host
    params: Sequence[str]
    file: Path | None
    deadline: float
    progress: Progress | None = None
    log: str = ""
    why: str | None = None
    loads: int = 0
    states: dict[int, tuple[State, str | None]] = field(default_factory=dict)
    _matches: dict[str, str | None] = field(default_factory=dict)

    def verdicts(self, program: Program) -> tuple[Verdict, ...]:
        """Return what is known of each probe of the program."""
        return tuple(
            Verdict(
                probe.points[0].start, probe.points[-1].end, *self.states.get(probe.start, ("unknown", None))
            )
            for probe in program.probes
        )

    async def judge(self, program: Program) -> list[Finding]:
        """Load the whole program, then again without each probe that was refused."""
        found: list[Finding] = []
        refused: list[n.Probe] = []
        for _ in range(_ROUNDS):
            failure = await self.load(program, silent=[each.start for each in refused])
            found += [each for each in failure.findings if each not in found]
            for probe in failure.refused:
                self.states[probe.start] = ("refused", failure.code)
            fresh = [each for each in failure.refused if each not in refused]
            refused += fresh
            if not fresh or len(refused) >= len(program.probes):
                break
        for probe in program.probes if failure.ended_well else []:
            self.states.setdefault(probe.start, ("loaded", None))
        self._mark_unattached(found, program)
        return found

    def _mark_unattached(self, found: Sequence[Finding], program: Program) -> None:
        for probe in program.probes:
            lost = [
                each
                for each in found
                if each.code in ("attach-failed", "attach-skipped") and probe.start <= each.start < probe.end
            ]
            if lost:
                self.states[probe.start] = ("unattached", lost[0].code)

    async def refusal(
        self, program: Program, what: str, at_most: int, silent: Collection[int] = ()
    ) -> Failure:
        """Load a program once, with the log: for one whose like was refused, where a load may cost seconds."""
        copy = await self._copy(program, silent)
        said = await self._run(copy, ("-v",), what, at_most)
        return Failure(False) if said is None else self._failure(said, _meant(said, copy), copy)

    async def _copy(self, program: Program, silent: Collection[int]) -> Copy:
        import anyio.to_thread

        return await anyio.to_thread.run_sync(
            lambda: harmless_copy(program, self._match, ends_itself=not self._dry, silent=silent)
        )

    async def load(
        self, program: Program, *, what: str = "loading", at_most: int = 0, silent: Collection[int] = ()
    ) -> Failure:
        """Load one program; on a refusal, again for the verifier's log."""
        copy = await self._copy(program, silent)
        said = await self._run(copy, (), what, at_most)
        if said is None:
            self.why = "the time was over before every probe was loaded"
            return Failure(False)
        meant = _meant(said, copy)
        if any(each.pattern.code == "load-failed" for each in meant):
            again = await self._run(copy, ("-v",), "reading the verifier's log", at_most)
            with_log = [] if again is None else _meant(again, copy)
            log = next((each.log for each in with_log if each.pattern.code == "load-failed" and each.log), "")
            # The plain run names the probe in every release, the other one may say no more than that its log overflowed.
            meant = [replace(each, log=log) if each.pattern.code == "load-failed" else each for each in meant]
        return self._failure(said, meant, copy)

    @property
    def _dry(self) -> bool:
        return self.way.abilities is not None and self.way.abilities.dry_run

    async def _run(self, copy: Copy, flags: Sequence[str], what: str, at_most: int) -> ToolResult | None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            return None
        if self.progress is not None:
            self.progress(self.loads, max(at_most, self.loads), what)
        self.loads += 1
        dry = ("--dry-run",) if self._dry else ()
        env = {**self.way.environment, **({"BPFTRACE_LOG_SIZE": str(LOG_SIZE)} if flags else {})}
        said = await run_tool_async(
            [*self.way.command, *dry, *flags, "-", *self.params],
            stdin=copy.text.replace("\r\n", "\n").encode("utf-8", "surrogatepass"),
            timeout=left,
            env=env,
            cwd=None if self.file is None else os.path.abspath(self.file.parent),
            memory=BPFTRACE_MEMORY,
            output=2 * LOG_SIZE,
        )
        return None if said.exit is None else said

    def _failure(self, said: ToolResult, meant: Sequence[Meant], copy: Copy) -> Failure:
        places = Places(copy.tree)
        findings: list[Finding] = []
        failure = Failure(said.exit == 0, findings)
        for each in meant:
            if each.pattern.code == "load-failed":
                self.log = each.log or self.log
                failure.code, failure.error = reason_of(each.log, each.said.text).code, each.said.text
            finding, probe = _told(each, copy, places)
            findings += [] if _covered(finding, findings) else [finding]
            if probe is not None and (finding.source == "verifier" or finding.code in _REFUSALS):
                failure.refused.append(probe)
        if said.exit != 0 and any(each.code not in _LATER and each.source != "verifier" for each in findings):
            self.why = "it does not compile, so it was not loaded"
        skipped = [each for each in findings if each.code in _WARNS]
        points = [point for probe in copy.program.probes for point in probe.points]
        if said.exit == 0 and skipped and len(skipped) >= len(points):
            findings.append(_nothing(points))
        return failure

    def _match(self, point: n.AttachPoint) -> str | None:
        if point.text not in self._matches:
            self._matches[point.text] = _one_match(point, self.host, self.way)
        return self._matches[point.text]


@dataclass(slots=True)
class Failure:
    """How one load went: the findings, the probes that the kernel refused, and the code of the refusal."""

    ended_well: bool
    findings: list[Finding] = field(default_factory=list)
    refused: list[n.Probe] = field(default_factory=list)
    code: str | None = None
    error: str = ""


def without(program: Program, parts: Sequence[n.Node]) -> Program:
    """Return the program with some parts replaced by spaces; all other places stay what they were."""
    text = program.source.text
    for each in parts:
        start, end = extent(text, each)
        inside = "".join(char if char in "\r\n" else " " for char in text[start:end])
        text = text[:start] + inside + text[end:]
    return parse(text)


def _meant(said: ToolResult, copy: Copy) -> list[Meant]:
    text = (said.stdout + b"\n" + said.stderr).decode("utf-8", "replace")
    found = list(meanings(read_lines(text, copy.text.replace("\r\n", "\n"))))
    errors = [each for each in found if each.said.word == "error"]
    return [each for each in found if each in errors or each.pattern.code in _LATER]


def _told(meant: Meant, copy: Copy, places: Places) -> tuple[Finding, n.Probe | None]:
    """Return the finding in the user's text, and the user's probe that it is about."""
    found = placed(meant, places)
    item = places.item_at(found.start)
    probe = copy.probe_of(item) if isinstance(item, n.Probe) else None
    start = copy.origin(found.start)
    finding = replace(found, start=start, end=max(copy.origin(found.end - 1) + 1, start), related=())
    if meant.pattern.code != "load-failed":
        return finding, probe
    named = places.probe_named(meant.names.get("probe", ""))
    probe = copy.probe_of(named[0]) if named else None
    reason = reason_of(meant.log, meant.said.text)
    message = f"the kernel refuses this probe: {reason.words}" + (
        f" ({reason.kernel})" if reason.kernel else ""
    )
    finding = replace(finding, code=reason.code, message=message, hint=reason.hint, source="verifier")
    if probe is None:
        return finding, None
    return replace(finding, start=probe.points[0].start, end=probe.points[-1].end), probe


def _covered(finding: Finding, findings: Sequence[Finding]) -> bool:
    # "Nothing attached" after each point was told, and the same point twice (the reason, then the failure).
    if finding.code == "nothing-attached":
        return any(each.code in ("attach-failed", "attach-skipped") for each in findings)
    return any((each.code, each.start) == (finding.code, finding.start) for each in findings)


def _nothing(points: Sequence[n.AttachPoint]) -> Finding:
    hint = "no probe of the program exists here; `gpttrace host doctor` says what works"
    message = "none of its probes can be attached, though bpftrace ends without an error"
    return Finding(points[0].start, points[0].end, "error", "nothing-attached", message, hint, "bpftrace")


def _one_match(point: n.AttachPoint, host: Host, way: Way) -> str | None:
    if point.kind == "tracepoint":
        names = sorted(host.tracepoint_names())
        found = next((name for name in names if fnmatchcase(name, ":".join(point.parts))), None)
        return f"tracepoint:{found}" if found else None
    listed = run_tool([*way.command, "-l", point.text], timeout=20, env=way.environment)
    lines = listed.stdout.decode(errors="replace").splitlines()
    return next((line.strip() for line in lines if line.startswith(point.kind + ":")), None)


def _keep(log: str, folder: Path) -> tuple[str, Path | None]:
    if len(log) <= _KEPT_INLINE:
        return log, None
    path = folder / "verifier-logs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(log, encoding="utf-8", errors="replace")
    except OSError:
        return log[-_KEPT_INLINE:], None
    return log[-_KEPT_INLINE:], path
