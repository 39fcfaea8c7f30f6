"""Drive one page of a front end in Chromium, as a person would, and print as JSON what was seen.

Run by the Python that has Playwright: `drive.py URL CHROMIUM SCREENSHOT_PREFIX`. Cells are told apart by their number.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

CELLS = ".jp-Notebook .jp-CodeCell"
STATES = 4
PATIENCE = 60_000  # milliseconds
DONE = f"""number => /\\[\\d+\\]/.test(
  document.querySelectorAll('{CELLS}')[number].querySelector('.jp-InputPrompt').innerText)"""
WIDE = """[...document.querySelectorAll('.jp-OutputArea-output')]
  .filter(each => each.scrollWidth > each.clientWidth + 1).length"""


class Page:
    """One notebook in a browser."""

    def __init__(self, page: Any, prefix: str) -> None:
        self.page, self.prefix = page, prefix

    def cell(self, number: int) -> Any:
        """One code cell."""
        return self.page.locator(CELLS).nth(number)

    def start(self, number: int) -> None:
        """Begin to run a cell with the keys that people use."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run(self, number: int) -> str:
        """Run a cell to its end and return the text of its output."""
        self.start(number)
        return self.ended(number)

    def ended(self, number: int) -> str:
        """Wait for the end of a cell and return the text of its output."""
        self.page.wait_for_function(DONE, arg=number, timeout=PATIENCE)
        self.page.wait_for_timeout(300)  # what it shows may follow its number
        return self.text(number)

    def text(self, number: int) -> str:
        """The text that a person sees below a cell now."""
        return "\n".join(self.cell(number).locator(".jp-OutputArea-output").all_inner_texts())

    def states(self, number: int, wanted: int) -> list[str]:
        """Watch the output of a running cell until it has had so many different states with a table."""
        seen: list[str] = []
        end = time.monotonic() + PATIENCE / 1000
        while len(seen) < wanted and time.monotonic() < end:
            text = self.text(number)
            if "s left" in text and "[512, 1K)" in text and text not in seen:
                seen.append(text)
            self.page.wait_for_timeout(50)
        return seen

    def offered(self, number: int) -> list[str]:
        """Press Tab at the end of a cell and return what is offered."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.press("Tab")
        items = self.page.locator(".jp-Completer-item code")
        items.first.wait_for(timeout=PATIENCE)
        return [str(each) for each in items.all_inner_texts()]

    def picture(self, name: str) -> None:
        """Keep a picture of the page."""
        self.page.screenshot(path=f"{self.prefix}-{name}.png")


def drive(page: Page) -> dict[str, Any]:
    """Go through the notebook of the test."""
    seen: dict[str, Any] = {"loaded": page.run(0)}
    page.start(1)
    seen["states"] = page.states(1, STATES)
    page.picture("live")
    page.page.locator("[data-jp-item-name=interrupt] jp-button").first.click()
    seen["stopped"] = page.ended(1)
    seen["frame"] = page.run(2)
    page.run(3)
    seen["pictures"] = page.cell(3).locator("img").count()
    page.picture("result")
    seen["mistake"] = page.run(4)
    seen["mark"] = page.cell(4).locator("pre", has_text="^^^").first.inner_text()
    seen["offered"] = page.offered(5)
    page.picture("mistake-and-completion")
    page.page.keyboard.press("Escape")
    page.run(6)
    seen["boxes"] = page.cell(6).locator("svg rect").count()
    page.cell(6).scroll_into_view_if_needed()
    page.picture("flame")
    seen["wide"] = page.page.evaluate(WIDE)
    seen["markup"] = page.page.locator(".jp-OutputArea x-name").count()
    return seen


def main() -> None:
    """Open the page, drive it, say what was seen."""
    from playwright.sync_api import sync_playwright  # type: ignore[import-not-found, unused-ignore]

    url, chromium, prefix = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 1300})
        page.goto(url)
        page.locator(CELLS).nth(6).wait_for(timeout=PATIENCE)
        page.locator("[data-status=idle]").first.wait_for(timeout=PATIENCE)
        page.wait_for_timeout(1000)  # key presses right after that are lost
        sys.stdout.write(json.dumps(drive(Page(page, prefix))))
        browser.close()


if __name__ == "__main__":
    main()
