"""All codes of the static rules, each with a program that has it and one that has not."""

from __future__ import annotations

from gpttrace.check.codes import Code
from gpttrace.check.static import rules

CODES: tuple[Code, ...] = tuple(code for module in rules.MODULES for code in module.CODES)
