"""What the tests of meaning share: a program written for a question, and another held against it."""

from __future__ import annotations

from functools import cache

from gpttrace.language import parse
from gpttrace.meaning import Comparison, compare_programs
from gpttrace.writer import Draft, write_offline

TIMED = """
tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; }
tracepoint:syscalls:sys_exit_read /@start[tid]/ {
    $ns = nsecs - @start[tid];
    if ($ns > 10000000) { @slow[comm] = count(); }
    delete(@start[tid]);
}
"""


@cache
def drafted(question: str) -> Draft:
    """Return what the offline writer makes of a question, for a machine that has everything."""
    draft = write_offline(question, None)
    assert draft.program is not None, draft.refused
    return draft


def held(asked: str, given: str) -> Comparison:
    """Hold one program's text against another's."""
    return compare_programs(parse(asked), parse(given))
