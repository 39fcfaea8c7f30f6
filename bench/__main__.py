"""`python -m bench [AREA…]`: print every figure beside its target; run it on an idle machine."""

from __future__ import annotations

import importlib
import os
import sys

AREAS = (
    "start",
    "parse",
    "host",
    "static",
    "check",
    "question",
    "index",
    "first_row",
    "stop",
    "rows",
    "meaning",
    "mcp",
    "jupyter",
    "lsp",
    "lsp_completion",
    "plots",
)


def main() -> None:
    """Print the areas that are named, or all."""
    # A user's Python keeps what it compiled; measuring the compiler each time would say nothing about us.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for area in sys.argv[1:] or AREAS:
        print(area)
        for figure in importlib.import_module(f"bench.{area}").figures():
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
