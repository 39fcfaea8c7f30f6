"""What we print is what bpftrace takes: the real compiler on the text that came out of our printer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gpttrace.language import format_tree, parse
from gpttrace.testing import InstalledBpftrace, require

ACCEPTED = json.loads((Path(__file__).parent / "data/accepted.json").read_text())
VERSIONS = {"host": "0.17.0", "trixie": "0.23.2", "sid": "0.27.1"}
COMPILE_ONLY = {
    "host": "--test",
    "trixie": "--test",
    "sid": "--mode",
}  # each followed by `codegen`; nothing runs


@pytest.mark.kernel
def test_bpftrace_compiles_what_we_print_of_programs_that_it_compiles(
    any_bpftrace: InstalledBpftrace,
) -> None:
    release = any_bpftrace.release
    version = subprocess.run(
        [any_bpftrace.path, "--version"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    require(
        VERSIONS[release] in version,
        f"the programs were measured with bpftrace {VERSIONS[release]}, not {version.strip()}",
    )
    mine = [each["program"] for each in ACCEPTED if VERSIONS[release] in each["accepted_by"]]
    for text in mine[:: len(mine) // 12]:
        printed = format_tree(parse(text))
        argv = [any_bpftrace.path, COMPILE_ONLY[release], "codegen", "-"]
        done = subprocess.run(argv, input=printed.encode(), capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, (printed, done.stderr.decode()[-500:])
