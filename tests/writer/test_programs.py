"""Programs that the offline writer composes: no findings, right guards, and nothing from a person breaks out of a literal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpttrace.errors import QuestionRefused, Unavailable
from gpttrace.language import nodes, parse
from gpttrace.spec.facts import Facts
from gpttrace.spec.literals import quote
from gpttrace.spec.options import Options
from gpttrace.writer.draft import Draft, refusal_error
from gpttrace.writer.offline import write_offline


def program(question: str, host: Facts) -> str:
    draft = write_offline(question, host)
    assert draft.program is not None, draft.refused
    return draft.program


def test_every_composed_program_parses_without_a_finding(every_program: dict[str, str]) -> None:
    findings = {name: parse(text).findings for name, text in every_program.items()}
    assert {name: found for name, found in findings.items() if found} == {}


def test_every_helper_map_is_deleted_and_cleared(every_program: dict[str, str]) -> None:
    for name, text in every_program.items():
        helpers = {
            line.split("[")[0].strip()
            for line in text.splitlines()
            if "] = " in line and "(" not in line.split(" = ")[1]
        }
        for helper in helpers:
            assert f"delete({helper}[" in text, name
            assert f"clear({helper});" in text, name


def test_opened_files_are_printed_when_the_call_has_succeeded(known_host: Facts) -> None:
    assert (
        program("files opened by process", known_host)
        .partition("tracepoint")[2]
        .startswith(":syscalls:sys_enter_openat,")
    )
    body = program("files opened by process for pid 1", known_host).split("\n\n")
    assert body[0].endswith("/pid == 1/\n{\n\t@filename[tid] = args->filename;\n}")
    assert body[1].endswith(
        "/@filename[tid] != 0/\n{\n\t$filename = str(@filename[tid]);\n\tif (args->ret >= 0) {\n"
        '\t\tprintf("%d %s %s\\n", pid, comm, $filename);\n\t}\n\tdelete(@filename[tid]);\n}'
    )
    assert body[2] == "END\n{\n\tclear(@filename);\n}\n"


def test_rates_are_printed_and_cleared_each_interval(known_host: Facts) -> None:
    text = program("per-second syscall rates", known_host)
    assert "tracepoint:raw_syscalls:sys_enter\n{\n\t@calls = count();\n}" in text
    assert text.endswith("interval:s:1\n{\n\tprint(@calls);\n\tclear(@calls);\n}\n")


def test_a_table_cut_to_its_largest_rows_is_printed_once(known_host: Facts) -> None:
    text = program("top 5 processes by page faults", known_host)
    assert text.endswith("END\n{\n\tprint(@faults, 5);\n\tclear(@faults);\n}\n")


def test_one_system_call_by_name_uses_its_own_hook(known_host: Facts) -> None:
    assert "tracepoint:syscalls:sys_enter_futex\n{" in program("futex syscalls by process", known_host)
    assert "tracepoint:syscalls:sys_enter_newfstat\n" in program("fstat syscalls by process", known_host)


def test_an_old_system_call_is_seen_with_its_newer_forms(known_host: Facts) -> None:
    # glibc opens files by openat: a count at sys_enter_open would be 0.
    text = program("count open syscalls by process", known_host)
    assert "tracepoint:syscalls:sys_enter_openat,\n" in text
    assert "@opens[comm] = count();" in text
    assert "ret" not in text.split("tracepoint", 1)[1]


def test_a_name_longer_than_the_kernel_keeps_is_cut_and_said(known_host: Facts) -> None:
    draft = write_offline("files opened by process a-very-long-process-name", known_host)
    assert draft.program is not None
    assert 'comm == "a-very-long-pro"' in draft.program
    assert [finding.code for finding in draft.findings] == ["long-comm"]
    place = draft.findings[0]
    assert draft.program[place.start : place.end] == '"a-very-long-pro"'


def test_a_process_that_is_not_there_is_said(known_host: Facts) -> None:
    draft = write_offline("files opened by PID 4711", known_host)
    assert draft.program is not None
    assert "no process 4711" in draft.findings[0].message
    place = draft.findings[0]
    assert draft.program[place.start : place.end] == "pid == 4711"


def test_a_cgroup_is_compared_by_the_id_of_its_path(known_host: Facts) -> None:
    text = program("files opened by nginx.service", known_host)
    assert f'cgroup == cgroupid("{known_host.cgroup_root}/system.slice/nginx.service")' in text


def test_an_unknown_cgroup_is_refused(known_host: Facts) -> None:
    draft = write_offline("files opened in cgroup nowhere.service", known_host)
    assert draft.program is None
    assert draft.refused is not None
    assert "no cgroup 'nowhere.service'" in draft.refused.why


def test_a_host_without_cgroup_v2_is_said(bare_host: Facts) -> None:
    draft = write_offline("files opened in the root cgroup", bare_host)
    assert draft.refused is not None
    assert "cgroup version 2 is not mounted" in draft.refused.why


def test_counters_that_the_machine_lacks_are_refused_with_what_works(bare_host: Facts) -> None:
    draft = write_offline("LLC cache misses by process and PID", bare_host)
    assert draft.program is None
    assert draft.refused is not None
    assert draft.refused.kind == "unavailable"
    assert "hardware counters" in draft.refused.why
    assert draft.refused.would_be is not None
    assert "hardware:cache-misses:" in draft.refused.would_be
    for _, question in draft.refused.alternatives:
        assert write_offline(question, bare_host).program is not None, question
    error = refusal_error(draft)
    assert isinstance(error, Unavailable)
    assert error.exit_code == 5


def test_a_counted_sample_says_what_it_stands_for(known_host: Facts) -> None:
    draft = write_offline("LLC cache misses by process and PID", known_host)
    assert draft.program is not None
    assert "@misses[comm, pid] = count();" in draft.program
    assert draft.units["@misses"] == "100,000 cache misses"
    assert any("100,000" in note for note in draft.notes)


def test_without_the_right_to_read_tracefs_programs_are_still_written(blind_host: Facts) -> None:
    assert "sys_exit_openat" in program("files opened by process", blind_host)
    assert "sys_enter_fdatasync" in program("fdatasync syscalls by process", blind_host)


def test_page_faults_fall_back_to_the_exceptions_hooks(bare_host: Facts) -> None:
    assert "tracepoint:exceptions:page_fault_user," in program("page faults by process", bare_host)


def test_a_refusal_of_the_question_names_other_questions(known_host: Facts) -> None:
    draft = write_offline("quux files opened by process", known_host)
    assert draft.refused is not None
    assert draft.refused.why == "I did not understand: `quux`"
    assert draft.confidence < 0.6
    error = refusal_error(draft)
    assert isinstance(error, QuestionRefused)
    assert "files opened by process" in error.alternatives


def test_only_a_question_understood_but_for_one_word_can_be_insisted_on(known_host: Facts) -> None:
    one = write_offline("quux files opened by process", known_host).refused
    many = write_offline("files opened by process; rm -rf /", known_host).refused
    assert one is not None
    assert many is not None
    assert one.would_be is not None
    assert many.would_be is None


def test_options_are_laid_over_the_question(known_host: Facts) -> None:
    options = Options(seconds=5, pid=189, top=3, every=2)
    draft = write_offline("bytes read by process for pid 1", known_host, options)
    assert draft.program is not None
    assert "pid == 189" in draft.program
    assert "pid == 1 " not in draft.program
    assert "interval:s:2" in draft.program
    assert "print(@bytes, 3);" in draft.program
    assert draft.seconds == 5


@pytest.mark.parametrize("shape_option", [Options(top=5), Options(every=1.5)])
def test_a_list_becomes_counts_when_an_option_asks_for_a_table(
    known_host: Facts, shape_option: Options
) -> None:
    draft = write_offline("files opened by process", known_host, shape_option)
    assert draft.program is not None
    assert "@opens[comm, $filename] = count();" in draft.program


def test_a_filter_by_an_option_that_the_event_cannot_carry_is_refused(known_host: Facts) -> None:
    draft = write_offline("TCP retransmits", known_host, Options(pid=1))
    assert draft.program is None
    assert draft.refused is not None
    assert "pid" in draft.refused.why


@given(st.text(max_size=30))
def test_a_literal_holds_exactly_the_text(text: str) -> None:
    if "\0" in text:
        return
    tree = parse(f"BEGIN {{ @x = {quote(text)}; }}")
    assert tree.findings == []
    probe = tree.items[0]
    assert isinstance(probe, nodes.Probe)
    statement = probe.body.body[0]
    assert isinstance(statement, nodes.Assign)
    assert isinstance(statement.value, nodes.String)
    assert statement.value.value == text.encode("utf-8", "surrogatepass")


@given(st.text(max_size=300))
def test_any_text_is_answered_or_refused_never_an_exception(known_host: Facts, text: str) -> None:
    _is_whole(write_offline(text, known_host))


WORDS = """
    files opened by process pid 1 nginx top 5 every 2 seconds for 10 s bytes read size distribution errno ENOENT longer than 1 ms
    and or not in cgroup / root at 99 Hz user stacks kernel syscalls per second disk I/O page faults 'a b' " ; $( ) { } = == > 4k
""".split()  # noqa: SIM905


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_mix_of_known_words_gives_a_program_that_parses_or_a_refusal(
    known_host: Facts, text: str
) -> None:
    draft = _is_whole(write_offline(text, known_host))
    if draft.program is not None:
        assert parse(draft.program).findings == []


def _is_whole(draft: Draft) -> Draft:
    assert (draft.program is None) == (draft.refused is not None)
    if draft.refused is not None:
        assert draft.refused.why
    return draft


@pytest.mark.parametrize(
    "text",
    [
        "open " * 20_000,
        "a" * 100_000,
        "(" * 100_000,
        "files opened by process " + "and " * 30_000,
        "1" * 100_000,
    ],
)
def test_a_huge_text_is_refused_at_once(known_host: Facts, text: str) -> None:
    draft = write_offline(text, known_host)
    assert draft.refused is not None
    assert "characters" in draft.refused.why or "no words" in draft.refused.why


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00files", "files \x1b[31mopened", "12345", "?!"])
def test_a_text_that_is_no_question_is_refused_in_one_sentence(known_host: Facts, text: str) -> None:
    draft = write_offline(text, known_host)
    assert draft.refused is not None
    assert "\n" not in draft.refused.why
    assert draft.refused.alternatives
