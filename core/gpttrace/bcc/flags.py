"""Words of a question that ask for a switch: time stamps, failures only, stacks, per process, a unit.

One table for all tools, by what their help calls the switch; the switches of a single tool stand in its own entry of our data.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gpttrace.bcc.described import Description
from gpttrace.bcc.known import Known
from gpttrace.bcc.wishes import Wishes
from gpttrace.spec.words import stem

# Words that all must be in the question, and names of switches, the best first.
_TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("timestamp", ("timestamp", "time")),
    ("time stamp", ("timestamp", "time")),
    ("timestamped", ("timestamp", "time")),
    ("with time", ("time", "timestamp")),
    ("per process", ("pids", "process", "perpid")),
    ("by process", ("pids", "process", "perpid")),
    ("each process", ("pids", "process", "perpid")),
    ("per pid", ("pids", "process", "perpid")),
    ("per thread", ("tids", "tid", "per-thread")),
    ("each thread", ("tids", "tid", "per-thread")),
    ("by thread", ("tids", "tid", "per-thread")),
    ("per disk", ("disks",)),
    ("each disk", ("disks",)),
    ("by disk", ("disks",)),
    ("per cpu", ("cpus",)),
    ("each cpu", ("cpus",)),
    ("milliseconds", ("milliseconds",)),
    ("microseconds", ("microseconds",)),
    ("nanoseconds", ("nanoseconds",)),
    ("histogram", ("dist", "histogram")),
    ("distribution", ("dist", "histogram")),
    ("folded", ("folded",)),
    ("flame graph", ("folded",)),
    ("flamegraph", ("folded",)),
    ("ipv4", ("ipv4",)),
    ("ipv6", ("ipv6",)),
    ("idle", ("include-idle",)),
    ("with user", ("print-uid",)),
    ("with uid", ("print-uid",)),
    ("latency", ("latency",)),
)
_RULES = tuple((frozenset(map(stem, words.split())), names) for words, names in _TABLE)
_FAILED = ("failed", "fails", "failures", "errors")
_STACKS = {"ustack": ("user-stack", "user-stacks-only"), "kstack": ("kernel-stack", "kernel-stacks-only")}
_ALWAYS = ("noclear",)  # what we show is lines, not a screen


@dataclass(slots=True)
class Wanted:
    """Switches to give; `problems` and `notes` as in `compose`."""

    switches: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def wanted_flags(wishes: Wishes, description: Description, known: Known) -> Wanted:
    """Return the switches that a question asks for and the tool has."""
    wanted = Wanted()
    switches = {each.name: each.flag for each in description.options if not each.takes_value}
    rest = dict(switches)
    taken: set[str] = set()
    for words, flag in known.flags:
        option = description.option(flag)
        if words <= wishes.stems and option is not None:
            wanted.switches.append(option.flag)
            taken |= words
    for words, names in _RULES:
        if words <= wishes.stems and not words <= taken and (name := _first(names, rest)):
            wanted.switches.append(switches[name])
            for each in names:
                rest.pop(each, None)  # `--time` and `--timestamp` say the same
    _failures(wishes, switches, known, wanted)
    _stacks(wishes, switches, known, wanted)
    wanted.switches += [switches[name] for name in _ALWAYS if name in switches]
    wanted.switches = list(dict.fromkeys(wanted.switches))
    return wanted


def flag_words(known: Known) -> frozenset[str]:
    """Return the stems that only ask for a switch: they need no other meaning."""
    own = [words for words, _ in known.flags]
    return frozenset().union(*own, *(words for words, _ in _RULES))


def _first(names: tuple[str, ...], switches: dict[str, str]) -> str | None:
    return next((name for name in names if name in switches), None)


def _failures(wishes: Wishes, switches: dict[str, str], known: Known, wanted: Wanted) -> None:
    if wishes.failed is None or _is_its_subject(("fail", "error"), known):
        return
    name = _first(_FAILED, switches)
    if wishes.failed and name is not None:
        wanted.switches.append(switches[name])
    else:
        wanted.problems.append("it cannot keep to calls that " + ("failed" if wishes.failed else "succeeded"))


def _stacks(wishes: Wishes, switches: dict[str, str], known: Known, wanted: Wanted) -> None:
    if not wishes.stacks:
        return
    only = any(name.endswith("stacks-only") for name in switches)
    if only and len(wishes.stacks) == 2:
        return  # both are what it shows anyway
    names = [_first(_STACKS[side], switches) for side in wishes.stacks if side in _STACKS]
    found = [switches[name] for name in names if name]
    wanted.switches += found
    if not found and not _is_its_subject(("stack",), known):
        wanted.problems.append("it shows no stacks")


def _is_its_subject(words: tuple[str, ...], known: Known) -> bool:
    own = known.also.union(*known.names)
    return any(word in own for word in words)
