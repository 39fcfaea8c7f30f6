"""What every test relies on: folders of its own, and one honest answer to "can this run here?"."""

from __future__ import annotations

import importlib.util
import os
import pwd
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gpttrace.host import Host
from gpttrace.index.places import WEIGHTS
from gpttrace.settings import Settings
from gpttrace.testing import TREES, InstalledBpftrace, installed_bpftraces, kernel_required, require


@pytest.fixture(autouse=True, scope="session")
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    # No test may touch the home of the person who runs it; the cache is shared by the session, because
    # finding out how a bpftrace writes costs about a second each.
    patch = pytest.MonkeyPatch()
    base = tmp_path_factory.mktemp("xdg")
    patch.setenv("HOME", str(base))
    for name in ("STATE", "CACHE", "CONFIG"):
        patch.setenv(f"GPTTRACE_{name}", str(base / name.lower()))
    # A shell that starts something behind `&` has it ignore ^C, and so would every program that a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    patch.undo()


@pytest.fixture
def weights() -> Path:
    """The weights of the embedding as the set-up made them for the person who runs the tests."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/share/gpttrace"
    path = Path(os.environ.get("GPTTRACE_DATA", home)) / WEIGHTS
    if not path.exists():
        pytest.skip("the weights of the embedding are not here: scripts/fetch-embedding")
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose state folder is this test's own."""
    return Settings.load({**os.environ, "GPTTRACE_STATE": str(tmp_path / "state")})


def bpftrace_of(release: str) -> InstalledBpftrace:
    """Return the bpftrace of a release, or skip (fail where the kernel is required)."""
    found = {each.release: each for each in installed_bpftraces()}
    require(release in found, f"bpftrace of {release} is not here: run tests/kernels/make-trees")
    require(os.geteuid() == 0, "tracing needs root")
    require(Path("/sys/kernel/tracing/available_events").exists(), "tracefs is not mounted: make tracefs")
    return found[release]


@pytest.fixture
def host_bpftrace() -> InstalledBpftrace:
    """The distribution's own bpftrace."""
    return bpftrace_of("host")


@pytest.fixture(
    params=[
        "host",
        pytest.param("trixie", marks=pytest.mark.versions),
        pytest.param("sid", marks=pytest.mark.versions),
    ]
)
def any_bpftrace(request: pytest.FixtureRequest) -> InstalledBpftrace:
    """Each of the three bpftrace versions in turn."""
    return bpftrace_of(request.param)


@pytest.fixture
def made_host(tmp_path: Path) -> Callable[..., Host]:
    """A maker of hosts that have only what the test names; see `make_host` in tests/host/made.py for what it takes."""
    return partial(_made().make_host, tmp_path)


@pytest.fixture(scope="session")
def made_btf() -> Any:
    """The writer of BTF bytes that made hosts are made with."""
    return _made().BtfWriter


def _made() -> Any:
    # Test modules are imported by path, so a module beside them is as well.
    name = "gpttrace_tests_made"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "host" / "made.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


# Rooms whose tests start no tracer unless they are marked `kernel`.
COMPUTING = frozenset(
    [
        "corpus",
        "evaluate",
        "explain",
        "host",
        "house",
        "index",
        "language",
        "meaning",
        "model",
        "spec",
        "vscode",
        "writer",
    ]
)


def leave_out(config: pytest.Config, items: list[pytest.Item], mark: str) -> None:
    """Take the tests with a mark out of those that are run."""
    theirs = [item for item in items if item.get_closest_marker(mark)]
    config.hook.pytest_deselected(items=theirs)
    left = set(theirs)
    items[:] = [item for item in items if item not in left]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what only computes; leave out what pip or npm has to fetch first unless it is asked for (`-m tools`), and the tests
    of other bpftrace versions where there are no trees, in one line.
    """
    for item in items:
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        if room in COMPUTING and item.get_closest_marker("kernel") is None:
            item.add_marker(pytest.mark.computes)
    if "tools" not in str(config.option.markexpr):
        leave_out(config, items, "tools")
    if not (kernel_required() or {each.release for each in installed_bpftraces()} >= set(TREES)):
        leave_out(config, items, "versions")


def pytest_report_header() -> list[str]:
    """Say which bpftraces the kernel tests will meet."""
    found = ", ".join(f"{each.release}={each.path}" for each in installed_bpftraces()) or "none"
    left_out = set(TREES) - {each.release for each in installed_bpftraces()}
    note = (
        [f"left out without `make trees`: tests on the bpftrace of {', '.join(sorted(left_out))}"]
        if left_out
        else []
    )
    return [f"bpftrace: {found}", f"kernel: {os.uname().release}", *note]
