"""What the host says about this machine agrees with what the kernel says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpttrace.errors import Unavailable
from gpttrace.host import Host, find_bpftrace, find_cgroups
from gpttrace.host.tracefs import find_tracefs
from gpttrace.settings import Settings
from gpttrace.testing import InstalledBpftrace, require


def _settings(tmp_path: Path, bpftrace: str | None) -> Settings:
    return Settings(bpftrace=bpftrace, state_dir=tmp_path / "state", cache_dir=tmp_path / "cache")


def test_a_bpftrace_that_the_settings_name_wrongly_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        find_bpftrace(_settings(tmp_path, str(tmp_path / "nowhere")))

    assert "nowhere" in caught.value.message
    assert "GPTTRACE_BPFTRACE" in (caught.value.hint or "")


def test_a_machine_without_bpftrace_is_told_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(Unavailable) as caught:
        find_bpftrace(_settings(tmp_path, None))

    assert "no bpftrace on this machine" in caught.value.message
    assert "apt-get install bpftrace" in (caught.value.hint or "")


def test_a_program_that_is_no_bpftrace_is_refused_by_its_answer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        find_bpftrace(_settings(tmp_path, "/bin/false"))

    assert "gave no version" in caught.value.message


@pytest.mark.kernel
def test_each_bpftrace_tells_its_version_and_the_second_time_from_the_cache(
    any_bpftrace: InstalledBpftrace, tmp_path: Path
) -> None:
    settings = _settings(tmp_path, any_bpftrace.path)
    first = find_bpftrace(settings)
    cached = (settings.cache_dir / "bpftrace-versions.json").read_text(encoding="utf-8")

    assert first.version[0] == 0
    assert first.version[1] >= 14
    assert any_bpftrace.path in cached
    assert find_bpftrace(settings) == first


@pytest.mark.kernel
def test_tracepoints_and_fields_are_those_of_tracefs(host_bpftrace: InstalledBpftrace) -> None:
    host = Host.local()
    mounted = find_tracefs()
    require(mounted, "tracefs is not mounted")
    fields = host.tracepoint_fields("sched:sched_switch")

    assert host.has_tracepoint("sched:sched_switch")
    assert not host.has_tracepoint("sched:no_such_event")
    assert fields["prev_comm"].is_string
    assert (fields["next_pid"].size, fields["next_pid"].signed) == (4, True)
    assert "common_pid" not in fields
    assert host.tracepoint_fields("../../etc:passwd") == {}


def test_a_host_knows_its_own_process_and_not_one_that_cannot_be() -> None:
    host = Host.local()
    own = Path("/proc/self/comm").read_text(encoding="utf-8").strip()

    assert host.comm_of(os.getpid()) == own
    assert host.pid_exists(os.getpid())
    assert not host.pid_exists(2**22 + 1)  # above the kernel's own limit of process ids


def test_a_control_group_is_found_by_path_and_by_its_last_part(tmp_path: Path) -> None:
    unit = tmp_path / "system.slice" / "nginx.service"
    unit.mkdir(parents=True)

    assert find_cgroups(tmp_path, "nginx.service") == [unit]
    assert find_cgroups(tmp_path, "/system.slice/nginx.service") == [unit]
    assert find_cgroups(tmp_path, str(unit)) == [unit]
    assert find_cgroups(tmp_path, "apache.service") == []


def test_problems_name_a_command_for_each(tmp_path: Path) -> None:
    host = Host.local(_settings(tmp_path, str(tmp_path / "nowhere")))

    assert host.bpftrace is None
    assert any("nowhere" in what for what, _ in host.problems())
    assert all(mend for _, mend in host.problems())
