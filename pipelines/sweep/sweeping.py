"""A sweep on one machine: the posts once, the trials in turn, the best one to its end."""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from components.contracts.artifacts import (
    EVALUATION,
    EVALUATION_REPORT,
    FINETUNED_MODEL,
    TRAIN_DATASET,
    TRAIN_REPORT,
)
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.sweep import SweepReport, TrialFigures, TrialReport, Value
from components.fetch.config import FetchConfig
from components.runtime.files import whole_file
from components.runtime.folders import whole_folder
from components.runtime.progress import progress
from components.tracking.sweeps import in_sweep, sweep_id
from pipelines.local.job import (
    PersonaJob,
    collect_posts,
    make_model,
    publish_good_model,
    shared_base,
)
from pipelines.steps import StepRunner
from pipelines.sweep.spec import SweepSpec
from pipelines.sweep.trial import TRIAL, Trial, compared, run_trial, validation_texts

log = logging.getLogger(__name__)

TRIALS = "trials"
SWEEP = "sweep.json"
BASES = "base-models"


@dataclass(frozen=True)
class Sweep:
    """What is asked for."""

    spec: SweepSpec
    identity: str
    """The sweep's own id, where W&B gives none."""
    job: PersonaJob
    trials: Sequence[Trial]


def sweep_locally(sweep: Sweep, steps: StepRunner) -> SweepReport:
    """Do it; trials that are there already are not done again.

    Raises:
        BadInputError: a source cannot be read, or every trial failed.
        GateFailedError: the best one did not pass the gate, so there is no version.
    """
    out, job = steps.out, sweep.job
    authors = collect_posts(job, steps)
    make_model(replace(job, until="prepare"), steps, authors)
    name = sweep_id(document_of(sweep.spec), sweep.identity, os.environ)
    with in_sweep(name):
        reports = list(_tried(sweep, steps))
    figures, posts = compared(reports, validation_texts(out / TRAIN_DATASET))
    best = sweep.trials[min(figures, key=lambda number: (figures[number], number)) - 1]
    with in_sweep(name):
        _in_its_place(best, steps)
    job = replace(job, fetch=best.fetch, train=best.train, base=_base(best.fetch, steps))
    make_model(job, steps, authors, only=("evaluate",))
    manifest = publish_good_model(job, steps, authors)
    evaluation = EvaluationReport.read(out / EVALUATION / EVALUATION_REPORT)
    assert evaluation.bits_per_byte.finetuned is not None
    report = SweepReport(
        sweep=name,
        persona=manifest.persona,
        method=sweep.spec.method,
        trials=ranked(reports, figures),
        best=best.number,
        validation_posts=posts,
        test_bits_per_byte=evaluation.bits_per_byte.finetuned.value,
        version=manifest.version,
    )
    with whole_file(out / SWEEP) as draft:
        report.write(draft)
    return report


def ranked(reports: Sequence[TrialReport], figures: dict[int, float]) -> tuple[TrialFigures, ...]:
    """The trials beside one another, the best one first."""
    found = [
        TrialFigures(
            number=one.number,
            parameters=one.parameters,
            validation_bits_per_byte=figures.get(one.number),
            seconds=one.seconds,
            problem=one.problem,
        )
        for one in reports
    ]
    return tuple(sorted(found, key=lambda one: (figures.get(one.number, float("inf")), one.number)))


def _tried(sweep: Sweep, steps: StepRunner) -> Iterator[TrialReport]:
    """The reports of all trials in order; of the weights only the best ones so far are kept."""
    texts = validation_texts(steps.out / TRAIN_DATASET)
    done: list[TrialReport] = []
    with progress("sweep", len(sweep.trials)) as advance:
        for trial in sweep.trials:
            done.append(_one(trial, steps))
            _keep_the_best(done, texts, steps.out)
            advance(1, f"trial {trial.number}")
            yield done[-1]


def _one(trial: Trial, steps: StepRunner) -> TrialReport:
    """What the trial left before, or leaves now; a base model that cannot be had fails it."""
    dataset, out = steps.out / TRAIN_DATASET, trial_folder(trial.number, steps.out)
    log.info("▸ trial %d: %s", trial.number, shown_parameters(trial.parameters))
    try:
        base = _base(trial.fetch, steps)
    except BadInputError as error:
        if not error.is_final:
            raise
        log.error("trial %d failed: %s", trial.number, error)
        chosen = dict(trial.parameters)
        return TrialReport(number=trial.number, key="", parameters=chosen, problem=str(error))
    with suppress(BadInputError):  # there is none
        left = TrialReport.read(out / TRIAL)
        if left.key == trial.key(dataset, base) and left.problem is None:
            log.info("  done before: reused")
            return left
    return run_trial(trial, dataset=dataset, base=base, out=out)


def _keep_the_best(done: Sequence[TrialReport], texts: Sequence[str], out: Path) -> None:
    with suppress(BadInputError):  # nothing to compare yet
        figures, _ = compared(done, texts)
        best = min(figures, key=lambda number: (figures[number], number))
        for one in done:
            if one.number != best:
                shutil.rmtree(trial_folder(one.number, out) / FINETUNED_MODEL, ignore_errors=True)


def _in_its_place(best: Trial, steps: StepRunner) -> None:
    """The best model as `OUT/finetuned-model`; trained again where its weights are gone."""
    out = steps.out
    model = trial_folder(best.number, out) / FINETUNED_MODEL
    if not (model / TRAIN_REPORT).is_file():
        base = _base(best.fetch, steps)
        run_trial(best, dataset=out / TRAIN_DATASET, base=base, out=model.parent)
    with whole_folder(out / FINETUNED_MODEL, holding=TRAIN_REPORT) as folder:
        shutil.copytree(model, folder, dirs_exist_ok=True)


def _base(config: FetchConfig, steps: StepRunner) -> Path:
    return shared_base(config, steps.out / BASES)


def trial_folder(number: int, out: Path) -> Path:
    """Where a trial's model and report lie."""
    return out / TRIALS / str(number)


def shown_parameters(parameters: Mapping[str, Value]) -> str:
    """`learning_rate 0.0002, method lora`."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in parameters.items()
    )


def document_of(spec: SweepSpec) -> dict[str, object]:
    """The sweep as W&B takes it."""
    return spec.model_dump(mode="json", exclude_none=True)
