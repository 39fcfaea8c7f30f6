"""Settings: one frozen value, made once at the edge and passed down.

The only module that reads the environment. Variables begin with `GPTTRACE_`; folders follow the XDG rules.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from platformdirs import PlatformDirs

MACHINE_POLICY = Path("/etc/gpttrace/policy.toml")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are: `bpftrace` is a path or None (search PATH); the folders need not exist yet.

    `machine_policy` is root's policy file and the only one that may widen what is allowed, so no variable moves it; `policy` is
    one more that tightens it, beside `policy.toml` in `config_dir`.
    """

    bpftrace: str | None
    state_dir: Path
    cache_dir: Path
    config_dir: Path = Path("/nonexistent")
    policy: Path | None = None
    machine_policy: Path = MACHINE_POLICY

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read `GPTTRACE_BPFTRACE`, `_STATE`, `_CACHE`, `_CONFIG` and `_POLICY`; the folders default to those of XDG."""
        env = os.environ if environ is None else environ
        dirs = PlatformDirs("gpttrace", appauthor=False)
        return cls(
            bpftrace=env.get("GPTTRACE_BPFTRACE") or None,
            state_dir=Path(env.get("GPTTRACE_STATE") or dirs.user_state_path),
            cache_dir=Path(env.get("GPTTRACE_CACHE") or dirs.user_cache_path),
            config_dir=Path(env.get("GPTTRACE_CONFIG") or dirs.user_config_path),
            policy=Path(env["GPTTRACE_POLICY"]) if env.get("GPTTRACE_POLICY") else None,
        )


def environment() -> dict[str, str]:
    """Return the caller's own environment, for the programs that they asked to run."""
    return dict(os.environ)


def wants_colour(stream: IO[str]) -> bool:
    """Tell whether to colour what goes to a stream: a terminal that is not dumb, and no `NO_COLOR` (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
