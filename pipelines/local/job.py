"""The job on one machine: collect → prepare → fetch → train → evaluate → publish.

Nothing is fetched before it is needed: posts that are no good are refused without a base model.
"""

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, get_args

from components.collect.config import AccountSource, Source
from components.collect.opened import OpenFile, OpenSource, open_source
from components.collect.source_file import LocalFiles
from components.collect.stage import collect
from components.contracts import artifacts
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.contracts.reports import CollectReport
from components.evaluate.champion import champion_version, download_champion
from components.evaluate.config import EvaluateConfig
from components.evaluate.rules import gate_text
from components.fetch.config import FetchConfig
from components.gate.stage import require_passed
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.push.config import PushConfig
from components.registry import PRODUCTION, Registry
from components.registry.layout import version_folder
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.runtime.folders import require_folder
from components.train.config import TrainConfig
from pipelines import stages
from pipelines.arguments import check_whole_for_gguf
from pipelines.local.checks import (
    check_base_model,
    check_device,
    check_evaluation_prompts,
    check_gguf_base,
    check_judge,
    check_places,
    check_push,
    check_registry,
)
from pipelines.pushing import PushOrder
from pipelines.steps import Step, StepRunner, make_out, step_of

Until = Literal["collect", "prepare", "fetch", "train", "evaluate", "publish"]
STAGES: tuple[str, ...] = get_args(Until)
CHAMPION = "champion"
"""The folder in OUT for the version in production, where the registry lies elsewhere."""
PUBLISHED = "published"
"""The folder in OUT for the manifest of what was published."""


@dataclass(frozen=True)
class PersonaJob:
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
    registry: str | None = None
    """The URI of the registry; OUT/registry if left out."""
    base: Path | None = None
    """The pretrained-model, where several jobs share it; else it is fetched into OUT."""
    ask_accounts: str | None = None
    """Where accounts are to be asked whatever was kept, a random name of this call: what is new
    comes on top of their raw-datasets in OUT."""
    attempt: str | None = None
    """What all attempts of this job have in common: none of them publishes a second version."""

    def registry_in(self, out: Path) -> str:
        """The URI of the registry of a run into this folder."""
        return self.registry or str(out / artifacts.REGISTRY)


def persona_of_job(job: PersonaJob, authors: Sequence[str]) -> str:
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


def persona_steps(job: PersonaJob, authors: Sequence[str], out: Path) -> list[Step]:
    """The steps of the job after those of collect, in order."""
    raw = raw_datasets(authors, out)
    base, dataset = job.base or out / artifacts.PRETRAINED_MODEL, out / artifacts.TRAIN_DATASET
    model, evaluation = out / artifacts.FINETUNED_MODEL, out / artifacts.EVALUATION
    base_model_now = partial(identity_of_model, job.fetch.base_model)
    gate = job.evaluate.gate
    fetch = step_of(stages.fetch, job.fetch, base_model_now, model_out=base)
    return [
        step_of(stages.prepare, job.prepare, None, dataset=raw, dataset_out=dataset),
        *([] if job.base else [fetch]),
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
        replace(
            step_of(
                stages.publish,
                job.publish,
                None,
                dataset=dataset,
                base_model=base,
                model=model,
                evaluation=evaluation,
                raw_dataset=raw,
                registry=job.registry_in(out),
                name=job.name or None,
            ),
            do=partial(
                stages.publish,
                manifest_out=out / PUBLISHED if job.registry else None,
                attempt=job.attempt,
            ),
        ),
    ]


def raw_datasets(authors: Sequence[str], out: Path) -> list[Path]:
    """The folder of each source's raw-dataset."""
    return [out / artifacts.RAW_DATASET / name for name in raw_dataset_names(authors)]


def _collect_steps(
    job: PersonaJob, sources: Sequence[OpenSource], authors: Sequence[str], raw: Sequence[Path]
) -> Iterator[Step]:
    for source, since, folder in zip(sources, _earlier(job, authors, raw), raw, strict=True):
        place = source.config.place
        yield Step(
            "collect",
            source.config,
            {"since": since} if since else {},
            {"dataset_out": folder},
            identity=_identity(job, source),
            subject=Path(place).name if len(raw) > 1 else "",
            do=partial(_collect, source),
        )


