"""A sweep as a person or a pod asks for it: flags and a file into trials."""

import argparse
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from components.contracts.errors import BadInputError
from components.contracts.sweep import Value
from components.fetch.config import FetchConfig
from components.runtime.flags import a_name, read_config
from components.train.config import TrainConfig
from pipelines.local.job import PersonaJob
from pipelines.sweep.search import trials_of
from pipelines.sweep.spec import SweepSpec, read_spec
from pipelines.sweep.sweeping import Sweep
from pipelines.sweep.trial import Trial


def add_spec_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that names the sweep."""
    parser.add_argument(
        "--sweep",
        required=True,
        type=a_name,
        metavar="FILE",
        help="what to try, as W&B's sweeps state it: method, parameters, run_cap (YAML or JSON)",
    )


def sweep_of(given: argparse.Namespace, job: PersonaJob) -> Sweep:
    """The sweep that the flags ask for; every trial can be done.

    Raises:
        BadInputError: one cannot, or the file states no sweep.
    """
    spec = read_spec(given.sweep)
    said = [spec.model_dump(mode="json"), job.train.seed]
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return Sweep(spec, digest[:8], job, _trials(spec, vars(given), job.train.seed))


def _trials(spec: SweepSpec, flags: Mapping[str, Any], seed: int) -> Sequence[Trial]:
    return [
        _trial(number, parameters, flags)
        for number, parameters in enumerate(trials_of(spec, seed), 1)
    ]


def _trial(number: int, parameters: Mapping[str, Value], flags: Mapping[str, Any]) -> Trial:
    said = {**flags, **parameters}
    try:
        return Trial(
            number=number,
            parameters=parameters,
            fetch=read_config(FetchConfig, said, os.environ),
            train=read_config(TrainConfig, said, os.environ),
        )
    except BadInputError as error:
        raise BadInputError(f"parameters of trial {number}: {error}") from error
