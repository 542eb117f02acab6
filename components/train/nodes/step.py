"""A training on several nodes, from the step that orders it: its TrainJob from birth to end."""

import hashlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

from components.contracts.artifacts import TRAIN_REPORT
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.reports import TrainReport
from components.lm.models import check_model_folder
from components.runtime.cluster import cluster_here
from components.runtime.digests import folder_sha256
from components.train.checkpoint import training_key
from components.train.config import TrainConfig
from components.train.nodes.api import JOBSET, TrainJobs
from components.train.nodes.following import follow, state_of
from components.train.nodes.own_pod import RUN_ID, OwnPod, own_name, refuse_outside
from components.train.nodes.place import Place
from components.train.nodes.trainjob import NODE, trainjob
from components.train.report import base_facts

log = logging.getLogger(__name__)

STORES = ("gs://", "s3://")
PAUSE = 2.0
LEAVING_SECONDS = 600.0
"""In which an earlier TrainJob of the same name must have gone."""


def train_on_nodes(
    config: TrainConfig, *, dataset: Path, base_model: Path, model_out: Path
) -> TrainReport:
    """Have a TrainJob train, and write the finetuned-model folder that comes of it.

    One that an earlier attempt of this step left at work is joined. It is deleted in the end,
    whatever the end is; where this process cannot do so, it goes with the run's pods.

    Raises:
        BadInputError: this is no pod, there is no store to pass things on by, the cluster has no
            Kubeflow Trainer, or refuses.
        TrainJobError: the training failed; the sentence is that of its pod.
    """
    uri = _store_for(config)
    with closing(_jobs_here(config)) as jobs:
        pod = _own_pod(config, jobs)
        check_model_folder(base_model)
        name = _name(config, dataset, base_model, pod)
        _make_way(jobs, name)
        place = Place.at(f"{uri}/{name}")
        with _ended_with(jobs, name):
            if not place.is_done:
                place.take_inputs(dataset, base_model)
                document = trainjob(name, config, f"{uri}/{name}", pod)
                _say_how(jobs, name, config, made=jobs.create(document))
                follow(jobs, name)
        place.give_model(model_out)
    place.forget()
    return TrainReport.read(model_out / TRAIN_REPORT)


def _store_for(config: TrainConfig) -> str:
    uri = config.checkpoint_uri or ""
    if not uri.startswith(STORES):
        raise BadInputError(
            f"--nodes {config.nodes}: pods share no volume, so --checkpoint-uri must name a place "
            "that all of them reach: gs://… or s3://…"
        )
    return uri.rstrip("/")


def _jobs_here(config: TrainConfig) -> TrainJobs:
    found = cluster_here(os.environ, None)
    if found is None:
        refuse_outside(config.nodes)
    return TrainJobs(*found)


def _own_pod(config: TrainConfig, jobs: TrainJobs) -> OwnPod:
    """The pod that this runs in, whose image, account and settings those of the TrainJob get."""
    name = own_name(os.environ)
    document = jobs.pod(name) if name else None
    if document is None:
        refuse_outside(config.nodes)
    return OwnPod(document)


def _name(config: TrainConfig, dataset: Path, base_model: Path, pod: OwnPod) -> str:
    """The same for all attempts of a step, another for another run or training."""
    key = training_key(folder_sha256(dataset), base_facts(base_model).sha256, config, config.dtype)
    said = [key, config.gpus, config.nodes, pod.image, os.environ.get(RUN_ID)]
    return f"train-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]}"


def _make_way(jobs: TrainJobs, name: str) -> None:
    """See to it that no TrainJob of this name is about to go, or has failed."""
    deadline = time.monotonic() + LEAVING_SECONDS
    while found := jobs.get(name):
        if "deletionTimestamp" not in found["metadata"]:
            if state_of(found).failed is None:
                return
            jobs.delete(name)
        if time.monotonic() > deadline:
            raise HuggingtweetsError(
                f"the TrainJob {name} of an earlier attempt does not go: see `kubectl describe "
                f"trainjob --namespace {jobs.namespace} {name}`"
            )
        time.sleep(PAUSE)


def _say_how(jobs: TrainJobs, name: str, config: TrainConfig, *, made: bool) -> None:
    log.info(
        "%s the TrainJob %s on %d nodes; `kubectl logs --namespace %s --selector %s=%s "
        "--container %s --follow` shows how it goes",
        *("made" if made else "joined", name, config.nodes, jobs.namespace, JOBSET, name, NODE),
    )


@contextmanager
def _ended_with(jobs: TrainJobs, name: str) -> Iterator[None]:
    """Delete the TrainJob after the block, however that ends: pods that nobody follows cost."""
    with _interrupted_by(signal.SIGTERM):
        try:
            yield
        finally:
            try:
                jobs.delete(name)
            except HuggingtweetsError as error:
                log.warning("the TrainJob %s could not be deleted: %s", name, error)


@contextmanager
def _interrupted_by(number: signal.Signals) -> Iterator[None]:
    """Within the block, take this signal, by which Kubernetes ends a pod, as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.signal(number, before)
