"""What a question finds, by words alone, and that no question is an error."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import gpttrace.index
from gpttrace.host import Host
from gpttrace.index import ranking, sources
from gpttrace.index.face import listed, look_up, named
from gpttrace.index.filters import Wanted, why_not_here
from gpttrace.index.header import read_example
from gpttrace.index.places import Places, find_places
from gpttrace.index.search import fused
from gpttrace.index.words import STOP, query_of, synonyms
from gpttrace.settings import Settings

from .conftest import OURS

CORPUS = sources.CORPUS  # the whole one, before a fixture puts a small one in its place
HOSTILE = st.text() | st.text(alphabet='"*()^:+-{}\0\ud800 ORANDNOTNEAR', max_size=60) | st.just("a " * 5000)


def found(places: Places, question: str, k: int = 5, **given: object) -> list[str]:
    return [each.example.name for each in look_up(question, k, Wanted(**given), places).found]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("which files are opened by which process", "file-open"),
        ("DNS lookups that are slow", "dns-lookup"),
        ("who kills processes when memory runs out", "oom-kill"),
        ("frobs of a drive", "frobsnoop"),
        ("mutex glorps", "glorp"),
    ],
)
def test_questions_find_what_answers_them_by_words_alone(places: Places, question: str, name: str) -> None:
    assert name in found(places, question)


def test_nearly_every_event_and_example_is_found_by_its_own_questions(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "CORPUS", CORPUS)
    everything = listed(Wanted(sources=("corpus", "catalogue")), places).found
    asked = [(f.example, question) for f in everything for question in f.example.questions[:2]][::5]
    missed = [(example.name, q) for example, q in asked if example.name not in found(places, q)]
    assert len(missed) <= len(asked) * 0.05, missed


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
@given(question=HOSTILE)
def test_no_question_is_an_error(places: Places, question: str) -> None:
    look_up(question, 3, Wanted(), places)
    named(question, places)


def test_what_is_like_nothing_finds_nothing(places: Places) -> None:
    for question in ("", " ", '")(', "zzqqxx"):
        assert found(places, question) == []


def test_words_that_only_ask_are_no_search_words_unless_alone() -> None:
    assert query_of("show me the disk").words == ("disk",)
    assert query_of("what is this").words
    assert "block" in synonyms("disks")
    assert "block" in query_of("disk").wide
    assert "off cpu" in " ".join(synonyms("hanging"))
    assert not any(word.startswith("#") for word in STOP)


def test_filters_choose(places: Places, folder: Path) -> None:
    assert found(places, "files opened", kinds=("t",), sources=("user",)) == ["opens"]
    assert found(places, "files opened", kinds=("kprobe",), sources=("user",)) == []
    assert found(places, "files opened", tags=("FILES", "syscalls"), sources=("user",)) == ["opens"]
    assert found(places, "files opened", tags=("files", "other"), sources=("user",)) == []
    assert found(places, "files opened", needs=("program",), sources=("user",)) == ["opens"]
    # A filter that nearly nothing passes looks further than the first candidates.
    assert found(places, "process file count open", sources=("bcc",), k=1) == ["glorp"] or found(
        places, "lock glorps", sources=("bcc",)
    ) == ["glorp"]


def test_a_host_decides_what_can_run_on_it(made_host: Callable[..., Host]) -> None:
    host = made_host()

    def why(header: str, probe: str = "tracepoint:no:such") -> str | None:
        return why_not_here(read_example("x", "x", f"// X.\n// question: x\n{header}\n{probe} {{ }}"), host)

    assert why("// bpftrace: 9.9") == "needs bpftrace 9.9" or host.tool is None
    assert why("// needs: kernel 99.1", "BEGIN") == "needs kernel 99.1"
    assert why("", "BEGIN") is None
    assert why("", "interval:s:1") is None


def test_this_machine_lacks_probes_that_do_not_exist() -> None:
    host = Host.local()
    if not host.lists("tracepoint"):
        pytest.skip("the tracepoints of this machine are not known")
    there = next(iter(host.match("tracepoint", "*", 1)))
    for points, wanted in (
        (f"tracepoint:{there}", True),
        ("tracepoint:no:such", False),
        (f"tracepoint:no:such, tracepoint:{there}", True),
        (f"tracepoint:no:such {{ }} tracepoint:{there}", False),
    ):
        example = read_example("x", "x", f"// X.\n{points} {{ }}")
        assert (why_not_here(example, host) is None) is wanted, points


def test_examples_are_shown_by_name_ours_first(places: Places, folder: Path) -> None:
    (folder / "frobsnoop.bt").write_text(OURS)
    assert [example.source for example in named("frobsnoop.bt", places)] == ["user", "bpftrace"]
    assert named("no such", places) == []


def test_ranks_count_more_than_numbers_of_lists() -> None:
    scores = fused([(1.0, [1, 2, 3]), (2.0, [2, 4])])
    assert sorted(scores, key=lambda each: -scores[each]) == [2, 4, 1, 3]


def test_threads_may_ask_at_once(places: Places) -> None:
    questions = ["disk latency", "files opened", "page faults", "dns lookup"] * 8
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda question: found(places, question), questions))
    assert together == [found(places, question) for question in questions]


def test_the_async_face_gives_the_same(settings: Settings) -> None:
    async def ask() -> list[gpttrace.index.Found]:
        return await gpttrace.index.search_examples(
            "files opened", k=3, sources=("catalogue",), settings=settings
        )

    assert anyio.run(ask) == gpttrace.index.find_examples(
        "files opened", 3, sources=("catalogue",), settings=settings
    )


def test_the_places_come_from_the_settings_and_a_key_alone_sends_nothing(settings: Settings) -> None:
    given = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://localhost", "GPTTRACE_DATA": "/d"}
    found_places = find_places(settings, given)
    assert (found_places.endpoint, found_places.data_dir) == (None, Path("/d"))
    named_model = find_places(settings, {**given, "GPTTRACE_EMBEDDING_MODEL": "m"}).endpoint
    assert named_model is not None
    assert (named_model.model, named_model.base_url) == ("m", "http://localhost")
    assert "'k'" not in repr(named_model)


def test_the_face_is_imported_without_what_costs_time() -> None:
    code = "import sys, gpttrace.index; print([m for m in ('numpy', 'apsw', 'sqlite_vec', 'openai') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("most", [0, 40, 6_000])
def test_a_large_index_is_searched_within_a_bound(
    places: Places, folder: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(ranking, "LARGE", 1)
    monkeypatch.setattr(ranking, "MOST_ROWS", max(most, 1))
    # With no room at all only the first row that has all the words is looked at: an answer, if not the best.
    assert found(places, "glorps of a lock")[0] == "glorp" or most == 0
    assert (
        "opens" in found(places, "files opened, counted by process and file", sources=("user",)) or most == 0
    )
    assert found(places, '")(') == []


@pytest.mark.parametrize(
    ("question", "event"),
    [
        ("count files opened by user", "file-open"),
        ("dns lookup latency by process", "dns-lookup"),
        ("pages that the kernel swaps in", "swap-in"),
    ],
)
def test_an_event_that_is_named_is_among_the_first(places: Places, question: str, event: str) -> None:
    found = look_up(question, 3, Wanted(), places).found

    assert any(event in (each.example.name, *each.example.events) for each in found)
    assert any(each.why.endswith("; event") for each in found)
