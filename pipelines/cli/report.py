"""`huggingtweets report`: a model's way, for people, where its runs are tracked."""

import argparse
import os
import re
from pathlib import Path

from pydantic import ValidationError

from components.contracts.artifacts import (
    EVALUATION,
    EVALUATION_REPORT,
    FINETUNED_MODEL,
    PREPARE_REPORT,
    TRAIN_DATASET,
    TRAIN_REPORT,
)
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.registry import Manifest
from components.contracts.reports import PrepareReport, TrainReport
from components.push.version import chosen_version
from components.registry import Registry
from components.registry.command import REGISTRY_VARIABLE
from components.runtime.flags import a_name
from components.runtime.folders import require_folder
from components.tracking.report import ReportContent, make_report

_PERSONA = re.compile(r"(?P<persona>[^@/]+)(@(?P<version>[1-9][0-9]*))?")


def add_report_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the command line."""
    about = "tell in W&B how a model came to be: data, training, samples, lineage"
    parser = commands.add_parser("report", help=about, description=about)
    parser.add_argument(
        "what",
        metavar="RUN_OR_PERSONA",
        help="the folder that `run --out` wrote, or PERSONA[@N] of a registry",
    )
    parser.add_argument(
        "--wandb", action="store_true", required=True, help="make it in Weights & Biases"
    )
    parser.add_argument(
        "--registry",
        type=a_name,
        metavar="URI",
        help=f"where the persona is (default: ${REGISTRY_VARIABLE})",
    )
    parser.set_defaults(run=report)


def report(given: argparse.Namespace) -> int:
    """Make the report and say where it is looked at."""
    print(make_report(_story(given)))
    return 0


def _story(given: argparse.Namespace) -> ReportContent:
    folder = Path(given.what)
    if folder.is_dir() and given.registry is None:
        return _story_of_run(folder)
    registry = given.registry or os.environ.get(REGISTRY_VARIABLE)
    named = _PERSONA.fullmatch(given.what)
    if named is None or not registry:
        raise BadInputError(
            f"{given.what!r} is not a folder of a run; for a persona, PERSONA or PERSONA@N, name "
            f"its registry with --registry URI or ${REGISTRY_VARIABLE}"
        )
    return _story_of_version(_manifest(registry, named["persona"], named["version"]))


def _story_of_run(folder: Path) -> ReportContent:
    """What the stages of a local run said.

    Raises:
        BadInputError: the folder is not a run's, or the run did not get so far.
    """
    dataset, model, evaluation = (
        folder / name for name in (TRAIN_DATASET, FINETUNED_MODEL, EVALUATION)
    )
    require_folder(dataset, PREPARE_REPORT, "train-dataset")
    require_folder(model, TRAIN_REPORT, "finetuned-model")
    require_folder(evaluation, EVALUATION_REPORT, "finished evaluation")
    prepared = PrepareReport.read(dataset / PREPARE_REPORT)
    return ReportContent(
        " & ".join(f"@{author}" for author in prepared.persona_authors),
        prepared,
        TrainReport.read(model / TRAIN_REPORT),
        EvaluationReport.read(evaluation / EVALUATION_REPORT),
    )


def _manifest(uri: str, persona: str, version: str | None) -> Manifest:
    """The manifest of this version; else of the one in production, else of the latest."""
    registry = Registry.open(uri).require()
    return registry.manifest(persona, chosen_version(registry, persona, version))


def _story_of_version(manifest: Manifest) -> ReportContent:
    """What the lineage of a version keeps of the stages' reports.

    Raises:
        BadInputError: it was published by another program, without them.
    """
    name = f"{manifest.persona}@{manifest.version}"
    lineage = manifest.lineage
    try:
        return ReportContent(
            name,
            lineage.prepare_report(),
            lineage.train_report(),
            lineage.evaluation_report(),
        )
    except ValidationError as error:
        raise BadInputError(
            f"the lineage of {name} does not say how it was prepared, trained and evaluated, so "
            "there is nothing to report; publish it anew with `huggingtweets run`"
        ) from error
