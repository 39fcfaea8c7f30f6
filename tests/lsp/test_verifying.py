"""Verifying on demand: the answer, the bar, its cancel, and what the lenses say until the text is another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.lsp.wire import Wire
from tests.trace.conftest import children, until

from gpttrace.testing import InstalledBpftrace

URI = "file:///nowhere/verify.bt"
CAN = {"window": {"workDoneProgress": True}, "workspace": {"codeLens": {"refreshSupport": True}}}
GOOD = "BEGIN { @ = 1; }\nEND { clear(@); }\n"
# The verifier walks it a million instructions long before it refuses.
ENDLESS = "BEGIN { $i = 0; while (1) { $i++; } print($i); }\nEND { print(1); }\n"


def verify(wire: Wire) -> Any:
    return wire.ask("workspace/executeCommand", {"command": "gpttrace.verify", "arguments": [URI]})


def titles(wire: Wire) -> list[str]:
    lenses = wire.ask("textDocument/codeLens", {"textDocument": {"uri": URI}})
    return [each["command"]["title"] for each in lenses]


@pytest.mark.kernel
def test_a_program_is_accepted_and_said_to_be_until_its_text_is_another(
    host_bpftrace: InstalledBpftrace, wired: Callable[..., Wire]
) -> None:
    wire = wired()
    wire.begin(panel=True, capabilities=CAN)
    wire.open(URI, GOOD)
    assert verify(wire) == {"message": "the verifier accepts all 2 probes"}
    kinds = [each["params"]["value"]["kind"] for each in wire.seen if each.get("method") == "$/progress"]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    shown = [each["params"] for each in wire.seen if each.get("method") == "window/showMessage"]
    assert [each["message"] for each in shown] == ["verify.bt: the verifier accepts all 2 probes"]
    assert titles(wire).count("verifier: accepted") == 2
    wire.change(URI, 2, {"text": GOOD + "\n"})
    assert "verifier: accepted" not in titles(wire)


@pytest.mark.kernel
def test_a_program_is_refused_at_its_place(
    host_bpftrace: InstalledBpftrace, wired: Callable[..., Wire]
) -> None:
    wire = wired()
    wire.begin(panel=True, capabilities=CAN)
    wire.open(URI, ENDLESS)
    said = verify(wire)["message"]
    assert said == "the verifier refuses 1 of 2 probes"
    found = titles(wire)
    assert any(each.startswith("verifier: ") and each != "verifier: accepted" for each in found)


@pytest.mark.kernel
def test_its_bar_ends_it_and_no_bpftrace_is_left(
    host_bpftrace: InstalledBpftrace, wired: Callable[..., Wire]
) -> None:
    wire = wired()
    wire.begin(panel=True, capabilities=CAN)
    wire.open(URI, ENDLESS)
    wire.write(
        {
            "id": "v",
            "method": "workspace/executeCommand",
            "params": {"command": "gpttrace.verify", "arguments": [URI]},
        }
    )
    begun = wire.until(lambda each: each.get("method") == "$/progress")
    wire.tell("window/workDoneProgress/cancel", {"token": begun["params"]["token"]})
    assert wire.until(lambda each: each.get("id") == "v" and "method" not in each).get("result") is None
    until(lambda: children(wire.process.pid) == [], "no bpftrace is left")


@pytest.mark.parametrize("text", ["BEGIN { ", 'BEGIN { system("id"); }'])
def test_what_has_errors_or_is_not_allowed_is_not_loaded(wired: Callable[..., Wire], text: str) -> None:
    wire = wired()
    wire.begin(panel=True)
    wire.open(URI, text)
    assert verify(wire)["message"].endswith("what does not compile, or is not allowed, is not loaded")
