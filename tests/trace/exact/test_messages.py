"""What bpftrace says on stderr is told once, without noise, and with something that can be done today."""

from __future__ import annotations

from gpttrace.trace.dialect import Dialect
from gpttrace.trace.instrument import prepare
from gpttrace.trace.messages import read_stderr

PLAN = prepare("tracepoint:a:b { @ = count(); }", dialect=Dialect(), nonce="abcdefgh12345678")


def test_the_same_warning_twice_is_one_and_detaching_what_never_attached_is_none() -> None:
    skipped = "WARNING: could not attach probe kprobe:nosuchfn, skipping."
    plain = "WARNING: something that nobody knows"
    noise = "WARNING: failed to detach probe: kprobe:nosuchfn"
    findings, warnings = read_stderr("\n".join([skipped, plain, noise, skipped, plain, noise]), PLAN)

    assert findings == []
    assert sorted(warnings) == [
        "could not attach probe kprobe:nosuchfn, skipping.",
        "something that nobody knows",
    ]
