"""Which runs in W&B are those of a model: found by digest, so synced offline runs are found too."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from components.contracts.errors import BadInputError
from components.tracking.names import run_name
from components.tracking.report.story import ReportContent
from components.tracking.wandb_backend import PROJECT


class Runs(NamedTuple):
    """Where a model's runs are, by their ids."""

    entity: str
    project: str
    train: str
    evaluate: str | None
    """None where the evaluation was not tracked."""


def find_runs(story: ReportContent, api: Any) -> Runs:
    """The runs that trained and evaluated this model, the newest of several.

    Raises:
        BadInputError: nobody says whose project it is, or the project holds no such training.
    """
    entity, project = _project(story, api)
    trained_on = {"summary_metrics.dataset_sha256": story.trained.dataset_sha256}
    evaluated = {"summary_metrics.model_sha256": story.evaluated.model_sha256}
    where = f"{entity}/{project}"
    train = _newest(api, where, run_name("train", story.subject), trained_on)
    if train is None:
        raise BadInputError(
            f"{where} holds no run {run_name('train', story.subject)!r} of this model; bring runs "
            "that were made offline with `wandb sync wandb/offline-run-*`, or say with "
            "WANDB_ENTITY and WANDB_PROJECT where they are"
        )
    evaluate = _newest(api, where, run_name("evaluate", story.subject), evaluated)
    return Runs(entity, project, train, evaluate)


def _project(story: ReportContent, api: Any) -> tuple[str, str]:
    """Entity and project: where the training says that its run is, or else W&B's own settings."""
    named = urlsplit(story.trained.tracking.get("url", "")).path.strip("/").split("/")
    if len(named) == 4 and named[2] == "runs":
        return named[0], named[1]
    entity = api.settings["entity"] or api.default_entity
    if not entity:
        raise BadInputError("W&B names no entity of this key; say one with WANDB_ENTITY")
    return entity, os.environ.get("WANDB_PROJECT") or PROJECT


def _newest(api: Any, where: str, name: str, facts: Mapping[str, Any]) -> str | None:
    """The id of the newest run with this name and these facts.

    Raises:
        BadInputError: there is no such project.
    """
    filters = {"display_name": name, **facts}
    try:
        found = api.runs(where, filters=filters, order="-created_at", per_page=1)
        return next((run.id for run in found), None)
    except ValueError as error:  # W&B's word for a project that is not there
        raise BadInputError(
            f"there is no project {where} in W&B that this key may see; say with WANDB_ENTITY and "
            "WANDB_PROJECT where the runs are"
        ) from error
