"""Every command that a message or a document names exists: a hint that cannot be followed is worse than none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from gpttrace.cli import commands
from gpttrace.cli.main import cli

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"(?<![a-z] )\bgpttrace ([a-z]+)(?: ([a-z]+))?")
PROSE = frozenset(["is", "import"])  # after the name of the program itself


def strings_of(path: Path) -> list[str]:
    """Return the string constants of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]


def unknown_commands(text: str) -> set[str]:
    """Return the commands that a text names and that do not exist."""
    assert commands
    unknown = set()
    for first, second in NAMED.findall(text):
        command = cli.commands.get(first)
        below = getattr(command, "commands", {})
        if command is None and first not in PROSE:
            unknown.add(first)
        elif below and second and second not in below:
            unknown.add(f"{first} {second}")
    return unknown


def test_messages_name_commands_that_exist() -> None:
    texts = {path: strings_of(path) for path in sorted((ROOT / "core").rglob("*.py"))}
    assert len(texts) > 100
    unknown = {
        str(path.relative_to(ROOT)): bad
        for path, all_of in texts.items()
        if (bad := unknown_commands("\n".join(all_of)))
    }
    assert unknown == {}


def test_documents_name_commands_that_exist() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    unknown = {
        page.name: bad for page in pages if (bad := unknown_commands(page.read_text(encoding="utf-8")))
    }
    assert unknown == {}
