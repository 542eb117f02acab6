"""A sweep on a cluster: each training is scored in a pod, and the last one goes on with the best.

Between the pods stand the trials' reports, in a folder of the store.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from components.contracts.artifacts import (
    EVALUATION,
    FINETUNED_MODEL,
    MANIFEST,
    PRETRAINED_MODEL,
    TRAIN_DATASET,
)
from components.contracts.base import Report
from components.contracts.errors import BadInputError
from components.contracts.registry import Manifest
from components.contracts.sweep import TrialReport, Value
from components.evaluate.config import EvaluateConfig
from components.gate.stage import require_passed
from components.publish.config import PublishConfig
from components.registry import PRODUCTION, Registry
from components.storage import ObjectMissingError, open_store
from components.storage.transfer import download_folder
from pipelines import stages
from pipelines.local.production import bring_into_production
from pipelines.sweep.trial import compared, validation_bits, validation_texts

RUN = "KFP_RUN_ID"


class Scored(Report):
    """`RESULTS/<run>/<n>.json`: a trial's report, and where lies what it was made of."""

    trial: TrialReport
    model: str
    """The URI of the finetuned-model, as the rest."""
    base_model: str
    dataset: str


@dataclass(frozen=True)
class Results:
    """Where the reports of one run stand."""

    uri: str
    run: str

    @classmethod
    def here(cls, uri: str) -> "Results":
        """Of the run that this pod belongs to."""
        return cls(uri, os.environ.get(RUN) or "by-hand")

    def keep(self, scored: Scored) -> None:
        """Keep a report; a later attempt of the same trial takes its place."""
        key = f"{self.run}/{scored.trial.number}.json"
        open_store(self.uri).put(key, scored.to_json().encode())

    def all(self) -> list[Scored]:
        """All reports, by the trials' numbers.

        Raises:
            BadInputError: there is none.
        """
        store = open_store(self.uri)
        found = [
            Scored.model_validate_json(store.get(one.key).data)
            for one in store.list(f"{self.run}/")
            if one.key.endswith(".json")
        ]
        if not found:
            raise BadInputError(
                "every trial failed, so there is none to choose; their steps say why"
            )
        return sorted(found, key=lambda one: one.trial.number)


def score(
    number: int,
    parameters: dict[str, Value],
    *,
    dataset: Path,
    model: Path,
    base_model: Path,
    results: Results,
    uris: tuple[str, str, str],
) -> TrialReport:
    """Score the model on the validation posts, and keep the report; `uris` as in `Scored`."""
    bits = validation_bits(model, base_model, dataset)
    trial = TrialReport(number=number, key="", parameters=parameters, bits=bits)
    model_uri, base_uri, dataset_uri = map(_known_here, uris)
    results.keep(Scored(trial=trial, model=model_uri, base_model=base_uri, dataset=dataset_uri))
    return trial


def finish(
    config: EvaluateConfig,
    *,
    results: Results,
    registry: str,
    name: str | None,
    no_gate: bool,
    out: Path,
) -> Manifest:
    """Choose the best by validation, evaluate it on the newest posts, and publish it.

    Raises:
        BadInputError: every trial failed.
        GateFailedError: the best one did not pass the gate.
    """
    opened = Registry.open(registry).begin()
    scored = results.all()
    dataset = _fetched(scored[0].dataset, out / TRAIN_DATASET)
    figures, _ = compared([one.trial for one in scored], validation_texts(dataset))
    best = min(scored, key=lambda one: (figures[one.trial.number], one.trial.number))
    model = _fetched(best.model, out / FINETUNED_MODEL)
    base = _fetched(best.base_model, out / PRETRAINED_MODEL)
    evaluation = stages.evaluate(
        config,
        dataset=dataset,
        model=model,
        base_model=base,
        evaluation_out=out / EVALUATION,
        registry=registry,
        name=name,
    )
    if not no_gate:
        require_passed(evaluation)
    published = stages.publish(
        PublishConfig(),
        dataset=dataset,
        model=model,
        base_model=base,
        evaluation=evaluation,
        registry=registry,
        name=name,
        manifest_out=out,
        attempt=f"sweep {results.run}",
    )
    manifest = Manifest.read(published / MANIFEST)
    alias = opened.alias(manifest.persona, PRODUCTION)
    champion = alias.version if alias else None
    if problem := bring_into_production(opened, manifest, champion, pods=True):
        raise BadInputError(problem)
    return manifest


def _fetched(uri: str, folder: Path) -> Path:
    store = open_store(uri)
    try:
        download_folder(store, "", folder)
    except ObjectMissingError as error:
        raise BadInputError(f"{uri} is gone from the pipeline root; run the sweep again") from error
    return folder


def _known_here(uri: str) -> str:
    """Kubeflow's own store is one of S3's kind."""
    return uri.replace("minio://", "s3://", 1)
