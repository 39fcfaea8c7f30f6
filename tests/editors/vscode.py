"""VS Code itself, served to a browser by code-server, with the extension that `make vscode` builds; used by keys and mouse."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NODE = ROOT / "lsp/vscode/node_modules/node/bin/node"
ENTRY = "code/node_modules/code-server/out/node/entry.js"
PATIENCE = 30_000  # milliseconds for anything that is waited for
WIDTH, HEIGHT = 1400, 900
# What would be between a test and what it looks at.
QUIET = {
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "chat.disableAIFeatures": True,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "git.enabled": False,
    "editor.minimap.enabled": False,
}
# Where the first place of a word is on the screen; the editor's blanks are no-break spaces.
_PLACE = """word => {
    for (const line of document.querySelectorAll(".editor-instance .view-line")) {
        const nodes = [], walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) nodes.push(walker.currentNode);
        const at = nodes.map(node => node.data).join("").replaceAll("\\u00a0", " ").indexOf(word);
        if (at < 0) continue;
        const range = document.createRange();
        let before = 0;
        for (const node of nodes) {
            const [first, last] = [at - before, at + word.length - before];
            if (first >= 0 && first < node.length) range.setStart(node, first);
            if (last > 0 && last <= node.length) range.setEnd(node, last);
            before += node.length;
        }
        const {x, y, width, height} = range.getBoundingClientRect();
        return {x, y, width, height};
    }
    return null;
}"""


class Code:
    """One VS Code and the page that shows it. `shots` is where pictures go."""

    def __init__(self, cache: Path, folder: Path, shots: Path, env: Mapping[str, str]) -> None:
        self.folder, self.shots, self.env = folder, shots, dict(env)
        self.workspace = folder / "scripts"
        self.workspace.mkdir()
        user = folder / "data/User/settings.json"
        user.parent.mkdir(parents=True)
        user.write_text(json.dumps(QUIET), encoding="utf-8")
        # code-server reads a person's own settings once, and those of the folder whenever they change.
        self._settings = self.workspace / ".vscode/settings.json"
        self._settings.parent.mkdir()
        self.page: Any = None
        own = ["--user-data-dir", str(folder / "data"), "--extensions-dir", str(folder / "extensions")]
        self._command = [str(NODE), str(cache / ENTRY), *own, "--config", str(folder / "config.yaml")]
        (folder / "config.yaml").write_text("auth: none\n", encoding="utf-8")

    def start(self, package: Path, **settings: Any) -> str:
        """Install the extension, start the server, and return the address of its page."""
        self.set(**settings)
        install = [*self._command, "--install-extension", str(package)]
        subprocess.run(install, env=self.env, check=True, capture_output=True, timeout=60)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = [
            "--auth",
            "none",
            "--bind-addr",
            f"127.0.0.1:{port}",
            "--disable-telemetry",
            "--disable-update-check",
        ]
        self._log = (self.folder / "code.log").open("wb")
        self.process = subprocess.Popen(
            [*self._command, *options],
            env=self.env,
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            assert time.monotonic() < end, (self.folder / "code.log").read_text()
            time.sleep(0.1)
        return f"http://127.0.0.1:{port}/?folder={self.workspace}"

    def set(self, **settings: Any) -> None:
        """Set what a person would in the settings; `__` stands for a dot. They work at once."""
        wanted = {name.replace("__", "."): value for name, value in settings.items()}
        self._settings.write_text(json.dumps({**self.settings(), **wanted}), encoding="utf-8")

    def settings(self) -> dict[str, Any]:
        """Return what is set."""
        return dict(json.loads(self._settings.read_text()) if self._settings.exists() else {})

    def show(self, browser: Any, address: str) -> None:
        """Open the page."""
        self.page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(address)
        self.page.wait_for_selector(".monaco-workbench .explorer-folders-view", timeout=90_000)

    def close(self) -> None:
        """End the server; the language server and what runs end with it."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    # ---------------------------------------------------------------------------------- what people do

    def open(self, name: str, text: str) -> Path:
        """Open a file of this text in the editor; return the file."""
        file = self.workspace / name
        file.write_text(text, encoding="utf-8")
        self.go_to(file)
        self.page.wait_for_selector(f".tab.active[data-resource-name='{name}']")
        self.page.wait_for_selector(".editor-instance .view-line")
        return file

    def go_to(self, file: Path) -> None:
        """Open a file that is there, in whatever editor it has."""
        self.page.keyboard.press("Control+P")
        box = self.page.wait_for_selector(".quick-input-widget input[type=text]")
        box.fill(str(file))
        self.page.wait_for_selector(f".quick-input-list .monaco-list-row.focused:has-text('{file.name}')")
        self.page.keyboard.press("Enter")

    def command(self, title: str) -> None:
        """Carry out a command of the palette."""
        self.page.keyboard.press("F1")
        box = self.page.wait_for_selector(".quick-input-widget input[type=text]")
        box.fill(f">{title}")
        self.page.wait_for_selector(f".quick-input-list .monaco-list-row.focused:has-text('{title}')")
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".quick-input-widget", state="hidden")

    def close_all(self) -> None:
        """Save and close every editor, and take messages away."""
        self.page.keyboard.press("Escape")
        self.command("View: Close All Editors")
        self.page.wait_for_selector(".tab", state="detached")
        self.command("Notifications: Clear All Notifications")

    def type_at_end(self, text: str) -> None:
        """Type at the end of the script in front."""
        self.page.click(".editor-instance .view-lines")
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(text, delay=15)

    def accept(self, label: str) -> None:
        """Wait until a completion is the first of those offered, and accept it."""
        first = ".suggest-widget.visible .monaco-list-row.focused"
        self.page.wait_for_selector(f"{first}[aria-label='{label}'], {first}[aria-label^='{label},']")
        self.page.wait_for_timeout(200)  # the editor takes no key for a moment after the list changed
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".suggest-widget.visible", state="hidden")

    def saved(self, file: Path, text: str) -> str:
        """Save, and return the text of the file once it is this, or what it is at last."""
        self.page.keyboard.press("Control+S")
        self.until(lambda: file.read_text(encoding="utf-8") == text, 5.0)
        return file.read_text(encoding="utf-8")

    def settle(self) -> None:
        """Wait until the server has the script in front: its lenses, which push the lines down, are there."""
        self.page.wait_for_selector(".codelens-decoration a:has-text('run for')")

    def picture(self, name: str) -> None:
        """Take a picture of the window."""
        self.shots.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(self.shots / f"{name}.png"))

    # ---------------------------------------------------------------------------------- what people see

    def place(self, word: str) -> dict[str, float]:
        """Return where a word of the script is on the screen."""
        return dict(self.until(lambda: self.page.evaluate(_PLACE, word)))

    def until(self, holds: Callable[[], Any], seconds: float = PATIENCE / 1000) -> Any:
        """Return what something is once it is so, or at last."""
        end = time.monotonic() + seconds
        while not (found := holds()) and time.monotonic() < end:
            self.page.wait_for_timeout(100)
        return found

    def results(self) -> Any:
        """Return the frame of the results."""

        def found() -> Any:
            return next((each for each in self.page.frames if _has_results(each)), None)

        frame = self.until(found)
        assert frame is not None, [each.url for each in self.page.frames]
        return frame


def _has_results(frame: Any) -> bool:
    try:
        return frame.query_selector("#results > *") is not None
    except Exception:  # a frame that went away while it was looked at
        return False


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def chromium() -> str | None:
    """Return the browser, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")
