"""Many programs in one file: to start bpftrace takes longer than to compile a small program."""

from __future__ import annotations

import re

_ONCE = re.compile(r"^(?:BEGIN|END)\b", re.MULTILINE)  # 0.17 takes one of each in a file


def bundle(programs: list[str]) -> str:
    """Return programs as one to compile: each with maps of its own, and a timer for what a file may have only once."""
    return "\n".join(_beside(text, number) for number, text in enumerate(programs))


def _beside(text: str, number: int) -> str:
    text = _ONCE.sub("interval:s:1", text.removeprefix("#!/usr/bin/env bpftrace\n"))
    return re.sub(r"@(\w*)", rf"@m{number}_\1", text)
