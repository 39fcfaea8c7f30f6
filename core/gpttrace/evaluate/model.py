"""The model as a writer to be measured: each question has its own budget, each program is marked by what it is.

The spec that is held against the right answer is the one that the program itself is read back as; a program that cannot be read
back is marked by its spec only where our comparison found both the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio

from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.model import no_model
from gpttrace.session import ask_model
from gpttrace.settings import Settings
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.writer import Draft

if TYPE_CHECKING:
    from gpttrace.evaluate.score import Writer
    from gpttrace.writer.model import Piece


def model_writer(settings: Settings, without: frozenset[Piece]) -> Writer:
    """Return the writer for `evaluate`; it raises what the endpoint gives cause to."""

    if not settings.model.is_set:
        raise no_model()

    def write(question: str, host: Host | None) -> Draft:
        assert host is not None
        draft = anyio.run(partial(ask_model, question, host=host, settings=settings, without=without))
        return as_it_is(draft, host)

    return write


def as_it_is(draft: Draft, host: Host) -> Draft:
    """Return a draft with the spec that its program really is, None when that cannot be told."""
    from gpttrace.check.meant import held_against
    from gpttrace.writer.model.meant import recognised_whole

    if draft.program is None:
        return draft
    tree, catalogue = parse(draft.program), load_catalogue()
    spec = recognised_whole(tree, host, catalogue)
    if (
        spec is None
        and draft.spec is not None
        and held_against(tree, draft.spec, host, catalogue).answer == "same"
    ):
        spec = draft.spec
    if spec is not None and draft.spec is not None:
        spec = replace(spec, duration=draft.spec.duration)  # no program holds it
    return replace(draft, spec=spec)
