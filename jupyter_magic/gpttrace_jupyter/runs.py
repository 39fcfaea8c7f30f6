"""The list of runs as a frame: what runs in this notebook now, then what was kept on this machine, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gpttrace.settings import Settings
from gpttrace.trace import Store, recover

if TYPE_CHECKING:
    import pandas

    from gpttrace_jupyter.handle import Handle


def runs_frame(running: Sequence[Handle], settings: Settings, most: int) -> pandas.DataFrame:
    """Return one row per run, indexed by its id; `gpttrace.load_run(id)` or `%gpttrace --show ID` brings it back."""
    import pandas

    recover(settings)
    rows: list[dict[str, Any]] = [
        {
            "run_id": each.run_id,
            "began": pandas.NaT,
            "status": each.status,
            "what": _what(each.question, each.program),
        }
        for each in running
    ]
    rows += [
        {
            "run_id": each.run_id, "began": each.began, "status": each.status, "took_s": each.took,
            "rows": each.rows, "lost": each.lost, "what": _what(each.question, each.program),
        }
        for each in Store(settings.state_dir).list(most)
    ]  # fmt: skip
    columns = ["run_id", "began", "status", "took_s", "rows", "lost", "what"]
    frame = pandas.DataFrame(rows, columns=columns)
    frame["began"] = pandas.to_datetime(frame["began"], utc=True)
    return frame.astype({"rows": "Int64", "lost": "Int64", "took_s": "float64"}).set_index("run_id")


def _what(question: str | None, program: str) -> str:
    return question or " ".join(program.split())[:100]
