"""The folder of a run that is not saved yet: what it was asked to do, and what bpftrace has printed so far.

`active/<run id>/` holds `job` (written and locked by us), `output` and `events` (written and locked by the supervisor).
Locks vanish with their process, so a folder without locks belongs to a run that was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from gpttrace.errors import StoreError
from gpttrace.trace.job import Job
from gpttrace.trace.plan import Plan


class Spool:
    """The spool folder of a live run."""

    def __init__(self, state_dir: Path, run_id: str) -> None:
        """Make and lock the folder; StoreError when that cannot be done."""
        self.path = state_dir / "active" / run_id
        try:
            make_private(state_dir, self.path.parent, self.path)
            self._job = os.open(self.path / "job", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._job, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise StoreError(
                f"cannot write to {self.path}: {problem.strerror}",
                hint="set GPTTRACE_STATE to a folder of yours",
            ) from problem

    def describe(self, job: Job, plan: Plan) -> None:
        """Write what is about to run; a full disk only means that a killed run cannot be decoded."""
        self.note(job.to_json(plan))

    def note(self, job: dict[str, Any]) -> None:
        """Write a job that is plain JSON values already."""
        with suppress(OSError):
            os.ftruncate(self._job, 0)
            os.pwrite(self._job, json.dumps(job).encode(), 0)

    def remove(self) -> None:
        """The run is saved: forget the copy."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()

    def release(self) -> None:
        """Leave the copy for `recover()`."""
        if self._job >= 0:
            os.close(self._job)
            self._job = -1


def left_behind(state_dir: Path) -> Iterator[Path]:
    """Find the spool folders that no process works on any more; costs one directory listing when there is none."""
    with suppress(OSError):
        for path in sorted((state_dir / "active").iterdir()):
            if not any(_locked(path / name) for name in ("job", "output")):
                yield path


def make_private(*folders: Path) -> None:
    """Make folders that only their owner can enter; existing ones are left as they are."""
    for folder in folders:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _locked(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
