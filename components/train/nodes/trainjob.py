"""The TrainJob of Kubeflow Trainer that a training on several nodes is.

Its fields are those of trainer.kubeflow.org/v1alpha1 as of Trainer 2.3:
https://github.com/kubeflow/trainer/blob/v2.3.0/pkg/apis/trainer/v1alpha1/trainjob_types.go
"""

from typing import Any

from components.train.config import TrainConfig
from components.train.nodes.own_pod import OwnPod

GROUP, VERSION, PLURAL, KIND = "trainer.kubeflow.org", "v1alpha1", "trainjobs", "TrainJob"
NODE = "node"
"""What the runtime calls the replicated job of the training, and its container."""
MANAGER = "huggingtweets/train"
"""Whose patch of the runtime it is."""
ROLE = {"huggingtweets/role": "train"}
SCRATCH = {"tmp": "/tmp"}  # noqa: S108 - a mount of the pod's own
SHARED = {"shm": "/dev/shm"}  # noqa: S108 - where NCCL shares memory; a pod has 64 MB there
SHARED_SIZE = "2Gi"


def trainjob(name: str, config: TrainConfig, place: str, pod: OwnPod) -> dict[str, Any]:
    """The TrainJob that trains as `config` says on what lies at the URI `place`.

    `numProcPerNode` is stated: left out, it would be the number of processors.
    """
    gpus = gpus_per_node(config)
    trainer = {
        "image": pod.image,
        "command": ["python", "-m", "components.train.nodes"],
        "args": ["--place", place, "--config", config.model_dump_json(exclude_defaults=True)],
        "numNodes": config.nodes,
        "numProcPerNode": max(1, config.gpus),
        "env": pod.environment,
        "resourcesPerNode": pod.resources(gpus),
    }
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": {"name": name, "labels": ROLE, "ownerReferences": [pod.owner]},
        "spec": {
            "runtimeRef": {
                "apiGroup": GROUP,
                "kind": "ClusterTrainingRuntime",
                "name": config.training_runtime,
            },
            "trainer": {key: value for key, value in trainer.items() if value},
            "runtimePatches": [_patch(pod)],
        },
    }


def gpus_per_node(config: TrainConfig) -> int:
    """How many GPUs each pod is given."""
    if config.device == "cpu" or (config.device == "auto" and config.gpus <= 1):
        return 0
    return max(1, config.gpus)


def _patch(pod: OwnPod) -> dict[str, Any]:
    """What the pods have beside what the runtime gives: the step's account, its nodes, scratch."""
    mounts = SCRATCH | SHARED
    container: dict[str, Any] = {
        "name": NODE,
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in mounts.items()],
    }
    if security := pod.container_security:
        container["securityContext"] = security
    shared = {"medium": "Memory", "sizeLimit": SHARED_SIZE}
    volumes = [{"name": name, "emptyDir": shared if name in SHARED else {}} for name in mounts]
    spec = {**pod.pod_fields, "volumes": volumes, "containers": [container]}
    template = {"metadata": {"labels": ROLE}, "spec": spec}
    job = {"name": NODE, "template": {"spec": {"template": template}}}
    return {
        "manager": MANAGER,
        "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [job]}}},
    }