def _identity(job: PersonaJob, source: OpenSource) -> Callable[[], str | None] | None:
    if isinstance(source, OpenFile):
        return partial(_sha256_of, source)
    return (lambda: job.ask_accounts) if job.ask_accounts else None


def _sha256_of(source: OpenFile) -> str:
    return source.sha256


def _collect(
    source: OpenSource, _: Source, *, dataset_out: Path, since: Path | None = None
) -> Path:
    collect(source, dataset_out=dataset_out, since=since)
    return dataset_out


def _earlier(job: PersonaJob, authors: Sequence[str], raw: Sequence[Path]) -> list[Path | None]:
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
    return [since or own for since, own in zip(found, _kept(job, authors, raw), strict=True)]


def _kept(job: PersonaJob, authors: Sequence[str], raw: Sequence[Path]) -> Iterator[Path | None]:
    """The raw-dataset of each account that lies in its place, where accounts are asked again."""
    for source, author, folder in zip(job.sources, authors, raw, strict=True):
        report = folder / artifacts.COLLECT_REPORT
        is_kept = job.ask_accounts and isinstance(source, AccountSource) and report.is_file()
        if is_kept and CollectReport.read(report).author.lower() == author.lower():
            yield folder
        else:
            yield None


def run_locally(job: PersonaJob, steps: StepRunner) -> Manifest | None:
    """Do the job up to the stage that it names, and move `production` to what it published.

    Returns:
        What was published; None where the job ends before.

    Raises:
        GateFailedError: the model did not pass the gate, so there is no version.
    """
    authors = collect_posts(job, steps)
    make_model(job, steps, authors)
    if job.until != "publish":
        return None
    manifest = publish_good_model(job, steps, authors)
    if job.push:
        registry = job.registry_in(steps.out)
        steps.do(push_step(job.push, manifest, registry, no_gate=job.no_gate))
    return manifest


def collect_posts(job: PersonaJob, steps: StepRunner) -> list[str]:
    """Find out whether the job can be done, and collect; gives the author of each source.

    Raises:
        BadInputError: it cannot, or a source cannot be read.
    """
    with LocalFiles() as files:
        sources = [open_source(source, files) for source in job.sources]
        authors = authors_of(sources)
        collecting = list(_collect_steps(job, sources, authors, raw_datasets(authors, steps.out)))
        later = persona_steps(job, authors, steps.out)
        _check(job, [*collecting, *_reached(job, later)], authors, steps.out)
        for step in collecting:
            folder = steps.run(step)
            if steps.times[-1].reused:
                _ask_opt_outs(folder, job.registry_in(steps.out))
    return authors


def make_model(
    job: PersonaJob,
    steps: StepRunner,
    authors: Sequence[str],
    only: Collection[str] = ("prepare", "fetch", "train", "evaluate"),
) -> None:
    """Prepare, fetch, train and evaluate, as far as the job goes; or only some of it."""
    for step in _reached(job, persona_steps(job, authors, steps.out)):
        if step.stage not in only:
            continue
        if step.stage == "evaluate":
            step = _beside_champion(step, job, steps.out, persona_of_job(job, authors))
        folder = steps.run(step)
        if step.stage == "fetch" and _reaches(job, "evaluate"):
            check_evaluation_prompts(folder, job.evaluate)
        if step.stage == "fetch" and _writes_gguf(job):
            check_gguf_base(folder)


def publish_good_model(job: PersonaJob, steps: StepRunner, authors: Sequence[str]) -> Manifest:
    """Publish what passed the gate, and move `production` to it.

    Raises:
        GateFailedError: it did not pass, so there is no version.
    """
    if not job.no_gate:
        require_passed(steps.out / artifacts.EVALUATION)
    manifest = publish_model(job, steps, authors)
    into_production(manifest, job.registry_in(steps.out))
    return manifest


