"""Every recorded message of bpftrace 0.17, 0.23 and 0.27 becomes the right findings at the right place, without bpftrace."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

from gpttrace.check.compiler.lines import read_lines
from gpttrace.check.compiler.messages import HINTS, NOISE, PATTERNS, pattern_of
from gpttrace.check.compiler.reading import read_findings
from gpttrace.check.loader.reasons import _TABLE as REASONS
from gpttrace.language import parse

_SPEC = importlib.util.spec_from_file_location("compiler_samples", Path(__file__).with_name("samples.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
table = sys.modules["compiler_samples"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(table)

_NEVER_SENT = "our parser refuses it, so bpftrace never sees it and its own place counts"
_CRLF = "recorded with CRLF, of which 0.17 and 0.23 count each as two lines; we send LF"
# (program, release) -> why the place of its finding is not the true one.
EXCEPTIONS = {
    ("syn_define_bad", "17"): "the range is that of the macro's text, which is longer than its name",
    ("syn_define_bad", "23"): "the range is that of the macro's text, which is longer than its name",
    ("warn_deprecated_sarg", "23"): "a warning without a place",
    ("syn_crlf", "17"): _CRLF,
    ("syn_crlf", "23"): _CRLF,
    ("type_crlf", "17"): _CRLF,
    ("type_crlf", "23"): _CRLF,
    ("probe_no_probes", "27"): _NEVER_SENT,
    ("probe_typo_tracepoint", "17"): _NEVER_SENT,
    ("probe_unknown_type", "17"): _NEVER_SENT,
    ("probe_unknown_type_multiline", "17"): _NEVER_SENT,
    ("syn_bad_hex", "27"): _NEVER_SENT,
    ("syn_bad_number_suffix", "27"): _NEVER_SENT,
    ("syn_else_without_if", "27"): _NEVER_SENT,
    ("syn_first_line", "27"): _NEVER_SENT,
    ("syn_garbage_toplevel", "27"): _NEVER_SENT,
    ("syn_no_body", "27"): _NEVER_SENT,
    ("syn_unterminated_comment", "17"): _NEVER_SENT,
    ("syn_unterminated_comment", "23"): _NEVER_SENT,
    ("syn_unterminated_string", "17"): _NEVER_SENT,
    ("syn_unterminated_string", "23"): _NEVER_SENT,
    ("syn_unterminated_string", "27"): _NEVER_SENT,
    ("type_for_nonmap", "23"): _NEVER_SENT,
    ("type_for_nonmap", "27"): _NEVER_SENT,
}
# Runs that ended with an error status and said nothing of the program.
SILENT = {
    "run_exit_code": "the program's own exit status",
    "ver_unroll_nested": "-v overflowed the log; the plain run loads, and the loader asks it first",
}
# Recorded runs with findings, per category: (exact, all).
EXACT = {
    "attach": (28, 28),
    "clang": (17, 20),
    "config": (18, 18),
    "field": (76, 76),
    "ok": (3, 3),
    "position": (60, 64),
    "probe": (160, 167),
    "runtime": (22, 22),
    "syntax": (74, 89),
    "type": (235, 237),
    "verifier": (169, 169),
    "warning": (53, 54),
}


def _found(sample: table.Sample) -> set[table.Found]:  # type: ignore[name-defined]
    findings = read_findings(sample.output, parse(sample.program), sample.name + ".bt")
    assert len(findings) == len({(each.start, each.end, each.code, each.message) for each in findings})
    return {(each.severity, each.code, each.start, each.end) for each in findings}


def _right(sample: table.Sample, found: set[table.Found]) -> bool:  # type: ignore[name-defined]
    if sample.when == "compile":
        return bool(found == table.expected(sample, "compile"))
    # A recorded run may have been killed (-9), and which of the later findings it reached depends on its options.
    silent = sample.exit in (0, -9) or sample.name in SILENT
    return bool(found <= table.expected(sample)) and (bool(found) or silent)


def test_every_recorded_run_gives_its_findings_at_their_true_places() -> None:
    wrong: dict[tuple[str, str], object] = {}
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for sample in table.samples():
        found = _found(sample)
        if _right(sample, found):
            counts[sample.category][True] += bool(found)
        else:
            counts[sample.category][False] += 1
            wrong[sample.name, sample.version] = (sample.command, found, table.expected(sample))

    assert {key: what for key, what in wrong.items() if key not in EXCEPTIONS} == {}
    assert set(wrong) == set(EXCEPTIONS)
    assert {name: (each[True], each.total()) for name, each in sorted(counts.items())} == EXACT


def test_the_exceptions_that_are_never_sent_are_refused_by_our_parser() -> None:
    programs = {each.name: each.program for each in table.samples()}

    assert [
        name for (name, _), why in EXCEPTIONS.items() if why is _NEVER_SENT and parse(programs[name]).ok
    ] == []


def test_every_error_that_was_recorded_has_a_pattern_and_every_pattern_a_record() -> None:
    extra = (Path(__file__).parent / "data" / "more-messages.txt").read_text(encoding="utf-8")
    said = [
        each
        for sample in table.samples()
        for each in read_lines(sample.output, sample.program, sample.name + ".bt")
    ]
    said += read_lines(extra, "")
    texts = {each.text for each in said if each.file is None or not each.file.endswith(".h")}
    meant = {text: pattern_of(text) for text in texts if text and not NOISE.match(text)}

    assert [text for text, found in meant.items() if found is None] == ["bad 1"]  # what errorf() printed
    used = {found[0].regex.pattern for found in meant.values() if found}
    assert [each.regex.pattern for each in PATTERNS if each.regex.pattern not in used] == []


def test_hints_name_only_commands_that_exist() -> None:
    cli = importlib.import_module("gpttrace.cli.commands").cli
    said = [each.hint or "" for each in PATTERNS] + [row[3] for row in REASONS]
    named = {name for hint in said for name in re.findall(r"gpttrace (\w+)", hint)}

    assert named
    assert named <= set(cli.commands)
    assert set(HINTS) <= {each.code for each in PATTERNS}
