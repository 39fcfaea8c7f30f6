"""From effects to outputs: what reaches the user, each with the attach points, conditions, keys and values that it stands for.

A map that ties the end of an event to its begin disappears here: what it holds is put in its place, with the begin's facts marked
`before`, once for each pair of begin and end that can belong together, and once for an end whose begin was not seen.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from hashlib import sha256

from gpttrace.meaning.effects import Erase, Meaning, Place, Row, Show, Update
from gpttrace.meaning.points import TIMERS, pairs
from gpttrace.meaning.terms import (
    FALSE,
    TRUE,
    Apply,
    Fact,
    Number,
    Stored,
    Term,
    Text,
    apply,
    assuming,
    both,
    chosen,
    conjuncts,
    either,
    negated,
    parts,
    replaced,
    truth,
)

Tie = tuple[tuple[Term, ...], tuple[Term, ...]]
# What stays the same for a thread from the begin of an event to its end.
_OF_THE_THREAD = frozenset(
    ("pid", "tid", "uid", "gid", "comm", "cgroup", "curtask", "username", "pcomm", "ppid")
)
_OF_THE_PROCESS = frozenset(("pid", "uid", "gid", "cgroup"))
_NEVER_ZERO = frozenset(("nsecs", "elapsed", "nsecs()"))
ROWS = "rows"
_STATE = "state:"
_MOST_PAIRS = 1000  # of begin and end, for one effect


@dataclass(frozen=True, slots=True)
class Part:
    """What one attach point adds to an output. `begin` is where the event began, None when only `end` is looked at.

    `unseen` says that this is the case of an end whose begin was not seen. `ties` are the keys that tie the two together; `times`
    is how often the same is added.
    """

    begin: str | None
    end: str
    cond: Term
    keys: tuple[Term, ...]
    args: tuple[Term, ...]
    place: Place
    ties: frozenset[Tie] = frozenset()
    unseen: bool = False
    times: int = 1


@dataclass(slots=True)
class Output:
    """A result map, or the rows that are printed. `every` is the timer that shows it, `clears` whether it is emptied then."""

    name: str
    how: str
    parts: list[Part] = field(default_factory=list)
    every: str | None = None
    clears: bool = False
    top: int | None = None

    @property
    def is_state(self) -> bool:
        """Tell whether it only remembers earlier events (`@seen`), and so is shown to nobody."""
        return self.how.startswith(_STATE)

    @property
    def seen(self) -> list[Part]:
        """The parts of events whose begin was seen, or that have none."""
        return [part for part in self.parts if not part.unseen]


@dataclass(slots=True)
class Stale:
    """A helper map whose keys stay after the event has ended, under this condition (TRUE: always).

    `used` is when what it holds was made use of; `elsewhere` says that some other probe removes keys of it.
    """

    map: str
    cond: Term
    used: Term
    elsewhere: bool
    place: Place


@dataclass(slots=True)
class Outputs:
    """All outputs of a program, and its helper maps. `unfollowed` are reasons why something in `outputs` may be wrong."""

    outputs: list[Output] = field(default_factory=list)
    helpers: dict[str, list[Update]] = field(default_factory=dict)
    stale: list[Stale] = field(default_factory=list)
    unfollowed: list[tuple[str, Place]] = field(default_factory=list)

    @property
    def shown(self) -> list[Output]:
        """The outputs that reach the user."""
        return [output for output in self.outputs if not output.is_state]


def outputs_of(meaning: Meaning) -> Outputs:
    """Return what reaches the user of a program."""
    found = _Resolving(meaning)
    whole = Outputs(helpers=found.helpers)
    whole.unfollowed = [(each.why, each.place) for each in meaning.unread]
    by_name: dict[str, Output] = {}
    for update in meaning.updates:
        if update.map in found.results:
            output = by_name.setdefault(update.map, Output(update.map, _how(update)))
            output.parts += found.parts_of(
                update.points, update.cond, update.keys, _args(update), update.place
            )
        elif update.map in found.states:
            output = by_name.setdefault(update.map, Output(update.map, f"{_STATE}{update.how}"))
            output.parts += found.parts_of(update.points, update.cond, update.keys, update.args, update.place)
    for row in meaning.rows:
        if not _by_timer(row.points):
            output = by_name.setdefault(ROWS, Output(ROWS, "row"))
            output.parts += found.parts_of(row.points, row.cond, (), row.args, row.place)
    whole.unfollowed += found.unfollowed
    _shown(by_name, meaning)
    for output in by_name.values():
        output.parts = _gathered(output.parts)
    whole.outputs = [output for output in by_name.values() if output.parts]
    whole.stale = list(found.stale())
    return whole


def _gathered(found: list[Part]) -> list[Part]:
    """Return parts that add the same as one."""
    first: dict[Part, Part] = {}
    times: dict[Part, int] = {}
    for part in found:
        same = replace(part, place=_NOWHERE)
        first.setdefault(same, part)
        times[same] = times.get(same, 0) + 1
    return [replace(part, times=times[same]) for same, part in first.items()]


_NOWHERE = Place(0, 0, 0)


def _by_timer(points: tuple[str, ...]) -> bool:
    return all(point.split(":")[0] in TIMERS for point in points)


def _how(update: Update) -> str:
    if update.how == "add":
        return "count" if update.args == (TRUE,) else "sum"
    return update.how


def _args(update: Update) -> tuple[Term, ...]:
    return () if _how(update) == "count" else update.args


def _shown(outputs: dict[str, Output], meaning: Meaning) -> None:
    shows = list(meaning.shows)
    for row in meaning.rows:
        if _by_timer(row.points):  # `printf("%d\n", @x)` in a timer shows @x
            names = {part.map for arg in row.args for part in parts(arg) if isinstance(part, Stored)}
            shows += [Show(row.points, name, None, row.place) for name in sorted(names)]
    for show in shows:
        output = outputs.get(show.map)
        if output is None:
            continue
        timer = next((point for point in show.points if point.startswith("interval")), None)
        output.every = timer or output.every
        output.top = show.top if show.top is not None else output.top
        if timer:
            output.clears = any(_clears(each, show.map, timer) for each in meaning.erases)


def _clears(erase: Erase, name: str, timer: str) -> bool:
    return erase.map == name and erase.keys is None and timer in erase.points


class _Resolving:
    """Knows which maps are results and which only carry something from one probe to another."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning
        self.unfollowed: list[tuple[str, Place]] = []
        self.read: dict[str, set[int]] = defaultdict(set)
        effects: list[Update | Row | Erase] = [*meaning.updates, *meaning.rows, *meaning.erases]
        self._points: dict[int, set[str]] = defaultdict(set)
        for effect in effects:
            self._points[effect.place.probe] |= set(effect.points)
            if not _by_timer(effect.points):
                for name in _maps_in(effect):
                    self.read[name].add(effect.place.probe)
        self.writes: dict[str, list[Update]] = defaultdict(list)
        for update in meaning.updates:
            self.writes[update.map].append(update)
        self.results = {name for name, updates in self.writes.items() if self._is_result(name, updates)}
        self.helpers = {name: updates for name, updates in self.writes.items() if name not in self.results}
        self.states = {
            name for name, probes in self.read.items() if any(self.is_state(name, probe) for probe in probes)
        }
        self._canonical: dict[str, str] = {}
        # What a map carries as an address was one when it was put there.
        for name in meaning.pointers & self.writes.keys():
            meaning.pointers |= {
                arg.name for each in self.writes[name] for arg in each.args if isinstance(arg, Fact)
            }

    def _is_result(self, name: str, updates: list[Update]) -> bool:
        if any(update.how not in ("set", "add") for update in updates):
            return True
        return name not in self.read or any(show.map == name for show in self.meaning.shows)

    # ------------------------------------------------------------------------------------ parts

    def parts_of(
        self,
        points: tuple[str, ...],
        cond: Term,
        keys: tuple[Term, ...],
        args: tuple[Term, ...],
        place: Place,
    ) -> list[Part]:
        """Return the parts of one effect: for each of its points, and each begin that belongs to it."""
        cond, keys, args = self._with_state(cond, place), self._all(keys, place), self._all(args, place)
        carried = [part for term in (cond, *keys, *args) for part in parts(term) if isinstance(part, Stored)]
        found = []
        for point in points:
            if point.split(":")[0] in TIMERS:
                continue
            if not carried:
                found.append(Part(None, point, cond, keys, args, place))
                continue
            begins = [*self._begins(carried, point), None]
            if len(found) + len(begins) > _MOST_PAIRS:
                self.unfollowed.append(("there are too many pairs of begin and end to follow", place))
                break
            found += [self._joined(begin, point, cond, keys, args, place) for begin in begins]
        return [_under_its_condition(part) for part in found if part.cond != FALSE]

    def _begins(self, carried: list[Stored], point: str) -> list[str]:
        begins = dict.fromkeys(
            p for each in carried for update in self.writes[each.map] for p in update.points
        )
        return [begin for begin in begins if pairs(begin, point)]

    def _joined(
        self,
        begin: str | None,
        end: str,
        cond: Term,
        keys: tuple[Term, ...],
        args: tuple[Term, ...],
        place: Place,
    ) -> Part:
        ties: set[Tie] = set()

        def put(term: Term) -> Term | None:
            if _is_guard(term):
                assert isinstance(term, Apply)
                inner = term.args[0]
                assert isinstance(inner, Stored)
                seen = self._value(begin, inner, ties)
                holds = _never_zero(seen, self.meaning.pointers)
                return holds if holds is not None else apply(term.op, seen, term.args[1])
            if isinstance(term, Stored):
                value = self._value(begin, term, ties)
                if term.has:
                    return _is_there(value)
                return value
            return None

        def resolve(term: Term) -> Term:
            return replaced(term, put)

        return Part(
            begin,
            end,
            truth(resolve(cond)),
            tuple(map(resolve, keys)),
            tuple(map(resolve, args)),
            place,
            frozenset(ties),
            begin is None,
        )

    def _value(self, begin: str | None, stored: Stored, ties: set[Tie]) -> Term:
        """Return what a helper map holds at the end of an event that began at `begin`, and note how it is tied."""
        value: Term = FALSE
        for update in self.writes[stored.map]:
            if begin is None or begin not in update.points:
                continue
            written = self._all(update.keys, update.place)
            ties.add((_least(written), _least(stored.keys)))
            same = _same_facts(written, stored.keys)
            cond = _before(self._with_state(update.cond, update.place), same)
            value = chosen(cond, _before(self._with_state(update.args[0], update.place), same), value)
        return value

    # ------------------------------------------------------------------------------------ state

    def _all(self, terms: tuple[Term, ...], place: Place) -> tuple[Term, ...]:
        return tuple(self._with_state(term, place) for term in terms)

    def _with_state(self, term: Term, place: Place) -> Term:
        """Replace maps that hold what earlier events left (`@seen`, `@last`) by facts named after how they are written."""

        def put(part: Term) -> Term | None:
            if not isinstance(part, Stored) or not self.is_state(part.map, place.probe):
                return None
            # Asked whether it is there, or for its number: it is the same fact.
            return Apply(self._named(part.map), tuple(self._with_state(key, place) for key in part.keys))

        return replaced(term, put)

    def is_state(self, name: str, probe: int) -> bool:
        """Tell whether a map holds what earlier events left, rather than the begin of this one."""
        updates = self.writes[name]
        if not updates:
            return False
        own = any(update.place.probe == probe for update in updates)
        return own or any(update.how != "set" for update in updates) or self._is_deep(name)

    def _is_deep(self, name: str) -> bool:
        # A map that is set from another map: a chain of three or more, or a circle.
        return any(
            isinstance(part, Stored) for u in self.writes[name] for arg in u.args for part in parts(arg)
        )

    def _named(self, name: str) -> str:
        # By where and under which keys it is written, so that the map's own name does not count.
        if name not in self._canonical:
            written = sorted(
                repr((sorted(u.points), u.how, tuple(map(_opened, u.keys)))) for u in self.writes[name]
            )
            self._canonical[name] = "@" + sha256(";".join(written).encode()).hexdigest()[:12]
        return self._canonical[name]

    # ------------------------------------------------------------------------------------ stale keys

    def _uses(self, name: str, probe: int) -> list[Term]:
        effects: list[Update | Row] = [*self.meaning.updates, *self.meaning.rows]
        mine = (effect for effect in effects if effect.place.probe == probe)
        return [effect.cond for effect in mine if name in _maps_in(effect)]

    def stale(self) -> list[Stale]:
        """Return helper maps whose key is not removed when the event has ended."""
        found = []
        for name, updates in self.helpers.items():
            readers = self.read.get(name, set()) - {update.place.probe for update in updates}
            if not readers or self.is_state(name, min(readers)):
                continue
            erases = [each for each in self.meaning.erases if each.map == name and each.keys is not None]
            for probe in sorted(readers):
                read = {keys for each, keys, at in self.meaning.reads if each == name and at.probe == probe}
                points = self._points[probe]
                here = [each for each in erases if points & set(each.points)]
                erased = [replaced(each.cond, _held) for each in here if each.keys in read]
                left = negated(either(*erased)) if erased else TRUE
                if left != FALSE:
                    used = replaced(either(*self._uses(name, probe)), _held)
                    found.append(Stale(name, left, used, len(here) < len(erases), updates[0].place))
        return found


