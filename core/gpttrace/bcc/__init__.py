"""Tools of bcc: which of them a question means, with which of its own arguments, run as safely as a program.

`plan_tool` chooses and composes, `run_plan` runs, `better_tool` tells `ask` in passing when a tool is the better answer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"gpttrace.bcc.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