def publish_model(job: PersonaJob, steps: StepRunner, authors: Sequence[str]) -> Manifest:
    """Publish what `make_model` made; `latest` moves to it."""
    folder = steps.run(persona_steps(job, authors, steps.out)[-1])
    return Manifest.read(folder / artifacts.MANIFEST)


def _reached(job: PersonaJob, steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if _reaches(job, step.stage)]


def _check(job: PersonaJob, steps: Sequence[Step], authors: Sequence[str], out: Path) -> None:
    """Find out now what would stop the run in the end.

    Raises:
        BadInputError: something would.
    """
    check_places(steps, job.sources, job.fetch)
    if _writes_gguf(job):
        check_whole_for_gguf(job.train, job.publish)
    if job.push:
        check_push(job.push.to)
    check_judge(job.evaluate, job.reference_authors, list(dict.fromkeys(authors)))
    if _reaches(job, "train"):
        check_device(job.train)
    if _reaches(job, "fetch"):
        evaluate = job.evaluate if _reaches(job, "evaluate") else None
        check_base_model(job.fetch, evaluate, gguf=_writes_gguf(job))
    if job.until == "publish":
        check_registry(job.registry_in(out), persona_of_job(job, authors))


def push_step(push: PushOrder, manifest: Manifest, registry: str, *, no_gate: bool) -> Step:
    """The step that copies a version of this registry to the Hub."""
    return step_of(
        stages.push,
        PushConfig(public=push.public),
        None,
        registry=registry,
        name=manifest.persona,
        version=str(manifest.version),
        to=push.to,
        no_gate=str(no_gate).lower(),
    )


def _writes_gguf(job: PersonaJob) -> bool:
    return job.publish.gguf is not None and _reaches(job, "publish")


def _reaches(job: PersonaJob, stage: str) -> bool:
    return STAGES.index(stage) <= STAGES.index(job.until)


def _beside_champion(step: Step, job: PersonaJob, out: Path, persona: str) -> Step:
    """The step, asked to compare the model with the one in production, where there is one."""
    registry = Registry.open(job.registry_in(out))
    version = champion_version(registry, persona, out / artifacts.FINETUNED_MODEL)
    if version is None:
        return step
    if job.registry is None:
        champion = out / artifacts.REGISTRY / version_folder(persona, version)
    else:
        place, base = out / CHAMPION, step.inputs["base_model"]
        shutil.rmtree(place, ignore_errors=True)
        assert isinstance(base, Path)
        champion = download_champion(registry, persona, version, place, base)
    return replace(step, inputs={**step.inputs, "champion": champion})


def _ask_opt_outs(raw_dataset: Path, registry: str) -> None:
    """Ask for posts that are used again: their author may have opted out since."""
    report = CollectReport.read(raw_dataset / artifacts.COLLECT_REPORT)
    refuse_opted_out(read_opt_outs(registry), report.people)


def into_production(manifest: Manifest, registry_uri: str) -> None:
    """Move `production` to the version, unless it has been there: whoever moved it on meant it."""
    registry = Registry.open(registry_uri)
    alias = registry.alias(manifest.persona, PRODUCTION)
    if alias is None or all(move.version != manifest.version for move in alias.history):
        registry.move_alias(manifest.persona, PRODUCTION, manifest.version)


def shared_base(config: FetchConfig, folder: Path) -> Path:
    """The base model in a folder below `folder`, for several jobs; fetched anew if it changed."""
    name = hashlib.sha256(config.base_model.encode()).hexdigest()[:16]
    out = make_out(folder / name)
    now = partial(identity_of_model, config.base_model)
    step = step_of(stages.fetch, config, now, model_out=out / artifacts.PRETRAINED_MODEL)
    return StepRunner(out, resume=True).run(step)


def identity_of_model(name: str) -> str | None:
    """What changes when the base model does, without reading it; None where that cannot be told.

    So it is where the model lies on a Hub out of reach.
    """
    from components.fetch.identity import identity_of  # the Hub's client takes time to import

    return identity_of(name)
