"""`gpttrace probes` and `gpttrace host`: this machine, and another one from its file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gpttrace.testing import InstalledBpftrace

from .conftest import Cli

pytestmark = pytest.mark.kernel


def test_probes_are_found_by_words_and_by_pattern(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    assert cli("probes", "tcp", "retransmit").stdout.splitlines()[0] == "tracepoint:tcp:tcp_retransmit_skb"
    assert cli("probes", "sched:sched_swi*", "--kind", "tracepoint").stdout.splitlines() == [
        "tracepoint:sched:sched_switch"
    ]
    told = json.loads(cli("probes", "--json", "-n", "3", "open").stdout)
    assert len(told["probes"]) == 3


def test_a_search_without_an_answer_says_what_to_try(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("probes", "zzqqxx")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing here is called" in done.stderr
    assert cli("probes").returncode == 2


def test_a_probe_is_described_with_fields_units_and_an_example(
    cli: Cli, host_bpftrace: InstalledBpftrace
) -> None:
    done = cli("probes", "--describe", "tracepoint:syscalls:sys_exit_read")
    assert "args->ret" in done.stdout
    assert "bytes" in done.stdout.split("args->ret")[1].splitlines()[0]
    example = json.loads(cli("probes", "--json", "--describe", "t:syscalls:sys_exit_read").stdout)["example"]
    assert cli("check", "-e", example, "--level", "compile").returncode == 0


def test_a_probe_without_fields_is_described_too(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    told = json.loads(cli("probes", "--json", "--describe", "profile:hz:99").stdout)
    assert (told["fields"], told["works"]) == (None, True)
    assert "profile:hz:99" in cli("probes", "--describe", "profile:hz:99").stdout


def test_a_saved_host_answers_like_the_machine_itself(
    cli: Cli, tmp_path: Path, host_bpftrace: InstalledBpftrace
) -> None:
    assert cli("host", "save", "this.host").returncode == 0
    here, there = (
        json.loads(cli("host", "show", "--json", *more).stdout) for more in ([], ["--host", "this.host"])
    )
    assert there["kernel"] == here["kernel"]
    assert there["tracepoints"] == here["tracepoints"]
    assert there["bpftrace"]["version"] == here["bpftrace"]["version"]
    assert cli("probes", "--host", "this.host", "sched_switch").stdout == cli("probes", "sched_switch").stdout
    done = cli(
        "check", "--json", "--host", "this.host", "-e", "tracepoint:sched:sched_swich { @ = count(); }"
    )
    (file,) = json.loads(done.stdout)["files"]
    assert "sched_switch" in json.dumps(file["findings"])
    namespaces = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
    assert file["level"] == ("compile" if namespaces else "static")  # a plain chroot has none


def test_the_doctor_says_what_mends_what_does_not_work(cli: Cli, host_bpftrace: InstalledBpftrace) -> None:
    done = cli("host", "doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, True)
    assert all(each["mend"] for each in told["checks"] if each["ok"] is False)
    words = cli("host", "doctor").stdout
    assert max(map(len, words.splitlines())) < 80


def test_the_doctor_without_bpftrace_exits_with_5(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPTTRACE_BPFTRACE", "/nonexistent/bpftrace")
    done = cli("host", "doctor")
    assert done.returncode == 5
    assert "try: " in done.stdout


def test_a_file_that_is_no_host_file_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "x.host").write_text("no")
    done = cli("host", "show", "--host", "x.host")
    assert done.returncode == 2
    assert "hint:" in done.stderr
