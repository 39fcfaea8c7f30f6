"""The judge of a candidate: policy and checks, then its meaning against its own spec and against the offline reading.

Every level says `passed`, `failed: why` or `not done: why`; what is wrong goes back to the model in at most twelve lines. What
the policy denies reaches no bpftrace, and nothing is run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from gpttrace.check import check
from gpttrace.check.meant import held_against
from gpttrace.check.policy import Policy, judge
from gpttrace.check.whole import check_static
from gpttrace.errors import QuestionRefused
from gpttrace.host import Host
from gpttrace.language import Finding, Program, parse
from gpttrace.meaning import Comparison
from gpttrace.settings import Settings
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.options import Options
from gpttrace.writer.draft import LEVELS, Agreement
from gpttrace.writer.model.answer import Candidate
from gpttrace.writer.model.lines import as_started, finding_lines, note_levels, spec_lines, state
from gpttrace.writer.model.meant import findings_for, laid_over, recognised_whole, words_for
from gpttrace.writer.model.pieces import Piece

if TYPE_CHECKING:
    from gpttrace.check.report import Level

MOST_LINES = 12
LEFT_OUT = "not done: left out"
NOT_REACHED = "not done: it was not reached"
_PIECE_OF = {"static": "check", "compile": "check"}
_SAME = "same"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of one candidate; `feedback` are lines for the model, `differences` sentences about the offline reading."""

    candidate: Candidate
    tree: Program
    levels: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    feedback: tuple[str, ...] = ()
    spec: TraceSpec | None = None
    agreement: Agreement = "alone"
    differences: tuple[str, ...] = ()
    denied: bool = False

    def failed(self, *names: str) -> bool:
        """Tell whether one of these levels was not passed."""
        return any(self.levels[name].startswith("failed") for name in names)

    @property
    def may_run(self) -> bool:
        """Tell whether the checks have nothing against it."""
        return not self.denied and not self.failed("static", "compile", "load")

    @property
    def good(self) -> bool:
        """Tell whether no level says no."""
        return self.may_run and not self.failed(*LEVELS)


@dataclass(frozen=True, slots=True)
class Offline:
    """The offline reading of the question: spec and program when it is sure, else why it is not; `says` is the spec in words."""

    spec: TraceSpec | None
    why: str = ""
    says: str = ""
    program: str | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """All that a judgement stands on; the same for each candidate of a question."""

    host: Host
    settings: Settings
    policy: Policy
    catalogue: Catalogue
    options: Options
    offline: Offline
    without: frozenset[Piece] = field(default_factory=frozenset)

    async def judge(self, candidate: Candidate) -> Judgement:
        """Check a candidate and compare what it means."""
        tree = parse(candidate.program)
        levels = self._unjudged()
        findings = await self._checked(tree, levels)
        denied = any(each.source == "policy" and each.severity == "error" for each in findings)
        lines = finding_lines(findings, tree)
        spec, meant, problem = self._asked(candidate), None, candidate.spec_problem
        if isinstance(spec, str):
            spec, problem = None, spec
        if tree.ok and not denied and "meaning" not in self.without:
            meant = self._meaning(spec, problem, tree, levels)
            lines += spec_lines(meant, spec, problem, self.catalogue)
            spec = spec or recognised_whole(tree, self.host, self.catalogue)
        agreement, differences, differing = self._agreement(tree, denied)
        return Judgement(
            candidate=candidate,
            tree=tree,
            levels=levels,
            findings=(*(each for each in findings if each.severity in ("error", "warning")), *differing),
            feedback=tuple(lines[:MOST_LINES]),
            spec=spec,
            agreement=agreement,
            differences=differences,
            denied=denied,
        )

    async def findings_in(self, program: str) -> Sequence[str]:
        """Return what is wrong with a draft, one line each: for the model's own look."""
        levels = self._unjudged()
        tree = parse(program)
        return finding_lines(await self._checked(tree, levels, "compile"), tree)[:MOST_LINES]

    def _unjudged(self) -> dict[str, str]:
        off = {*self.without, *(("load",) if "check" in self.without else ())}
        return {name: LEFT_OUT if _PIECE_OF.get(name, name) in off else NOT_REACHED for name in LEVELS}

    async def _checked(
        self, tree: Program, levels: dict[str, str], most: Level = "load"
    ) -> Sequence[Finding]:
        if "check" in self.without:
            # The policy is no piece of the loop: it holds whatever is measured.
            return judge(tree, self.policy, self.host).findings
        report = check_static(tree, self.host, self.policy)
        # Later tiers say the same again in bpftrace's words, and then ours are left out.
        levels["static"] = state([each for each in report.findings if each.severity == "error"])
        if report.policy.allowed != "no":
            level: Level = "compile" if "load" in self.without else most
            checked = partial(check, host=self.host, level=level, policy=self.policy, settings=self.settings)
            report = await checked(as_started(tree) if self.options.command else tree)
        note_levels(report, levels)
        if "load" in self.without:
            levels["load"] = LEFT_OUT
        return report.findings

    def _asked(self, candidate: Candidate) -> TraceSpec | str | None:
        if candidate.spec is None:
            return None
        try:
            return laid_over(candidate.spec, self.options, self.host, self.catalogue)
        except QuestionRefused as error:
            return error.message

    def _meaning(
        self, spec: TraceSpec | None, problem: str | None, tree: Program, levels: dict[str, str]
    ) -> Comparison | None:
        if spec is None:
            levels["meaning"] = f"not done: {problem or 'the catalogue has no event for it'}"
            return None
        found = held_against(tree, spec, self.host, self.catalogue)
        said = words_for(found, spec, self.catalogue)
        if found.answer == _SAME:
            levels["meaning"] = "passed"
        elif found.answer == "unknown":
            levels["meaning"] = f"not done: {said[0] if said else 'it could not be compared'}"
        else:
            levels["meaning"] = f"failed: {said[0] if said else found.answer}"
        return found

    def _agreement(
        self, tree: Program, denied: bool
    ) -> tuple[Agreement, tuple[str, ...], tuple[Finding, ...]]:
        spec = self.offline.spec
        if "meaning" in self.without or denied or not tree.ok:
            return "alone", ("it was not compared with the offline reading",), ()
        if spec is None:
            return "alone", (f"the offline writer is not sure of the question: {self.offline.why}",), ()
        found = held_against(tree, spec, self.host, self.catalogue)
        said = words_for(found, spec, self.catalogue)
        if found.answer == _SAME:
            return "certain", (), ()
        if found.answer == "unknown":
            return "alone", said or ("it cannot be compared with the offline reading",), ()
        return "differs", said or (found.answer,), findings_for(found, tree, spec, self.catalogue)
