"""A stage's face to a shell: `python -m components.<stage> --dataset DIR … --option …`."""

import argparse
import gc
import importlib
import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from components.contracts.errors import BadInputError
from components.runtime.command import parse_words, run_command
from components.runtime.executor import EXECUTOR_INPUT, Executor
from components.runtime.flags import StageConfig, a_name, a_path, add_flags, flag_of, read_config
from components.runtime.folders import keep_apart
from components.runtime.log_lines import BY_HAND
from components.runtime.parser import CommandParser
from components.runtime.patience import waiting_for_stores
from components.runtime.refusals import refused_once
from components.runtime.words import OPTIONS, plain_words

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageArgument:
    """A flag that names what a stage reads or writes; its `run` takes it under the same name."""

    meaning: str
    kind: type = Path
    """`str` for a URI or a name."""
    required: bool = True
    many: bool = False
    """Whether the flag is repeated; `run` takes a list."""
    is_file: bool = False
    """Whether a path is a file's."""
    is_switch: bool = False
    """Whether the flag may stand alone, for `true`; a pipeline says `true` or `false` behind it."""
    artifact: str | None = None
    """In a pipeline, the list of artifacts that this is filled from."""


Parameters = Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]
"""A step's output parameters, from the stage's report and the step's input parameters."""


def run_stage(
    stage: str,
    about: str,
    config: type[StageConfig],
    places: Mapping[str, StageArgument],
    words: Sequence[str] | None = None,
    parameters: Parameters = lambda report, given: {},
) -> int:
    """Read the flags, of the command line if `words` is left out, run the stage; the exit code.

    `components.<stage>.stage` may be heavy: it is imported once the flags are known to be right.
    """
    parser = _parser(stage, about, config, places)
    words = sys.argv[1:] if words is None else words
    try:
        executor = _executor(words)
        words = plain_words([*words, *_from_pipeline(places, executor)])
    except BadInputError as error:
        parser.error(str(error))
    given = parse_words(parser, words)

    def run() -> None:
        settings = read_config(config, given, os.environ)
        _keep_apart(given, places)
        job = _imported(f"components.{stage}.stage")
        with waiting_for_stores(os.environ):
            report = job.run(settings, **{name: getattr(given, name) for name in places})
        if executor:
            executor.finish(report, parameters(report, executor.parameters))

    def run_in_pipeline(executor: Executor) -> None:
        by_hand = _by_hand(stage, words)
        log.info("%s%s", BY_HAND, by_hand)
        with refused_once(executor.place, by_hand):
            run()

    return run_command(partial(run_in_pipeline, executor) if executor else run)


def _imported(name: str) -> ModuleType:
    """The module of this name; where it is not there yet, no garbage is looked for meanwhile.

    Modules make hundreds of thousands of objects that stay: to look through them again and again
    takes a tenth of a stage's time before it works, and as much later.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def _parser(
    stage: str, about: str, config: type[StageConfig], places: Mapping[str, StageArgument]
) -> argparse.ArgumentParser:
    parser = CommandParser(prog=f"python -m components.{stage}", description=about)
    group = parser.add_argument_group("what it reads and writes")
    for name, place in places.items():
        group.add_argument(
            flag_of(name),
            type=a_path if place.kind is Path else a_name,
            required=place.required,
            action="append" if place.many else "store",
            default=[] if place.many else None,
            metavar=_metavar(name, place),
            help=place.meaning,
            **({"nargs": "?", "const": "true"} if place.is_switch else {}),
        )
    add_flags(parser, config)
    pipeline = parser.add_argument_group("in a pipeline")
    pipeline.add_argument(OPTIONS, metavar="JSON", help="further flags as one JSON object")
    pipeline.add_argument(EXECUTOR_INPUT, metavar="JSON", help="what Kubeflow's launcher passes")
    return parser


def _metavar(name: str, place: StageArgument) -> str:
    if place.kind is not Path:
        return name.upper()
    return "FILE" if place.is_file else "DIR"


def _executor(words: Sequence[str]) -> Executor | None:
    """The conversation with the launcher, where there is one."""
    after = list(words).index(EXECUTOR_INPUT) + 1 if EXECUTOR_INPUT in words else len(words)
    return Executor(words[after]) if after < len(words) else None


def _from_pipeline(places: Mapping[str, StageArgument], executor: Executor | None) -> list[str]:
    """The flags whose lists of artifacts no command line of a pipeline can hold."""
    return [
        word
        for name, place in places.items()
        if executor and place.artifact
        for path in executor.paths(place.artifact)
        for word in (flag_of(name), str(path))
    ]


def _by_hand(stage: str, words: Sequence[str]) -> str:
    at = list(words).index(EXECUTOR_INPUT)
    return shlex.join(["python", "-m", f"components.{stage}", *words[:at], *words[at + 2 :]])


def _keep_apart(given: argparse.Namespace, places: Mapping[str, StageArgument]) -> None:
    """Refuse to write over what is read."""
    folders: dict[str, list[Path]] = {}
    for name, place in places.items():
        value = getattr(given, name)
        if place.kind is Path and value is not None:
            folders[name] = value if place.many else [value]
    inputs = [
        path for name, paths in folders.items() if not name.endswith("_out") for path in paths
    ]
    for name, outputs in folders.items():
        if name.endswith("_out"):
            keep_apart(outputs[0], inputs)
