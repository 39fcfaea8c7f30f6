"""Job: what one run was asked to do, as plain data that survives its process.

Written beside the spool before anything starts, so that a run whose process was killed can still be decoded and saved.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from gpttrace.trace.limits import Limits
from gpttrace.trace.plan import Plan

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without i, l, o, u: ids are read aloud and typed
NONCE_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class Job:
    """One run: `program` is the user's own text, `bpftrace` the path that runs it, `units` are by table name.

    In `folder` is looked for what the program includes or imports by a relative name.
    """

    run_id: str
    program: str
    bpftrace: str
    limits: Limits
    began: datetime
    question: str | None = None
    spec: dict[str, Any] | None = None
    command: tuple[str, ...] = ()
    pid: int | None = None
    exclude_self: bool = True
    units: dict[str, str] | None = None
    unsafe: bool = False
    folder: str | None = None

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return the job and the plan of its present attempt as plain JSON values."""
        return {**asdict(self), "began": self.began.isoformat(), "plan": plan.to_json()}


def job_from_json(data: dict[str, Any]) -> tuple[Job, Plan]:
    """Return the job and plan that `Job.to_json` described."""
    values = dict(data)
    plan = Plan.from_json(values.pop("plan"))
    values["limits"] = Limits(**values["limits"])
    values["began"] = datetime.fromisoformat(values["began"])
    values["command"] = tuple(values["command"])
    return Job(**values), plan


def new_run_id() -> str:
    """Return a new id: 12 characters that sort by time (seconds) and cannot be guessed (25 bits)."""
    seconds = int(time.time())
    clock = "".join(ALPHABET[seconds >> shift & 31] for shift in range(30, -1, -5))
    return clock + "".join(secrets.choice(ALPHABET) for _ in range(5))


def new_nonce() -> str:
    """Return 16 characters that the traced world cannot guess."""
    return "".join(secrets.choice(NONCE_ALPHABET) for _ in range(16))
