"""The examples of the parser's codes are true, and no bpftrace takes the wrong ones."""

from __future__ import annotations

import pytest

from gpttrace.check.codes import Code
from gpttrace.check.syntax import CODES
from gpttrace.language import parse


@pytest.mark.parametrize("code", [code for code in CODES if code.bad], ids=lambda code: code.name)
def test_examples(code: Code) -> None:
    assert code.name in {finding.code for finding in parse(code.bad).findings}
    assert parse(code.good).findings == []
