"""Which processes a question speaks of: cgroup, PID, thread, user, CPU, name.

Each function takes what it understands out of the sentence (its tokens get a meaning) and notes it in `Asked`.
"""

from __future__ import annotations

import pwd
import re
from collections.abc import Callable

from gpttrace.spec import vocabulary as words
from gpttrace.spec.asked import EQUALS, Asked, text_at
from gpttrace.spec.cgroup import UNIT_SUFFIXES
from gpttrace.spec.model import Condition
from gpttrace.spec.sentence import Sentence
from gpttrace.spec.units import unit
from gpttrace.spec.words import plain, stem, stems

_LINKS = stems("by of for from in does do did is are to except excluding than")
_IDS: dict[str, tuple[str, ...]] = {
    "pid": ("pid", "process id", "process", "proces number", "program"),
    "tid": ("tid", "thread id", "thread"),
    "uid": ("uid", "user id", "user"),
    "cpu": ("cpu", "core", "processor"),
}
_ID_PHRASES = [
    (key, tuple(stem(w) for w in phrase.split())) for key, phrases in _IDS.items() for phrase in phrases
]


def take_ids(sentence: Sentence, asked: Asked) -> None:
    """`PID 189`, `pid=189`, `process 189`, `thread 7`, `user 1000`, `cpu 3`, `user root`."""
    for key, phrase in _ID_PHRASES:
        for index in range(len(sentence.tokens)):
            if all(
                sentence.is_free(index + n) and sentence.stem(index + n) == w for n, w in enumerate(phrase)
            ):
                _take_id(sentence, asked, key, index, index + len(phrase))


def _take_id(sentence: Sentence, asked: Asked, key: str, first: int, at: int) -> None:
    while sentence.stem(at) in EQUALS or sentence.stem(at) in ("number", "no", "id", "of"):
        at += 1
    negated = sentence.stem(at) in ("not", "!=")
    at += negated
    if not sentence.is_free(at) or sentence.text[sentence.tokens[at - 1].end :].startswith(
        (",", "?", ";", "!", ". ")
    ):
        return  # `by process, 12 rows`
    token = sentence.tokens[at]
    if token.kind == "number" and token.text.isdigit() and len(token.text) < 11:
        if sentence.stem(at + 1) in _RANKS:
            return
        comma = sentence.text[token.end : token.end + 1] == ","
        if unit(text_at(sentence, at + 1)) is None or key == "pid" or comma:
            _add(sentence, asked, first, Condition(key, "!=" if negated else "==", int(token.text)))
            sentence.take(first, at, f"only {'not ' * negated}{key} {token.text}")
    elif key == "uid" and token.kind == "word" and _is_stranger(sentence, first, at):
        asked.problems.append(
            f"there is no user {token.text} on this machine; name one of its own, or a number"
        )
    elif key == "uid" and (uid := _uid_of(token.text)) is not None:
        asked.conditions.append(Condition("uid", "==", uid))
        sentence.take(first, at, f"only user {token.text} (uid {uid})")


def _is_stranger(sentence: Sentence, first: int, at: int) -> bool:
    """Tell whether a word behind `user` is a name of nobody here: `commands run by user deploy`."""
    token = sentence.tokens[at]
    named = first == at - 1 and sentence.stem(first - 1) in ("by", "of", "for", "from", "as")
    plain_word = token.stem in words.NO_EVENT | words.OTHER | words.SLOTS or not token.text.islower()
    return named and sentence.ends_part(at) and not plain_word and _uid_of(token.text) is None


_RANKS = stems("most largest biggest busiest heaviest slowest highest worst longest times")


def take_root(sentence: Sentence, asked: Asked) -> None:
    """`by root`, `as root`, `who is not root`, `non-root`: conditions on the user."""
    for index, token in enumerate(sentence.tokens):
        if (
            token.meaning is not None
            or token.stem != "root"
            or sentence.stem(index + 1) in ("cgroup", "directory", "folder")
        ):
            continue
        before = [sentence.stem(i) for i in (index - 1, index - 2, index - 3)]
        negated = before[0] in EXCEPT or (before[0] in ("than", "by", "the") and before[1] in EXCEPT)
        becomes = before[0] == "to" and sentence.stem(index - 2) in _BECOMING
        if not negated and not becomes and before[0] not in ("by", "as", "of", "for", "under", "that", "do"):
            continue
        first = index - (2 if negated and before[0] in ("than", "by", "the") else 1)
        first = _users_before(sentence, first)
        asked.conditions.append(Condition("uid", "!=" if negated else "==", 0))
        if becomes:
            asked.directed.append(asked.conditions[-1])
        sentence.take(first, index, "only other users than root" if negated else "only root (uid 0)")
        return


