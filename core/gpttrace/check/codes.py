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
    from gpttrace.check.meaning_codes import CODES as MEANING
    from gpttrace.check.policy.codes import CODES as POLICY
    from gpttrace.check.prove_codes import CODES as PROVE
    from gpttrace.check.static.codes import CODES as STATIC
    from gpttrace.check.syntax import CODES as SYNTAX

    found: dict[str, Code] = {}
    for code in (*SYNTAX, *STATIC, *COMPILER, *LOADER, *POLICY, *MEANING, *PROVE):
        found.setdefault(code.name, code)
    return found


_SECTIONS: tuple[tuple[Origin, str, str], ...] = (
    ("gpttrace", "From our own parser and rules", "Found without starting anything, on every platform."),
    (
        "bpftrace",
        "From bpftrace",
        "What its compiler says, at your own place. Many share a code with our own rules above.",
    ),
    ("verifier", "From the kernel's verifier", "What the kernel refuses to load."),
    ("policy", "From the policy", "What is not allowed to run here; see [policy.md](policy.md)."),
    ("meaning", "About the meaning", "What is not what was asked."),
)


def as_markdown() -> str:
    """Return `docs/findings.md`."""
    codes = sorted(all_codes().values(), key=lambda code: code.name)
    lines = [
        "# Findings",
        "",
        "Every finding has one of these codes. They are stable: a code keeps its meaning for good.",
        "`gpttrace check --explain CODE` prints the same. Printed from the code: `make docs`.",
    ]
    for origin, title, words in _SECTIONS:
        rows = [code for code in codes if code.source == origin]
        if rows:
            lines += ["", f"## {title}", "", words]
        for code in rows:
            lines += ["", f"### `{code.name}`", "", f"{code.severity} · {code.title}", "", code.why]
            for word, text in (("wrong", code.bad), ("right", code.good)):
                if text:
                    lines += ["", f"{word}:", "", *code_block(text)]
    return "\n".join(lines) + "\n"


def code_block(text: str) -> list[str]:
    """Return a program as lines of Markdown; what cannot be printed is escaped."""
    shown = "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)
    return ["```bpftrace", *shown.rstrip("\n").split("\n"), "```"]


if __name__ == "__main__":
    import sys

    from gpttrace.check import codes as imported  # the class of the tables, not that of __main__

    sys.stdout.write(imported.as_markdown())
