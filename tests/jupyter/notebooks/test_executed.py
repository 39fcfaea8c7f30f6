"""The example notebooks on the real kernel: values and dtypes where their workloads decide them, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.jupyter.notebooks.executed import FOLDER, Executed, execute
from tests.trace.conftest import Watch

from gpttrace.trace import Store

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("host_bpftrace")]

FIRST_LOOK = {
    "list(calls.index)": ["first-look"],
    "str(calls.index.dtype), str(calls['count'].dtype)": ["category", "int64"],
    "list(files.index)": ["/dev/null"],
    "str(files.index.dtype), str(files['count'].dtype)": ["str", "int64"],
    "sorted(pair.index)": ["getppid", "openat"],
    # The same number of each, but for the one between which the trace began or ended.
    "int(pair['count'].min()) > 10": True,
    "int(signals['count'].iloc[0]), str(signals['count'].dtype)": [3, "int64"],
    "frame_of(gpttrace.load_run(about['run_id'])).equals(pair)": True,
    "worker.returncode": 0,
}
DISK_LATENCY = {
    "int(latency['count'].sum())": 200,
    "latency.dtypes.astype(str).to_dict()": {"low": "Int64", "high": "Int64", "count": "int64"},
    "latency.attrs['gpttrace']['lost'], latency.attrs['gpttrace']['kind']": [0, "hist"],
    "latency.attrs['gpttrace']['columns']['low']": "int64|ns|bucket",
    # Some of the 150 were over before the trace began.
    "1 <= int(seconds['count'].sum()) <= 150": True,
    "'datetime64[ns, UTC]' in (str(seconds.index.dtype), *map(str, seconds.dtypes))": True,
    "writer.returncode": 0,
}
WHO_OPENS = {
    "{name: int(count) for name, count in zip(ours['filename'], ours['count']) if name != '.'}": {
        "often": 30,
        "sometimes": 20,
        "rarely": 10,
    },
    "opens.dtypes.astype(str).to_dict()": {"comm": "category", "filename": "str", "count": "int64"},
    "list(opens['comm'].unique())": ["opener"],
    "int(failed.loc['missing', 'count'])": 5,
    "str(failed.index.dtype), str(failed['count'].dtype)": ["str", "int64"],
    "each['filename'].value_counts().reindex(['often', 'sometimes', 'rarely']).tolist()": [30, 20, 10],
    "each.dtypes.astype(str).to_dict()": {"pid": "int64", "comm": "category", "filename": "str"},
    "each['pid'].nunique()": 1,
}
CPU_PROFILE = {
    "1 <= int(stacks['count'].sum()) <= 99 * 4 and str(stacks['count'].dtype) == 'int64'": True,
    "all(type(each) is list for each in stacks['kstack'])": True,
    # Random bytes and lists of processes come from deep within the kernel.
    "max(map(len, stacks['kstack'])) >= 4": True,
    "sum(int(line.rpartition(' ')[2]) for line in stacks.gpttrace.folded().splitlines()) == stacks['count'].sum()": True,
    "stacks.gpttrace.tree()['value'] == stacks['count'].sum()": True,
    "worker.returncode": 0,
}
PRODUCTION = {
    "report.ok, [step.level for step in report.steps if step.done][:2]": [True, ["static", "meaning"]],
    "'@bytes[comm] = hist(args->ret);' in program": True,
    "[WRONG.count(chr(10), 0, each.start) for each in found]": [1, 2, 3],
    "[each.severity for each in found]": ["error"] * 3,
    "os.getcwd() == before and not os.path.exists(folder.name)": True,
}
TRACING: list[tuple[str, dict[str, Any], int, int]] = [
    ("1-first-look", FIRST_LOOK, 4, 1),
    ("2-disk-latency", DISK_LATENCY, 3, 2),
    ("3-who-opens-what", WHO_OPENS, 3, 0),
    ("4-cpu-profile", CPU_PROFILE, 1, 2),
]


def nothing_is_left(by: Executed) -> None:
    """Fail when a notebook left files, or an output that no reader should see."""
    assert list(by.cwd.iterdir()) == []
    assert list(by.tmp.iterdir()) == []
    assert not {"error", "stderr"} & by.kinds()
    assert [each for each in by.outputs("text/plain") if "attaching" in each] == []


@pytest.mark.parametrize(("name", "wanted", "runs", "pictures"), TRACING, ids=[each[0] for each in TRACING])
def test_it_shows_what_its_workload_did_and_leaves_nothing(
    name: str, wanted: dict[str, Any], runs: int, pictures: int, tmp_path: Path, watch: Watch
) -> None:
    done = execute(FOLDER / f"{name}.ipynb", list(wanted), tmp_path, watch)
    assert done.values == wanted
    assert len(Store(done.state).list()) == runs
    drawn = [each for each in done.outputs("text/html") if "<svg" in each]
    assert len(done.outputs("image/png")) + len(drawn) >= pictures
    assert watch.programs, "no tracer was seen: that nothing stays attached would prove nothing"
    nothing_is_left(done)


def test_for_another_machine_nothing_is_run(tmp_path: Path, watch: Watch) -> None:
    done = execute(FOLDER / "5-production-host.ipynb", list(PRODUCTION), tmp_path, watch)
    assert done.values == PRODUCTION
    assert Store(done.state).list() == []
    assert any("nothing was run" in each for each in done.outputs("text/plain"))
    nothing_is_left(done)
