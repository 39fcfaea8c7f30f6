"""Model: an OpenAI-compatible endpoint, asked within limits of tokens, seconds and money, whatever it answers.

The key is shown nowhere; what comes back is clean text, or an error that a user can read. The names below are the room's face;
each is imported when it is first used, and the `openai` package only when a model is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpttrace.lazily import lazily

if TYPE_CHECKING:
    from gpttrace.model.asking import Model
    from gpttrace.model.budget import Budget, BudgetSpent, Spent
    from gpttrace.model.failures import ContextTooLong, no_model
    from gpttrace.model.fence import FENCE_RULE, fenced
    from gpttrace.model.structured import programs_in, read_json
    from gpttrace.model.values import Message, Reply, Tool, ToolCall, Usage

_HOMES = {
    "FENCE_RULE": "fence",
    "Budget": "budget",
    "BudgetSpent": "budget",
    "ContextTooLong": "failures",
    "Message": "values",
    "Model": "asking",
    "Reply": "values",
    "Spent": "budget",
    "Tool": "values",
    "ToolCall": "values",
    "Usage": "values",
    "fenced": "fence",
    "no_model": "failures",
    "programs_in": "structured",
    "read_json": "structured",
}

__all__ = [
    "FENCE_RULE",
    "Budget",
    "BudgetSpent",
    "ContextTooLong",
    "Message",
    "Model",
    "Reply",
    "Spent",
    "Tool",
    "ToolCall",
    "Usage",
    "fenced",
    "no_model",
    "programs_in",
    "read_json",
]

__getattr__ = lazily(__name__, _HOMES)
