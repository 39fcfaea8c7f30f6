"""Every code that a finding can carry is in the table of codes, and the page about them is printed from that table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from gpttrace.check.codes import all_codes, as_markdown
from gpttrace.check.compiler.messages import PATTERNS

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)*")
# Where the code stands among the arguments of what makes a finding.
PLACES = {"Finding": 3, "report": 2, "over": 1, "fault": 2, "error": 0}


def codes_in(path: Path) -> set[str]:
    """Return the codes that are written out in calls that make findings."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = PLACES.get(name)
        if place is None or len(node.args) <= place:
            continue
        for each in ast.walk(node.args[place]):
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and CODE.fullmatch(each.value):
                found.add(each.value)
    return found


def test_every_code_is_in_the_table() -> None:
    rooms = [ROOT / "core/gpttrace" / room for room in ("language", "check", "trace")]
    written = {code for room in rooms for path in room.rglob("*.py") for code in codes_in(path)}
    assert len(written) > 80
    known = set(all_codes())
    assert written | {pattern.code for pattern in PATTERNS} - {""} <= known, sorted(
        (written | {pattern.code for pattern in PATTERNS}) - known
    )


def test_the_page_is_printed_from_the_table() -> None:
    assert (ROOT / "docs/findings.md").read_text(encoding="utf-8") == as_markdown(), "run `make docs`"


def test_every_code_is_explained() -> None:
    for code in all_codes().values():
        assert CODE.fullmatch(code.name), code.name
        assert code.title, code
        assert code.why.endswith("."), code.name
