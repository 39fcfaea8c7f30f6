"""Ask each kernel of the laboratory, and this one, which hooks of the catalogue it has: `tests/kernels/confirm [FOLDER]`."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.corpus.confirmed import CONFIRMED, as_text, confirmed, found_nowhere, label
from tests.kernels.lab import RELEASES, Vm
from tests.kernels.modules import host_with_modules

from gpttrace.host import Host


def saved(release: str, folder: Path) -> Host:
    """Return the host of a machine that is booted for it, or the one that an earlier call has kept."""
    path = folder / f"{release}.host"
    if path.exists():
        return Host.load(path)
    machine = Vm(release)
    try:
        return host_with_modules(machine, path)
    finally:
        machine.close()


def main(arguments: list[str]) -> int:
    """Write confirmed.json; 1 when the catalogue reads what no kernel has."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments[0] if arguments else temporary)
        with ThreadPoolExecutor(len(RELEASES)) as pool:
            hosts = list(pool.map(lambda release: saved(release, folder), RELEASES))
        here = Host.local()
        by_name = {label(host.kernel): host for host in (*hosts, here)}
        by_name = dict(sorted(by_name.items(), key=lambda each: [int(part) for part in each[0].split(".")]))
        CONFIRMED.write_text(as_text(confirmed(by_name, label(here.kernel))), encoding="utf-8")
        nowhere = found_nowhere(by_name)
    for event, number, lack in nowhere:
        of = lack.field or "condition or key"
        sys.stderr.write(f"{event}, hook {number}, {of}: {lack.probe} has no {lack.name} on any kernel\n")
    return 1 if nowhere else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
