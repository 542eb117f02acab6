"""What would stop a run in the end, found out at its start."""

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from components.collect.config import ArchiveSource, FileSource, Source
from components.contracts import artifacts
from components.contracts.errors import BadInputError
from components.evaluate.authors import Author, read_reference_authors
from components.evaluate.config import EvaluateConfig
from components.evaluate.rules import rules_of
from components.fetch.config import FetchConfig
from components.fetch.found import place_of
from components.registry import Registry
from components.registry.layout import staging_folder, version_folder
from components.runtime.folders import check_replaceable, home_path, keep_apart
from components.runtime.patience import in_a_pod
from components.train.config import TrainConfig
from components.train.nodes.own_pod import refuse_outside
from pipelines.steps import Step

REPORTS = {
    "collect": artifacts.COLLECT_REPORT,
    "fetch": artifacts.FETCH_REPORT,
    "prepare": artifacts.PREPARE_REPORT,
    "train": artifacts.TRAIN_REPORT,
    "evaluate": artifacts.EVALUATION_REPORT,
}
"""What each stage's folder holds: another folder of that name is not the run's to replace."""


def check_places(steps: Sequence[Step], sources: Sequence[Source], fetch: FetchConfig) -> None:
    """Make sure that each step may write its folder, and would not write over a source.

    Raises:
        BadInputError: one may not, or would.
    """
    read = [*_local_sources(sources, fetch)]
    for step in steps:
        for place in step.outputs.values():
            if isinstance(place, Path):
                check_replaceable(place, REPORTS[step.stage])
                keep_apart(place, read)


def check_out(out: Path, sources: Sequence[Source]) -> None:
    """Make sure that the output folder of a run does not lie in the folder of an archive.

    Raises:
        BadInputError: it does.
    """
    for source in sources:
        folder = home_path(source.place)
        is_folder = isinstance(source, ArchiveSource) and folder.is_dir()
        if is_folder and out.resolve().is_relative_to(folder.resolve()):
            raise BadInputError(f"--out: {out} lies in {folder}, which is read; name another place")


def _local_sources(sources: Sequence[Source], fetch: FetchConfig) -> Iterator[Path]:
    for source in sources:
        if isinstance(source, FileSource) and "://" not in source.place:
            yield home_path(source.place)
    if place_of(fetch.base_model) == "folder":
        yield home_path(fetch.base_model)


def check_registry(uri: str, persona: str) -> None:
    """Make sure that a version of the persona can be published.

    Raises:
        BadInputError: what stands there is damaged.
        StorageError: the registry cannot be read or written.
    """
    registry = Registry.open(uri)
    registry.aliases(persona)
    next_version = max(registry.versions(persona), default=0) + 1
    name = uuid.uuid4().hex
    for folder in (staging_folder(persona, name), version_folder(persona, next_version)):
        registry.store.put(folder + name, b"")  # where publishing clears away what is not its own
        registry.store.delete(folder + name)


def check_push(to: str) -> None:
    """Make sure that the Hub takes the token, and answers.

    Raises:
        BadInputError: it does not.
    """
    from components.push.stage import check  # the Hub's client takes time to import

    check(to)


def check_judge(
    config: EvaluateConfig, reference_authors: Path | None, authors: Sequence[str]
) -> None:
    """Make sure that the evaluation finds what it will judge by.

    Raises:
        BadInputError: the gate is none, or there are no reference authors.
    """
    rules_of(config)
    if reference_authors:
        read_reference_authors(reference_authors, Author(tuple(authors), [], []))


def check_device(config: TrainConfig) -> None:
    """Make sure that there are GPUs where the training is to do without none, or has several.

    Raises:
        BadInputError: no GPU can be used, or fewer.
    """
    if config.nodes > 1 and not in_a_pod():
        refuse_outside(config.nodes)
    if config.nodes == 1 and (config.device == "cuda" or config.gpus > 1):
        from components.lm.devices import choose_device  # torch takes a second to import
        from components.train.launch import check_gpus

        choose_device(config.device)
        check_gpus(config.gpus, config.device)


def check_base_model(
    fetch: FetchConfig, evaluate: EvaluateConfig | None, *, gguf: bool = False
) -> None:
    """Make sure of a base model that is on this machine; no other is asked for before its time.

    Raises:
        BadInputError: it is no model, cannot write what `evaluate` asks for, or makes no GGUF.
    """
    place = place_of(fetch.base_model)
    if place == "bundled":
        from components.fetch.bundled import bundled_weights  # torch takes a second to import

        bundled_weights()
    if place == "folder":
        from components.lm.models import check_model_folder

        folder = home_path(fetch.base_model)
        check_model_folder(folder)
        if evaluate:
            check_evaluation_prompts(folder, evaluate)
        if gguf:
            check_gguf_base(folder)


def check_gguf_base(base_model: Path) -> None:
    """Make sure that what comes of the base model can be written as GGUF.

    Raises:
        BadInputError: llama.cpp does not know its architecture or its tokenizer.
    """
    from components.publish.gguf.write import check_base_for_gguf  # torch takes a second to import

    check_base_for_gguf(base_model)


def check_evaluation_prompts(base_model: Path, config: EvaluateConfig) -> None:
    """Make sure that the model can write what the evaluation will ask of it.

    Raises:
        BadInputError: a prompt with so many new tokens is longer than the context length.
    """
    from components.lm import prompt_limits  # torch takes a second to import

    prompt_limits.check_prompts(base_model, ("", *config.prompts), config.max_tokens)
