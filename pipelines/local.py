"""The job on one machine: collect → fetch → prepare → train → evaluate → publish."""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from components.collect.config import CollectConfig
from components.collect.stage import author_of
from components.contracts import artifacts
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.contracts.reports import CollectReport
from components.evaluate.champion import champion_version
from components.evaluate.config import EvaluateConfig
from components.evaluate.rules import gate_text
from components.fetch.config import FetchConfig
from components.gate.config import GateConfig
from components.gate.stage import run as ask_gate
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.registry import PRODUCTION, Registry
from components.registry.layout import version_folder
from components.registry.opt_outs import refuse_opted_out
from components.runtime.folders import require_folder
from components.train.config import TrainConfig
from pipelines.checks import (
    check_device,
    check_judge,
    check_places,
    check_prompts,
    check_registry,
)
from pipelines.identity import identity_of_file, identity_of_model
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
    reference_authors: Path | None = None
    """A folder with a train-dataset for each author to tell the persona from."""
    no_gate: bool = False
    """Whether to publish whatever the gate says."""


def persona_of_job(job: Job, authors: Sequence[str]) -> str:
    """The persona that the job makes."""
    return job.name or artifacts.persona_of(list(authors))


def authors_of(job: Job) -> list[str]:
    """Whose posts each source holds.

    Raises:
        BadInputError: a source cannot be read, or two hold posts of one author.
    """
    authors: list[str] = []
    for source in job.sources:
        author = author_of(source)
        if author.lower() in {other.lower() for other in authors}:
            raise BadInputError(f"two sources hold posts of @{author}; give each author once")
        authors.append(author)
    return authors


def persona_steps(job: Job, authors: Sequence[str], out: Path) -> list[Step]:
    """The steps of the whole job in order.

    Raises:
        BadInputError: an earlier raw-dataset is of nobody among the authors.
    """
    raw = [out / artifacts.RAW_DATASET / author for author in authors]
    base, dataset = out / artifacts.PRETRAINED_MODEL, out / artifacts.TRAIN_DATASET
    model, evaluation = out / artifacts.FINETUNED_MODEL, out / artifacts.EVALUATION
    trained_from = {"dataset": dataset, "base_model": base}
    judged = {**trained_from, "model": model}
    made: dict[str, Path | list[Path]] = {**judged, "evaluation": evaluation, "raw_dataset": raw}
    beside = {"reference_authors": job.reference_authors} if job.reference_authors else {}
    to = {"registry": str(out / artifacts.REGISTRY), "name": persona_of_job(job, authors)}
    return [
        *_collect_steps(job, authors, raw),
        Step(
            "fetch",
            job.fetch,
            outputs={"model_out": base},
            identity=partial(identity_of_model, job.fetch.base_model),
        ),
        Step("prepare", job.prepare, {"dataset": raw}, {"dataset_out": dataset}),
        Step("train", job.train, trained_from, {"model_out": model}),
        Step(
            "evaluate",
            job.evaluate,
            {**judged, **beside},
            {"evaluation_out": evaluation},
            identity=partial(gate_text, job.evaluate.gate) if job.evaluate.gate else None,
        ),
        Step("publish", job.publish, made, to),
    ]


def _collect_steps(job: Job, authors: Sequence[str], raw: Sequence[Path]) -> Iterator[Step]:
    earlier = _earlier(job)
    for source, author, folder in zip(job.sources, authors, raw, strict=True):
        since = earlier.pop(author.lower(), None)
        yield Step(
            "collect",
            source,
            {"since": since} if since else {},
            {"dataset_out": folder},
            identity=None if source.account else partial(identity_of_file, source.place),
        )
    for author, folder in earlier.items():
        raise BadInputError(f"--since {folder} holds posts of @{author}, whom no source names")


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

    Raises:
        GateFailedError: the model did not pass the gate, so there is no version.
    """
    authors = authors_of(job)
    steps_to_do = _up_to(job.until, persona_steps(job, authors, steps.out))
    check_places(steps_to_do, job.sources, job.fetch)
    check_judge(job.evaluate, job.reference_authors, authors)
    if any(step.stage == "train" for step in steps_to_do):
        check_device(job.train)
    if job.until == "publish":
        check_registry(str(steps.out / artifacts.REGISTRY), persona_of_job(job, authors))
    for step in steps_to_do:
        if step.stage == "evaluate":
            step = _beside_champion(step, steps.out, persona_of_job(job, authors))
        if step.stage == "publish" and not job.no_gate:
            ask_gate(GateConfig(), evaluation=steps.out / artifacts.EVALUATION)
        folder = steps.run(step)
        if step.stage == "collect" and steps.times[-1].reused:
            _ask_opt_outs(folder, steps.out)
        if step.stage == "fetch" and STAGES.index(job.until) >= STAGES.index("evaluate"):
            check_prompts(folder, job.evaluate)
    if job.until != "publish":
        return None
    _into_production(folder, steps.out)
    return folder


def _up_to(until: Until, steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if STAGES.index(step.stage) <= STAGES.index(until)]


def _beside_champion(step: Step, out: Path, persona: str) -> Step:
    """The step, asked to compare the model with the one in production, where there is one."""
    registry = out / artifacts.REGISTRY
    version = champion_version(
        Registry.open(str(registry)), persona, out / artifacts.FINETUNED_MODEL
    )
    if version is None:
        return step
    champion = registry / version_folder(persona, version)
    return replace(step, inputs={**step.inputs, "champion": champion})


def _ask_opt_outs(raw_dataset: Path, out: Path) -> None:
    """Ask for posts that are used again: their author may have opted out since."""
    report = CollectReport.read(raw_dataset / artifacts.COLLECT_REPORT)
    account_ids = [report.account_id] if report.account_id else []
    registry = str(out / artifacts.REGISTRY)
    refuse_opted_out(registry, account_ids=account_ids, handles=[report.author])


def _into_production(version: Path, out: Path) -> None:
    """Move `production` to the version, unless it has been there: whoever moved it on meant it."""
    manifest = Manifest.read(version / artifacts.MANIFEST)
    registry = Registry.open(str(out / artifacts.REGISTRY))
    alias = registry.alias(manifest.persona, PRODUCTION)
    if alias is None or all(move.version != manifest.version for move in alias.history):
        registry.move_alias(manifest.persona, PRODUCTION, manifest.version)
