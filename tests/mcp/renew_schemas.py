"""Write the snapshot of all schemas anew, from the top of the repository: `python -m tests.mcp.renew_schemas`."""

from __future__ import annotations

import json

from anyio.from_thread import start_blocking_portal
from tests.mcp.serving import talking
from tests.mcp.test_schemas import GOLDEN, seen_by

from gpttrace.settings import Settings
from gpttrace_mcp.server import make_server


def main() -> None:
    """Write what a client sees now."""
    with start_blocking_portal() as portal, talking(portal, make_server(Settings.load({})), "auto") as talk:
        seen = seen_by(talk)
    GOLDEN.write_text(json.dumps(seen, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
