"""Publishing a persona, from start to end."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from components.contracts.artifacts import FINETUNED_MODEL, MODEL_CARD, check_persona, persona_of
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest, PostHashes
from components.contracts.reports import BaseModelFacts
from components.gate.judgement import gate_of, refusal
from components.lm.adapters import is_adapter
from components.publish.card import CardFacts
from components.publish.config import PublishConfig
from components.publish.inputs import Story, find_pictures, read_post_hashes, read_spans, read_story
from components.publish.lineage import job_of, lineage_of
from components.publish.package import fill_version
from components.registry import Registry
from components.registry.layout import version_uri
from components.registry.opt_outs import read_opt_outs, refuse_opted_out
from components.registry.post_hashes import POST_HASHES
from components.runtime.words import is_true
from components.tracking import handles, tracked

log = logging.getLogger(__name__)


def run(
    config: PublishConfig,
    *,
    dataset: Path,
    model: Path,
    evaluation: Path,
    base_model: Path,
    registry: str,
    name: str | None = None,
    raw_dataset: Sequence[Path] = (),
    proceed: str | None = None,
    card_out: Path | None = None,
    attempt: str | None = None,
) -> Manifest:
    """Publish the model as the next version of a persona; `latest` moves to it.

    Args:
        config: what can be chosen.
        dataset: the train-dataset that the model was trained on.
        model: the finetuned-model.
        evaluation: its evaluation.
        base_model: the pretrained-model that it was trained from.
        registry: the URI of the registry.
        name: the persona; its authors joined by '-' if left out.
        raw_dataset: the authors' raw datasets, for their pictures.
        proceed: `true`, or `false` if evaluate did not let the model pass; `true` if left out.
        card_out: where to write a copy of the model card.
        attempt: what all attempts of one job have in common; by default that of a pipeline's run.

    Raises:
        GateFailedError: it is not to proceed; nothing is written.
        BadInputError: an author opted out, posts of the dataset are forgotten, the folders do not
            belong together, or the model cannot be written as GGUF.
        StorageError: the registry cannot be used.
    """
    if not is_true("--proceed", "true" if proceed is None else proceed):
        raise refusal(gate_of(evaluation))
    story = read_story(dataset, model, evaluation, base_model)
    if config.gguf:
        _check_gguf(model)
    persona = check_persona(name or persona_of(list(story.prepared.persona_authors)))
    place = Registry.open(registry).begin()
    _refuse_unwanted(place, story)
    hashes = read_post_hashes(dataset, os.environ)
    write = _writer(config, story, persona, dataset, model, raw_dataset, hashes)
    authors = handles(story.prepared.persona_authors)
    adapted = story.trained.base_model if is_adapter(model) else None
    with tracked("publish", authors, config) as tracker, _base_kept(place, base_model, adapted):
        tracker.input(FINETUNED_MODEL, authors, model)
        lineage = lineage_of(story, os.environ, hashes)
        job = attempt or job_of(story, os.environ)
        manifest = place.publish(
            persona, write, lineage, story.evaluated.formats, job=job, base_model=adapted
        )
        final = version_uri(registry, persona, manifest.version)
        tracker.output(FINETUNED_MODEL, authors, model, final, (f"{persona}-{manifest.version}",))
    if card_out:
        _copy_card(place, manifest, card_out)
    log.info("published %s@%d, manifest sha256 %s", persona, manifest.version, manifest.own_sha256)
    return manifest


def _copy_card(registry: Registry, manifest: Manifest, card_out: Path) -> None:
    card_out.parent.mkdir(parents=True, exist_ok=True)
    card_out.write_bytes(registry.file(manifest.persona, manifest.version, MODEL_CARD))


def _check_gguf(model: Path) -> None:
    """Make sure that the model can be written as GGUF.

    Raises:
        BadInputError: it cannot.
    """
    if is_adapter(model):
        raise BadInputError(
            f"--gguf: {model} holds an adapter, and a GGUF is made of whole models alone, so "
            "publish without --gguf"
        )
    from components.publish.gguf.write import check_gguf  # torch takes a second to import

    check_gguf(model)


def _writer(
    config: PublishConfig,
    story: Story,
    persona: str,
    dataset: Path,
    model: Path,
    raw_dataset: Sequence[Path],
    hashes: PostHashes | None,
) -> Callable[[int, Path], None]:
    """What fills the folder of a version, whatever number it gets."""
    spans, beginnings = read_spans(dataset, story.trained.dataset_sha256)
    pictures = find_pictures(raw_dataset, story.prepared.persona_authors)

    def write(version: int, folder: Path) -> None:
        license_ = config.license or story.fetched.license
        facts = CardFacts(persona, version, license_, config.gguf, is_adapter(model))
        fill_version(folder, story, facts, model, pictures, spans, beginnings)
        if hashes:
            hashes.write(folder / POST_HASHES)

    return write


@contextmanager
def _base_kept(place: Registry, folder: Path, adapted: BaseModelFacts | None) -> Iterator[None]:
    """Have the base model of an adapter in the registry before the adapter is, and afterwards."""
    if adapted:
        place.publish_base(folder, adapted)
    yield
    if adapted:
        place.publish_base(folder, adapted)


def _refuse_unwanted(registry: Registry, story: Story) -> None:
    """Publish nobody who opted out, and nothing that learned from posts which are forgotten since.

    Raises:
        BadInputError: it is so.
    """
    refuse_opted_out(read_opt_outs(registry.store.uri), story.prepared.people)
    if story.trained.dataset_sha256 in registry.stale().datasets:
        raise BadInputError(
            "the train-dataset held posts that are forgotten since; prepare it anew and train again"
        )
