"""A Neovim without a screen, driven by what people type and looked at from outside; configured by nothing but docs/editors.md."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs/editors.md"
PATIENCE = 20.0  # seconds for anything that is waited for
_FIRST_OF_TODAY = (0, 11)  # the first version that the first configuration of the document is for


def version_of(nvim: str) -> tuple[int, int]:
    """Return the version of a Neovim."""
    said = subprocess.run([nvim, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"NVIM v(\d+)\.(\d+)", said)
    assert found is not None, said
    return int(found[1]), int(found[2])


def configuration(version: tuple[int, int]) -> str:
    """Return what docs/editors.md says to write into `init.lua` for a version, word for word."""
    part = DOCUMENT.read_text(encoding="utf-8").partition("\n## Neovim\n")[2].partition("\n## ")[0]
    today, older = re.findall(r"```lua\n(.*?)```", part, re.DOTALL)
    return str(today if version >= _FIRST_OF_TODAY else older)


class Neovim:
    """One editor. `ask` evaluates Lua in it and returns the value; `keys` types."""

    def __init__(self, nvim: str, folder: Path, env: Mapping[str, str]) -> None:
        self.nvim, self.version = nvim, version_of(nvim)
        (folder / "init.lua").write_text(configuration(self.version), encoding="utf-8")
        # A socket's path has room for a hundred characters, and folders of tests are deep.
        self.socket = "./nvim.sock"
        self.folder = folder
        command = [nvim, "--headless", "-n", "-i", "NONE", "-u", "init.lua", "--listen", self.socket]
        self._out = (folder / "nvim.log").open("wb")
        self.process = subprocess.Popen(
            command, cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._out
        )
        try:
            self.until(lambda: (folder / self.socket).exists() and self.ask("1") == 1, "it did not start")
        except BaseException:
            self.close()
            raise

    @property
    def clients(self) -> str:
        """The Lua that lists the servers of this version."""
        return "vim.lsp.get_clients()" if self.version >= (0, 10) else "vim.lsp.get_active_clients()"

    def ask(self, lua: str) -> Any:
        """Return the value of a Lua expression."""
        return self.do(f"return {lua}")

    def do(self, lua: str) -> Any:
        """Carry out Lua, and return what it returns."""
        text = f"(function() {lua} end)()".replace("\n", " ").replace("'", "''")
        command = [self.nvim, "--server", self.socket, "--remote-expr", f"json_encode(luaeval('{text}'))"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
        said = done.stdout.strip() or done.stderr.strip()
        try:
            return json.loads(said)
        except ValueError:
            raise AssertionError(f"{lua}: {said}") from None

    def keys(self, typed: str) -> None:
        """Type; special keys as `<Esc>`."""
        self.ask(f"vim.api.nvim_input({json.dumps(typed)})")

    def until(self, holds: Callable[[], Any], otherwise: str = "") -> Any:
        """Wait until something is so, and return what it then is."""
        end = time.monotonic() + PATIENCE
        while not (found := self._now(holds)):
            assert time.monotonic() < end, f"{otherwise or 'never so'}: {self.messages()}"
            time.sleep(0.05)
        return found

    def _now(self, holds: Callable[[], Any]) -> Any:
        if self.process.poll() is not None:
            raise AssertionError(self.messages())
        try:
            return holds()
        except AssertionError:
            return None

    def messages(self) -> str:
        """Return what it said, on its own output and to the person."""
        self._out.flush()
        said = (self.folder / "nvim.log").read_text(encoding="utf-8", errors="replace")
        try:
            return said + str(self.ask("vim.api.nvim_exec('messages', true)"))
        except (AssertionError, subprocess.SubprocessError):
            return said

    def open(self, name: str, text: str) -> None:
        """Open a file of this text, and wait until the language server has it."""
        (self.folder / name).write_text(text, encoding="utf-8")
        self.ask(f"vim.cmd('edit! {name}')")
        attached = "function(c) return c.initialized and vim.lsp.buf_is_attached(0, c.id) end"
        served = f"#vim.tbl_filter({attached}, {self.clients})"
        self.until(lambda: self.ask(served) == 1, f"no server for {name}")

    def text(self) -> str:
        """Return the text of the buffer in front."""
        return "\n".join(self.ask("vim.api.nvim_buf_get_lines(0, 0, -1, false)")) + "\n"

    def put_cursor(self, word: str, further: int = 0) -> None:
        """Put the cursor on the first place of a word, and some characters on."""
        offset = self.text().index(word) + further
        before = self.text()[:offset]
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2].encode())
        self.ask(f"vim.api.nvim_win_set_cursor(0, {{{line}, {column}}})")

    def close(self) -> None:
        """End it as a person would, and return when it has ended."""
        try:
            self.ask("vim.schedule(function() vim.cmd('qall!') end)")
            self.process.wait(PATIENCE)
        except (AssertionError, subprocess.SubprocessError):
            self.process.kill()
            self.process.wait()
        self._out.close()
