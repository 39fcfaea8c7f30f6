"""Help texts of our own, laid out as argparse does it, for tools that have these arguments; the sentences are ours.

A line is `flags | metavar | text`, or `name | text` for a positional one (`[name]` is optional, `{a,b}` a choice).
"""

from __future__ import annotations

_TIMES = "[interval] | seconds between two reports\n[count] | number of outputs\n"
_PID = "-p, --pid | PID | only this process\n"
_MS = "-m, --milliseconds | | show milliseconds\n"
_SLOWER = "[min_ms] | least duration to show, in ms (default 10)\n" + _PID
_STACKS = (
    "[duration] | how long, in seconds\n-p, --pid | PID | only this process\n-f, --folded | | one line for each stack\n"
    "-U, --user-stacks-only | | no kernel part\n-K, --kernel-stacks-only | | no user part\n"
)
_FUNCTION = "pattern | which functions\n-p, --pid | PID | only this process\n"
_STAMP = "-T, --timestamp | | with time\n"

ARGUMENTS: dict[str, str] = {
    "memleak": _TIMES + _PID + "-t, --trace | | say every call\n-a, --show-allocs | | say addresses\n"
    "-o, --older | OLDER | leave out what is younger than this, in milliseconds\n-c, --command | COMMAND | run this\n"
    "-T, --top | TOP | this many stacks\n-z, --min-size | MIN_SIZE | least size\n-Z, --max-size | MAX_SIZE | most size\n"
    "-O, --obj | OBJ | the library with the allocator\n",
    "cachestat": _TIMES + _STAMP,
    "biolatency": _TIMES + _MS + "-D, --disks | | one for each disk\n-d, --disk | DISK | only this disk\n"
    "-Q, --queued | | with waiting\n",
    "biosnoop": "-d, --disk | DISK | only this disk\n-Q, --queue | | with waiting\n",
    "biotop": _TIMES + _PID + "-C, --noclear | | leave the screen\n-r, --maxrows | MAXROWS | most rows (default 20)\n",
    "biopattern": _TIMES + "-d, --disk | DISK | only this disk\n",
    "runqlat": _TIMES + _MS + _PID + "-P, --pids | | one for each process\n-L, --tids | | one for each thread\n",
    "runqslower": "[min_us] | least wait to show, in us (default 10000)\n-p, --pid | PID | only this process\n",
    "runqlen": _TIMES + "-C, --cpus | | one for each processor\n-O, --runqocc | | occupancy\n",
    "cpudist": _TIMES + _MS + _PID + "-O, --offcpu | | the time off it\n-P, --pids | | one for each process\n",
    "offcputime": _STACKS + "-m, --min-block-time | MIN_BLOCK_TIME | least time in microseconds\n",
    "profile": _STACKS + "-F, --frequency | FREQUENCY | samples a second, in Hertz\n",
    "wakeuptime": "[duration] | how long, in seconds\n" + _PID,
    "tcpconnect": _PID + "-P, --port | PORT | ports, with commas\n-t, --timestamp | | with time\n-c, --count | | count them\n",
    "tcpaccept": _PID + "-P, --port | PORT | ports, with commas\n-t, --timestamp | | with time\n",
    "tcplife": _PID + "-L, --localport | LOCALPORT | ports here, with commas\n"
    "-D, --remoteport | REMOTEPORT | ports there, with commas\n",
    "tcpstates": "-L, --localport | LOCALPORT | ports here\n-D, --remoteport | REMOTEPORT | ports there\n",
    "tcpretrans": "-c, --count | | count them\n-l, --lossprobe | | with probes\n",
    "tcprtt": "-i, --interval | INTERVAL | seconds\n-d, --duration | DURATION | seconds\n-B, --byraddr | | one for each host\n"
    "-P, --rport | RPORT | port there\n" + _MS,
    "tcpconnlat": "[duration_ms] | least duration to show (ms)\n" + _PID,
    "tcpdrop": "-4, --ipv4 | | only IPv4\n",
    "tcptop": _TIMES + _PID + "-C, --noclear | | leave the screen\n",
    "gethostlatency": _PID,
    "opensnoop": _STAMP + _PID + "-x, --failed | | only failures\n-n, --name | NAME | only process names with this in them\n"
    "-d, --duration | DURATION | seconds\n-u, --uid | UID | only this user\n-F, --full-path | | whole paths\n",
    "statsnoop": _PID + "-x, --failed | | only failures\n-t, --timestamp | | with time\n",
    "execsnoop": _STAMP + "-x, --fails | | failures too\n-n, --name | NAME | only commands with this name\n"
    "-u, --uid | USER | only this user\n",
    "exitsnoop": _PID + "-x, --failed | | only failures\n-t, --timestamp | | with time\n",
    "killsnoop": _PID + "-s, --signal | SIGNAL | only this one\n-x, --failed | | only failures\n",
    "ext4slower": _SLOWER,
    "ext4dist": _TIMES + _MS + _PID,
    "xfsdist": _TIMES + _MS + _PID,
    "nfsslower": _SLOWER,
    "fileslower": _SLOWER,
    "filelife": _PID,
    "filegone": _PID,
    "filetop": _TIMES + _PID + "-C, --noclear | | leave the screen\n-r, --maxrows | MAXROWS | most rows (default 20)\n",
    "syscount": _PID + "-i, --interval | INTERVAL | seconds\n-d, --duration | DURATION | seconds\n-T, --top | TOP | this many\n"
    "-x, --failures | | only failures\n-L, --latency | | with time\n-P, --process | | by process\n-m, --milliseconds | | not us\n"
    "-e, --errno | ERRNO | only this error\n",
    "funccount": _FUNCTION + "-i, --interval | INTERVAL | seconds\n-d, --duration | DURATION | seconds\n",
    "funclatency": _FUNCTION + "-u, --microseconds | | microseconds\n-d, --duration | DURATION | seconds\n",
    "funcslower": "function | which\n-m, --min-ms | MIN_MS | least time (ms)\n-u, --min-us | MIN_US | least time (us)\n",
    "stackcount": _FUNCTION + "-K, --kernel-stacks-only | | no user part\n-D, --duration | DURATION | seconds\n",
    "trace": "probe | which\n-t, --timestamp | | with time\n-K, --kernel-stack | | with it\n"
    "-U, --user-stack | | with it\n" + _PID,
    "dbslower": "{mysql,postgres} | which\n-m, --threshold | THRESHOLD | only slower ones (ms)\n",
    "criticalstat": "-p, --preemptoff | | those\n-i, --irqoff | | those\n-d, --duration | DURATION | in us\n",
    "hardirqs": _TIMES + "-d, --dist | | as distributions\n-C, --count | | count them\n",
    "softirqs": _TIMES + "-d, --dist | | as distributions\n-C, --events | | count them\n",
    "klockstat": "-d, --duration | DURATION | seconds\n-n, --locks | LOCKS | how many\n",
    "capable": _PID + "-K, --kernel-stack | | with it\n-U, --user-stack | | with it\n--unique | | each once\n",
    "javagc": "pid | which process\n-M, --minimum | MINIMUM | only those longer than this many milliseconds\n",
    "pythoncalls": "pid | which process\n[interval] | seconds\n-L, --latency | | with time\n-T, --top | TOP | this many\n",
    "deadlock": "pid | which process\n--binary | BINARY | the library\n",
    "sslsniff": _PID + "-c, --comm | COMM | only commands of this name\n--hexdump | | as hex\n",
    "bashreadline": "-s, --shared | SHARED | the library\n",
    "vfsstat": _TIMES,
    "kvmexit": "[duration] | how long, in seconds\n-p, --pid | PID | only this process\n",
    "slabratetop": _TIMES + "-C, --noclear | | leave the screen\n-r, --maxrows | MAXROWS | most rows (default 20)\n",
    "mountsnoop": "-P, --parent_process | | with it\n",
    "reset-trace": "-v, --verbose | | say more\n",
    "inject": "{kmalloc,bio} | which\nspec | the chain\n",
    "cachetop": "[interval] | seconds\n",
}  # fmt: skip


def help_text(name: str, arguments: str) -> str:
    """Lay out a help text."""
    usage, places, options = [f"usage: {name}-bpfcc [-h]"], [], ["  -h, --help  say this"]
    for line in arguments.strip().splitlines():
        parts = [part.strip() for part in line.split(" | ")] if line.count("|") > 1 else line.split(" | ")
        if line.startswith("-"):
            flags, metavar, text = [part.strip() for part in line.split("|", 2)]
            names = flags.split(", ")
            usage.append(f"[{names[0]}{' ' + metavar if metavar else ''}]")
            head = ", ".join(f"{flag} {metavar}".strip() for flag in names)
            options.append(f"  {head}\n                        {text}")
        else:
            usage.append(parts[0])
            places.append(f"  {parts[0].strip('[]')}  {parts[1]}")
    positional = ["positional arguments:", *places, ""] if places else []
    return "\n".join([" ".join(usage), "", f"Our own {name}.", "", *positional, "options:", *options])


HELPS = {name: help_text(name, arguments) for name, arguments in ARGUMENTS.items()}
# These take no arguments and would start to trace: they must never be asked.
SILENT = ("oomkill", "pidpersec", "bitesize", "syncsnoop", "threadsnoop", "mdflush")
