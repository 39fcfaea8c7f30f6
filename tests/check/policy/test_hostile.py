"""A thousand hostile programs, each spelled differently: none reaches a bpftrace, whatever door it takes."""

from __future__ import annotations

import random
import re
import stat
from pathlib import Path

import anyio
import pytest

from gpttrace.check.whole import check
from gpttrace.errors import NotPermitted, ProgramRejected
from gpttrace.host import Host
from gpttrace.language import parse
from gpttrace.settings import Settings
from gpttrace.trace import trace

SEEDS = (
    'BEGIN { system("id > /tmp/x"); }',
    "interval:s:1 { signal(9); }",
    "kprobe:do_exit { override(1); }",
    'tracepoint:sched:sched_switch /pid == 1/ { if (pid > 2) { system("x"); } }',
    'macro m($a) { system("id"); $a } BEGIN { $x = m(1); }',
    '#define X @x=1; system("id")\nBEGIN { X; }',
    '#include "/etc/shadow"\nBEGIN { exit(); }',
    'struct x {\n#include "/etc/shadow"\n};\nBEGIN { exit(); }',
    'import "/etc/shadow";\nBEGIN { exit(); }',
    "config = { max_map_keys = 4000000000; }\nBEGIN { @[1] = 1; }",
    "BEGIN { unroll (100) { unroll (100) { unroll (100) { @ = count(); } } } }",
    'kprobe:x { skboutput("f.pcap", arg0, 100, 0); }',
    "profile:hz:1000000 { @ = count(); }",
)
SPACES = (" ", "\n", "\t", " /* { } */ ", " // system\n", "\n\n", " /**/ ")
INNOCENT = (
    "BEGIN { @a = 1; }\n",
    "END { clear(@a); }\n",
    "interval:s:9 { exit(); } ",
    "// harmless\n",
    "/* kprobe:x { */\n",
)
COUNT = 1000
# What makes a program hostile, looked for in its text without spaces and comments: this does not ask the policy.
STINGS = (
    "system(", "signal(", "override(", "skboutput(", "include\"/etc", "import\"/etc", "max_map_keys=4000000000",
    "unroll(100){unroll(100){unroll(100)", "hz:1000000{",
)  # fmt: skip


def stings(text: str) -> bool:
    """Tell whether a mutated program is still hostile."""
    bare = re.sub(r"/\*.*?\*/|//[^\n]*|\s", "", text, flags=re.DOTALL)
    return any(sting in bare for sting in STINGS)


def mutated(seed: str, dice: random.Random) -> str:
    """Return a program that means the same or is broken, spelled differently."""
    text = seed
    for _ in range(dice.randint(1, 4)):
        match dice.randrange(6):
            case 0:  # another space where a space is
                places = [at for at, char in enumerate(text) if char == " " and text[:at].count('"') % 2 == 0]
                if places and not text.startswith("#"):
                    at = dice.choice(places)
                    text = text[:at] + dice.choice(SPACES) + text[at + 1 :]
            case 1:  # something harmless in front or behind
                text = text + "\n" + dice.choice(INNOCENT) if "#" in text else dice.choice(INNOCENT) + text
            case 2:  # the short name of a kind
                text = text.replace("kprobe:", "k:").replace("interval:", "i:").replace("tracepoint:", "t:")
            case 3:  # a space before a parenthesis, or a comment
                text = text.replace("(", dice.choice([" (", "/**/(", "\t("]), 1)
            case 4:  # a character more or less: mostly broken, and a broken program goes nowhere either
                at = dice.randrange(len(text))
                text = text[:at] + dice.choice("{}();:/*\"'$@ \\\n") + text[at + dice.randrange(2) :]
            case _:  # inside something else
                if text.startswith("BEGIN {") and text.endswith("}"):
                    text = "BEGIN { if (1) {" + text.removeprefix("BEGIN {") + "}"
    return text


@pytest.fixture
def door(tmp_path: Path) -> tuple[Settings, Path]:
    """Settings with a bpftrace that writes down that it was started (besides for its version and abilities)."""
    seen = tmp_path / "started"
    tool = tmp_path / "bpftrace"
    tool.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && {{ echo "bpftrace v0.23.2"; exit 0; }}\ncat >>{seen}\necho >>{seen}\n'
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return Settings(str(tool), tmp_path / "state", tmp_path / "cache"), seen


def test_a_thousand_hostile_programs_reach_no_bpftrace(door: tuple[Settings, Path]) -> None:
    settings, seen = door
    host = Host.local(settings)
    dice = random.Random(2026)
    hostile: dict[str, None] = {}
    while len(hostile) < COUNT:
        text = mutated(dice.choice(SEEDS), dice)
        if stings(text):
            hostile[text] = None
    whole = [text for text in hostile if parse(text).ok]
    assert len(whole) > COUNT * 0.4, "too many are merely broken"

    async def try_all() -> list[str]:
        through = []
        for text in hostile:
            report = await check(text, host=host, settings=settings, level="load")
            if report.ok or any(step.done for step in report.steps if step.level in ("compile", "load")):
                through.append(text)
            with pytest.raises((NotPermitted, ProgramRejected)):
                async with trace(text, settings=settings, approved=True):
                    through.append(text)
        return through

    assert anyio.run(try_all) == []
    said = seen.read_text() if seen.exists() else ""
    assert not any(
        word in said for word in ("system", "signal", "override", "shadow", "unroll", "skboutput")
    ), said
