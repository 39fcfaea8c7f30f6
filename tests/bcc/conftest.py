"""What the tests of bcc tools need: small programs of ours that print help texts as real ones do, and that misbehave."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gpttrace.bcc.installed import Installed, installed_tools

MakeTool = Callable[[str, str], Installed]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in place of the distribution's."""
    made = tmp_path / "tools"
    made.mkdir(mode=0o755)
    return made


@pytest.fixture
def make_tool(folder: Path) -> MakeTool:
    """Write a tool whose whole Python code is given, and find it as it would be found."""

    def make(name: str, code: str) -> Installed:
        path = folder / name
        path.write_text(f"#!{sys.executable} -S\n{code}")
        path.chmod(0o755)
        return installed_tools([(str(folder), "")])[name]

    return make


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache folder of this test's own."""
    return tmp_path / "cache"


def shell_tools(folder: Path, helps: dict[str, str]) -> dict[str, Installed]:
    """Write tools that print a help text and nothing else; the shell starts faster than Python."""
    folder.mkdir(mode=0o755, exist_ok=True)
    for name, text in helps.items():
        path = folder / f"{name}-bpfcc"
        path.write_text(f'#!/bin/sh\nif [ "$1" = --help ]; then cat <<"END"\n{text}\nEND\nfi\n')
        path.chmod(0o755)
    return installed_tools([(str(folder), "-bpfcc")])
