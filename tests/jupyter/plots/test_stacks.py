"""Stacks as pictures and as files: what is drawn can be parsed, weights are exact, hostile names harm nothing."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas
import pytest

from gpttrace_jupyter.plots import CannotDraw

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>", "a;b", "with space 7", "two\nlines", "ends]]>", "quote\"'&amp;", "\x00\x1b[2J", "日本語",
    "operator+", "\u2028\u202e", "\udce4",
]  # fmt: skip

pytestmark = pytest.mark.computes


def stacks(framed: Any, rows: list[Any], **known: Any) -> Any:
    """A frame of kernel and user stacks, innermost first, by process."""
    return framed(
        "@", "stacks", "kstack:stack::key ustack:stack::key comm:string::key count:int64", rows, **known
    )


@pytest.fixture
def small(framed: Any) -> Any:
    """Three stacks, two of which differ in an offset only."""
    rows = [
        (["vfs_read+12", "do_syscall_64+5"], ["read+3", "main+10"], "cat", 6),
        (["vfs_read+99", "do_syscall_64+5"], ["read+3", "main+10"], "cat", 2),
        ([], [], "sh", 2),
    ]
    return stacks(framed, rows, question="stacks")


def titles(svg: str) -> list[str]:
    """What stands under the pointer, box by box."""
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}title")]


def test_folded_stacks_go_from_the_key_over_user_space_into_the_kernel(small: Any) -> None:
    assert small.gpttrace.folded() == "cat;main;read;do_syscall_64;vfs_read 8\nsh;[no stack] 2\n"
    assert "cat;main+10;read+3;do_syscall_64+5;vfs_read+99 2\n" in small.gpttrace.folded(offsets=True)


def test_the_tree_adds_up(small: Any) -> None:
    tree = small.gpttrace.tree()
    assert (tree["name"], tree["value"]) == ("all", 10)
    assert [(each["name"], each["value"]) for each in tree["children"]] == [("cat", 8), ("sh", 2)]


def test_boxes_are_as_wide_as_their_share_and_callers_stand_below(small: Any) -> None:
    def boxes(kind: str) -> dict[str, Any]:
        groups = ElementTree.fromstring(small.gpttrace.plot(kind).svg).iter(f"{SVG}g")
        return {(g[0].text or "").split("\n")[0]: g[1].attrib for g in groups}

    flame, icicle = boxes("flame"), boxes("icicle")
    wide = {name: float(box["width"]) + 0.5 for name, box in flame.items()}
    assert wide["cat"] / wide["all"] == pytest.approx(0.8, abs=0.001)
    assert int(flame["cat"]["y"]) < int(flame["all"]["y"])
    assert int(icicle["cat"]["y"]) > int(icicle["all"]["y"])
    assert "vfs_read\n8, 80.00 %, kernel" in titles(small.gpttrace.flame().svg)
    assert flame["vfs_read"]["fill"] != flame["main"]["fill"]


def test_hostile_names_are_text_in_the_picture_and_in_the_files(framed: Any, tmp_path: Path) -> None:
    frame = stacks(
        framed, [([], ["leaf", name], "c<b>&", i + 1) for i, name in enumerate(HOSTILE[:-1])], question="<q>&"
    )
    svg = frame.gpttrace.flame().svg
    tags = {each.tag for each in ElementTree.fromstring(svg).iter()}
    assert tags == {f"{SVG}{name}" for name in ("svg", "rect", "text", "g", "title")}
    assert any(text.startswith("<script>alert(1)</script>\n") for text in titles(svg))
    lines = frame.gpttrace.folded().splitlines()
    parsed = [re.fullmatch(r"(.+) (\d+)", line) for line in lines]
    assert sorted(int(each[2]) for each in parsed if each) == list(range(1, len(HOSTILE)))
    assert all(each[1].count(";") == 2 for each in parsed if each)
    assert "\x1b" not in frame.gpttrace.flame().text
    profile = json.loads(frame.gpttrace.speedscope(tmp_path / "a.json").read_text("utf-8"))
    assert set(HOSTILE[:-1]) <= {each["name"] for each in profile["shared"]["frames"]}


def test_a_lone_surrogate_can_be_written(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"ustack": [[HOSTILE[-1]]], "count": [1]})
    json.loads(frame.gpttrace.speedscope(tmp_path / "a.json").read_text("utf-8"))
    ElementTree.parse(frame.gpttrace.flame().save(tmp_path / "a.svg"))
    assert frame.gpttrace.folded() == "\\udce4 1\n"


@pytest.mark.parametrize(("unit", "told"), [("ns", "nanoseconds"), ("bytes", "bytes"), ("", "none")])
def test_speedscope_weights_are_exact(framed: Any, unit: str, told: str) -> None:
    huge = 2**63 - 1
    frame = framed(
        "@", "stacks", f"ustack:stack::key total:int64:{unit}", [(["f", "main"], huge), (["g", "main"], 1)]
    )
    profile = frame.gpttrace.speedscope()
    (only,) = profile["profiles"]
    assert profile["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert (only["type"], only["unit"], only["startValue"], only["endValue"]) == ("sampled", told, 0, 2**63)
    names = [[profile["shared"]["frames"][i]["name"] for i in sample] for sample in only["samples"]]
    assert list(zip(names, only["weights"], strict=True)) == [(["main", "f"], huge), (["main", "g"], 1)]


def test_events_with_stacks_count_one_each_and_times_do_not_name_frames(framed: Any) -> None:
    rows = [(["f+1"], 4), (["f+2"], 4), (None, 4)]
    frame = framed("printf:1", "events", "ustack:stack pid:int64", rows)
    assert frame.gpttrace.folded() == "f 2\n[no stack] 1\n"


def test_ten_thousand_stacks_leave_out_what_nobody_could_see(framed: Any) -> None:
    dice = random.Random(1)
    rows: list[Any] = [
        ([], [f"f{dice.randint(0, 40)}" for _ in range(15)], "x", 1 if i else 10**6) for i in range(10_000)
    ]
    picture = stacks(framed, rows).gpttrace.plot()
    assert len(titles(picture.svg)) < 1000
    assert "frames are narrower than 0.3 px and not drawn" in picture.svg
    assert sum(weight for _, weight in picture.data.paths) == 10**6 + 9999
    assert len(picture.text.splitlines()) <= 44


def test_a_stack_deeper_than_python_may_call_is_drawn() -> None:
    frame = pandas.DataFrame({"ustack": [[f"f{i}" for i in range(5000)]], "count": [1]})
    assert len(titles(frame.gpttrace.icicle().svg)) == 5001
    assert frame.gpttrace.tree()["children"][0]["name"] == "f4999"


def test_averages_of_stacks_are_refused(framed: Any) -> None:
    frame = framed("@", "stacks", "ustack:stack::key avg:int64:ns", [(["f"], 5)])
    with pytest.raises(CannotDraw, match="cannot be added up"):
        frame.gpttrace.plot()