def _under_its_condition(part: Part) -> Part:
    cond = part.cond
    if len(joined := conjuncts(cond)) > 1:
        cond = both(*(assuming(each, both(*(other for other in joined if other != each))) for each in joined))
    return replace(
        part,
        cond=cond,
        keys=tuple(assuming(key, cond) for key in part.keys),
        args=tuple(assuming(arg, cond) for arg in part.args),
    )


def _opened(term: Term) -> Term:
    """Return a term without the names of maps in it."""
    return replaced(
        term,
        lambda part: (
            Stored("@", tuple(map(_opened, part.keys)))
            if isinstance(part, Stored) and part.map != "@"
            else None
        ),
    )


def _maps_in(effect: Update | Row | Erase) -> set[str]:
    return {part.map for term in _terms(effect) for part in parts(term) if isinstance(part, Stored)}


def _held(part: Term) -> Term | None:
    """Take for granted that the key is there: an event without a begin leaves nothing behind."""
    if _is_guard(part) and isinstance(part, Apply) and isinstance(part.args[0], Stored):
        return TRUE if part.op in ("!=", ">") else FALSE
    if isinstance(part, Stored) and part.has:
        return TRUE
    return None


def _terms(effect: Update | Row | Erase) -> list[Term]:
    if isinstance(effect, Row):
        return [effect.cond, *effect.args]
    if isinstance(effect, Erase):
        return [effect.cond]
    own = Stored(effect.map, effect.keys)
    return [effect.cond, *effect.keys, *(arg for arg in effect.args if arg != own)]


