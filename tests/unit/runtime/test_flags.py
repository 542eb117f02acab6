import argparse
from typing import Annotated, Literal

import pytest
from pydantic import Field

from components.contracts.errors import BadInputError
from components.runtime.flags import (
    StageConfig,
    add_flags,
    flags_for,
    read_config,
    variables_against,
)


class WalkConfig(StageConfig):
    steps: Annotated[int, Field(le=50)] = 3
    """How many steps to take."""
    speed: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.5
    """Steps a second."""
    gait: Literal["slow", "fast"] = "slow"
    """How to walk."""
    look_back: bool = False
    """Whether to look back."""
    friends: tuple[str, ...] = ()
    """Who comes along."""
    treats: tuple[str, ...] = ("nuts",)
    """What to carry."""
    goal: str | None = None
    """Where to; nowhere if left out."""


def parse(*words: str, environment: dict[str, str] | None = None) -> WalkConfig:
    parser = argparse.ArgumentParser()
    add_flags(parser, WalkConfig)
    return read_config(WalkConfig, parser.parse_args(words), environment or {})


def test_defaults_hold_where_nothing_is_said() -> None:
    assert parse() == WalkConfig()


def test_flags_win_over_the_environment_and_it_over_defaults() -> None:
    environment = {"HUGGINGTWEETS_STEPS": "5", "HUGGINGTWEETS_GAIT": "fast"}
    assert parse("--steps", "7", environment=environment) == WalkConfig(steps=7, gait="fast")


def test_an_empty_variable_counts_as_unset() -> None:
    assert parse(environment={"HUGGINGTWEETS_STEPS": ""}).steps == 3


@pytest.mark.parametrize("text", ["ann, my love\n\n bo \n", '["ann, my love", "bo"]'])
def test_lists_are_repeated_flags_or_variables_with_a_value_a_line(text: str) -> None:
    friends = ("ann, my love", "bo")
    assert parse("--friends", friends[0], "--friends", "bo").friends == friends
    assert parse(environment={"HUGGINGTWEETS_FRIENDS": text}).friends == friends


def test_a_broken_list_names_its_variable() -> None:
    with pytest.raises(BadInputError, match="HUGGINGTWEETS_FRIENDS: .*JSON list"):
        parse(environment={"HUGGINGTWEETS_FRIENDS": '["ann'})


@pytest.mark.parametrize("words", [("--goal", ""), ("--friends", "bo", "--friends", "")])
def test_an_empty_flag_is_a_slip(words: tuple[str, ...]) -> None:
    with pytest.raises(BadInputError, match=f"{words[0]}: it is empty"):
        parse(*words)


@pytest.mark.parametrize(
    "config",
    [
        WalkConfig(),
        WalkConfig(steps=9, look_back=True, friends=("a", "b"), goal="home", gait="fast"),
    ],
)
def test_flags_for_a_configuration_give_it_back(config: WalkConfig) -> None:
    assert parse(*flags_for(config, {})) == config


def test_only_what_is_not_said_by_default_is_a_flag() -> None:
    assert flags_for(WalkConfig(), {}) == []
    assert flags_for(WalkConfig(steps=9, look_back=True), {}) == ["--steps", "9", "--look-back"]


def test_flags_for_a_configuration_stand_over_the_variables_that_are_set() -> None:
    environment = {
        "HUGGINGTWEETS_STEPS": "9",
        "HUGGINGTWEETS_LOOK_BACK": "true",
        "HUGGINGTWEETS_SPEED": " ",
        "HUGGINGTWEETS_GOAL": "away",
        "HUGGINGTWEETS_FRIENDS": "[]",
    }
    words = flags_for(WalkConfig(), environment)
    assert words == ["--steps", "3", "--no-look-back"]
    unset = variables_against(WalkConfig(), environment)
    assert unset == ["HUGGINGTWEETS_FRIENDS", "HUGGINGTWEETS_GOAL"]
    for variable in unset:
        del environment[variable]
    assert parse(*words, environment=environment) == WalkConfig()


def test_a_variable_that_was_read_stays() -> None:
    environment = {"HUGGINGTWEETS_TREATS": "[]", "HUGGINGTWEETS_GOAL": "home"}
    config = parse(environment=environment)
    assert (config.treats, config.goal) == ((), "home")
    assert variables_against(config, environment) == []
    assert parse(*flags_for(config, environment), environment=environment) == config


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--steps", "many"), "--steps: 'many' is not a whole number"),
        (("--steps", "1.5"), "--steps: '1.5' is not a whole number"),
        (("--steps", "99"), "--steps: '99' is too large; give at most 50"),
        (("--speed", "nan"), "--speed: 'nan' is not a finite number"),
        (("--speed", "0"), "--speed: '0' is too small; give more than 0"),
    ],
)
def test_a_wrong_value_is_told_in_our_words(words: tuple[str, str], said: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse(*words)
    assert str(caught.value).startswith(said)


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(BadInputError, match="HUGGINGTWEETS_GAIT: 'hop' is not 'slow' or 'fast'"):
        parse(environment={"HUGGINGTWEETS_GAIT": "hop"})
