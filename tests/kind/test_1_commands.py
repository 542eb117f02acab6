"""The ten commands of charts/README.md, typed one after another."""

from collections.abc import Callable

import pytest
from support.kind.commands import COMMANDS


@pytest.mark.parametrize("number", range(1, len(COMMANDS) + 1))
def test_the_command_does_what_it_says(typed: Callable[[int], str], number: int) -> None:
    typed(number)


def test_the_last_one_shows_a_post(typed: Callable[[int], str]) -> None:
    assert "My dream is" in typed(len(COMMANDS))
