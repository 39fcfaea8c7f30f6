"""Save the runs whose process was killed: decode what their supervisor left on disk.

Called at the next start and by `gpttrace runs`; costs one directory listing when there is nothing to do.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gpttrace.errors import StoreError
from gpttrace.settings import Settings
from gpttrace.trace.conclude import conclude
from gpttrace.trace.decode import Decoder
from gpttrace.trace.ending import Ending, absorb
from gpttrace.trace.job import job_from_json
from gpttrace.trace.quota import Quota
from gpttrace.trace.result import Result
from gpttrace.trace.spool import left_behind
from gpttrace.trace.store import Store

CHUNK = 1 << 20


def recover(settings: Settings | None = None) -> list[str]:
    """Save every run that was left behind and return their ids; one that cannot be read is removed."""
    state_dir = (settings or Settings.load()).state_dir
    saved = []
    for folder in left_behind(state_dir):
        try:
            result = read_spool(folder)
        except (OSError, ValueError, KeyError, TypeError):  # half-written: killed before anything ran
            shutil.rmtree(folder, ignore_errors=True)
            continue
        with suppress(StoreError):  # no room now: the folder stays for the next time
            Store(state_dir).save(result)
            shutil.rmtree(folder, ignore_errors=True)
            saved.append(result.run_id)
    return saved


def load_run(run_id: str = "last", settings: Settings | None = None) -> Result:
    """Return a kept run with its tables, also one whose process was killed; `last`, an id or its beginning.

    UsageError when there is none, StoreError when it cannot be read.
    """
    settings = settings or Settings.load()
    recover(settings)
    return Store(settings.state_dir).load(run_id)


def read_spool(folder: Path) -> Result:
    """Return what a killed run left; raises OSError or ValueError when its files are not whole enough."""
    written = json.loads((folder / "job").read_bytes())
    if "argv" in written:
        from gpttrace.trace.other.left import read_left  # another program than bpftrace: rare

        return read_left(written, folder, _ending(folder / "events"))
    job, plan = job_from_json(written)
    decoder, quota = Decoder(plan), Quota(job.limits.rows)
    with suppress(FileNotFoundError), (folder / "output").open("rb") as output:
        while chunk := output.read(CHUNK):
            quota.count(decoder.feed(chunk))
    quota.count(decoder.close())
    result = conclude(job, plan, decoder, _ending(folder / "events"), quota=quota)
    return replace(
        result,
        warnings=(*result.warnings, "the program that started this run was killed; recovered from disk"),
    )


def _ending(path: Path) -> Ending:
    ending = Ending(noise="the supervisor was killed too")
    with suppress(FileNotFoundError):
        for line in path.read_bytes().splitlines():
            with suppress(ValueError):  # the last line of a full disk
                ending = absorb(ending, json.loads(line))
    return replace(ending, noise="") if not ending.died else ending
