"""Publishing a persona, from start to end."""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from components.contracts.artifacts import check_persona
from components.contracts.registry import Manifest
from components.publish.card import CardFacts
from components.publish.config import PublishConfig
from components.publish.inputs import find_pictures, read_spans, read_story
from components.publish.lineage import lineage_of
from components.publish.package import write_package
from components.registry import Registry
from components.registry.opt_outs import refuse_opted_out_authors

log = logging.getLogger(__name__)


def run(
    config: PublishConfig,
    *,
    dataset: Path,
    model: Path,
    evaluation: Path,
    base_model: Path,
    registry: str,
    name: str,
    raw_dataset: Sequence[Path] = (),
) -> Manifest:
    """Publish the model as the next version of the persona `name`; `latest` moves to it.

    Args:
        config: what can be chosen.
        dataset: the train-dataset that the model was trained on.
        model: the finetuned-model.
        evaluation: its evaluation.
        base_model: the pretrained-model that it was trained from.
        registry: the URI of the registry.
        name: the persona.
        raw_dataset: the authors' raw datasets, for their pictures.

    Raises:
        BadInputError: an author opted out, or the folders do not belong together.
        StorageError: the registry cannot be used.
    """
    check_persona(name)
    story = read_story(dataset, model, evaluation, base_model)
    refuse_opted_out_authors(registry, story.prepared)
    spans = read_spans(dataset, story.trained.dataset_sha256)
    pictures = find_pictures(raw_dataset, story.prepared.persona_authors)

    def write(version: int, folder: Path) -> None:
        facts = CardFacts(name, version, config.license or story.fetched.license)
        write_package(folder, story, facts, model, pictures, spans)

    manifest = Registry.open(registry).publish(name, write, lineage_of(story, os.environ))
    digest = hashlib.sha256(manifest.to_json().encode()).hexdigest()
    log.info("published %s@%d, manifest sha256 %s", manifest.persona, manifest.version, digest)
    return manifest
