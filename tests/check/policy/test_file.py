"""Policy files: root's may widen, a user's may only tighten, and what cannot be read is said, never passed over."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gpttrace.check.policy import DEFAULT, load_policy
from gpttrace.errors import NotPermitted, UsageError
from gpttrace.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose policy files are in a folder of the test's own."""
    for name in ("machine", "user"):
        (tmp_path / name).mkdir(mode=0o755)
    plain = Settings(None, tmp_path, tmp_path, config_dir=tmp_path / "user")
    return replace(plain, machine_policy=tmp_path / "machine" / "policy.toml")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o644)
    return path


def test_without_files_the_default_holds(settings: Settings) -> None:
    assert load_policy(settings) == DEFAULT


def test_roots_file_may_widen(settings: Settings) -> None:
    write(
        settings.machine_policy,
        'unsafe = true\nincludes = "any"\n[limits]\nhz = 50000\n[sensitive]\naction = "allow"\n',
    )
    policy = load_policy(settings)
    assert (policy.unsafe, policy.includes, policy.hz, policy.sensitive) == (True, "any", 50000, "allow")


def test_a_users_file_only_tightens(settings: Settings) -> None:
    write(
        settings.config_dir / "policy.toml",
        'unsafe = true\nincludes = "any"\n[limits]\nhz = 50000\nseconds = 60\n[deny]\nprobes = ["kprobe:x"]\n',
    )
    policy = load_policy(settings)
    assert (policy.unsafe, policy.includes, policy.hz) == (DEFAULT.unsafe, DEFAULT.includes, DEFAULT.hz)
    assert (policy.seconds, policy.deny_probes) == (60, ("kprobe:x",))


def test_a_users_file_does_not_take_back_what_root_allowed(settings: Settings) -> None:
    write(settings.machine_policy, '[sensitive]\naction = "allow"\n[limits]\nhz = 50000\n')
    write(settings.config_dir / "policy.toml", "[limits]\nseconds = 60\n")
    policy = load_policy(settings)
    assert (policy.sensitive, policy.hz, policy.seconds) == ("allow", 50000, 60)


def test_every_file_of_the_chain_tightens(settings: Settings, tmp_path: Path) -> None:
    named = write(tmp_path / "named.toml", "[limits]\nprobes = 7\n")
    extra = write(tmp_path / "extra.toml", '[sensitive]\naction = "deny"\n')
    policy = load_policy(replace(settings, policy=named), extra)
    assert (policy.probes, policy.sensitive) == (7, "deny")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to root and take it away")
@pytest.mark.parametrize("spoil", ["owner", "file", "folder"])
def test_a_machines_file_that_others_can_write_is_not_trusted(settings: Settings, spoil: str) -> None:
    path = write(settings.machine_policy, "unsafe = true\n")
    if spoil == "owner":
        os.chown(path, 65534, 65534)
    else:
        (path if spoil == "file" else path.parent).chmod(0o777)
    with pytest.raises(NotPermitted, match="written by others than root") as caught:
        load_policy(settings)
    assert "chown root:root" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("unsave = true", "no setting unsave", "did you mean unsafe?"),
        ("[limit]\nseconds = 1", "no setting limit.seconds", "limits.seconds"),
        ("[limits]\nseconds = '1'", "limits.seconds cannot be '1'", "number"),
        ("[limits]\nseconds = -1", "limits.seconds cannot be -1", "above 0"),
        ("[limits]\nseconds = true", "limits.seconds cannot be True", "number"),
        ("unsafe = 'yes'", "unsafe cannot be 'yes'", "false, true"),
        ("unsafe = 1", "unsafe cannot be 1", "false, true"),
        ("includes = 'all'", "includes cannot be 'all'", "none, system, folder, any"),
        ("[deny]\nprobes = 'x'", "deny.probes cannot be 'x'", "list of texts"),
        ("[deny]\nprobes = [1]", "deny.probes cannot be [1]", "list of texts"),
        ("= 3", "is no TOML", "docs/policy.md"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(settings: Settings, text: str, says: str, hint: str) -> None:
    path = write(settings.config_dir / "policy.toml", text)
    with pytest.raises(UsageError) as caught:
        load_policy(settings)
    assert says in caught.value.message
    assert str(path) in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_named_file_must_be_there(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_policy(settings, tmp_path / "none.toml")
