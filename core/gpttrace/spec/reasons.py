"""Parts of a question that only tell why it is asked: `pods get shot: who triggers the OOM killer`, `…, we hit the limit`.

A question is read without them where the rest is understood whole. A part that could say which of the events are meant (a
number, a path, a program, a signal, a file system, rows) is never left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gpttrace.spec.asking import BEGINS, STATING
from gpttrace.spec.catalogue import Catalogue
from gpttrace.spec.lexicon import lexicon
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.values import signal_named
from gpttrace.spec.who import is_program
from gpttrace.spec.words import Token, plain, stems

_PART = re.compile(r"(?:(?! - )[^.?!:;,\u2013\u2014]|[.?!:;,](?=\S))+|[.?!:;,\u2013\u2014]")
# What alone says how things are, in front or at the end of a part.
_ADJECTIVES = plain(
    """slow sluggish laggy flaky weird odd strange noisy loud broken stuck full high pegged hot angry crazy insane
    confused worried overloaded saturated busy curious wrong heavy idle"""
)
_MATTERS = plain(
    """alert alarm alerts ticket incident outage complaint suspect suspicion theory guess hunch question audit
    postmortem regression review hunt trick migration rollout"""
)
_DEEDS = plain(
    """slowly broke breaks failing dies died dying crawls crawling crashes crashed hangs hung confuses worries hurts
    kills kill bite bites eats eat paged spike spikes spiking jump jumps jumped shot starving thrashing lost vanish
    vanishes vanished debugging suspected"""
)
_COMPLAINTS = _ADJECTIVES | _MATTERS | _DEEDS
_STATES = STATING | plain(
    """feels feel looks look sits sit drops starts start went goes go came come comes says think thinks thought
    believe believes blame blames suspect suspects doubt doubts fear guess heard claims claim should could may might
    must turns turned forgot eats hits hit leaks happens got"""
)
_SUBJECTS = plain(
    """we i it they somebody someone something nobody everybody everyone people users customers this that these those
    our my there the some any an a one app apps pods dmesg"""
)
# With these no verb needs to be known: `dmesg rolls over too fast`.
_SPEAKING = plain("we i it they somebody someone something people customers dmesg")
_WISHES = plain("want need wish would like prefer care mean am should")
_RESTRICTING = plain(
    """called named only just except excepting excluding exclude without ignore ignoring skip but than besides apart
    unless until if by per each every top average mean maximum minimum histogram distribution count counted sum total
    percentile with for from to whose which who what how one lines line"""
)
_NEGATIONS = plain("not no never none nothing don't doesn't isn't aren't shouldn't must")
_MEASURES = plain(
    "time latency duration delay number count size sizes bytes rate total average longest histogram distribution"
)
_CLAUSES = plain("that which who whose whom what how")
_POINTING = plain("it its it's they them their theirs he his she her that's those there")
# What a complaint is about, and the events are then of.
TOPICS = stems(
    """ext4 xfs btrfs f2fs nfs nfsd cifs smb erofs overlay overlayfs fuse zfs tmpfs ceph tcp udp icmp ipv6 ipv4 arp
    unix vsock netlink dns http https tls ssl quic mptcp java python ruby php perl nodejs postgres mysql kvm qemu
    guest disk nvme ssd raid lvm iscsi usb pci io_uring xdp bpf ebpf swap socket sockets pipe pipes lock locks mutex
    futex"""
)
# Tools that somebody has looked with.
_TOOLS = plain(
    "strace ltrace perf tcpdump gdb top ps sar vmstat iostat htop iotop bpftrace dmesg grafana prometheus"
)
_LEAST, _NEAR = 2, 6


@dataclass(frozen=True, slots=True)
class Shorter:
    """A question with blanks for what only tells why it is asked; `told` are the words that were left out."""

    text: str
    told: tuple[Token, ...]

    def keeps_the_meaning(self, event: str, catalogue: Catalogue) -> bool:
        """Tell whether what was left out says nothing about which of these events are meant."""
        entry = next((each for each in lexicon(catalogue).entries if each.event.id == event), None)
        own = entry.words if entry is not None else frozenset()
        about = TOPICS - own
        return not any(
            token.stem in about and token.text.lower() not in _COMPLAINTS | _STATES for token in self.told
        )


def without_reasons(question: str) -> Shorter | None:
    """Return the question without the parts that only tell why it is asked, None where no part does."""
    sentence = Sentence(question)
    parts = [
        [i for i, t in enumerate(sentence.tokens) if match.start() <= t.start < match.end()]
        for match in _PART.finditer(question)
    ]
    parts = [part for part in parts if part]
    told = [part for number, part in enumerate(parts) if _tells(sentence, part, number == 0)]
    if not told or len(told) == len(parts) or any(_restricts(sentence, part) for part in told):
        return None
    left = {i for part in told for i in part}
    rest = [t.text.lower() for i, t in enumerate(sentence.tokens) if i not in left]
    near = list(zip(rest, [*rest[1:], ""], strict=True))[
        :_NEAR
    ]  # later on `it` is what the rest itself speaks of
    if any(word in _POINTING and after != "own" for word, after in near):
        return None  # `cockroach commits slowly: how long do its fsyncs take`
    shorter = list(question)
    for part in told:
        start, end = sentence.tokens[part[0]].start, sentence.tokens[part[-1]].end
        stop = end + (question[end : end + 1] in ":;,?")
        shorter[start:stop] = " " * (stop - start)
    return Shorter("".join(shorter), tuple(sentence.tokens[i] for i in sorted(left)))


def _tells(sentence: Sentence, part: list[int], first: bool) -> bool:
    """Tell whether a part says how things are: at the begin any complaint does, later only what somebody says or feels."""
    words = [sentence.tokens[i].text.lower() for i in part]
    if len(words) < _LEAST or _CLAUSES & set(words):
        return False
    state = _STATES & set(words[1:])
    asks = words[words[0] == "please"] in BEGINS and not (state and _ADJECTIVES & set(words))
    if first:
        state = state - {"sit", "sits"}  # `time requests sit in the queue`
        asks = asks or words[0] in _MEASURES
        complains = words[0] in _ADJECTIVES | {"busy"} or words[-1] in _MATTERS
        return not asks and bool(state or complains or _DEEDS & set(words[1:]))
    joining = words[0] in ("and", "because", "since", "as", "so", "maybe", "probably", "perhaps")
    says = bool(state or _COMPLAINTS & set(words[1:]) or words[joining] in _SPEAKING)
    wishes = words[joining] in ("i", "we") and bool(_WISHES & set(words[joining + 1 : joining + 3]))
    return not asks and not wishes and words[joining] in _SUBJECTS and len(words) > _LEAST and says


def _restricts(sentence: Sentence, part: list[int]) -> bool:
    """Tell whether a part may say which of the events are meant."""
    later = part[0] > 0
    return any(
        _is_literal(token)
        or token.text.lower()
        in _RESTRICTING - (plain("for to from with one rate top") if not later else frozenset())
        or (later and token.text.lower() in _NEGATIONS)
        for token in (sentence.tokens[i] for i in part)
    )


def _is_literal(token: Token) -> bool:
    constant = token.text.isupper() and ("_" in token.text or token.text[:1] == "E")
    program = is_program(token.text) and token.text.lower() not in _TOOLS
    named = program or "_" in token.text or signal_named(token.text) is not None
    return token.kind != "word" or constant or named
