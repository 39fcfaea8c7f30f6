"""The words of questions that are not names of events: what they ask for, and which carry no meaning.

Words stand here as stems (`words.stem`), so that `opened`, `opens` and `opening` are one. A word in none of these lists, in no
name of the catalogue and in no slot was not understood; the reader of the question is told so.
"""

from __future__ import annotations

from pathlib import Path

import gpttrace_corpus
from gpttrace.spec.words import plain, stems

# Politeness, articles, what-is-it words: nothing changes when they are left out.
EMPTY = stems((Path(gpttrace_corpus.__file__).parent / "plain_words.txt").read_text(encoding="utf-8"))

# What form the answer takes.
COUNT = stems(
    "count counts counted counting number numbers tally frequency frequently often times occurrences occurrence total"
)
COUNT_PHRASES = ("how many", "how often", "number of", "most often", "most frequently")
HIST = stems(
    "distribution distributions distributed histogram histograms hist spread spectrum dist heatmap bucket buckets "
    "percentile percentiles median p50 p90 p95 p99 p999 50th 90th 95th 99th log2 pow2 logarithmic"
)
WEAK_EVENTS = stems("trace tracing list log print")
SUMS = stems("sum total totals volume amount accumulated cumulative cumulated")
SUM_PHRASES = ("how much", "add up", "added up", "adds up", "sum up", "summed up", "in total")
AVERAGE = stems("average averaged avg mean")
MAXIMUM = stems("maximum max longest largest biggest slowest worst highest")
MINIMUM = stems("minimum min shortest smallest fastest lowest")
MOST = stems("most busiest heaviest hottest noisiest commonest hungriest greediest chattiest greatest")
# `the biggest writers` are those that write most.
DOERS = plain(
    """writers readers senders receivers allocators consumers users openers sleepers talkers offenders spenders waiters forkers
    spawners callers holders creators eaters hogs abusers culprits producers polluters lockers uploaders downloaders"""
)
RATE = stems("rate rates persecond throughput bandwidth iops")
STATS = stems("statistics stats")
RATIO = stems("ratio ratios percentage percentages percent share shares fraction proportion proportions")
DISTINCT = stems("distinct different unique")
LINEAR = stems("linear linearly lhist")
JOINING = stems("and or versus vs against plus also compared along") | {"&", "+"}

# What is measured, by unit, and the form that the word suggests.
BYTES = {
    **dict.fromkeys(stems("byte bytes data volume traffic throughput bandwidth payload payloads"), "sum"),
    **dict.fromkeys(stems("size sizes length large big small"), "hist"),
}
TIMES = dict.fromkeys(
    stems(
        "latency latencies duration delay delays slow slowness response long sluggish lag lags laggy crawl crawls dawdle dawdles "
        "linger lingers ages forever delta deltas slowly"
    ),
    "hist",
) | dict.fromkeys(stems("spent expensive costly"), "sum")

# What rows are grouped by.
KEYS: dict[str, str] = {
    **dict.fromkeys(
        stems(
            """
            process processes program programs programme programmes comm command commands application applications app apps
            executable executables binary task tasks proc procs who culprit culprits offender
            offenders creator creators daemon daemons workload workloads tool job jobs agent agents
            """
        ),
        "comm",
    ),
    **dict.fromkeys(stems("pid pids"), "pid"),
    **dict.fromkeys(stems("thread threads tid tids"), "tid"),
    **dict.fromkeys(stems("user users uid uids"), "uid"),
    **dict.fromkeys(stems("cpu cpus core cores processor processors"), "cpu"),
    **dict.fromkeys(stems("cgroup cgroups container containers pod pods"), "cgroup"),
}
COMM_WORDS = frozenset(stem for stem, key in KEYS.items() if key == "comm")

ABOVE = stems(
    "longer slower over above exceeding larger bigger greater more least exceed exceeds higher beyond"
)
BELOW = stems("shorter faster under below smaller less fewer most lower within")

FAILED = stems(
    "failed failing fail fails failure failures unsuccessful unsuccessfully error errors errored erroring denied denies refused "
    "denial denials "
    "rejected rejects"
)
SUCCEEDED = stems("successful successfully succeeded succeed succeeds")
ATTEMPTS = stems("attempt attempts attempted tried try tries trying")

_FOREIGN = (
    "der die das und nicht wie viele dateien welche prozess zeige le les des est sont quels fichiers ouverts par el los las "
    "que cuantos archivos abiertos por proceso muestra quali sono aperti dal quantos arquivos welk bestanden geopend"
)
FOREIGN = frozenset(_FOREIGN.split())

# Words that only the slots know, and words that nothing here can answer; none of them is a process name or a typing error.
OTHER = stems(
    """
    second seconds minute minutes hour hours millisecond milliseconds microsecond microseconds nanosecond ms us ns sec secs min
    hz hertz top first limit than least most only during next last past over within interval intervals errno code stack stacks
    level space mode callstack backtrace kilobyte megabyte gigabyte kb mb gb kib mib gib hundred thousand million one two three
    four five six seven eight nine ten twenty thirty forty fifty sixty ninety half id ids number every each and or not without
    except excluding v2 root under below inside between before after while until when if unless linear container pod service
    namespace docker connection socket port host address disk device file url query request function library module type
    argument arguments timestamp timestamps date day inode fd descriptor descriptors parent child children session tty memory
    ppid tgid prio sid pgid argv cwd
    stdin stdout stderr hit hits write sched other others
    """
)

# Words that the slots read: none of them says which event is meant.
SLOTS = (
    COUNT
    | HIST
    | WEAK_EVENTS
    | SUMS
    | AVERAGE
    | MAXIMUM
    | MINIMUM
    | MOST
    | STATS
    | RATIO
    | DISTINCT
    | LINEAR
    | JOINING
)
SLOTS |= FAILED | SUCCEEDED | ATTEMPTS | frozenset(BYTES) | frozenset(TIMES)
NO_EVENT = EMPTY | SLOTS | frozenset(KEYS)
