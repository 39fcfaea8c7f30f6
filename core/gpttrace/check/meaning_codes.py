"""Codes of the meaning tier; those of a comparison need a question beside the program, so no program alone can show them."""

from __future__ import annotations

from gpttrace.check.codes import Code

_READS = "tracepoint:syscalls:sys_enter_read { @start[tid] = nsecs; }\ntracepoint:syscalls:sys_exit_read "


def _compared(name: str, title: str, why: str) -> Code:
    return Code(name, "warning", "meaning", title, why)


CODES: tuple[Code, ...] = (
    Code(
        "never-reached", "warning", "meaning", "a statement that no event reaches",
        "The conditions on the way to it exclude each other, those at the begin of the event included.",
        "tracepoint:syscalls:sys_enter_read /pid == 7/ { @start[tid] = nsecs; }\n"
        "tracepoint:syscalls:sys_exit_read /@start[tid] && pid == 8/ { @ = count(); delete(@start[tid]); }",
        f"{_READS}/@start[tid] && pid == 8/ {{ @ = count(); delete(@start[tid]); }}",
    ),
    Code(
        "unseen-begin", "warning", "meaning", "an end whose begin was not seen is taken, too",
        "What the map holds for it is 0 or empty, so a time becomes the time since boot. Test the map in the predicate.",
        f"{_READS}{{ @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }}",
        f"{_READS}/@start[tid]/ {{ @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }}",
    ),
    Code(
        "loose-tie", "warning", "meaning", "begin and end are stored and looked up under different keys",
        "What one of them puts into the map the other does not find, or it finds that of somebody else.",
        "tracepoint:syscalls:sys_enter_read { @start[pid] = nsecs; }\n"
        "tracepoint:syscalls:sys_exit_read /@start[tid]/ { @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }",
        f"{_READS}/@start[tid]/ {{ @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }}",
    ),
    Code(
        "stale-keys", "warning", "meaning", "keys that nobody deletes",
        "The map grows until it is full, and an end without a begin finds what an earlier event left.",
        f"{_READS}/@start[tid]/ {{ @ns = hist(nsecs - @start[tid]); }}",
        f"{_READS}/@start[tid]/ {{ @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }}",
    ),
    Code(
        "possible-zero", "warning", "meaning", "a division by something that can be 0",
        "The kernel gives 0 for it without a word, which looks like a measurement.",
        "tracepoint:block:block_rq_issue { @ = avg(args->bytes / args->nr_sector); }",
        "tracepoint:block:block_rq_issue /args->nr_sector > 0/ { @ = avg(args->bytes / args->nr_sector); }",
    ),
    _compared("other-event", "another event than the one asked for", "Its hooks show something else, less or more."),
    _compared("other-condition", "more or fewer events than were asked for", "The message names a case in which it shows."),
    _compared("other-rows", "rows told apart otherwise than asked", "A key or a column is missing, or there is one too many."),
    _compared("other-value", "another value than the one asked for", "What is summed, averaged or spread is something else."),
    _compared("other-form", "another form than the one asked for", "A sum is no average, and a count is no list."),
    _compared("other-interval", "shown at other times than asked", "The interval differs, or counts go on from one to the next."),
    _compared("other-top", "another number of rows than asked", "All rows are shown, or too few."),
    _compared("other-output", "something that was asked for is not shown, or something more is", "See the message."),
    _compared("other-unit", "measured in another unit", "The numbers are right; read them in the unit that the message names."),
    _compared("not-followed", "a place that the comparison could not look into", "What stands there was not compared."),
)  # fmt: skip