def _is_guard(term: Term) -> bool:
    return (
        isinstance(term, Apply)
        and term.op in ("!=", ">", "==")
        and isinstance(term.args[0], Stored)
        and not term.args[0].has
        and term.args[1] == FALSE
    )


def _never_zero(value: Term, pointers: set[str]) -> Term | None:
    """Return when a stored value is there, for values that are never 0 when they are; None where 0 may be a value."""
    match value:
        case Number(value=number):
            return TRUE if number else FALSE
        case Text():
            return TRUE
        case Fact(name=name, type=kind):
            sure = name in _NEVER_ZERO or name in pointers or kind.endswith("*") or kind == "string"
            return TRUE if sure else None
        case Apply(op="?:", args=(cond, one, other)):
            first, second = _never_zero(one, pointers), _never_zero(other, pointers)
            if first is not None and second is not None:
                return chosen(cond, first, second)
    return None


def _is_there(value: Term) -> Term:
    match value:
        case Apply(op="?:", args=(cond, one, other)):
            return chosen(cond, _is_there(one), _is_there(other))
        case Number(value=0):
            return FALSE
    return TRUE


def _least(keys: tuple[Term, ...]) -> tuple[Term, ...]:
    """Leave out of a key what the thread in it tells already."""
    names = {key.name for key in keys if isinstance(key, Fact)}
    if "tid" not in names:
        return keys
    return tuple(key for key in keys if not (isinstance(key, Fact) and key.name in _OF_THE_THREAD - {"tid"}))


def _same_facts(written: tuple[Term, ...], read: tuple[Term, ...]) -> frozenset[str]:
    """Return the names of facts that are the same at begin and end, because the key ties them."""
    same = {
        one.name
        for one, other in zip(written, read, strict=False)
        if isinstance(one, Fact) and isinstance(other, Fact) and one.name == other.name
    }
    if "tid" in same:
        same |= _OF_THE_THREAD
    elif "pid" in same:
        same |= _OF_THE_PROCESS
    return frozenset(same)


def _before(term: Term, same: frozenset[str]) -> Term:
    """Return a term as it was when the event began."""

    def put(part: Term) -> Term | None:
        if isinstance(part, Fact) and part.name not in same:
            return replace(part, at=f"before {part.at}".strip())
        return None

    return replaced(term, put)
