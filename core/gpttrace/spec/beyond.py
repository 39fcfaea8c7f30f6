"""Questions that no trace can answer, whatever words they hold: about the past or the future, about what the machine is, orders.

Each is refused with the reason, before an event is looked for.
"""

from __future__ import annotations

import re

_DAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_SPAN = "hour|day|week|month|year"

_PAST = rf"""
    \b( yesterday | last[ ](night|weekend|reboot|boot|crash|{_SPAN}|{_DAY}) | this[ ]morning | earlier[ ]today
    | since[ ](the[ ])?(last[ ])?(boot|reboot|yesterday|{_DAY}|this[ ]morning|midnight)
    | (hours?|days?|weeks?|months?|minutes?)[ ]ago
    | history[ ]of | so[ ]far[ ]today | (in|over)[ ]the[ ]past[ ]({_SPAN}) | happened[ ](at|on|when|before)
      (?![ ](each|every|which|all|the[ ]same))
    | (before|until|up[ ]to)[ ](the[ ])?trac(ing|e|er)[ ](began|begins|start(ed|s)?|was[ ]started)
    | before[ ](i|you|we)[ ](started|began|begin|came|got|logged|arrived|asked) )\b
"""
_FUTURE = rf"""
    \b( tomorrow | (?<!wrongly[ ])(?<!correctly[ ])predict\w*
    | forecast\w* | next[ ](week|month|year|release|{_DAY}) | by[ ](the[ ]end[ ]of|tonight)
    | (my|our|the)[ ]other[ ](machine|host|server|computer|box)
    | would[ ]have[ ]\w+[ ](if|when|had) | what[ ]would[ ](\w+[ ])?(have|be|happen|do)
    | will[ ](be|run|fail|crash|happen|need|fill|have)
    | will[ ]\w+[ ](in|within|during|over)[ ]the[ ](next|coming)
    | ^(which|what|who|how[ ](many|much|often|long))\b[^.?]*[ ]will[ ](?!be[ ]traced)
    | would[ ](\w+[ ])?(have|see|get|need|take|be[ ](\w+[ ])?(slower|faster|better|worse|needed))\b.*\bif\b
    | ^(will|shall)[ ](the|my|our|this|it|we|i|there)\b
    | (when|at[ ]what[ ](time|moment|hour|point))[ ]will[ ](the|my|our|this|it|we|i) | going[ ]to[ ](fail|crash|fill|run) )\b
"""
_STATE = r"""
    \b( how[ ]much[ ](free[ ])?(ram|memory|(disk[ ])?space|swap|storage)[ ](do|does|is|are|has|have)\b
      (?!.*\b(allocat|m?map|lock|reclaim|charg|swapp|ask|request|statfs))
    | how[ ](big|large|full)[ ]is[ ](my|the|this)[ ](disk|ram|memory|drive|partition)
    | how[ ]many[ ](kilo|mega|giga|tera)bytes[ ]of[ ]\w+[ ](is|are|do|does|have|has)
    | how[ ]many[ ](\w+[ ])?(cores|cpus|disks|processors|sockets)[ ](do|does|has|are[ ]there)(?![ ](each|every)) | uptime
    | load[ ]average | current[ ](tcp[ ])?connections
    | cpu[ ]model | serial[ ]number
    | kernel[ ]version | which[ ]version | what[ ](distribution|version)
    | what[ ](kernel|hardware)[ ](is|am|are|do|does|have|has|version)
    | how[ ]many[ ]\w+[ ](are|is)[ ](loaded|mounted|open|installed|established|running)
      [ ](currently|now|right[ ]now|at[ ]the[ ]moment)
    | how[ ]many[ ](\w+[ ])?\w+[ ](are|is)[ ](there[ ])?(in|on)[ ](this|my|our)
      [ ](server|machine|box|computer|system|laptop|host|node)
    | how[ ]many[ ](\w+[ ])?(cores|cpus|disks|processors)[ ](are|is)[ ](in[ ])?(here|this|my|our)
    | (is|are)[ ](written|programmed|implemented)[ ]in[ ](rust|c|go|python|java|ruby|perl)\b
    | ip[ ]address[ ]of[ ](this|my)
    | ^is[ ](kernel|vm|net|fs|user|dev)\.[\w.]+[ ](turned[ ])?(on|off|enabled|disabled|set)\b
    | (users?|people|accounts?)[ ](who|that|which)[ ](have|has|can|may)[ ](\w+[ ])?(rights?|access|permissions?|privileges?)
    | is[ ]\w+[ ]installed | installed[ ]packages | list[ ](of[ ])?(all[ ])?(users|installed)
    | (password|secret|contents?|plaintext)[ ]of )\b
"""
_ORDER = r"""
    ^(please[ ])?give[ ](the|my|this|that|our)[ ]\w+([ ]\w+){0,3}[ ](a|an)?[ ]?(higher|lower|more|less|better)\b |
    ^(please[ ])?(put|turn|switch)[ ](the|my|this|that|it|our)[ ]\w+([ ]\w+)?[ ](to[ ]sleep|on|off|down|up)\b |
    ^((please|now|just|can[ ]you|could[ ]you)[ ])?
    (reboot|restart|shut[ ]?down|stop|kill|send|create|close|connect|terminate
    |suspend|start|delete|remove|erase|wipe|clean|free|format|rename|move|copy
    |decrypt|encrypt|hack|crack|bypass|install|uninstall|update|upgrade|fix|repair|disable|enable|block|deny|drop|prevent|limit|throttle|renice|tune|optimi[sz]e
    |speed[ ]up|increase|decrease|reduce|set|change|make[ ]sure)
    [ ](the|all|my|this|that|a|an|every|some|it|any|nginx|apache|old|unused|stale|unneeded|unwanted|obsolete)\b
    (?![ ](\w+[ ])?(count|histogram|table|list|chart|plot|graph|trace|program|script|breakdown|distribution|summary|profile)\b)
"""
# `unmount /mnt/backup`: a call and what it is to be done to, with nothing to measure.
_CALL = r"""
    ^(please[ ]|now[ ]|just[ ])?
    (un?mount|open|read|write|execute|run|kill|delete|remove|unlink|rename|chmod|chown|truncate
    |mkdir|rmdir|close|load|unload|insmod|rmmod
    |modprobe|swapon|swapoff|connect([ ]to)?|ping|touch|link|symlink|sync|lock|unlock|ptrace|attach[ ]to
    |bind([ ]to)?|listen[ ]on|renice)
    ([ ](-\w+|the|file|directory|process|pid|port|module|device|filesystem|disk))*
    [ ]["']?(/\S+|\d[\w.:]*)["']?([ ](to|on|at|with)[ ]["']?(/\S*|\d+)["']?)?[ ]?[.!]*$
"""
_OTHER = r"""
    \b( weather | joke | poem | recipe | stock[ ]price | who[ ]won | capital[ ]of | translate | meaning[ ]of[ ]life | president
    | (write|draft|compose)[ ](me[ ])?(the|a|an|my|our)[ ](\w+[ ]){0,2}
      (report|mail|email|e-mail|letter|essay|ticket|story|post|postmortem|novel|article|documentation)
    | why[ ](did|do|does|have|has)[ ](the[ ])?(\w+[ ])?(developers?|authors?|designers?|maintainers?|vendors?|people|engineers?)\b
    | explain[ ]what[ ](a|an|the)[ ]\w+[ ]is | football | lottery | horoscope | hello[ ]world | how[ ]old | favou?rite )\b
"""

_REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.VERBOSE), reason)
    for pattern, reason in (
        (
            _PAST,
            "tracing sees what happens from now on, not the past; logs and `gpttrace runs` keep what was",
        ),
        (_FUTURE, "tracing sees what happens while it runs; it foretells nothing"),
        (_STATE, "this asks what the machine is or holds, not what happens on it; other commands tell that"),
        (_CALL, "this asks to change the machine, which is only watched here"),
        (_ORDER, "this asks to change the machine, which is only watched here"),
        (_OTHER, "this is not about what happens on a Linux machine"),
    )
)


def beyond_tracing(text: str) -> str | None:
    """Return why a question cannot be answered by tracing, None when it may be."""
    return next((reason for pattern, reason in _REASONS if pattern.search(text)), None)
