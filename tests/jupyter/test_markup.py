"""What is shown: the same in text and HTML, nothing of the traced world is markup, and no update is too large or too soon."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from tests.jupyter.conftest import Notebook

from gpttrace.language import Finding
from gpttrace.trace.table import Column, Table
from gpttrace_jupyter import markup
from gpttrace_jupyter.screen import LARGEST, PERIOD, NotebookScreen

pytestmark = pytest.mark.computes

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror='a()'>\"&\x1b[31m\u202e\n\t"
OURS = {"div", "pre", "code", "span", "table", "thead", "tbody", "tr", "th", "td", "b", "details", "summary"}


class Tags(HTMLParser):
    """Collects the tags, attributes and text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that opens."""
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        """Close it; ours nest."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def tables() -> list[Table]:
    """A table of every form that holds hostile text in each place that can hold text."""
    key = Column(HOSTILE, "string", HOSTILE, "key")
    return [
        Table(HOSTILE, "map", (key, Column("count", "int64")), [[HOSTILE, "b"], [1, 2]]),
        Table(
            "@h", "hist",
            (key, *(Column(name, "int64", HOSTILE, "bucket") for name in ("low", "high")), Column("count", "int64")),
            [[HOSTILE], [1], [2], [3]],
        ),
        Table("@k", "stacks", (Column("ustack", "stack", role="key"), Column("count", "int64")), [[[HOSTILE]], [1]]),
        Table("printf:1", "events", (Column("text", "string"), Column("json", "json")), [[HOSTILE], [{HOSTILE: HOSTILE}]]),
        Table(HOSTILE, "scalar", (Column("value", "string"),), [[HOSTILE]]),
        Table(HOSTILE, "events", (Column("text", "string"),)),
    ]  # fmt: skip


FINDING = Finding(3, 9, "error", "code", HOSTILE, HOSTILE)


@pytest.mark.parametrize(
    "shown",
    [
        *map(markup.table, tables()),
        markup.line(HOSTILE),
        markup.sentences(HOSTILE),
        markup.program(f'BEGIN {{ printf("{HOSTILE}"); }} // {HOSTILE}\n{HOSTILE}@a </pre>'),
        markup.program(HOSTILE, folded=True),
        markup.findings([FINDING], f"BEGIN {HOSTILE}", above=1, name=HOSTILE),
    ],
)
def test_hostile_text_is_never_markup_nor_an_escape_sequence(shown: markup.Shown) -> None:
    seen = Tags(shown.html)
    assert seen.tags <= OURS
    assert seen.attributes <= {"style"}
    assert not seen.open
    for text in (seen.text, shown.text):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "script" in seen.text


def test_text_and_html_say_the_same() -> None:
    table = Table(
        "@n", "map", (Column("comm", "string", role="key"), Column("count", "int64")), [["a", "b"], [2, 1]]
    )
    shown = markup.table(table)
    assert Tags(shown.html).text == "@ncommcounta2b1"
    assert shown.text.split() == ["@n", "comm", "count", "a", "2", "b", "1"]
    program = "BEGIN\n{\n\t@a = count(); // why\n}"
    assert Tags(markup.program(program).html).text == markup.program(program).text


def test_a_finding_stands_at_the_line_of_the_cell_with_a_mark_below() -> None:
    text = "BEGIN {\n  @a = cnt();\n}"
    at = text.index("cnt")
    shown = markup.findings(
        [Finding(at, at + 3, "error", "x", "no such function")], text, above=1, name="cell"
    )
    assert shown.text.split("\n") == [
        "cell:3:8: error: no such function",
        "      @a = cnt();",
        "           ^^^",
    ]


def test_a_finding_about_the_whole_program_names_no_place() -> None:
    shown = markup.findings([Finding(0, 0, "error", "x", "too large")], "BEGIN { }", above=1, name="cell")
    assert shown.text == "cell: error: too large"


def test_updates_are_few_and_small(notebook: Notebook) -> None:
    from IPython.utils.capture import capture_output

    wide = Table(
        "@w", "events", tuple(Column(f"column{n}", "string") for n in range(400)), [["x" * 90] * 20] * 400
    )
    with capture_output() as captured:
        screen = NotebookScreen("BEGIN { } // " + "x" * 1_000_000)
        began = time.monotonic()
        for number in range(200):
            screen.draw(f"tracing {number}", [wide] * 3)
        took = time.monotonic() - began
    assert 1 <= len(captured.outputs) <= took / PERIOD + 1
    assert all(
        sum(len(each.encode()) for each in output.data.values()) <= LARGEST for output in captured.outputs
    )
    assert "tracing 0" in captured.outputs[0].data["text/plain"]
