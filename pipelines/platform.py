"""What each step needs where it runs: image, processor, memory, GPU, retries, caching, secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kfp import dsl, kubernetes

from components.contracts.environment import (
    FORGET_KEY,
    IMAGE_VARIABLE,
    INFERENCE_TOKEN,
    MANAGEMENT_TOKEN,
)
from pipelines.nodes import ANYWHERE, Nodes, Toleration
from pipelines.pushing import PushOrder

Target = Literal["kfp", "vertex"]

KUBERNETES_GPU = "nvidia.com/gpu"
VERTEX_GPU = "NVIDIA_L4"
"""Vertex AI's name for the accelerator: 24 GB, in most of its regions."""

SETTINGS = "huggingtweets"
"""The Secret and the ConfigMap in the namespace of the run; a step starts without them, too."""
SECRET_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "HF_TOKEN",
    "WANDB_API_KEY",
    "X_BEARER_TOKEN",
)
CONFIG_VARIABLES = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_REGION",
    "STORAGE_EMULATOR_HOST",
    "WANDB_BASE_URL",
    "WANDB_ENTITY",
    "WANDB_MODE",
    "WANDB_PROJECT",
)
HASHING = ("collect", "prepare", "publish")
"""The stages that hash posts' ids under the operator's key; forget runs where collect does."""
SERVING_SECRET_VARIABLES = (INFERENCE_TOKEN, MANAGEMENT_TOKEN)
SERVING_CONFIG_VARIABLES = (
    "HUGGINGTWEETS_SERVING_NAMESPACE",
    "HUGGINGTWEETS_SERVING_SELECTOR",
    "HUGGINGTWEETS_SERVING_TIMEOUT",
)
"""What the deploy step finds the serving pods by, and what it may ask them with."""
ROLE_LABEL = "huggingtweets/role"
"""By which the serving's NetworkPolicy knows who may come in."""
SHARED = "/dev/shm"  # noqa: S108 - where torch's workers share memory; a pod has 64 MB there
DAY = 24 * 60 * 60
WEEK = 7 * DAY


@dataclass(frozen=True)
class Needs:
    """What one step needs."""

    cpu: float
    """Cores, at most."""
    memory: int
    """MiB, at most."""
    seconds: int
    """After which it is given up."""
    cached: bool
    """Whether equal inputs give equal outputs, so that a step may be spared.

    Kubeflow's own key is the image, the command line and the inputs, so it takes an image named by
    digest to be honest. A key of our own would replace all of that.
    """
    retries: int = 2
    pause: int = 30
    """Seconds before it is tried again."""
    factor: float = 2.0
    """How many times as long before the time after that."""
    asks_serving: bool = False
    """Whether it asks the serving pods for a post."""


