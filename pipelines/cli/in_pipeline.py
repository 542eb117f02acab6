"""A command as a step of a pipeline says it, in the words that a person would type."""

from collections.abc import Sequence

from components.runtime.executor import EXECUTOR_INPUT
from components.runtime.words import plain_words


def as_typed(words: Sequence[str]) -> list[str]:
    """The words without what only pipelines need: see `plain_words`.

    Raises:
        BadInputError: the options are no JSON object of plain values.
    """
    if EXECUTOR_INPUT not in words[:-1]:
        return list(words)
    plain = plain_words(words[1:])
    at = plain.index(EXECUTOR_INPUT)
    return [words[0], *plain[:at], *plain[at + 2 :]]
