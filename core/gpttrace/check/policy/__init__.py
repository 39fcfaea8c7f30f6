"""Policy: what may run on a machine at all, decided on the parse tree, never on text; for every program, whoever wrote it."""

from gpttrace.check.policy.file import load_policy
from gpttrace.check.policy.judge import Verdict, changes_the_machine, judge
from gpttrace.check.policy.rules import DEFAULT, Policy

__all__ = ["DEFAULT", "Policy", "Verdict", "changes_the_machine", "judge", "load_policy"]
