import argparse
from typing import Literal

import pytest

from components.contracts.errors import BadInputError
from components.runtime.flags import StageConfig, add_flags, flags_for, read_config


class WalkConfig(StageConfig):
    steps: int = 3
    """How many steps to take."""
    gait: Literal["slow", "fast"] = "slow"
    """How to walk."""
    look_back: bool = False
    """Whether to look back."""
    friends: tuple[str, ...] = ()
    """Who comes along."""
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


def test_lists_are_repeated_flags_or_comma_separated_variables() -> None:
    assert parse("--friends", "ann", "--friends", "bo").friends == ("ann", "bo")
    assert parse(environment={"HUGGINGTWEETS_FRIENDS": "ann,bo"}).friends == ("ann", "bo")


@pytest.mark.parametrize(
    "config",
    [
        WalkConfig(),
        WalkConfig(steps=9, look_back=True, friends=("a", "b"), goal="home", gait="fast"),
    ],
)
def test_flags_for_a_configuration_give_it_back(config: WalkConfig) -> None:
    assert parse(*flags_for(config)) == config


def test_a_wrong_value_names_its_flag() -> None:
    with pytest.raises(BadInputError, match="--steps: .*integer"):
        parse("--steps", "many")
