"""A training on several nodes: a TrainJob on a stand-in for Kubernetes, its pods processes here."""

import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commands import Command
from support.kubernetes_api import KubernetesApi, kubernetes_api
from support.stores import StoreServer
from support.tiny_models import make_tiny_model
from support.trainer import NAMESPACE, STEP_POD, Trainer, node_pod, trainer

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.reports import TrainReport
from components.runtime.cluster import ClusterError, cluster_here
from components.storage import open_store
from components.train.config import TrainConfig
from components.train.nodes.__main__ import main as take_part
from components.train.nodes.api import TrainJobs
from components.train.nodes.following import TrainJobError, follow
from components.train.nodes.own_pod import OwnPod
from components.train.nodes.trainjob import trainjob
from components.train.stage import run

ROOT = Path(__file__).parents[3]
QUICK = TrainConfig(
    dtype="fp32", epochs=2, batch_tokens=128, learning_rate=1e-2, device="cpu", nodes=2
)


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesApi]:
    """The cluster that a step runs in, as Kubeflow and Kubernetes tell it."""
    with kubernetes_api() as server:
        monkeypatch.setenv("KUBECONFIG", server.kubeconfig(tmp_path))
        monkeypatch.setenv("KFP_POD_NAME", STEP_POD)
        monkeypatch.setenv("KFP_RUN_ID", "a-run")
        monkeypatch.setattr("components.train.nodes.following.PAUSE", 0.1)
        monkeypatch.setattr("components.train.nodes.step.PAUSE", 0.1)
        yield server


@pytest.fixture
def store(
    store_servers: Callable[[str], StoreServer], monkeypatch: pytest.MonkeyPatch
) -> tuple[str, dict[str, str]]:
    """A place in a store, and the variables by which pods reach it."""
    server = store_servers("gs")
    variables = server.environment()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return f"{server.uri}/{uuid.uuid4()}", variables


@pytest.fixture
def kubeflow(api: KubernetesApi, store: tuple[str, dict[str, str]]) -> Iterator[Trainer]:
    with trainer(api.state, store[1], ROOT) as found:
        yield found


@pytest.fixture
def jobs(api: KubernetesApi) -> Iterator[TrainJobs]:
    found = cluster_here(os.environ, None)
    assert found
    there = TrainJobs(*found)
    yield there
    there.close()


@pytest.fixture
def places(dataset: Path, tmp_path: Path) -> dict[str, Path]:
    base = make_tiny_model(tmp_path / "base")
    return {"dataset": dataset, "base_model": base, "model_out": tmp_path / "out"}


def on(store: tuple[str, dict[str, str]], **changes: Any) -> TrainConfig:
    return QUICK.model_copy(update={"checkpoint_uri": store[0], **changes})


@pytest.mark.stores
def test_two_nodes_train_as_one_process_does(
    kubeflow: Trainer, store: Any, places: dict[str, Path], tmp_path: Path
) -> None:
    report = run(on(store), **places)
    alone = run(QUICK.model_copy(update={"nodes": 1}), **places | {"model_out": tmp_path / "alone"})
    assert report == TrainReport.read(places["model_out"] / "train.json")
    assert (report.tokens, report.best_step) == (alone.tokens, alone.best_step)
    for ours, theirs in zip(report.curve, alone.curve, strict=True):
        assert ours.validation_loss == pytest.approx(theirs.validation_loss, abs=1e-3)
    names = [sorted(one.name for one in (tmp_path / out).iterdir()) for out in ("out", "alone")]
    assert names[0] == names[1]
    assert kubeflow.state.trainjobs == {}, "it is deleted in the end"
    assert not list(open_store(store[0]).list()), "nothing is left in the store"
    [job] = kubeflow.made
    check_order(job)


