"""Tools of bcc: which of them a question means, with which of its own arguments, run as safely as a program.

`plan_tool` chooses and composes, `run_plan` runs, `better_tool` tells `ask` in passing when a tool is the better answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace.bcc.described import Argument, Description
    from gpttrace.bcc.installed import Installed, installed_tools
    from gpttrace.bcc.plan import ToolPlan, plan_tool
    from gpttrace.bcc.running import ToolAnswer, run_plan
    from gpttrace.bcc.suggest import Suggestion, better_tool

_HOMES = {
    "Argument": "described",
    "Description": "described",
    "Installed": "installed",
    "Suggestion": "suggest",
    "ToolAnswer": "running",
    "ToolPlan": "plan",
    "better_tool": "suggest",
    "installed_tools": "installed",
    "plan_tool": "plan",
    "run_plan": "running",
}

__all__ = [
    "Argument",
    "Description",
    "Installed",
    "Suggestion",
    "ToolAnswer",
    "ToolPlan",
    "better_tool",
    "installed_tools",
    "plan_tool",
    "run_plan",
]

__getattr__ = lazily(__name__, _HOMES)
