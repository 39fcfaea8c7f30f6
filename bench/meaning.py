"""The mutation test of meaning: of how many mutants is something said, and of how many rewrites, which it should not be.

The programs are those that the offline writer makes of our own development questions, one for each event and form, each held
against its spec. A mutant counts as flagged when anything is said of it; "in doubt" are those where all that is said is that
the catalogue does not know the hook. Those of which nothing is said mostly mean the same (`x * 512 > 1` for `> 0`).
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial

from bench.figures import Figure, percentile, seconds
from bench.mutation.mutants import mutants
from bench.mutation.rewrites import rewrites
from gpttrace.evaluate import load_questions, question_sets
from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.meaning import Comparison, compare_spec
from gpttrace.writer import Draft, write_offline

PROGRAMS = 200
Table = dict[str, Counter[str]]


def figures() -> Iterator[Figure]:
    """Yield the shares, and print the table by kind before them."""
    host = Host.local()
    drafts = _drafts(host)
    wrong, right, times = defaultdict(Counter), defaultdict(Counter), []  # type: Table, Table, list[float]
    fewest = 10**9
    for draft in drafts:
        assert draft.program is not None
        made = list(mutants(draft.program, host))
        fewest = min(fewest, len(made))
        for table, changed in ((wrong, made), (right, list(rewrites(draft.program)))):
            for kind, text in changed:
                times.append(seconds(partial(_held, draft, text, host)))
                table[kind][_said(_held(draft, text, host))] += 1
    _print("mutants", wrong)
    _print("rewrites", right)
    times.sort()
    yield Figure("programs", len(drafts), "")
    yield Figure("mutants of each, fewest", fewest, "")
    yield Figure("mutants flagged", _share(wrong, "flagged", "in doubt"), "%", 95, at_least=True)
    yield Figure("mutants flagged without doubt", _share(wrong, "flagged"), "%")
    yield Figure("rewrites flagged", _share(right, "flagged", "in doubt"), "%", 2)
    yield Figure("one comparison, p50", 1e3 * percentile(times, 0.5), "ms")
    yield Figure("one comparison, p99", 1e3 * percentile(times, 0.99), "ms")


def _drafts(host: Host) -> list[Draft]:
    found: dict[tuple[str, str], Draft] = {}
    for name in question_sets():
        for question in load_questions(name) if name.startswith("dev") else ():
            draft = write_offline(question.ask, host)
            spec = draft.spec
            if draft.program is not None and spec is not None and ":" not in spec.event:
                found.setdefault((spec.event, spec.shape), draft)
    known = list(found.values())
    random.Random(7).shuffle(known)  # the same programs each time
    return [draft for draft in known if len(list(mutants(draft.program or "", host))) >= 10][:PROGRAMS]


def _held(draft: Draft, text: str, host: Host) -> Comparison:
    assert draft.spec is not None
    return compare_spec(draft.spec, parse(text), host=host)


def _said(found: Comparison) -> str:
    if not [each for each in found.differences if each.kind != "unit"]:
        return "nothing said"
    return "in doubt" if found.answer == "unknown" else "flagged"


def _share(table: Table, *words: str) -> float:
    whole = sum(sum(counts.values()) for counts in table.values())
    return 100 * sum(counts[word] for counts in table.values() for word in words) / whole


def _print(title: str, table: Table) -> None:
    print(f"  {title:<26}{'flagged':>10}{'in doubt':>10}{'nothing said':>14}")
    for kind, counts in table.items():
        print(f"    {kind:<24}{counts['flagged']:>10}{counts['in doubt']:>10}{counts['nothing said']:>14}")
