"""Which machine scripts are checked for: this one, or that of a host file; found out on a thread, and anew when it is set anew.

Never raises: what is wrong with the choice is kept as `problem`, and scripts are then checked by the language alone.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gpttrace.check.policy import DEFAULT, Policy, load_policy
from gpttrace.errors import GpttraceError
from gpttrace.host import Host
from gpttrace.settings import Settings
from gpttrace_lsp.options import Options


class Hosting:
    """The machine, its settings and its policy, as the options want them."""

    def __init__(self, settings: Settings) -> None:
        self._given = settings
        self.settings = settings
        self.host: Host | None = None
        self.policy: Policy = DEFAULT
        self.problem: GpttraceError | None = None
        self._wanted: tuple[str, str, bool] | None = None
        self._lock = asyncio.Lock()

    async def choose(self, options: Options) -> bool:
        """Take what the options say; return whether it is another choice than before."""
        wanted = (options.bpftrace, options.hostFile, options.diagnostics_unsafe)
        async with self._lock:
            if wanted == self._wanted:
                return False
            await asyncio.to_thread(self._open, options)
            self._wanted = wanted
            return True

    async def ready(self, options: Options) -> Host | None:
        """Return the machine, found out when nobody asked before."""
        if self._wanted is None:
            await self.choose(options)
        return self.host

    def _open(self, options: Options) -> None:
        self.problem = None
        self.settings = replace(self._given, bpftrace=options.bpftrace or self._given.bpftrace)
        try:
            policy = load_policy(self.settings)
            self.policy = replace(policy, unsafe=True) if options.diagnostics_unsafe else policy
            self.host = (
                Host.load(Path(options.hostFile).expanduser())
                if options.hostFile
                else Host.local(self.settings)
            )
        except GpttraceError as error:
            self.problem = error
            # A host file that cannot be read must not make this machine's answers stand for that one's.
            self.host = None if options.hostFile else self.host
        if self.host is not None:
            with suppress(Exception):
                _warm(self.host)


def _warm(host: Host) -> None:
    # What the first keystroke would otherwise wait for: the lists of functions and types, and the tracepoints' names.
    host.match("tracepoint", "sched:sched_switch")
    host.struct("task_struct")
    host.count("kprobe")
    gc.collect()
    gc.freeze()  # what is known of a machine is no garbage, and need not be looked through again