_BECOMING = stems("change changes setuid uid user set go goes become elevate elevates escalate")


def _users_before(sentence: Sentence, first: int) -> int:
    """Return where `by users that are (not root)` begins: which users, and no rows by them."""
    at = first - 1
    while sentence.stem(at) in ("that", "who", "which", "are", "is"):
        at -= 1
    direct = at == first - 1 and sentence.stem(first) == "other"  # `from users other than root`
    if (
        (at == first - 1 and not direct)
        or text_at(sentence, at).lower() != "users"
        or sentence.stem(at - 1) not in ("by", "of", "for", "from")
    ):
        return first
    return at - 1


EXCEPT = stems("not non except excluding other besides without isn't aren't but ignoring")


def _uid_of(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        return None


def _names_nobody(sentence: Sentence, index: int) -> bool:
    """Tell whether no name follows: `who doesn't`, `each time it is called: user id and process`."""
    word, end = sentence.tokens[index].text.lower(), sentence.tokens[index].end
    ended = word in _NAMING and sentence.text[end : end + 1] == ":"
    return ended or word == "who" or text_at(sentence, index + 1).lower().endswith(("n't", "n’t"))


def take_named_comm(sentence: Sentence, asked: Asked, known: Callable[[str], bool]) -> None:
    """`by comm nginx`, `process named "Web Content"`, `process nginx`, `comm == nginx`."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or not (token.stem in words.COMM_WORDS or token.text.lower() in _NAMING):
            continue
        if _names_nobody(sentence, index):
            continue
        if sentence.stem(index - 1) in _DETERMINERS or (
            token.text.lower().endswith(("es", "s")) and token.stem != "process"
        ):
            continue  # `each process reads`: the next word is a verb
        of_other = token.text.lower() in _NAMING and sentence.stem(index - 1) not in words.COMM_WORDS
        if of_other and index and sentence.stem(index - 1) not in words.EMPTY | EXCEPT:
            continue  # `a module named nvidia`
        if sentence.stem(index - 1) in ("my", "our") and text_at(sentence, index + 1).lower() in _SEEMING:
            continue  # `my app feels sluggish`
        at, explicit = index + 1, token.text.lower() in _NAMING
        explicit = explicit or (token.text.lower() == "comm" and sentence.stem(at) in EQUALS)
        while text_at(sentence, at).lower() in (*_NAMING, "name", "=", "==") or (
            explicit and sentence.stem(at) == "is"
        ):
            explicit = explicit or text_at(sentence, at).lower() != "name"
            at += 1
        if not sentence.is_free(at) or _is_parted(sentence, at - 1):
            continue
        value = sentence.tokens[at]
        inside = sentence.tokens[at : sentence.chunk(at)[1] + 1]
        strange = any(not known(token.stem) for token in inside) or (
            len(inside) > 1 and inside[0].kind == "word"
        )
        if value.kind == "quoted" or (value.kind in ("word", "path") and (explicit or strange)):
            if value.kind == "word" and not explicit and value.text.endswith("ly"):
                continue
            if explicit and value.kind == "word" and value.stem in (words.EMPTY | words.MOST | {"and"}):
                continue
            _set_comm(sentence, asked, index, at)
            return


def _is_parted(sentence: Sentence, index: int) -> bool:
    """Tell whether a stop or a comma stands behind a word: `by process, oracle box` names no process."""
    return sentence.text[sentence.tokens[index].end :].lstrip()[:1] in (",", ".", "?", "!", ";")


_SEEMING = plain("feels looks seems hangs crawls stalls keeps gets goes lags stutters dies crashes freezes")
_DETERMINERS = stems("each every per which what any all the a")
_NAMING = ("named", "called")


# Programs that people ask about, some of which are words of the catalogue as well.
_PROGRAMS = plain(
    """nginx apache apache2 httpd haproxy envoy postgres postgresql statsd collectd mysql mysqld mariadbd redis mongod
    etcd java python python3 ruby php dockerd docker containerd runc kubelet sshd bash systemd journald rsyslogd cron
    chrome firefox chromium gcc strace gdb lldb tcpdump npm rustc cargo clang scp sftp systemd-journald sudo rsync
    curl wget qemu libvirtd dnsmasq memcached elasticsearch prometheus grafana crond ntpd chronyd sssd unbound squid
    varnishd gunicorn uwsgi celery sidekiq puma unicorn nodejs php-fpm tomcat kafka zookeeper cassandra influxd
    telegraf consul nomad fluentd logstash filebeat rpcbind smbd cupsd dhclient openvpn rabbitmq dotnet minio traefik
    caddy clickhouse ansible gradle maven javac webpack emacs ffmpeg postfix dovecot mutt git-daemon"""
)


# Names of programs that are words of every question; they are meant where the question ends with `of find`, `by make`.
_PLAIN_WORDS = plain("find make sort tar top less cat rm cp mv ls dd grep sed awk git ssh ps du df ln gzip")


def take_last_comm(sentence: Sentence, asked: Asked) -> None:
    """`getdents latency of find`: a program whose name is a plain word, at the end of a question or a part of it."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is None and is_program(token.text) and sentence.stem(index - 1) in ("do", "only"):
            return _set_comm(sentence, asked, index, index)  # `how many requests does strace make`
        numbered = token.text.startswith(KERNEL_THREADS) and "/" in sentence.chunk(index)[0]
        if (
            token.meaning is None
            and numbered
            and sentence.stem(index - 1) in ("of", "by", "for", "from", "in")
        ):
            return _set_comm(sentence, asked, index, index)  # `stacks of kworker/u8:3`
        if token.meaning is not None or token.text not in _PLAIN_WORDS:
            continue
        ends = sentence.ends_part(index)
        before, following = sentence.stem(index - 1), text_at(sentence, index + 1)
        if ends and before in _OF_PROGRAM and sentence.stem(index - 2) in ("the", "in", "of", "by", "from"):
            return _set_comm(sentence, asked, index - 1, index)  # `in the program find`
        goes_on = (
            following in ("that", "which") and before == "by"
        )  # `listings by find that take more than 5 ms`
        last = (
            (ends or goes_on)
            and before in ("of", "by", "in", "from")
            and (token.text != "top" or before != "in")
        )
        acts = following in ("is", "was", "does") or (before in _ACTING and following[-1:] == "s")
        acts = acts or (before == "do" and following in _DOING)  # `how much time does make spend`
        if last or (acts and token.text != "top"):
            return _set_comm(sentence, asked, index, index)
    return None


_DOING = plain(
    "spend take wait open read write use call make need do run get send start allocate create sleep issue"
)
_OF_PROGRAM = stems("program process command tool binary daemon")
_ACTING = stems("long when while often")  # `how long make waits`


# In `why is ksoftirqd busy?` they are a symptom, not who does it.
KERNEL_THREADS = ("ksoftirqd", "kworker", "kswapd", "kcompactd", "jbd2", "migration/", "rcu_")


def is_program(text: str) -> bool:
    """Tell whether a word is the name of a well-known program."""
    return text.lower().removesuffix("'s").removesuffix("’s") in _PROGRAMS


def is_plain_program(text: str) -> bool:
    """Tell whether a word is the name of a program that is a plain word as well (`find`, `make`)."""
    return text in _PLAIN_WORDS


def take_bare_comm(
    sentence: Sentence, asked: Asked, known: Callable[[str], bool], has_target: bool = True
) -> bool:
    """`files opened by nginx`, `reads of mysqld`, `does nginx open`: a name that nothing else knows, after a preposition."""
    for index, token in enumerate(sentence.tokens):
        if token.meaning is not None or token.kind not in ("word", "quoted"):
            continue
        after = sentence.tokens[index + 1 : index + 2]
        owned = sentence.stem(index - 1) == "the" and bool(after) and after[0].meaning == sentence.event
        if token.stem in words.MOST or (owned and is_program(token.text)):
            continue  # `the docker socket` is not opened by docker
        if token.text.lower().startswith(KERNEL_THREADS) and sentence.stem(index - 1) not in (
            "by",
            "of",
            "for",
            "from",
            "do",
        ):
            continue
        if _SERVICE.fullmatch(sentence.chunk(index)[0]):
            _set_comm(sentence, asked, index, index)
            return True
        if (
            "." in (name := sentence.chunk(index)[0])
            and not name.endswith(UNIT_SUFFIXES)
            and name[-1:].isalpha()
        ):
            continue  # `lookups of example.org`
        user = _uid_of(name) if "-" in name and sentence.stem(index - 1) in ("by", "as") else None
        if user is not None:
            asked.conditions.append(Condition("uid", "==", user))
            sentence.take(index, sentence.chunk(index)[1], f"only user {name} (uid {user})")
            return False  # `by www-data`
        if is_program(token.text):
            before = sentence.tokens[index - 1] if index else None
            whom = has_target and before is not None and before.meaning == sentence.event
            whom = whom or (has_target and sentence.stem(index + 1) in _GETTING)  # `java gets SIGKILLed`
            _set_comm(sentence, asked, index, index, "target_comm" if whom else "comm")
            return True
        if (
            _may_be_name(sentence, index)
            and not known(token.stem)
            and (has_target or sentence.stem(index - 1) != "to")
        ):
            _set_comm(sentence, asked, index, index)
            return True
    return False


_GETTING = stems("get gets got receive receives received")


def _measures(sentence: Sentence, index: int) -> bool:
    measures = (
        frozenset(words.TIMES) | frozenset(words.BYTES) | words.HIST | words.COUNT | {stem("time"), "error"}
    )
    return sentence.stem(index) in measures


def _may_be_name(sentence: Sentence, index: int) -> bool:
    """Tell whether a word that nothing else knows stands where the name of a program does."""
    token, before = sentence.tokens[index], sentence.stem(index - 1)
    # `by previous process`: which of its processes, not what it is called
    if sentence.stem(index + 1) in words.KEYS or text_at(sentence, index + 1).lower() in ("name", "names"):
        return False
    if token.text.startswith("lib") or _DEVICE.fullmatch(token.text) or _is_adjective(sentence, index):
        return False
    if index > 1 and before == "by" and _measures(sentence, index - 2):
        return False  # `latency by fs`: rows that nobody knows
    reported = before == "by" and sentence.stem(index - 2) in _REPORTED
    after = sentence.tokens[index + 1 : index + 2]
    if (
        after
        and before in _LINKS - {"do"}
        and after[0].meaning == sentence.event
        and after[0].text.endswith("ions")
    ):
        return False  # `for atomic allocations`
    if "_" in token.text and (before in ("in", "to", "from", "do") or reported):
        return False  # `time in flush_work`, `reported by sched_stat_runtime`: a function
    told = before in ("is", "are") and (
        index > _ASKED_FIRST or sentence.ends_part(index)
    )  # `its work is cheap`
    linked = (before in _LINKS and not told) or token.text.endswith(("'s", "’s"))
    verb = token.text.endswith(("ing", "ed", "en")) and before in ("is", "are")
    return linked and not verb and not token.text.endswith("ly") and token.text.isascii()


_ASKED_FIRST = 3
_REPORTED = stems("reported seen shown measured counted given said told")
_SERVICE = re.compile(
    r"[a-z][\w]*-(agent|server|daemon|exporter|proxy|manager|controller|worker|operator|collector)"
)
_DEVICE = re.compile(
    r"(sd[a-z]|nvme|vd[a-z]|xvd|dm-|loop|md|eth|en[ops]|wl|lo|br|veth|docker|virbr|bond|tun|tap)[\w-]*\d?"
)


def is_device_name(text: str) -> bool:
    """Tell whether a word is the name of a disk or of a network interface."""
    return _DEVICE.fullmatch(text) is not None


def _is_adjective(sentence: Sentence, index: int) -> bool:
    # `allocations of unmovable type`: a word right after it, with nothing between, is what it describes.
    token, following = sentence.tokens[index], sentence.tokens[index + 1 : index + 2]
    if not following or following[0].kind != "word" or sentence.text[token.end : following[0].start].strip():
        return False
    return (
        following[0].stem not in words.EMPTY
        and following[0].meaning is None
        and not token.text.endswith(("'s", "’s"))
    )


def _set_comm(sentence: Sentence, asked: Asked, first: int, at: int, field: str = "comm") -> None:
    if sentence.stem(first - 1) in ("container", "pod", "cgroup", "namespac"):
        return  # `container nginx`: a name that the kernel does not know
    text, last = sentence.chunk(at)
    text = text.replace("’", "'").removesuffix("'s")
    name = text.rsplit("/", 1)[-1] if text.startswith("/") else text
    if not name:
        return
    at = first - (2 if sentence.stem(first - 1) in ("than", "by", "for") else 1)
    if sentence.stem(at) in EXCEPT and at >= 0:
        asked.conditions.append(Condition("comm", "!=", name))
        sentence.take(at, last, f"only processes not named {name}")
        return
    _add(sentence, asked, first, Condition(field, "==", name))
    sentence.take(first, last, f"only processes named {name}")


_RESTRICTED = stems(
    "restricted restrict limited limit narrowed narrow confined belonging belong filtered filter"
)


def _add(sentence: Sentence, asked: Asked, first: int, condition: Condition) -> None:
    asked.conditions.append(condition)
    if sentence.stem(first - 1) == "to" and sentence.stem(first - 2) not in _RESTRICTED:
        asked.directed.append(condition)