GIB = 1024
NEEDS: Mapping[str, Needs] = {
    "collect": Needs(1, 2 * GIB, 6 * 60 * 60, cached=False),
    "fetch": Needs(1, 4 * GIB, 2 * 60 * 60, cached=True),
    "prepare": Needs(2, 4 * GIB, 2 * 60 * 60, cached=True),
    "train": Needs(4, 16 * GIB, DAY, cached=True, retries=5),
    "evaluate": Needs(4, 8 * GIB, 6 * 60 * 60, cached=True),
    # It waits for a store by itself, and what did not pass the gate need not wait to say so again.
    "publish": Needs(1, 4 * GIB, 2 * 60 * 60, cached=False, pause=5),
    "forget": Needs(1, 2 * GIB, 6 * 60 * 60, cached=False),
    "push": Needs(1, 4 * GIB, 6 * 60 * 60, cached=False),
    "report": Needs(0.5, GIB // 2, 10 * 60, cached=False),
    # Whoever is killed is gone on with: the one that kills every pod is given up before the pods.
    "shard": Needs(4, 8 * GIB, WEEK, cached=False, retries=15, pause=10, factor=1.0),
    "refresh": Needs(4, 8 * GIB, DAY, cached=False, asks_serving=True),
    "score": Needs(4, 8 * GIB, 2 * 60 * 60, cached=False),
    "finish": Needs(4, 8 * GIB, 6 * 60 * 60, cached=False, asks_serving=True),
    # A second try could take production back from a deployment that came between.
    "deploy": Needs(0.5, GIB, 60 * 60, cached=False, retries=0, asks_serving=True),
}
"""By the step's name."""
SET_ASIDE = 0.25
"""Of the most that a step may take, what a node must have free: a small model runs on a small node.
Kubernetes would ask for all of it."""


@dataclass(frozen=True)
class Platform:
    """Where a pipeline is to run; all of it constant once it is compiled."""

    target: Target
    images: Mapping[str, str]
    """The image of each stage, by the stage's name."""
    gpus: int = 1
    """Of the train step, or of each of its nodes; 0 for none."""
    train_nodes: Nodes = ANYWHERE
    all_nodes: Nodes = ANYWHERE
    """Where train, and where every step may run; only Kubernetes is told."""
    cache_collect: bool = False
    """Whether a source's name changes with its bytes, so that collecting can be spared."""
    tries_again: bool = True
    """Whether a step that failed is tried again, as pods get lost."""
    push: PushOrder | None = None
    """Where to push what came into production; None for nowhere, without such a step."""
    node_count: int = 1
    """In how many pods train works; several are a TrainJob's, which the step makes."""

    @property
    def train_places(self) -> dict[str, Any]:
        """What train must compute on (empty where it may choose), and in how many processes."""
        return {
            "device": "cuda" if self.gpus else "",
            "gpus": self.gpus,
            "nodes": self.node_count,
        }

    def place(self, task: dsl.PipelineTask, stage: str, title: str) -> dsl.PipelineTask:
        """Give a step everything that it needs here; `title` is what people read."""
        needs = NEEDS[task.name.split("-")[0]]
        cached = needs.cached or (stage == "collect" and self.cache_collect)
        task.set_display_name(title)
        task.set_container_image(self.images[stage])
        task.set_cpu_limit(f"{needs.cpu:g}").set_memory_limit(f"{needs.memory}Mi")
        task.set_retry(
            needs.retries if self.tries_again else 0,
            backoff_duration=f"{needs.pause}s",
            backoff_factor=needs.factor,
        )
        task.set_caching_options(cached)
        if stage == "publish":  # which writes the lineage
            for name, image in self.images.items():
                task.set_env_variable(IMAGE_VARIABLE + name.upper(), image)
        if stage == "train" and self.gpus:
            self._give_gpus(task)
        if self.target == "kfp":
            _fit_into_pod(task, needs)
            if stage in HASHING:
                _set(task, (FORGET_KEY,), ())
            _send_to(
                task, self.all_nodes | self.train_nodes if stage == "train" else self.all_nodes
            )
            if needs.asks_serving:
                _let_at_the_serving(task)
        return task

    def pipeline_config(self) -> dsl.PipelineConfig | None:
        """What concerns the run as a whole; Vertex AI knows nothing of it."""
        if self.target == "vertex":
            return None
        return dsl.PipelineConfig(ttl_seconds_after_success=WEEK)

    def _give_gpus(self, task: dsl.PipelineTask) -> None:
        if self.target == "kfp":  # a TrainJob's pods take the toleration over from the step
            _tolerate(task, Toleration(KUBERNETES_GPU, effect="NoSchedule"))
        if self.node_count > 1:
            return
        kind = KUBERNETES_GPU if self.target == "kfp" else VERTEX_GPU
        task.set_accelerator_type(kind).set_accelerator_limit(self.gpus)
        if self.target == "kfp":
            kubernetes.empty_dir_mount(task, "shm", SHARED, medium="Memory", size_limit="2Gi")


def _fit_into_pod(task: dsl.PipelineTask, needs: Needs) -> None:
    """What a pod needs with a read-only root, without root, and with a team's own settings."""
    task.set_cpu_request(f"{SET_ASIDE * needs.cpu:g}")
    task.set_memory_request(f"{SET_ASIDE * needs.memory:.0f}Mi")
    kubernetes.set_security_context(task, run_as_non_root=True)
    kubernetes.empty_dir_mount(task, "tmp", "/tmp")  # noqa: S108 - a mount of the pod's own
    kubernetes.set_timeout(task, needs.seconds)
    _set(task, SECRET_VARIABLES, CONFIG_VARIABLES)
    kubernetes.use_field_path_as_env(task, "KFP_RUN_ID", "metadata.labels['pipeline/runid']")


def _send_to(task: dsl.PipelineTask, nodes: Nodes) -> None:
    """Say which nodes a pod may run on; what it is given, as GPUs, limits them by itself."""
    for key, value in nodes.labels.items():
        kubernetes.add_node_selector(task, key, value)
    for toleration in nodes.tolerations:
        _tolerate(task, toleration)


def _tolerate(task: dsl.PipelineTask, taint: Toleration) -> None:
    kubernetes.add_toleration(
        task,
        key=taint.key,
        operator="Exists" if taint.value is None else "Equal",
        value=taint.value,
        effect=taint.effect,
    )


def _let_at_the_serving(task: dsl.PipelineTask) -> None:
    """What a pod needs that asks the serving pods for a post."""
    kubernetes.add_pod_label(task, ROLE_LABEL, "deploy")
    _set(task, SERVING_SECRET_VARIABLES, SERVING_CONFIG_VARIABLES)


def _set(task: dsl.PipelineTask, secrets: Sequence[str], settings: Sequence[str]) -> None:
    """Set variables that the namespace's Secret and ConfigMap hold, those that are there."""
    kubernetes.use_secret_as_env(task, SETTINGS, {n: n for n in secrets}, optional=True)
    if settings:
        kubernetes.use_config_map_as_env(task, SETTINGS, {n: n for n in settings}, optional=True)
