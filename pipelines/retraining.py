"""Versions of what is left, after posts of a persona were forgotten."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from components.contracts.artifacts import COLLECT_REPORT, RAW_DATASET
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.forgetting import ForgetReceipt
from components.contracts.reports import CollectReport
from components.registry import Registry
from components.storage import open_store
from components.storage.transfer import download_folder
from pipelines.local.job import make_model, publish_good_model, raw_dataset_names
from pipelines.refresh.lineage import Origin
from pipelines.refresh.order import job_like
from pipelines.steps import StepRunner

log = logging.getLogger(__name__)


def retrain(receipt: ForgetReceipt) -> list[str]:
    """Train, judge and publish each persona anew that the receipt says what is left of.

    One that fails does not keep the others back. Everything but the version is scratch, so that no
    copy of the posts stays behind.

    Returns:
        A sentence for each that could not be made.
    """
    problems = []
    for persona, raw in receipt.remaining.items():
        try:
            with TemporaryDirectory(prefix="huggingtweets-retrain-") as scratch:
                _retrain(persona, raw, receipt.registry, Path(scratch))
        except HuggingtweetsError as error:
            problems.append(f"{persona} was not trained anew: {error}")
    return problems


def _retrain(persona: str, raw: tuple[str, ...], registry: str, out: Path) -> None:
    opened = Registry.open(registry)
    newest = opened.versions(persona)[-1]
    if newest not in opened.stale().of(persona):
        log.info("%s@%d is made of what is left already", persona, newest)
        return
    if not raw:
        raise BadInputError(
            f"nothing is left of its posts below the places that were named: give their folder or "
            f"URI with --artifacts, or make {persona} with `huggingtweets run`"
        )
    authors = _copy_raw(raw, out)
    origin, steps = Origin.of(opened, persona), StepRunner(out, resume=False)
    job = job_like(origin, {}, registry, no_gate=origin.failed_gate)
    make_model(job, steps, authors)
    manifest = publish_good_model(job, steps, authors)
    log.info("%s@%d is in production, of what is left", persona, manifest.version)


def _copy_raw(raw: tuple[str, ...], out: Path) -> list[str]:
    """Have the raw datasets where a run has them; gives the author of each."""
    folders = [out / "remaining" / str(number) for number in range(len(raw))]
    for place, folder in zip(raw, folders, strict=True):
        download_folder(open_store(place), "", folder)
    authors = [CollectReport.read(folder / COLLECT_REPORT).author for folder in folders]
    (out / RAW_DATASET).mkdir()
    for folder, name in zip(folders, raw_dataset_names(authors), strict=True):
        folder.rename(out / RAW_DATASET / name)
    return authors
