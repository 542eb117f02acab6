"""The stages as a local run calls them, and the last pod of a sweep: each gives what it wrote.

They take time to import, torch above all: each when it is called.
"""

from collections.abc import Sequence
from pathlib import Path

from components.contracts.artifacts import MANIFEST
from components.evaluate.config import EvaluateConfig
from components.fetch.config import FetchConfig
from components.prepare.config import PrepareConfig
from components.publish.config import PublishConfig
from components.push.config import PushConfig
from components.registry.layout import version_folder
from components.train.config import TrainConfig


def prepare(config: PrepareConfig, *, dataset: Sequence[Path], dataset_out: Path) -> Path:
    """From raw-datasets to a train-dataset."""
    from components.prepare.stage import run

    run(config, dataset=dataset, dataset_out=dataset_out)
    return dataset_out


def fetch(config: FetchConfig, *, model_out: Path) -> Path:
    """The pretrained-model."""
    from components.fetch.stage import run

    run(config, model_out=model_out)
    return model_out


def train(config: TrainConfig, *, dataset: Path, base_model: Path, model_out: Path) -> Path:
    """From a pretrained-model to a finetuned-model."""
    from components.train.stage import run

    run(config, dataset=dataset, base_model=base_model, model_out=model_out)
    return model_out


def evaluate(
    config: EvaluateConfig,
    *,
    dataset: Path,
    base_model: Path,
    model: Path,
    evaluation_out: Path,
    champion: Path | None = None,
    reference_authors: Path | None = None,
    registry: str | None = None,
    name: str | None = None,
) -> Path:
    """The evaluation of a finetuned-model.

    It is compared with `champion`, or, with a `registry`, with the persona `name` in production.
    """
    from components.evaluate.stage import run

    run(
        config,
        dataset=dataset,
        base_model=base_model,
        model=model,
        evaluation_out=evaluation_out,
        champion=champion,
        reference_authors=reference_authors,
        registry=registry,
        name=name,
    )
    return evaluation_out


def publish(
    config: PublishConfig,
    *,
    dataset: Path,
    base_model: Path,
    model: Path,
    evaluation: Path,
    raw_dataset: Sequence[Path] = (),
    registry: str,
    name: str | None = None,
    manifest_out: Path | None = None,
    attempt: str | None = None,
) -> Path:
    """A folder with the manifest of what the model became, in the registry at this URI.

    It is `manifest_out`, where a copy goes; that of the version itself if left out, in a registry
    on this machine.
    """
    from components.publish.stage import run

    manifest = run(
        config,
        dataset=dataset,
        base_model=base_model,
        model=model,
        evaluation=evaluation,
        raw_dataset=raw_dataset,
        registry=registry,
        name=name,
        attempt=attempt,
    )
    if manifest_out is None:
        return Path(registry) / version_folder(manifest.persona, manifest.version)
    manifest_out.mkdir(exist_ok=True)
    manifest.write(manifest_out / MANIFEST)
    return manifest_out


def push(
    config: PushConfig, *, registry: str, name: str, version: str, to: str, no_gate: str
) -> Path:
    """The version that was copied to the Hugging Face Hub, in a registry on this machine."""
    from components.push.stage import run

    report = run(config, registry=registry, name=name, version=version, to=to, no_gate=no_gate)
    return Path(registry) / version_folder(report.persona, report.version)
