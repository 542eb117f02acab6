"""The job on one machine: collect → fetch → prepare → train → evaluate → publish."""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from components.collect.config import CollectConfig
from components.collect.stage import author_of
from components.contracts import artifacts
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.contracts.reports import CollectReport
from components.evaluate.config import EvaluateConfig
from components.fetch.config import FetchConfig
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.registry import Registry
from components.runtime.folders import require_folder
from components.train.config import TrainConfig
from pipelines.steps import Step, StepRunner

Until = Literal["collect", "fetch", "prepare", "train", "evaluate", "publish"]
STAGES: tuple[Until, ...] = get_args(Until)


@dataclass(frozen=True)
class Job:
    """What a run is asked to do."""

    sources: list[CollectConfig]
    """One for each author."""
    fetch: FetchConfig
    prepare: PrepareConfig
    train: TrainConfig
    evaluate: EvaluateConfig
    publish: PublishConfig
    name: str | None
    """The persona; its authors joined by '-' if left out."""
    until: Until
    since: Sequence[Path] = ()
    """Earlier raw-datasets, to bring up to date; each of one of the authors."""


def persona_steps(job: Job, out: Path) -> Iterator[Step]:
    """The steps of the job in order; each is asked for when the one before has been done."""
    raw: dict[str, Path] = {}
    earlier = _earlier(job)
    for source in job.sources:
        author = author_of(source)
        if author.lower() in {other.lower() for other in raw}:
            raise BadInputError(f"two sources hold posts of @{author}; give each author once")
        raw[author] = out / artifacts.RAW_DATASET / author
        since = earlier.pop(author.lower(), None)
        yield Step(
            "collect",
            source,
            {"since": since} if since else {},
            {"dataset_out": raw[author]},
            named=Path(source.place),
        )
    for author, folder in earlier.items():
        raise BadInputError(f"--since {folder} holds posts of @{author}, whom no source names")

    persona = job.name or artifacts.persona_of(list(raw))
    base, dataset = out / artifacts.PRETRAINED_MODEL, out / artifacts.TRAIN_DATASET
    yield Step("fetch", job.fetch, outputs={"model_out": base}, named=Path(job.fetch.base_model))
    yield Step("prepare", job.prepare, {"dataset": list(raw.values())}, {"dataset_out": dataset})

    model, evaluation = out / artifacts.FINETUNED_MODEL, out / artifacts.EVALUATION
    trained_from = {"dataset": dataset, "base_model": base}
    yield Step("train", job.train, trained_from, {"model_out": model})
    yield Step(
        "evaluate", job.evaluate, {**trained_from, "model": model}, {"evaluation_out": evaluation}
    )

    made: dict[str, Path | list[Path]] = {
        **trained_from,
        "model": model,
        "evaluation": evaluation,
        "raw_dataset": list(raw.values()),
    }
    to = {"registry": str(out / artifacts.REGISTRY), "name": persona}
    yield Step("publish", job.publish, made, to)


def _earlier(job: Job) -> dict[str, Path]:
    """The earlier raw-datasets by their authors' handles in lower case."""
    found: dict[str, Path] = {}
    for folder in job.since:
        require_folder(folder, artifacts.COLLECT_REPORT, "raw-dataset")
        author = CollectReport.read(folder / artifacts.COLLECT_REPORT).author.lower()
        if author in found:
            raise BadInputError(f"--since names two raw-datasets of @{author}; give one")
        found[author] = folder
    return found


def perform(step: Step) -> Path:
    """Call the stage; gives the folder that it wrote."""
    stage = importlib.import_module(f"components.{step.stage}.stage")
    result = stage.run(step.config, **step.inputs, **step.outputs)
    if isinstance(result, Manifest):
        return Path(step.outputs["registry"]) / result.persona / "versions" / str(result.version)
    (folder,) = step.outputs.values()
    return Path(folder)


def run_locally(job: Job, steps: StepRunner) -> Path | None:
    """Do the job up to the stage that it names, and move `production` to what it published.

    Returns:
        The folder of the published version; None where the job ends before.
    """
    last = STAGES.index(job.until)
    for step in persona_steps(job, steps.out):
        if STAGES.index(step.stage) > last:
            return None
        folder = steps.run(step)
    if steps.times[-1].reused:  # whoever has moved `production` since meant it
        return folder
    manifest = Manifest.read(folder / artifacts.MANIFEST)
    Registry.open(str(steps.out / artifacts.REGISTRY)).move_alias(
        manifest.persona, "production", manifest.version
    )
    return folder
