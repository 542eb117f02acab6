"""Fetch a base model."""

import logging
import os
from pathlib import Path

from components.contracts.artifacts import FETCH_REPORT, PRETRAINED_MODEL
from components.contracts.reports import FetchReport
from components.fetch.bundled import cache_folder, fetch_bundled
from components.fetch.check import architecture_and_size
from components.fetch.config import FetchConfig
from components.fetch.folder import fetch_folder
from components.fetch.found import Found, place_of
from components.fetch.hub import fetch_from_hub
from components.fetch.stored import fetch_stored
from components.runtime.digests import folder_sha256
from components.runtime.folders import home_path, keep_apart, whole_folder
from components.tracking import tracked

log = logging.getLogger(__name__)


def run(config: FetchConfig, *, model_out: Path) -> FetchReport:
    """Fetch the base model and write the pretrained-model folder.

    Raises:
        BadInputError: there is no such model, it is no causal language model, or it cannot be had.
    """
    if place_of(config.base_model) == "folder":
        keep_apart(model_out, [home_path(config.base_model)])
    with whole_folder(model_out, holding=FETCH_REPORT) as folder:
        found = fetch(config.base_model, folder)
        architecture, parameters = architecture_and_size(folder)
        report = FetchReport(
            asked=_without_path(config.base_model),
            id=found.id,
            revision=found.revision,
            sha256=folder_sha256(folder),
            source=found.source,
            license=found.license,
            parameters=parameters,
            architecture=architecture,
        )
        report.write(folder / FETCH_REPORT)
        with tracked("fetch", report.id, config) as tracker:
            tracker.output(PRETRAINED_MODEL, report.id, folder, model_out)
            tracker.summarise(report)
    log.info("%s, %.0f million parameters", report.id, parameters / 1e6)
    return report


def fetch(name: str, target: Path) -> Found:
    """Put the model called `name` into the folder `target`."""
    match place_of(name):
        case "bundled":
            return fetch_bundled(target, cache_folder(os.environ))
        case "storage":
            return fetch_stored(name, target)
        case "folder":
            return fetch_folder(home_path(name), target)
    return fetch_from_hub(name, target)


def _without_path(name: str) -> str:
    """The model as asked for; of a path on this machine the last name, for it tells others nothing.

    Of a folder `~/models/tiny` this is `tiny`.
    """
    local = place_of(name) == "folder" or name.startswith("file:")
    return home_path(name).resolve().name if local else name
