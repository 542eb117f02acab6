"""What is left of a persona's posts, and the command lines that make a version of it."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from components.contracts.artifacts import COLLECT_REPORT
from components.contracts.registry import Manifest
from components.contracts.reports import CollectReport
from components.forget.places import StoredArtifact
from components.registry.documents import parse_document

Remaining = dict[str, tuple[str, ...]]
"""By persona: the names of its raw datasets."""


def remaining(manifests: Iterable[Manifest], raw: Sequence[StoredArtifact]) -> Remaining:
    """The raw datasets of what each persona's newest version was made of, as far as they are there.

    Args:
        manifests: of the versions that are stale.
        raw: all raw datasets that were found, cleaned by now.
    """
    reports = {place.name: report for place in raw if (report := _report(place))}
    return {
        persona: tuple(dict.fromkeys(_datasets_of(manifest, reports)))
        for persona, manifest in _newest(manifests).items()
    }


def retraining(
    registry_uri: str, manifests: Iterable[Manifest], left: Remaining
) -> dict[str, tuple[str, ...]]:
    """By persona: the lines that prepare, train, measure and publish it from what is left."""
    newest = _newest(manifests)
    return {name: _lines(registry_uri, newest[name], raw) for name, raw in left.items()}


def _newest(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """The last of each persona; they come in the order of their versions."""
    return {manifest.persona: manifest for manifest in manifests}


def _report(place: StoredArtifact) -> CollectReport | None:
    """None of a dataset of which nothing is left."""
    if not place.has(COLLECT_REPORT):
        return None
    return parse_document(place.read(COLLECT_REPORT), CollectReport, place.name)


def _datasets_of(manifest: Manifest, reports: Mapping[str, CollectReport]) -> Iterator[str]:
    """For each source the dataset that was collected from it, else the author's newest."""
    for name, collected in manifest.lineage.collect.items():
        author = name.partition("/")[0].casefold()
        own = [one for one in reports if reports[one].author.casefold() == author]
        same = [one for one in own if reports[one].input_sha256 == collected.input_sha256]
        if found := same or own:
            yield max(found, key=lambda one: str(reports[one].newest))


def _lines(registry_uri: str, manifest: Manifest, raw: Sequence[str]) -> tuple[str, ...]:
    if not raw:
        return (f"# nothing is left of the raw datasets of {manifest.persona} that were named",)
    base = manifest.lineage.fetch.name or "BASE"
    given = ["--dataset", "train-dataset", "--base-model", "pretrained-model"]
    judged = [*given, "--model", "finetuned-model"]
    sources = [word for place in raw for word in ("--dataset", place)]
    kind = _kind(manifest)
    there = ["--registry", registry_uri, "--name", manifest.persona]
    return (
        _line("prepare", *sources, "--dataset-out", "train-dataset"),
        _line("fetch", "--base-model", base, "--model-out", "pretrained-model"),
        _line("train", *given, *kind, "--model-out", "finetuned-model"),
        _line("evaluate", *judged, "--evaluation-out", "evaluation"),
        _line("publish", *judged, "--evaluation", "evaluation", *there),
        _line("deploy", *there, "--version", "NUMBER"),
    )


def _kind(manifest: Manifest) -> list[str]:
    """An adapter, or what it was trained by, if it says so."""
    if manifest.base_model:
        return ["--method", "lora", "--publish", "adapter"]
    method = (manifest.lineage.train.hyperparameters or {}).get("method")
    return ["--method", str(method)] if method else []


def _line(stage: str, *words: str) -> str:
    return shlex.join(["python", "-m", f"components.{stage}", *words])
