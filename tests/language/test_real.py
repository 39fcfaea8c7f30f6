"""What we print is what bpftrace takes: the real compiler on the text that came out of our printer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gpttrace.language import format_tree, parse
from gpttrace.testing import InstalledBpftrace

ACCEPTED = json.loads((Path(__file__).parent / "data/accepted.json").read_text())


@pytest.mark.kernel
def test_bpftrace_compiles_what_we_print_of_programs_that_it_compiles(
    any_bpftrace: InstalledBpftrace,
) -> None:
    version = ".".join(map(str, any_bpftrace.version))
    mine = [each["program"] for each in ACCEPTED if version in each["accepted_by"]]
    if not mine:
        pytest.skip(f"no programs were measured with bpftrace {version}")
    for text in mine[:: len(mine) // 12]:
        printed = format_tree(parse(text))
        argv = [any_bpftrace.path, *any_bpftrace.compile_only, "-"]
        done = subprocess.run(argv, input=printed.encode(), capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, (printed, done.stderr.decode()[-500:])
