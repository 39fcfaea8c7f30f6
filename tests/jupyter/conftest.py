"""A notebook's IPython inside this process, real kernels beside it, and proof that nothing they traced stays attached."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.trace.conftest import Watch, children, until
from tests.trace.conftest import watch as watch

from gpttrace.testing import InstalledBpftrace

PATIENCE = 60.0


class Notebook:
    """An IPython with the magic, and what a cell of it comes to."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.outputs: list[Any] = []
        self.printed = ""

    @property
    def names(self) -> dict[str, Any]:
        """The variables of the notebook."""
        return dict(self.shell.user_ns)

    def cell(self, line: str, body: str) -> Any:
        """Carry out `%%gpttrace line` over `body` and return its value; what it shows is in `outputs`."""
        return self._caught(lambda: self.shell.run_cell_magic("gpttrace", line, body))

    def line(self, text: str) -> Any:
        """Carry out `%gpttrace text` and return its value."""
        return self._caught(lambda: self.shell.run_line_magic("gpttrace", text))

    def _caught(self, call: Callable[[], Any]) -> Any:
        from IPython.utils.capture import capture_output

        with capture_output() as captured:
            try:
                return call()
            finally:
                self.outputs = captured.outputs
                self.printed = captured.stdout + captured.stderr

    def shown(self, kind: str = "text/plain") -> str:
        """Return all that the last cell has shown."""
        return "\n".join(each.data.get(kind, "") for each in self.outputs)

    def left(self, kind: str = "text/plain") -> str:
        """Return what the last cell's outputs say in the end: an update takes the place of what it updates."""
        kept: dict[Any, str] = {}
        for number, each in enumerate(self.outputs):
            place = (each.transient or {}).get("display_id", number)
            kept[place] = each.data.get(kind, "")
        return "\n".join(kept.values())


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch) -> Iterator[Notebook]:
    """An IPython in this process with the magic loaded and a state folder of its own."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("GPTTRACE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_line_magic("load_ext", "gpttrace_jupyter")
    yield Notebook(shell)
    shell.run_line_magic("unload_ext", "gpttrace_jupyter")
    InteractiveShell.clear_instance()


class Kernel:
    """A real kernel, and the messages that it sends while a cell runs."""

    def __init__(self, state: Path) -> None:
        from jupyter_client.manager import KernelManager

        # The tests' own Python, wherever kernels are registered.
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env={**os.environ, "GPTTRACE_STATE": str(state)})
        self._connect()

    def _connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        self.run("%load_ext gpttrace_jupyter")

    @property
    def pid(self) -> int:
        """The process of the kernel."""
        provisioner: Any = self.manager.provisioner
        return int(provisioner.pid)

    def start(self, code: str, **metadata: Any) -> str:
        """Begin to run a cell and return the id of its request."""
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
            "stop_on_error": True,
        }  # fmt: skip
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def messages(self, request: str) -> Iterator[dict[str, Any]]:
        """Yield what a cell says until it is done."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=max(end - time.monotonic(), 0.1))
            except queue.Empty:
                pytest.fail(f"the cell is not done after {PATIENCE:g} s")
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            yield message

    def run(self, code: str, **metadata: Any) -> list[dict[str, Any]]:
        """Run a cell to its end and return its messages."""
        return list(self.messages(self.start(code, **metadata)))

    def value(self, expression: str) -> str:
        """Return what a cell prints."""
        said = self.run(f"print({expression})")
        errors = [each for each in said if each["msg_type"] == "error"]
        assert not errors, errors
        return "".join(each["content"]["text"] for each in said if each["msg_type"] == "stream").strip()

    def tracers(self) -> list[int]:
        """Return the bpftraces that it has attached now."""
        return [pid for supervisor in children(self.pid) for pid in children(supervisor)]

    def attached(self, watch: Watch) -> list[int]:
        """Wait until a trace is attached, note it and return its bpftraces."""

        def noted() -> bool:
            try:
                for pid in self.tracers():
                    watch(pid)
                return bool(watch.programs)
            except (AssertionError, OSError):  # it has only just begun
                return False

        until(noted, "a trace of the kernel is attached")
        return self.tracers()

    def close(self) -> None:
        """End it, however it is."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def jupyter(tmp_path: Path, host_bpftrace: InstalledBpftrace, watch: Watch) -> Iterator[Kernel]:
    """A real kernel with the magic loaded, whose runs are kept in this test's folder."""
    started = Kernel(tmp_path / "state")
    yield started
    started.close()
