"""What the environment says about the model, and a secret that nothing shows."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from pathlib import Path

import pytest

from gpttrace.errors import UsageError
from gpttrace.settings import ModelSettings, Secret, Settings

KEY = "sk-something-secret"


def test_everything_is_read_from_the_environment() -> None:
    env = {
        "OPENAI_API_KEY": f" {KEY}\n",
        "OPENAI_BASE_URL": "http://localhost:1/v1",
        "GPTTRACE_MODEL": "small",
        "OPENAI_MODEL": "other",
        "GPTTRACE_PRICE": "0.15/0.60",
        "GPTTRACE_MODEL_TOKENS": "5000",
        "GPTTRACE_MODEL_SECONDS": "7.5",
        "GPTTRACE_MODEL_MONEY": "0.02",
        "GPTTRACE_RECORD": "/kept",
    }
    assert Settings.load(env).model == ModelSettings(
        "http://localhost:1/v1", Secret(KEY), "small", 0.15, 0.6, 5000, 7.5, 0.02, Path("/kept")
    )


@pytest.mark.parametrize(
    ("env", "is_set"),
    [
        ({}, False),
        ({"OPENAI_API_KEY": "", "OPENAI_BASE_URL": " "}, False),
        ({"OPENAI_MODEL": "m"}, False),
        ({"OPENAI_API_KEY": "k"}, True),
        ({"OPENAI_BASE_URL": "http://localhost/v1"}, True),
    ],
)
def test_a_model_is_set_by_a_key_or_an_address(env: dict[str, str], is_set: bool) -> None:
    assert Settings.load(env).model.is_set is is_set


def test_without_a_word_there_are_limits_all_the_same() -> None:
    model = Settings.load({"OPENAI_MODEL": "m"}).model
    assert (model.name, model.tokens, model.seconds, model.money) == ("m", 200_000, 120.0, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("GPTTRACE_PRICE", text) for text in ("1", "1/2/3", "a/b", "-1/2", "nan/1", "1/inf", "/")],
        *[("GPTTRACE_MODEL_TOKENS", text) for text in ("0", "-5", "1.5", "many", "9" * 5000)],
        *[("GPTTRACE_MODEL_SECONDS", text) for text in ("0", "nan", "inf", "soon")],
        *[("GPTTRACE_MODEL_MONEY", text) for text in ("0", "-1", "$1")],
    ],
)
def test_a_bad_number_names_its_variable(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=name):
        Settings.load({name: text})


def test_a_limit_of_money_needs_prices() -> None:
    with pytest.raises(UsageError, match="GPTTRACE_MODEL_MONEY"):
        Settings.load({"GPTTRACE_MODEL_MONEY": "1"})


def test_a_secret_is_shown_by_nothing() -> None:
    secret = Secret(KEY)
    settings = Settings.load({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://me:pass@localhost/v1"})
    shown = [
        repr(secret), str(secret), f"{secret}", f"{secret:>30}", f"{secret} {secret!r}", repr([secret]), repr(settings),
        repr(dataclasses.asdict(settings)), json.dumps({"key": secret}, default=str), repr(copy.deepcopy(secret)),
    ]  # fmt: skip
    assert [each for each in shown if KEY[3:] in each] == []
    assert "pass" not in repr(settings)
    assert f"{secret:>5}" == "  ***"
    assert copy.deepcopy(secret).reveal() == copy.copy(secret).reveal() == KEY
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Settings.load({"OPENAI_API_KEY": KEY}), protocol)


def test_only_the_room_of_the_model_reveals_a_secret() -> None:
    core = Path(__file__).parents[2] / "core" / "gpttrace"
    naming = {path for path in core.rglob("*.py") if ".reveal()" in path.read_text(encoding="utf-8")}
    assert naming
    assert {path.parent.name for path in naming} == {"model"}
