"""The job on one machine: collect → prepare → fetch → train → evaluate → publish.

Nothing is fetched before it is needed: posts that are no good are refused without a base model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, get_args

from components.collect.config import Source
from components.collect.opened import OpenFile, OpenSource, open_source
from components.collect.source_file import LocalFiles
from components.collect.stage import collect
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
from components.push.config import PushConfig
from components.registry import PRODUCTION, Registry
from components.registry.layout import version_folder
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.runtime.folders import require_folder
from components.train.config import TrainConfig
from pipelines import stages
from pipelines.local.checks import (
    check_base_model,
    check_device,
    check_gguf,
    check_judge,
    check_places,
    check_prompts,
    check_push,
    check_registry,
)
from pipelines.pushing import PushOrder
from pipelines.steps import Step, StepRunner, step_of

Until = Literal["collect", "prepare", "fetch", "train", "evaluate", "publish"]
STAGES: tuple[str, ...] = get_args(Until)


@dataclass(frozen=True)
class Job:
    """What a run is asked to do."""

    sources: list[Source]
    """Several may be of one author."""
    fetch: FetchConfig
    prepare: PrepareConfig
    train: TrainConfig
    evaluate: EvaluateConfig
    publish: PublishConfig
    name: str | None
    """The persona; its authors joined by '-' if left out."""
    until: Until
    since: Sequence[Path] = ()
    """Earlier raw-datasets, to bring up to date; each is of one of the authors."""
    reference_authors: Path | None = None
    """A folder with a train-dataset for each author to tell the persona from."""
    no_gate: bool = False
    """Whether to publish whatever the gate says."""
    push: PushOrder | None = None
    """Where to push what came into production; None for nowhere."""


def persona_of_job(job: Job, authors: Sequence[str]) -> str:
    """The persona that the job makes."""
    return job.name or artifacts.persona_of(list(dict.fromkeys(authors)))


def authors_of(sources: Sequence[OpenSource]) -> list[str]:
    """Whose posts each source holds; one author is spelled as the first source does.

    Raises:
        BadInputError: a source cannot be read, or two of one author are copies of one file.
    """
    spelled: dict[str, str] = {}
    authors = [spelled.setdefault(one.author.lower(), one.author) for one in sources]
    for author in spelled.values():
        own = zip(sources, authors, strict=True)
        _refuse_copies([source for source, name in own if name == author], author)
    return authors


def _refuse_copies(sources: Sequence[OpenSource], author: str) -> None:
    """Two files of an author are two parts of the posts, and not one part twice."""
    files = [source for source in sources if isinstance(source, OpenFile)]
    seen: dict[str, str] = {}
    for source in files if len(files) > 1 else ():
        place = source.config.place
        if source.sha256 in seen:
            raise BadInputError(
                f"{seen[source.sha256]} and {place}, both of @{author}, are the same file; "
                "give it once"
            )
        seen[source.sha256] = place


def raw_dataset_names(authors: Sequence[str]) -> list[str]:
    """What the raw-dataset of each source is called: as its author, then `ann-2`, `ann-3`."""
    taken = {author.lower() for author in authors}
    seen: set[str] = set()
    names: list[str] = []
    for author in authors:
        numbered = (f"{author}-{number}" for number in count(2))
        free = (name for name in numbered if name.lower() not in taken)
        names.append(next(free) if author.lower() in seen else author)
        seen.add(author.lower())
        taken.add(names[-1].lower())
    return names


def persona_steps(
    job: Job, sources: Sequence[OpenSource], authors: Sequence[str], out: Path
) -> list[Step]:
    """The steps of the whole job in order; `sources` are open when those of collect are done.

    Raises:
        BadInputError: an earlier raw-dataset is of nobody among the authors.
    """
    raw = [out / artifacts.RAW_DATASET / name for name in raw_dataset_names(authors)]
    base, dataset = out / artifacts.PRETRAINED_MODEL, out / artifacts.TRAIN_DATASET
    model, evaluation = out / artifacts.FINETUNED_MODEL, out / artifacts.EVALUATION
    base_model_now = partial(identity_of_model, job.fetch.base_model)
    gate = job.evaluate.gate
    return [
        *_collect_steps(job, sources, authors, raw),
        step_of(stages.prepare, job.prepare, None, dataset=raw, dataset_out=dataset),
        step_of(stages.fetch, job.fetch, base_model_now, model_out=base),
        step_of(stages.train, job.train, None, dataset=dataset, base_model=base, model_out=model),
        step_of(
            stages.evaluate,
            job.evaluate,
            partial(gate_text, gate) if gate else None,
            dataset=dataset,
            base_model=base,
            model=model,
            reference_authors=job.reference_authors,
            evaluation_out=evaluation,
        ),
        step_of(
            stages.publish,
            job.publish,
            None,
            dataset=dataset,
            base_model=base,
            model=model,
            evaluation=evaluation,
            raw_dataset=raw,
            registry=str(out / artifacts.REGISTRY),
            name=job.name or None,
        ),
    ]


def _collect_steps(
    job: Job, sources: Sequence[OpenSource], authors: Sequence[str], raw: Sequence[Path]
) -> Iterator[Step]:
    for source, since, folder in zip(sources, _earlier(job, authors, raw), raw, strict=True):
        place = source.config.place
        yield Step(
            "collect",
            source.config,
            {"since": since} if since else {},
            {"dataset_out": folder},
            identity=partial(_sha256_of, source) if isinstance(source, OpenFile) else None,
            subject=Path(place).name if len(raw) > 1 else "",
            do=partial(_collect, source),
        )


def _sha256_of(source: OpenFile) -> str:
    return source.sha256


def _collect(
    source: OpenSource, _: Source, *, dataset_out: Path, since: Path | None = None
) -> Path:
    collect(source, dataset_out=dataset_out, since=since)
    return dataset_out


def _earlier(job: Job, authors: Sequence[str], raw: Sequence[Path]) -> list[Path | None]:
    """The earlier raw-dataset for each source, if any: the one in its own place, else the next.

    One that a source before it would write over could not be read any more.
    """
    found: list[Path | None] = [None] * len(authors)
    places = {folder.resolve(): number for number, folder in enumerate(raw)}
    for folder in sorted(job.since, key=lambda folder: folder.resolve() not in places):
        require_folder(folder, artifacts.COLLECT_REPORT, "raw-dataset")
        author = CollectReport.read(folder / artifacts.COLLECT_REPORT).author
        own = [number for number, name in enumerate(authors) if name.lower() == author.lower()]
        free = [number for number in own if found[number] is None]
        if not own:
            raise BadInputError(f"--since {folder} holds posts of @{author}, whom no source names")
        if not free:
            raise BadInputError(f"--since: give one raw-dataset of @{author} for each source of it")
        place = places.get(folder.resolve())
        found[place if place in free else free[0]] = folder
    return found


def run_locally(job: Job, steps: StepRunner) -> Path | None:
    """Do the job up to the stage that it names, and move `production` to what it published.

    Returns:
        The folder of the published version; None where the job ends before.

    Raises:
        GateFailedError: the model did not pass the gate, so there is no version.
    """
    with LocalFiles() as files:
        sources = [open_source(source, files) for source in job.sources]
        authors = authors_of(sources)
        all_steps = persona_steps(job, sources, authors, steps.out)
        steps_to_do = [step for step in all_steps if _reaches(job, step.stage)]
        _check(job, steps_to_do, authors, steps.out)
        for step in steps_to_do[: len(sources)]:
            folder = steps.run(step)
            if steps.times[-1].reused:
                _ask_opt_outs(folder, steps.out)
    for step in steps_to_do[len(sources) :]:
        if step.stage == "evaluate":
            step = _beside_champion(step, steps.out, persona_of_job(job, authors))
        if step.stage == "publish" and not job.no_gate:
            ask_gate(GateConfig(), evaluation=steps.out / artifacts.EVALUATION)
        folder = steps.run(step)
        if step.stage == "fetch" and _reaches(job, "evaluate"):
            check_prompts(folder, job.evaluate)
        if step.stage == "fetch" and _writes_gguf(job):
            check_gguf(folder)
    if job.until != "publish":
        return None
    _into_production(folder, steps.out)
    if job.push:
        steps.do(push_step(job.push, folder, steps.out, no_gate=job.no_gate))
    return folder


def _check(job: Job, steps: Sequence[Step], authors: Sequence[str], out: Path) -> None:
    """Find out now what would stop the run in the end.

    Raises:
        BadInputError: something would.
    """
    check_places(steps, job.sources, job.fetch)
    if job.push:
        check_push(job.push.to)
    check_judge(job.evaluate, job.reference_authors, list(dict.fromkeys(authors)))
    if _reaches(job, "train"):
        check_device(job.train)
    if _reaches(job, "fetch"):
        evaluate = job.evaluate if _reaches(job, "evaluate") else None
        check_base_model(job.fetch, evaluate, gguf=_writes_gguf(job))
    if job.until == "publish":
        check_registry(str(out / artifacts.REGISTRY), persona_of_job(job, authors))


def push_step(push: PushOrder, version: Path, out: Path, *, no_gate: bool) -> Step:
    """The step that copies a version of the run's registry to the Hub."""
    manifest = Manifest.read(version / artifacts.MANIFEST)
    return step_of(
        stages.push,
        PushConfig(public=push.public),
        None,
        registry=str(out / artifacts.REGISTRY),
        name=manifest.persona,
        version=str(manifest.version),
        to=push.to,
        no_gate=str(no_gate).lower(),
    )


def _writes_gguf(job: Job) -> bool:
    return job.publish.gguf is not None and _reaches(job, "publish")


def _reaches(job: Job, stage: str) -> bool:
    return STAGES.index(stage) <= STAGES.index(job.until)


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
    refuse_opted_out(read_opt_outs(str(out / artifacts.REGISTRY)), report.people)


def _into_production(version: Path, out: Path) -> None:
    """Move `production` to the version, unless it has been there: whoever moved it on meant it."""
    manifest = Manifest.read(version / artifacts.MANIFEST)
    registry = Registry.open(str(out / artifacts.REGISTRY))
    alias = registry.alias(manifest.persona, PRODUCTION)
    if alias is None or all(move.version != manifest.version for move in alias.history):
        registry.move_alias(manifest.persona, PRODUCTION, manifest.version)


def identity_of_model(name: str) -> str | None:
    """What changes when the base model does, without reading it; None where that cannot be told.

    So it is where the model lies on a Hub out of reach.
    """
    from components.fetch.identity import identity_of  # the Hub's client takes time to import

    return identity_of(name)
