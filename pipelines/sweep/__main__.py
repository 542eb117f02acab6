"""`python -m pipelines.sweep score|finish`: the steps of a sweep that no stage has, as pods do."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from components.contracts.errors import BadInputError
from components.evaluate.config import EvaluateConfig
from components.runtime.command import parse_words, run_command
from components.runtime.executor import EXECUTOR_INPUT
from components.runtime.flags import a_name, a_path, add_flags, read_config
from components.runtime.parser import CommandParser
from components.runtime.patience import waiting_for_stores
from components.runtime.words import plain_words
from pipelines.sweep.pods import Results, finish, score


def main(words: Sequence[str] | None = None) -> int:
    """Do one of the two steps; the exit code."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="python -m pipelines.sweep", description=__doc__
    )
    commands = parser.add_subparsers(metavar="STEP", required=True)
    _add_score(commands)
    _add_finish(commands)
    try:
        words = _typed(sys.argv[1:] if words is None else words)
    except BadInputError as error:
        parser.error(str(error))
    given = parse_words(parser, words)

    def run() -> None:
        with waiting_for_stores(os.environ):
            given.run(given)

    return run_command(run)


def _typed(words: Sequence[str]) -> list[str]:
    """The words without what only pipelines need."""
    if EXECUTOR_INPUT not in words[:-1]:
        return list(words)
    plain = plain_words(words[1:])
    at = plain.index(EXECUTOR_INPUT)
    return [words[0], *plain[:at], *plain[at + 2 :]]


def _add_score(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("score", help="score a trial's model on the validation posts")
    parser.add_argument("--number", type=int, required=True, metavar="N")
    parser.add_argument("--parameters", type=_object, required=True, metavar="JSON")
    for name in ("--dataset", "--model", "--base-model"):
        parser.add_argument(name, type=a_path, required=True, metavar="DIR")
    for name in ("--results", "--dataset-uri", "--model-uri", "--base-uri"):
        parser.add_argument(name, type=a_name, required=True, metavar="URI")
    parser.set_defaults(run=_score)


def _add_finish(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("finish", help="evaluate the best trial and publish it")
    for name in ("--results", "--registry"):
        parser.add_argument(name, type=a_name, required=True, metavar="URI")
    parser.add_argument("--name", type=a_name, metavar="PERSONA")
    parser.add_argument("--no-gate", action="store_true")
    parser.add_argument("--out", type=a_path, required=True, metavar="DIR")
    add_flags(parser, EvaluateConfig)
    parser.set_defaults(run=_finish)


def _score(given: argparse.Namespace) -> None:
    score(
        given.number,
        given.parameters,
        dataset=given.dataset,
        model=given.model,
        base_model=given.base_model,
        results=Results.here(given.results),
        uris=(given.model_uri, given.base_uri, given.dataset_uri),
    )


def _finish(given: argparse.Namespace) -> None:
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)
    finish(
        read_config(EvaluateConfig, given, os.environ),
        results=Results.here(given.results),
        registry=given.registry,
        name=given.name,
        no_gate=given.no_gate,
        out=out,
    )


def _object(text: str) -> dict[str, Any]:
    """A JSON object, for argparse."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError("it is not a JSON object")
    return found


if __name__ == "__main__":
    sys.exit(main())
