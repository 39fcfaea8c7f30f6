"""Check: is this program right, for this host or a saved one, and may it run? Findings of one form from every tier.

The names below are the room's face; each is imported when it is first used, so that whoever only asks the policy pays for
nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace.check.policy import Policy, judge, load_policy
    from gpttrace.check.report import Report, Step, finding_json
    from gpttrace.check.sarif import to_sarif
    from gpttrace.check.whole import check, check_static

_HOMES = {
    "Policy": "policy",
    "Report": "report",
    "Step": "report",
    "check": "whole",
    "check_static": "whole",
    "finding_json": "report",
    "judge": "policy",
    "load_policy": "policy",
    "to_sarif": "sarif",
}

__all__ = [
    "Policy",
    "Report",
    "Step",
    "check",
    "check_static",
    "finding_json",
    "judge",
    "load_policy",
    "to_sarif",
]

__getattr__ = lazily(__name__, _HOMES)
