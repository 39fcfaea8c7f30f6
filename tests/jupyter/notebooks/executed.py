"""One notebook, executed by nbclient as a reader would run it, while its tracers are noted."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from tests.trace.conftest import Watch, children

FOLDER = Path(__file__).parents[3] / "jupyter_magic/notebooks"
_ASK = "import json\nprint(json.dumps([eval(_asked) for _asked in {wanted!r}], default=lambda number: number.item()))"
_PERIOD = 0.05


@dataclass(frozen=True)
class Executed:
    """What a notebook came to: its cells with their outputs, and the values that were asked for at its end."""

    cells: list[Any]
    values: dict[str, Any]
    cwd: Path
    tmp: Path
    state: Path

    def outputs(self, kind: str) -> list[str]:
        """Return every output that has a form of this MIME type."""
        shown = [each for cell in self.cells for each in cell.get("outputs", ())]
        return [each["data"][kind] for each in shown if kind in each.get("data", {})]

    def kinds(self) -> set[str]:
        """Return what kinds of outputs there are: `display_data`, `stream` …; a name is that of a stream."""
        shown = [each for cell in self.cells for each in cell.get("outputs", ())]
        return {each.get("name", each["output_type"]) for each in shown}


def execute(path: Path, expressions: list[str], folder: Path, watch: Watch) -> Executed:
    """Execute a notebook in an empty folder and evaluate expressions behind its end; CellExecutionError when a cell fails."""
    cwd, state = folder / "cwd", folder / "state"
    cwd.mkdir()
    tmp = Path(tempfile.mkdtemp(prefix="nb"))  # short: bpftrace 0.17 keeps 64 bytes of a file's name
    made: Any = nbformat.v4  # not typed
    read: Any = nbformat.read
    written = read(path, as_version=4)
    written.cells.append(made.new_code_cell(_ASK.format(wanted=expressions)))
    resources = {"metadata": {"path": str(cwd)}}
    client = NotebookClient(written, timeout=60, kernel_name="python3", resources=resources)
    over = threading.Event()
    noting = threading.Thread(target=_note, args=(client, watch, over))
    noting.start()
    try:
        client.execute(env={**os.environ, "GPTTRACE_STATE": str(state), "TMPDIR": str(tmp)})
    finally:
        over.set()
        noting.join()
    printed = written.cells.pop().outputs[0]["text"]
    return Executed(written.cells, dict(zip(expressions, json.loads(printed), strict=True)), cwd, tmp, state)


def _note(client: NotebookClient, watch: Watch, over: threading.Event) -> None:
    """Note every bpftrace that the kernel has attached, until it is over."""
    while not over.wait(_PERIOD):
        provisioner: Any = getattr(client.km, "provisioner", None)
        pid = getattr(provisioner, "pid", None)
        for supervisor in children(pid) if pid else ():
            for tracer in children(supervisor):
                with suppress(AssertionError, OSError):  # not attached yet, or gone
                    watch(tracer)
