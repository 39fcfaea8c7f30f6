"""The manifest says what is so: settings equal those of the docs and of the server, commands exist, files are there."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gpttrace_lsp.options import Options, setting_names

pytestmark = pytest.mark.computes
ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "lsp/vscode"
MANIFEST = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
CONTRIBUTES = MANIFEST["contributes"]
SETTINGS: dict[str, Any] = {
    name: setting
    for section in CONTRIBUTES["configuration"]
    for name, setting in section["properties"].items()
}
CLIENT_ONLY = {"server.path", "server.args", "trace.server"}
# What the server itself registers; a command of ours with such a name would keep the client from starting.
SERVER_COMMANDS = {"run", "stop", "verify", "explain", "explainFinding", "generate", "matches", "csv"}


def test_the_settings_table_of_the_docs_is_that_of_the_manifest() -> None:
    page = (ROOT / "docs/editors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(gpttrace\.[\w.]+)` \| `(.*?)` \| (.*) \|$", page, re.MULTILINE)
    wanted = [(name, json.dumps(each["default"]), told(each)) for name, each in SETTINGS.items()]
    assert rows == wanted


def told(setting: dict[str, Any]) -> str:
    """Return the words about a setting, with those about each value it takes."""
    values = zip(setting.get("enum", []), setting.get("enumDescriptions", []), strict=True)
    return " ".join([setting["description"], *(f"`{value}`: {words}" for value, words in values)])


def test_the_manifest_and_the_server_know_the_same_settings_with_the_same_defaults() -> None:
    assert {name.removeprefix("gpttrace.") for name in SETTINGS} - CLIENT_ONLY == set(setting_names())
    options = Options()
    for name in setting_names():
        assert SETTINGS[f"gpttrace.{name}"]["default"] == getattr(options, name.replace(".", "_")), name


def test_every_command_of_a_menu_a_key_or_a_walkthrough_exists_and_none_is_the_servers() -> None:
    known = {each["command"] for each in CONTRIBUTES["commands"]}
    used = {each["command"] for menu in CONTRIBUTES["menus"].values() for each in menu}
    used |= {each["command"] for each in CONTRIBUTES["keybindings"]}
    used |= set(re.findall(r"command:([\w.]+)", json.dumps(CONTRIBUTES["walkthroughs"])))
    assert used <= known
    assert not known & {f"gpttrace.{name}" for name in SERVER_COMMANDS}
    source = (EXTENSION / "src/commands.ts").read_text(encoding="utf-8")
    assert {name for name in known if f"{name.partition('.')[2]}:" in source} == known


def test_every_file_that_the_manifest_names_is_there() -> None:
    text = json.dumps({**MANIFEST, "main": ""})
    paths = re.findall(r'"(?:\./)?((?:media|syntaxes|snippets)/[\w.-]+|language-configuration\.json)"', text)
    assert len(paths) > 8
    assert [path for path in paths if not (EXTENSION / path).exists()] == []


def test_the_extension_has_the_version_and_the_licence_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (MANIFEST["version"], MANIFEST["license"]) == (project["version"], project["license"])
    assert (EXTENSION / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_programs_that_a_folder_names_are_not_started_before_it_is_trusted() -> None:
    restricted = set(MANIFEST["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"])
    assert restricted == {
        f"gpttrace.{name}" for name in ("server.path", "server.args", "bpftrace", "hostFile")
    }


def test_versions_of_packages_are_exact_and_no_registry_is_named() -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", each) for each in MANIFEST["devDependencies"].values())
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    assert [path for path, each in lock["packages"].items() if "resolved" in each] == []
    own = [*EXTENSION.glob("*"), *EXTENSION.glob("s*/*")]
    named = [path.name for path in own if path.is_file() and b"//registry" in path.read_bytes()]
    assert named == []


MATCHER = CONTRIBUTES["problemMatchers"][0]["pattern"]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (
            "a.bt:3:9-14: ERROR: Undefined or undeclared variable: $nope",
            ("a.bt", 3, 9, None, 14, "ERROR", "Undefined or undeclared variable: $nope"),
        ),
        ("/x/b.bt:2-4: WARNING: too long", ("/x/b.bt", 2, None, 4, None, "WARNING", "too long")),
        (
            "definitions.h:2:10: fatal error: 'a.h' file not found",
            ("definitions.h", 2, 10, None, None, "error", "'a.h' file not found"),
        ),
        ("ERROR: Unable to attach probe: kprobe:nope", None),
        ("Attaching 2 probes...", None),
    ],
)
def test_the_problem_matcher_reads_what_bpftrace_prints(line: str, fields: tuple[Any, ...] | None) -> None:
    found = re.match(MATCHER["regexp"], line)
    names = ("file", "line", "column", "endLine", "endColumn", "severity", "message")
    if fields is None:
        assert found is None
        return
    assert found is not None
    wanted = tuple(str(each) if isinstance(each, int) else each for each in fields)
    assert tuple(found[MATCHER[name]] for name in names) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@bytes[comm] = hist(args->ret);", ["@bytes", "comm", "hist", "args", "ret"]),
        ("$x = $1 + $#; @ = 10ms", ["$x", "$1", "$#", "@", "10ms"]),
        ("tracepoint:sched:sched_switch", ["tracepoint", "sched", "sched_switch"]),
    ],
)
def test_a_double_click_takes_a_name_with_its_mark(text: str, words: list[str]) -> None:
    configuration = json.loads((EXTENSION / "language-configuration.json").read_text(encoding="utf-8"))
    assert re.findall(configuration["wordPattern"], text, re.ASCII) == words