def check_order(job: dict[str, Any]) -> None:
    """The pods get the step's image, account, nodes and settings, and no GPU for --device cpu."""
    asked = job["spec"]["trainer"]
    assert (asked["numNodes"], asked["numProcPerNode"]) == (2, 1)
    assert asked["image"].startswith("registry.test/train@sha256:")
    assert asked["resourcesPerNode"] == {"limits": {"cpu": "4", "memory": "16384Mi"}}
    names = {one["name"]: one for one in asked["env"]}
    assert "ARGO_TEMPLATE" not in names
    assert names["KFP_RUN_ID"]["value"] == "a-run"
    assert "value" not in names["A_SECRET"]
    assert job["metadata"]["ownerReferences"][0]["uid"] == "of-the-run"
    [patch] = job["spec"]["runtimePatches"]
    [node] = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    pod = node["template"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "pipelines"
    assert pod["nodeSelector"] == {"pool": "gpus"}
    assert pod["containers"][0]["securityContext"] == {"runAsNonRoot": True}
    assert "a-secret" not in json.dumps(job)


def started(kubeflow: Trainer, store: Any, places: dict[str, Path]) -> Command:
    """The step as a process of its own, as soon as its TrainJob is there."""
    words = ["--nodes", "2", "--device", "cpu", "--dtype", "fp32", "--epochs", "2"]
    words += ["--batch-tokens", "128", "--learning-rate", "0.01", "--checkpoint-uri", store[0]]
    words += ["--dataset", str(places["dataset"]), "--base-model", str(places["base_model"])]
    words += ["--model-out", str(places["model_out"])]
    step = Command("components.train", *words)
    while not kubeflow.state.trainjobs and not step.has_ended:
        time.sleep(0.05)
    return step


@pytest.mark.stores
def test_a_step_that_was_evicted_joins_the_trainjob_that_it_left_at_work(
    kubeflow: Trainer, store: Any, places: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    kubeflow.working = False
    step = started(kubeflow, store, places)
    step.kill()
    assert len(kubeflow.state.trainjobs or {}) == 1
    kubeflow.working = True
    with caplog.at_level(logging.INFO):
        report = run(on(store), **places)
    assert "joined the TrainJob train-" in caplog.text
    assert report.best_step > 0
    assert len(kubeflow.made) == 1
    assert kubeflow.state.trainjobs == {}


@pytest.mark.stores
def test_an_interrupted_step_deletes_its_trainjob(
    kubeflow: Trainer, store: Any, places: dict[str, Path]
) -> None:
    kubeflow.working = False
    step = started(kubeflow, store, places)
    assert kubeflow.state.trainjobs
    time.sleep(0.5)
    ended = step.interrupt()
    assert ended.returncode == 130
    assert "interrupted" in ended.stderr
    assert kubeflow.state.trainjobs == {}
    assert not places["model_out"].exists()


@pytest.mark.stores
def test_what_a_pod_refuses_is_said_as_here(
    kubeflow: Trainer, store: Any, places: dict[str, Path]
) -> None:
    config = on(store, method="lora", lora_rank=100_000)
    with pytest.raises(TrainJobError, match="^--lora-rank: 100000 is more than") as refused:
        run(config, **places)
    assert refused.value.exit_code == 2
    assert kubeflow.state.trainjobs == {}
    assert not places["model_out"].exists()


@pytest.mark.stores
def test_what_may_not_be_made_names_the_rules(
    kubeflow: Trainer, store: Any, places: dict[str, Path]
) -> None:
    kubeflow.state.forbidden.add("create trainjobs")
    with pytest.raises(ClusterError, match="may not create TrainJobs .* trainer.enabled=true"):
        run(on(store), **places)
    kubeflow.state.forbidden.clear()
    with pytest.raises(BadInputError, match='ClusterTrainingRuntime "other" not found'):
        run(on(store, training_runtime="other"), **places)


def test_outside_a_cluster_nodes_are_refused(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    config = QUICK.model_copy(update={"checkpoint_uri": "gs://a/b"})
    with pytest.raises(BadInputError, match="--nodes 2: this is not a pod of a cluster"):
        run(config, **places)


@pytest.mark.parametrize("name", ["laptop", None])
def test_a_machine_with_a_kubeconfig_is_no_pod_either(
    name: str | None, api: KubernetesApi, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("KFP_POD_NAME", "HOSTNAME"):
        monkeypatch.delenv(variable, raising=False)
        if name:
            monkeypatch.setenv(variable, name)
    with pytest.raises(BadInputError, match="this is not a pod of a cluster"):
        run(QUICK.model_copy(update={"checkpoint_uri": "gs://a/b"}), **places)


@pytest.mark.parametrize("uri", [None, "/tmp/checkpoints", "file:///tmp/a"])
def test_pods_want_a_store_that_they_reach(uri: str | None, places: dict[str, Path]) -> None:
    with pytest.raises(BadInputError, match="--checkpoint-uri must name a place"):
        run(QUICK.model_copy(update={"checkpoint_uri": uri}), **places)


def test_a_cluster_without_kubeflow_trainer_is_named(
    api: KubernetesApi, places: dict[str, Path]
) -> None:
    with trainer(api.state, {}, ROOT):
        api.state.trainjobs = None
        with pytest.raises(BadInputError, match="knows no TrainJob of trainer.kubeflow.org/v1al"):
            run(QUICK.model_copy(update={"checkpoint_uri": "gs://a/b"}), **places)
        api.state.trainjobs = {}
        api.state.forbidden.add("get trainjobs")
        with pytest.raises(ClusterError, match="may not get TrainJobs in the namespace serving"):
            run(QUICK.model_copy(update={"checkpoint_uri": "gs://a/b"}), **places)


def test_gpus_are_asked_for_where_they_are_used(api: KubernetesApi) -> None:
    with trainer(api.state, {}, ROOT):
        pod = OwnPod(api.state.get(NAMESPACE, STEP_POD))
    for device, gpus, asked in (("cuda", 4, 4), ("cuda", 0, 1), ("auto", 2, 2), ("cpu", 2, 0)):
        config = TrainConfig.model_validate({"device": device, "gpus": gpus, "nodes": 3})
        spec = trainjob("train-a", config, "gs://a/b", pod)["spec"]["trainer"]
        assert spec["resourcesPerNode"]["limits"].get("nvidia.com/gpu", 0) == asked
        assert spec["numProcPerNode"] == max(1, gpus)


def made(jobs: TrainJobs, state: Any, **status: Any) -> None:
    """A TrainJob that stands so, and its pod."""
    with trainer(state, {}, ROOT) as found:
        found.working = False
        pod = OwnPod(state.get(NAMESPACE, STEP_POD))
        assert jobs.create(trainjob("train-a", QUICK, "gs://a/b", pod))
    state.trainjobs[NAMESPACE, "train-a"]["status"] = status


FAILED = {"conditions": [{"type": "Failed", "status": "True", "message": "jobset failed"}]}


@pytest.mark.parametrize(
    ("container", "log", "said", "exit_code"),
    [
        ({"exitCode": 137, "reason": "OOMKilled"}, "", "took more memory than it may", 1),
        ({"exitCode": 1, "reason": "Error"}, "error: the loss became nan; try", "loss became", 1),
        ({"exitCode": 2, "reason": "Error"}, "error: --lora-rank: wide", "--lora-rank: wide", 2),
        ({"exitCode": 0, "reason": "Completed"}, "", "failed: jobset failed", 1),
    ],
)
def test_a_trainjob_that_failed_is_told_by_its_pod(
    container: dict[str, Any],
    log: str,
    said: str,
    exit_code: int,
    jobs: TrainJobs,
    api: KubernetesApi,
) -> None:
    made(jobs, api.state, **FAILED)
    api.state.put(NAMESPACE, node_pod("train-a-node-0-0", "train-a", {"terminated": container}))
    api.state.logs["train-a-node-0-0", False] = log
    with pytest.raises(TrainJobError, match=said) as failed:
        follow(jobs, "train-a")
    assert failed.value.exit_code == exit_code


def test_a_pod_that_was_started_again_is_asked_what_it_said_before(
    jobs: TrainJobs, api: KubernetesApi, caplog: pytest.LogCaptureFixture
) -> None:
    made(jobs, api.state, **FAILED)
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    before = {"terminated": {"exitCode": 1, "reason": "Error"}}
    pod = node_pod("train-a-node-0-1", "train-a", waiting, lastState=before, restartCount=1)
    api.state.put(NAMESPACE, pod)
    api.state.logs["train-a-node-0-1", True] = "error: the store is away"
    with caplog.at_level(logging.INFO), pytest.raises(TrainJobError, match="^the store is away$"):
        follow(jobs, "train-a")
    assert "the TrainJob waits: CrashLoopBackOff: back-off 10s" in caplog.text


def test_a_trainjob_that_somebody_deleted_is_told_so(jobs: TrainJobs, api: KubernetesApi) -> None:
    with pytest.raises(TrainJobError, match="was deleted while it ran"):
        follow(jobs, "train-a")


def test_an_api_that_is_away_for_a_moment_is_asked_again(
    jobs: TrainJobs, api: KubernetesApi
) -> None:
    api.state.failures += [500, 503]
    assert jobs.get("train-a") is None
    assert len(api.state.requests) == 3


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("podTemplateOverrides",), [], 'unknown field "spec.podTemplateOverrides"'),
        (("trainer", "numProcPerNode"), "auto", "numProcPerNode: must be of type integer"),
        (("trainer", "env"), [{"name": "PET_NNODES", "value": "2"}], "reserved envs"),
    ],
)
def test_the_stand_in_refuses_what_kubeflow_trainer_refuses(
    path: tuple[str, ...], value: Any, said: str, jobs: TrainJobs, api: KubernetesApi
) -> None:
    with trainer(api.state, {}, ROOT):
        document = trainjob(
            "train-a", QUICK, "gs://a/b", OwnPod(api.state.get(NAMESPACE, STEP_POD))
        )
    at = document["spec"]
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    with pytest.raises(HuggingtweetsError, match=said):
        jobs.create(document)


def test_a_pod_without_kubeflow_trainer_is_told_what_the_command_is_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PET_NNODES", raising=False)
    assert take_part(["--place", "gs://a/b", "--config", "{}"]) == 2
    assert "this is the command of a TrainJob's pods" in capsys.readouterr().err
    assert take_part(["--place", "gs://a/b", "--config", '{"epochs": 0}']) == 2
    assert "--config: it is not a configuration of a training" in capsys.readouterr().err
