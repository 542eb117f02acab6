"""Flags of the commands for Kubeflow out of the environment: `HUGGINGTWEETS_<FLAG>`."""

import argparse
from collections.abc import Iterator, Mapping, Sequence

from components.contracts.errors import BadInputError
from components.runtime.flags import ENVIRONMENT_PREFIX, values_of_list
from pipelines.sources import AppendSource

KFP_ENDPOINT = "KF_PIPELINES_ENDPOINT"
"""kfp's own variable for the host."""
COMMANDS = ("submit", "schedule", "status", "logs", "refresh", "fleet", "sweep")
OF_SOURCES = ("author", "format", "columns", "date_order", "exclude_circle_window")
"""Flags that belong to the sources beside which they stand."""
YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")


def with_environment(
    parser: argparse.ArgumentParser, words: Sequence[str], environment: Mapping[str, str]
) -> list[str]:
    """The words of a command behind those that the environment stands for.

    What a word says wins. A source that the words name leaves out all sources of the environment.
    An empty variable counts as unset. The flags of the stages read their own variables.
    """
    has_source = any(
        _says(parser, action, words)
        for action in _flags(parser)
        if isinstance(action, AppendSource)
    )
    found: list[str] = []
    for action in _flags(parser):
        is_source = isinstance(action, AppendSource) or action.dest in OF_SOURCES
        left_out = (has_source and is_source) or _says(parser, action, words)
        variable, text = _variable(action, environment)
        if text and not left_out:
            found += _words(parser, action, variable, text)
    return [*found, *words]


def _flags(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Those that do not read the environment themselves."""
    for action in parser._actions:  # argparse names no other way
        if action.option_strings and action.default != argparse.SUPPRESS:
            yield action


def _says(parser: argparse.ArgumentParser, action: argparse.Action, words: Sequence[str]) -> bool:
    """Whether the words name this flag, perhaps by its first letters."""
    flag = action.option_strings[-1]
    said = (word.partition("=")[0] for word in words if word.startswith("--") and word != "--")
    known = parser._option_string_actions
    return any(word == flag or (word not in known and flag.startswith(word)) for word in said)


def _variable(action: argparse.Action, environment: Mapping[str, str]) -> tuple[str, str]:
    variable = ENVIRONMENT_PREFIX + action.dest.upper()
    if action.dest == "host" and not environment.get(variable, "").strip():
        variable = KFP_ENDPOINT
    return variable, environment.get(variable, "").strip()


def _words(
    parser: argparse.ArgumentParser, action: argparse.Action, variable: str, text: str
) -> list[str]:
    flag = action.option_strings[-1]
    if action.nargs == 0:
        if text.lower() not in (*YES, *NO):
            parser.error(f"{variable}: {text!r} is neither 'true' nor 'false'")
        return [flag] if text.lower() in YES else []
    try:
        values = values_of_list(text, variable) if _is_many(action) else (text,)
    except BadInputError as error:
        parser.error(str(error))
    for value in values:
        _check(parser, action, variable, value)
    return [f"{flag}={value}" for value in values]


def _is_many(action: argparse.Action) -> bool:
    return isinstance(action, AppendSource | argparse._AppendAction)


def _check(
    parser: argparse.ArgumentParser, action: argparse.Action, variable: str, value: str
) -> None:
    """Name the variable, not the flag, where the value is wrong."""
    try:
        if callable(action.type):
            action.type(value)
    except (argparse.ArgumentTypeError, ValueError) as error:
        parser.error(f"{variable}: {error}")
    if action.choices is not None and value not in action.choices:
        parser.error(f"{variable}: {value!r} is not one of {', '.join(map(str, action.choices))}")
