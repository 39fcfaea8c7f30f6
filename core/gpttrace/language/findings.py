"""One form for every remark about a program: where, how bad, what, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "information", "hint"]
Origin = Literal["gpttrace", "bpftrace", "verifier", "policy", "meaning"]


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains a finding; offsets in characters of the source text."""

    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnostic. `start` and `end` are character offsets into the source text, end exclusive.

    `code` is stable and kebab-case, e.g. `syntax`, `unterminated-string`, `nesting-too-deep`.
    """

    start: int
    end: int
    severity: Severity
    code: str
    message: str
    hint: str | None = None
    source: Origin = "gpttrace"
    related: tuple[Related, ...] = ()
