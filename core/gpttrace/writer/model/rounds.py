"""The rounds: ask, read, judge, send back what was found, at most five times; then the best candidate with an honest verdict.

Whatever ends it early (budget, endpoint, a refusal) ends it with what is known until then. Cancelled, it leaves nothing behind.
Only an endpoint that never answered is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.model import BudgetSpent, ContextTooLong, Model, Reply
from gpttrace.settings import Settings
from gpttrace.spec.options import Options
from gpttrace.writer.draft import Draft, Judged
from gpttrace.writer.model.answer import Candidate, Declined, Problem, read_answer
from gpttrace.writer.model.choose import best_of
from gpttrace.writer.model.comprehension import Reader
from gpttrace.writer.model.form import ANSWER
from gpttrace.writer.model.judge import NOT_REACHED, Bench, Judgement
from gpttrace.writer.model.pieces import Piece
from gpttrace.writer.model.prepare import prepare
from gpttrace.writer.model.prompt import Grounds, feedback_text, head
from gpttrace.writer.model.talk import Talk
from gpttrace.writer.model.tools import Toolbox
from gpttrace.writer.model.verdict import Ended, draft_of

MOST_ROUNDS = 5
_LENGTHS = (4_096, 8_192, 16_384)  # tokens of an answer; longer after one that was cut off

Progress = Callable[[str], None]


async def write_with_model(
    question: str,
    host: Host,
    options: Options | None = None,
    *,
    model: Model,
    settings: Settings,
    without: frozenset[Piece] = frozenset(),
    progress: Progress | None = None,
    offline: Draft | None = None,
) -> Draft:
    """Return the draft of a model for a question; `offline` is what the offline writer made of it, when that is known already.

    `progress` gets a line for each step. Raises GpttraceError when the endpoint gives no answer at all, UsageError for a policy
    that cannot be read.
    """
    grounds, bench = await prepare(
        question, host, options or Options(), settings=settings, without=without, offline=offline
    )
    return await _Rounds(model, grounds, bench, progress or (lambda line: None)).write()


class _Rounds:
    """One question being written."""

    def __init__(self, model: Model, grounds: Grounds, bench: Bench, progress: Progress) -> None:
        self._model, self._grounds, self._bench, self._progress = model, grounds, bench, progress
        self._talk = Talk(head(grounds), head(grounds, short=True))
        self._tools = Toolbox(bench.host, bench.settings, bench.findings_in, bench.without)
        self._reader = Reader(model, bench.host, bench.catalogue, grounds.question, grounds.options)
        self._judgements: list[Judgement] = []
        self._round = 0
        self._length = 0
        self._questioned = self._spec_asked = False

    async def write(self) -> Draft:
        """Go through the rounds and return what came of them."""
        ended = await self._all()
        best = best_of(self._judgements)
        if best is not None and _is_unread(best) and not ended.unavailable:
            await self._comprehended(best)
            best = best_of(self._judgements)
        judged = Judged(self._model.name or "the model", self._round, cost=self._model.budget.spent)
        names = tuple(each.example.name for each in self._grounds.examples)
        return draft_of(best, judged, ended, self._bench.host, offline=self._bench.offline, examples=names)

    async def _all(self) -> Ended:
        trouble = ""
        for self._round in range(1, MOST_ROUNDS + 1):
            self._say("asking")
            try:
                reply = await self._reply()
            except BudgetSpent as error:
                return await self._out_of_budget(error)
            except GpttraceError as error:
                if not self._judgements:
                    raise
                return Ended(error.message, error.hint, unavailable=True)
            found = read_answer(reply, self._bench.catalogue)
            if isinstance(found, Declined):
                return Ended(declined=found)
            lines = await self._lines(found)
            if not lines:
                return Ended()
            trouble = lines[0]
            self._say(f"going back: {lines[0][:100]}")
            self._length += reply.finish == "length"
            self._talk.answered(reply, feedback_text(lines, MOST_ROUNDS - self._round))
        return Ended(
            "" if self._judgements else f"the model gave no program in {MOST_ROUNDS} rounds: {trouble}"
        )

    async def _out_of_budget(self, error: BudgetSpent) -> Ended:
        # The answer that went over the budget is paid for, so it counts; nothing more is asked about it.
        found = read_answer(error.reply, self._bench.catalogue) if error.reply is not None else None
        if isinstance(found, Declined):
            return Ended(declined=found)
        if isinstance(found, Candidate):
            self._say("checking")
            self._judgements.append(await self._bench.judge(found))
        return Ended(error.message, error.hint, unavailable=True)

    async def _lines(self, found: Candidate | Problem) -> list[str]:
        """Judge an answer and return what goes back to the model; nothing when it is good."""
        if isinstance(found, Problem):
            return [found.text]
        judgement = next((each for each in self._judgements if each.candidate == found), None)
        if judgement is None:
            self._say("checking")
            judgement = await self._bench.judge(found)
            self._judgements.append(judgement)
        elif not judgement.good:
            return ["this is the same program as before; change what was found", *judgement.feedback]
        if not judgement.good:
            return list(judgement.feedback) or ["the program is not right"]
        problem = judgement.candidate.spec_problem
        if problem and judgement.agreement != "certain" and not self._spec_asked:
            self._spec_asked = True  # once: a program that is right matters more than the words for it
            return [
                problem,
                "nothing is wrong with the program; give it again with a spec that fits, or null",
            ]
        if judgement.agreement == "differs" and not self._questioned and self._round < MOST_ROUNDS:
            self._questioned = True
            return _second_reading(judgement)
        return await self._comprehended(judgement)

    async def _comprehended(self, judgement: Judgement) -> list[str]:
        if "comprehension" in self._bench.without:
            return []
        self._say("having it read by one who does not know the question")
        asked = None if "meaning" in self._bench.without else judgement.spec
        passed = judgement.levels["meaning"] == "passed"
        read = await self._reader.read(judgement.tree, asked, meaning_passed=passed)
        levels = {**judgement.levels, "comprehension": read.level}
        feedback = (*judgement.feedback, *read.feedback)
        self._judgements[self._judgements.index(judgement)] = replace(
            judgement, levels=levels, feedback=feedback
        )
        return list(read.feedback)

    async def _reply(self) -> Reply:
        """Return the answer of a round, after the tools that the model called for were used."""
        self._tools.new_round()
        while True:
            offered = self._tools.offered
            try:
                reply = await self._ask(with_tools=bool(offered))
            except ContextTooLong:
                if self._talk.is_short:
                    raise
                self._talk.shorten()
                continue
            if not reply.calls or not offered:
                return reply
            self._say(f"looking up {', '.join(dict.fromkeys(call.name for call in reply.calls))[:60]}")
            self._talk.called(reply, await self._tools.answer(reply.calls))

    async def _ask(self, *, with_tools: bool) -> Reply:
        length = _LENGTHS[min(self._length, len(_LENGTHS) - 1)]
        tools = self._tools.offered if with_tools else ()
        return await self._model.ask(
            self._talk.messages(), tools=tools, schema=ANSWER, name="program", most=length
        )

    def _say(self, what: str) -> None:
        self._progress(f"{self._model.name or 'the model'}, round {self._round} of {MOST_ROUNDS}: {what}")


def _is_unread(judgement: Judgement) -> bool:
    return judgement.good and judgement.levels["comprehension"] == NOT_REACHED


def _second_reading(judgement: Judgement) -> list[str]:
    lines = ["another reading of the question, made without you, takes it otherwise; held against that:"]
    lines += judgement.differences
    return [*lines, "if the question asks for what you wrote, answer with it again; else correct it"]


__all__ = ["MOST_ROUNDS", "Progress", "write_with_model"]
