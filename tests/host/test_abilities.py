"""What a bpftrace can do without running a program is asked of it, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpttrace.errors import Unavailable
from gpttrace.host.abilities import abilities_of
from gpttrace.testing import InstalledBpftrace

WORD = """#!/bin/sh
echo asked >> {log}
case "$*" in
  *--good*) exit 0;;
  *) cat >/dev/null; echo ran-42; exit 0;;
esac
"""


@pytest.mark.kernel
def test_each_release_compiles_by_an_option_that_runs_nothing(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    found = abilities_of(any_bpftrace.path, cache_dir=tmp_path)

    assert found.compile_only == any_bpftrace.compile_only
    assert found.dry_run == (any_bpftrace.version >= (0, 22))
    assert found.formats == (any_bpftrace.version >= (0, 25))


@pytest.mark.kernel
def test_the_answer_is_kept(host_bpftrace: InstalledBpftrace, tmp_path: Path) -> None:
    first = abilities_of(host_bpftrace.path, cache_dir=tmp_path)
    kept = (tmp_path / "bpftrace-abilities.json").read_text()

    assert abilities_of(host_bpftrace.path, cache_dir=tmp_path) == first
    assert (tmp_path / "bpftrace-abilities.json").read_text() == kept


def test_an_option_that_runs_the_program_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    tool = tmp_path / "bpftrace"
    tool.write_text(WORD.format(log=tmp_path / "log"))
    tool.chmod(0o755)
    found = abilities_of(str(tool), cache_dir=tmp_path)

    assert (found.compile_only, found.dry_run) == (None, False)
    assert not (tmp_path / "bpftrace-abilities.json").exists()


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be started"):
        abilities_of(str(tmp_path / "none"), cache_dir=tmp_path)
