"""Before the first round: the question read offline, events and examples looked up, and all that a candidate is judged by."""

from __future__ import annotations

from dataclasses import replace

from anyio import to_thread

from gpttrace.check.policy import load_policy
from gpttrace.host import Host
from gpttrace.index import Found, search_examples
from gpttrace.settings import Settings
from gpttrace.spec.catalogue import Catalogue, load_catalogue
from gpttrace.spec.describe import describe
from gpttrace.spec.model import TraceSpec
from gpttrace.spec.options import Options, apply_options
from gpttrace.spec.question import read_question
from gpttrace.writer.draft import Draft
from gpttrace.writer.model.candidates import event_text, events_for
from gpttrace.writer.model.facts import facts_text
from gpttrace.writer.model.judge import Bench, Offline
from gpttrace.writer.model.pieces import Piece
from gpttrace.writer.model.prompt import Grounds, options_text
from gpttrace.writer.offline import write_offline
from gpttrace.writer.resolve import resolve_cgroup

_FOUND, _SHOWN = 10, 4  # examples that are looked at for events, and those of them that are shown
_SOURCES = ("corpus", "catalogue", "user", "bpftrace")


async def prepare(
    question: str,
    host: Host,
    options: Options,
    *,
    settings: Settings,
    without: frozenset[Piece],
    offline: Draft | None,
) -> tuple[Grounds, Bench]:
    """Return what the prompt and the judge stand on.

    Raises QuestionRefused for a cgroup that is not there, UsageError for a policy that cannot be read.
    """
    options = _resolved(options, host)
    policy = load_policy(settings)
    if offline is None:
        offline = await to_thread.run_sync(write_offline, question, host, options)
    reading = read_question(question, load_catalogue(), host)
    catalogue = reading.catalogue or load_catalogue()
    found: list[Found] = []
    events: tuple[str, ...] = ()
    if "retrieval" not in without:
        found = await search_examples(question, _FOUND, sources=_SOURCES, host=host, settings=settings)
        first = reading.spec.event if reading.spec else None
        events = tuple(event_text(each, host) for each in events_for(question, catalogue, found, first))
    examples = tuple(each for each in found if each.example.program)[:_SHOWN]
    grounds = Grounds(question, facts_text(host), options_text(options), events, examples)
    return grounds, Bench(
        host, settings, policy, catalogue, options, _reading_of(offline, catalogue), without
    )


def _reading_of(offline: Draft, catalogue: Catalogue) -> Offline:
    if offline.program is None or offline.spec is None:
        return Offline(None, offline.refused.why if offline.refused else "")
    return Offline(offline.spec, "", describe(offline.spec, catalogue), offline.program)


def _resolved(options: Options, host: Host) -> Options:
    """Return options whose cgroup is a path: a name may mean none, which no model can mend."""
    if options.cgroup is None or str(options.cgroup).isdigit():
        return options
    spec = resolve_cgroup(apply_options(TraceSpec("", "count"), Options(cgroup=options.cgroup)), host)
    return replace(options, cgroup=str(spec.conditions[0].value))
