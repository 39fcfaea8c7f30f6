"""`prove_program`, as front ends call it: one Proof with every level, and nothing is run that may not run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gpttrace.host import Host
from gpttrace.prove import prove_program
from gpttrace.settings import Settings
from gpttrace.spec.catalogue import load_catalogue
from gpttrace.spec.model import TraceSpec
from gpttrace.testing import InstalledBpftrace

pytestmark = pytest.mark.kernel

OPENS = "tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }"
OPEN = TraceSpec("file-open", "count", keys=("comm",), conditions=load_catalogue()["file-open"].assume)
TYPED = 'uretprobe:/bin/bash:readline { printf("%s\\n", str(retval)); }'


def test_every_level_is_in_the_proof(settings: Settings, host_bpftrace: InstalledBpftrace) -> None:
    mine = replace(settings, bpftrace=host_bpftrace.path)
    proof = prove_program(OPENS, host=Host.local(mine), settings=mine, spec=OPEN)
    assert [(step.level, step.done) for step in proof.steps] == [
        (level, True) for level in ("static", "meaning", "compile", "load", "attached", "canary")
    ]
    shape = json.loads(json.dumps(proof.to_json()))
    assert (shape["verdict"], shape["event"], shape["attached"]) == ("proved", "file-open", "1 of 1 probe")
    assert shape["seen"] == {"workload": "open-file", "made": 23, "counted": 23}
    assert shape["control"] == {"workload": "stat-file", "made": 23, "counted": 0}


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (TYPED, "it reads what people type, and nobody has approved that"),
        ('BEGIN { system("id"); }', "what is denied is not run"),
        ("BEGIN { @ = ; }", "what is wrong is not run"),
    ],
)
def test_what_may_not_run_is_not_run(
    program: str, why: str, settings: Settings, host_bpftrace: InstalledBpftrace
) -> None:
    mine = replace(settings, bpftrace=host_bpftrace.path)
    proof = prove_program(program, host=Host.local(mine), settings=mine)
    assert (proof.verdict, proof.seen, proof.attached) == ("not proved", None, "")
    assert proof.why.startswith(why)


def test_what_a_person_approved_is_run(settings: Settings, host_bpftrace: InstalledBpftrace) -> None:
    mine = replace(settings, bpftrace=host_bpftrace.path)
    proof = prove_program(TYPED, host=Host.local(mine), settings=mine, approved=True)
    assert proof.seen is not None
    assert (proof.attached, proof.seen.counted) == ("1 of 1 probe", 23)
