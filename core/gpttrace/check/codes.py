"""Every code that a finding can carry: its meaning, and a program that has it and one that has not.

Each room of `check` lists its own codes in a `codes.py`; here they come together. `docs/findings.md` is printed from this table
(`python -m gpttrace.check.codes`), and a test holds the examples against the checks themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from gpttrace.language.findings import Origin, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `bad` is a program that has the finding, `good` the mended one; "" where a program alone cannot show it.

    `why` is one to three sentences for the author of a program: what happens if it stays, and what to do.
    """

    name: str
    severity: Severity
    source: Origin
    title: str
    why: str
    bad: str = ""
    good: str = ""


def all_codes() -> dict[str, Code]:
    """Return every code by its name; the same code may come from several tiers, then the first one's words count."""
    from gpttrace.check.compiler.codes import CODES as COMPILER
    from gpttrace.check.loader.codes import CODES as LOADER
    from gpttrace.check.policy.codes import CODES as POLICY
    from gpttrace.check.static.codes import CODES as STATIC

    found: dict[str, Code] = {}
    for code in (*STATIC, *COMPILER, *LOADER, *POLICY):
        found.setdefault(code.name, code)
    return found
