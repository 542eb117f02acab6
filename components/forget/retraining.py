"""The command lines that make a version of what is left."""

import shlex
from collections.abc import Iterable, Sequence

from components.contracts.registry import Manifest
from components.forget.raw_dataset import RawDataset
from components.forget.train_dataset import TrainDataset


def retraining(
    registry_uri: str, manifests: Iterable[Manifest], datasets: Sequence[RawDataset | TrainDataset]
) -> dict[str, tuple[str, ...]]:
    """By persona: the lines that prepare, train, measure and publish it from its raw datasets."""
    newest = {manifest.persona: manifest for manifest in manifests}
    return {persona: _lines(registry_uri, one, datasets) for persona, one in newest.items()}


def _lines(
    registry_uri: str, manifest: Manifest, datasets: Sequence[RawDataset | TrainDataset]
) -> tuple[str, ...]:
    authors = {author.partition("/")[0].casefold() for author in manifest.lineage.authors}
    raw = [
        one.place.name
        for one in datasets
        if isinstance(one, RawDataset) and one.left and one.report.author.casefold() in authors
    ]
    if not raw:
        return (f"# nothing is left of the raw datasets of {manifest.persona} that were named",)
    base = str(manifest.lineage.fetch.get("asked") or manifest.lineage.fetch.get("id") or "BASE")
    given = ["--dataset", "train-dataset", "--base-model", "pretrained-model"]
    judged = [*given, "--model", "finetuned-model"]
    sources = [word for place in raw for word in ("--dataset", place)]
    there = ["--registry", registry_uri, "--name", manifest.persona]
    return (
        _line("prepare", *sources, "--dataset-out", "train-dataset"),
        _line("fetch", "--base-model", base, "--model-out", "pretrained-model"),
        _line("train", *given, "--model-out", "finetuned-model"),
        _line("evaluate", *judged, "--evaluation-out", "evaluation"),
        _line("publish", *judged, "--evaluation", "evaluation", *there),
        _line("deploy", *there, "--version", "NUMBER"),
    )


def _line(stage: str, *words: str) -> str:
    return shlex.join(["python", "-m", f"components.{stage}", *words])
