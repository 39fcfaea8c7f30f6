"""What a proof finds is documented, and the examples of the documentation are what they are said to be."""

from __future__ import annotations

import pytest

from gpttrace.check.codes import Code, all_codes
from gpttrace.check.prove_codes import CODES
from gpttrace.prove import verdict
from gpttrace.testing import InstalledBpftrace

from .conftest import Proving


def test_every_code_of_a_proof_is_in_the_table() -> None:
    hinted = set(verdict._HINTS)
    assert hinted | {"attached-some", "silently-empty"} == {code.name for code in CODES}
    assert hinted <= set(all_codes())


@pytest.mark.kernel
@pytest.mark.parametrize("code", [code for code in CODES if code.bad], ids=lambda code: code.name)
def test_the_wrong_example_fails_and_the_right_one_is_proved(
    code: Code, proving: Proving, host_bpftrace: InstalledBpftrace
) -> None:
    bad = proving(code.bad, host_bpftrace, "file-open")
    assert (bad.verdict, [each.code for each in bad.findings]) == ("failed", [code.name]), bad.why
    good = proving(code.good, host_bpftrace, "file-open")
    assert good.verdict == "proved", good.why
