"""What only tells why a question is asked is left out; what says which of the events are meant never is."""

from __future__ import annotations

import pytest
from tests.writer.conftest import KnownHost

from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.reasons import without_reasons
from gpttrace.writer.offline import write_offline


@pytest.mark.parametrize(
    ("question", "event", "shape", "keys"),
    [
        ("pods start slowly: how long do unshare calls take?", "unshare", "hist", ()),
        ("how long do unshare calls take? the pods start slowly", "unshare", "hist", ()),
        (
            "threads created per second by process, the JVM box feels weird",
            "thread-create",
            "rate",
            ("comm",),
        ),
        (
            "exec rate is crazy on the build host: top 8 programs by number of execs",
            "exec",
            "count",
            ("comm",),
        ),
        ("inotify watches added by process, we hit the limit", "inotify-watch", "count", ("comm",)),
        (
            "log rotation goes wrong: print old name and new name of every rename",
            "file-rename",
            "events",
            ("pid", "comm", "oldname", "newname"),
        ),
    ],
)
def test_a_reason_is_left_out(
    question: str, event: str, shape: str, keys: tuple[str, ...], known_host: KnownHost
) -> None:
    draft = write_offline(question, known_host)

    assert draft.program is not None, draft.refused
    assert draft.spec is not None
    assert (draft.spec.event, draft.spec.shape, draft.spec.keys) == (event, shape, keys)


def test_the_answer_says_that_something_was_left_out(known_host: KnownHost) -> None:
    draft = write_offline("inotify watches added by process, we hit the limit", known_host)

    assert "Left out" in draft.why
    assert "why it is asked" in draft.why


@pytest.mark.parametrize(
    "question",
    [
        "nginx is slow: reads by process",  # a program
        "/var is full: who creates files",  # a path
        "EMFILE is hurting us: count opens by process",  # an error
        "cockroach commits slowly: how long do its fsyncs take",  # the rest speaks of it
        "time requests sit in the queue: histogram per disk",  # what is measured
        "tx queue timeouts: device, driver and queue",  # what is counted
        "count opens by process, only those that fail",
        "count opens by process, not those by root",
        "I want the process and the uid",
        "the process is called gateway: context switches",
    ],
)
def test_what_says_which_are_meant_stays(question: str) -> None:
    assert without_reasons(question) is None


def test_a_file_system_that_is_complained_of_is_meant() -> None:
    shorter = without_reasons("NFS is slow: how long do reads take")

    assert shorter is not None
    assert not shorter.keeps_the_meaning("read", load_catalogue())
    assert shorter.keeps_the_meaning("nfs-read", load_catalogue())
