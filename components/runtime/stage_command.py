"""A stage's face to a shell: `python -m components.<stage> --dataset DIR … --option …`."""

import argparse
import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.runtime.command import parse_words, run_command
from components.runtime.flags import StageConfig, a_name, a_path, add_flags, flag_of, read_config
from components.runtime.folders import keep_apart


@dataclass(frozen=True)
class Place:
    """A flag that names what a stage reads or writes; its `run` takes it under the same name."""

    meaning: str
    kind: type = Path
    """`str` for a URI or a name."""
    required: bool = True
    many: bool = False
    """Whether the flag is repeated; `run` takes a list."""


def run_stage(
    stage: str,
    about: str,
    config: type[StageConfig],
    places: Mapping[str, Place],
    words: Sequence[str] | None = None,
) -> int:
    """Read the flags, of the command line if `words` is left out, run the stage; the exit code.

    `components.<stage>.stage` may be heavy: it is imported once the flags are known to be right.
    """
    parser = argparse.ArgumentParser(prog=f"python -m components.{stage}", description=about)
    group = parser.add_argument_group("what it reads and writes")
    for name, place in places.items():
        group.add_argument(
            flag_of(name),
            type=a_path if place.kind is Path else a_name,
            required=place.required,
            action="append" if place.many else "store",
            default=[] if place.many else None,
            metavar="DIR" if place.kind is Path else name.upper(),
            help=place.meaning,
        )
    add_flags(parser, config)
    given = parse_words(parser, words)

    def run() -> None:
        settings = read_config(config, given, os.environ)
        _keep_apart(given, places)
        job = importlib.import_module(f"components.{stage}.stage")
        job.run(settings, **{name: getattr(given, name) for name in places})

    return run_command(run)


def _keep_apart(given: argparse.Namespace, places: Mapping[str, Place]) -> None:
    """Refuse to write over what is read."""
    folders: dict[str, list[Path]] = {}
    for name, place in places.items():
        value = getattr(given, name)
        if place.kind is Path and value is not None:
            folders[name] = value if place.many else [value]
    for name, outputs in folders.items():
        if name.endswith("_out"):
            for other in folders.keys() - {name}:
                keep_apart(outputs[0], folders[other])
