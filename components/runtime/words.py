"""From the command line of a pipeline's step to the one that a person would type."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from components.contracts.errors import BadInputError
from components.runtime.executor import EXECUTOR_INPUT
from components.runtime.flags import flag_of

OPTIONS = "--options"
LARGEST = 2**53
"""Whole numbers from here on have neighbours that are the same double."""


def plain_words(words: Sequence[str]) -> list[str]:
    """The same command line without what only pipelines need.

    `--options '{"epochs": 2}'` says `--epochs 2`; what is said outright wins over it. A pipeline
    can leave no flag out, so in one a flag followed by an empty word counts as left out.

    Raises:
        BadInputError: the options are no JSON object of plain values.
    """
    in_pipeline = EXECUTOR_INPUT in words
    options: list[str] = []
    plain: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == OPTIONS:
            options += words_for(next(rest, ""))
        elif in_pipeline and word == "" and plain and plain[-1].startswith("--"):
            plain.pop()
        else:
            plain.append(word)
    return options + plain


def is_true(flag: str, said: str) -> bool:
    """Whether a pipeline's flag says `true`, in whatever case.

    Raises:
        BadInputError: it says neither `true` nor `false`.
    """
    if said.lower() not in ("true", "false"):
        raise BadInputError(f"{flag}: {said!r} is neither true nor false")
    return said.lower() == "true"


def words_for(options: str) -> list[str]:
    """The flags that a JSON object stands for: `["--epochs", "2"]` for `{"epochs": 2}`.

    A list of one object stands for that object: the sources of a pipeline for one source.

    Raises:
        BadInputError: it is no JSON object of plain values, or holds a number that Kubeflow rounds.
    """
    try:
        given = json.loads(options)
        if isinstance(given, list):
            given = _only(given)
        return [word for name, value in given.items() for word in _flag(name, value)]
    except (ValueError, AttributeError, TypeError) as error:
        raise BadInputError(
            f'{OPTIONS}: {options!r} is not a JSON object of flags, as {{"epochs": 2}}'
        ) from error


def _only(given: list[Any]) -> Any:
    if len(given) == 1:
        return given[0]
    if not all(isinstance(one, dict) for one in given):
        raise TypeError
    raise BadInputError(
        f"{OPTIONS}: this pipeline is for one source, and {len(given)} were given; compile it with "
        "--sources several"
    )


def _flag(name: str, value: object) -> Iterator[str]:
    """The words for one option; nothing for what is left open."""
    if isinstance(value, bool):
        yield flag_of(name if value else f"no_{name}")
    elif isinstance(value, list):
        for one in value:
            yield from _flag(name, one)
    elif isinstance(value, str | int | float):
        if value != "":
            yield from (flag_of(name), _number_or_text(name, value))
    elif value is not None:
        raise TypeError(name)


def is_exact(value: float) -> bool:
    """Whether a number is the same after Kubeflow passed it as a double: below 2^53, and finite."""
    return abs(value) < LARGEST


def _number_or_text(name: str, value: str | float) -> str:
    """Kubeflow passes every number as a double: 2.0 is 2 again."""
    if not isinstance(value, str) and not is_exact(value):
        raise BadInputError(
            f"{name}: {value} is 2^53 or more, where numbers lose their last digits on the way; "
            f'write it as text: "{name}": "…"'
        )
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
