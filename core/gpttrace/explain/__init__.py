"""Programs and tables → words, each claim computed from the tree or the rows, or held against them when a model wrote it.

`follow_up` answers questions over a finished run. What needs a model, or reads questions, is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace.explain.follow import FollowUp, follow_up, spec_of
    from gpttrace.explain.operation import Operation
    from gpttrace.explain.program import explain_program
    from gpttrace.explain.rephrase import rephrase_program
    from gpttrace.explain.result import explain_result
    from gpttrace.explain.retell import explain_result_with
    from gpttrace.explain.told import Told

_HOMES = {
    "FollowUp": "follow",
    "Operation": "operation",
    "Told": "told",
    "explain_program": "program",
    "explain_result": "result",
    "explain_result_with": "retell",
    "follow_up": "follow",
    "rephrase_program": "rephrase",
    "spec_of": "follow",
}

__all__ = [
    "FollowUp",
    "Operation",
    "Told",
    "explain_program",
    "explain_result",
    "explain_result_with",
    "follow_up",
    "rephrase_program",
    "spec_of",
]

__getattr__ = lazily(__name__, _HOMES)
