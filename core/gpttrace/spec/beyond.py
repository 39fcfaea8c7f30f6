"""Questions that no trace can answer, whatever words of tracing they hold: the past, the future, what the machine is, orders to change it.

Each is refused with the reason, before an event is looked for.
"""

from __future__ import annotations

import re

_PAST = re.compile(
    r"\b(yesterday|last (night|week|weekend|month|year|hour|monday|tuesday|wednesday|thursday|friday|saturday|sunday|reboot|boot|crash)"
    r"|since (the )?(last )?(boot|reboot|yesterday|monday|this morning|midnight)|(hours?|days?|weeks?|months?|minutes?) ago|history of"
    r"|this morning|earlier today|so far today|in the past (hour|day|week|month|year)|over the past (day|week|month|year)|crashed the|happened (at|on|when|before))\b",
    re.IGNORECASE,
)
_FUTURE = re.compile(
    r"\b(tomorrow|predict\w*|forecast\w*|next (week|month|year|monday|release)|will (be|run|fail|crash|happen|need|fill|have)|going to (fail|crash|fill|run)"
    r"|by (the end of|tonight))\b",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"\b(how much (free )?(ram|memory|(disk )?space|swap|storage) (do|does|is|are|has|have)\b|how (big|large|full) is (my|the|this) (disk|ram|memory|drive|partition)"
    r"|how many (cores|cpus|disks) (do|does|has|are there)|uptime|kernel version|what (kernel|distribution|version|hardware)|which version|cpu model|serial number"
    r"|ip address of (this|my)|is \w+ installed|installed packages|list (of )?(all )?(users|installed)|load average|(password|secret|contents?|plaintext) of)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"^(please |now |can you |could you |just )?(reboot|restart|shut ?down|stop|kill|delete|remove|erase|wipe|install|uninstall|update|upgrade|fix|repair|disable|enable"
    r"|block|limit|throttle|speed up|clean|free|format|start|terminate|suspend|renice|tune|optimi[sz]e|increase|decrease|reduce|set|change|make sure|prevent|deny|drop|rename|move|copy)"
    r" (the|all|my|this|that|a|an|every|some|it|any|nginx|apache)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(weather|joke|poem|recipe|stock price|who won|capital of|translate|meaning of life|president|football|lottery|horoscope|hello world|how old|favou?rite)\b",
    re.IGNORECASE,
)

_REASONS = (
    (_PAST, "tracing sees what happens from now on, not the past; logs and `gpttrace runs` keep what was"),
    (_FUTURE, "tracing sees what happens while it runs; it foretells nothing"),
    (_STATE, "this asks what the machine is or holds, not what happens on it; other commands tell that"),
    (_ORDER, "this asks to change the machine, which is only watched here"),
    (_OTHER, "this is not about what happens on a Linux machine"),
)


def beyond_tracing(text: str) -> str | None:
    """Return why a question cannot be answered by tracing, None when it may be."""
    return next((reason for pattern, reason in _REASONS if pattern.search(text)), None)
