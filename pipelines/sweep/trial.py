"""One trial of a sweep: train as it says, and score the validation posts."""

import hashlib
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from components.contracts.artifacts import (
    FINETUNED_MODEL,
    PREPARE_REPORT,
    split_file,
)
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.posts import DatasetRow
from components.contracts.reports import PrepareReport
from components.contracts.sweep import TrialReport, Value
from components.fetch.config import FetchConfig
from components.lm.adapters import whole_model
from components.lm.provenance import base_sha256
from components.runtime.digests import folder_sha256
from components.runtime.files import whole_file
from components.runtime.progress import progress
from components.tracking import handles, tracked
from components.train.config import TrainConfig
from pipelines import stages
from pipelines.sweep.spec import METRIC

log = logging.getLogger(__name__)

TRIAL = "trial.json"


class _TrialParameters(BaseModel):
    """A trial's parameters as its run's configuration."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True)
class Trial:
    """One training, and what is varied in it."""

    number: int
    parameters: Mapping[str, Value]
    fetch: FetchConfig
    train: TrainConfig

    def key(self, dataset: Path, base: Path) -> str:
        """The SHA-256 of all that decides the training."""
        chosen = self.train.model_dump(mode="json", exclude={"registry", "checkpoint_uri"})
        said = [folder_sha256(dataset), base_sha256(base), chosen]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def run_trial(trial: Trial, *, dataset: Path, base: Path, out: Path) -> TrialReport:
    """Train into `out/finetuned-model` and write `out/trial.json`; what failed is in it, too."""
    out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    bits: tuple[float | None, ...] = ()
    problem = None
    try:
        model = stages.train(
            trial.train, dataset=dataset, base_model=base, model_out=out / FINETUNED_MODEL
        )
        seconds = time.monotonic() - start
        bits = validation_bits(model, base, dataset)
    except HuggingtweetsError as error:
        if not error.is_final and isinstance(error, BadInputError):  # a store that is away, say
            raise
        seconds, problem = time.monotonic() - start, str(error)
        log.error("trial %d failed: %s", trial.number, error)
    report = TrialReport(
        number=trial.number,
        key=trial.key(dataset, base),
        parameters=dict(trial.parameters),
        bits=bits,
        seconds=round(seconds, 3),
        problem=problem,
    )
    _track(report, dataset)
    with whole_file(out / TRIAL) as draft:
        report.write(draft)
    return report


def validation_bits(model: Path, base: Path, dataset: Path) -> tuple[float | None, ...]:
    """The bits that the model needs for each validation post; None for one that is too long.

    `base` is the base model, which is read where `model` is an adapter of it.
    """
    from components.lm.score import Scorer  # torch takes a second to import

    texts = validation_texts(dataset)
    bits: list[float | None] = [None] * len(texts)
    with whole_model(model, base) as whole:
        scorer = Scorer(whole)
    with progress("validating", len(texts)) as advance:
        for number, value in scorer.bits(texts):
            bits[number] = value if math.isfinite(value) else None
            advance(1)
    return tuple(bits)


def validation_texts(dataset: Path) -> list[str]:
    """The posts that the sweep chooses by."""
    rows = read_rows(dataset / split_file("validation"), DatasetRow)
    return [row.text for row in rows]


def compared(trials: Sequence[TrialReport], texts: Sequence[str]) -> tuple[dict[int, float], int]:
    """The bits per byte of each trial by its number, and on how many posts.

    Those are the posts that fit the context length of every model: Σ bits / Σ UTF-8 bytes.

    Raises:
        BadInputError: every trial failed, or no post fits.
    """
    scored = [one for one in trials if one.problem is None]
    if not scored:
        problems = "; ".join(f"trial {one.number}: {one.problem}" for one in trials)
        raise BadInputError(f"every trial failed, so there is none to choose: {problems}")
    common = [at for at in range(len(texts)) if all(one.bits[at] is not None for one in scored)]
    size = sum(len(texts[at].encode()) for at in common)
    if not size:
        raise BadInputError(
            "there is no validation post that all trials can be compared on: every one is longer "
            "than a context length; use models with longer ones"
        )
    return {one.number: sum(one.bits[at] or 0.0 for at in common) / size for one in scored}, len(
        common
    )


def _track(report: TrialReport, dataset: Path) -> None:
    """Tell W&B of the trial, by the names that its sweep knows."""
    authors = PrepareReport.read(dataset / PREPARE_REPORT).persona_authors
    with tracked("trial", handles(authors), _TrialParameters(**report.parameters)) as tracker:
        if any(report.bits):
            figures, _ = compared([report], validation_texts(dataset))
            tracker.log(0, {METRIC: figures[report.number]})
