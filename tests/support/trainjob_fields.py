"""What an API server with Kubeflow Trainer 2.3 refuses of a TrainJob: fields, names, values.

The fields are those of trainer.kubeflow.org/v1alpha1 (pkg/apis/trainer/v1alpha1/trainjob_types.go);
what is Kubernetes' own in them is checked by its schemas, as parts of a pod.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import kubernetes_validate

from support.kubernetes_errors import RefusedError

Document = dict[str, Any]
MINOR = "1.32"
ANYTHING = None
LABELS: Mapping[str, Any] = {"labels": ANYTHING, "annotations": ANYTHING}
CONTAINER = {"name", "env", "securityContext", "volumeMounts"}
POD = {
    *("affinity", "containers", "imagePullSecrets", "initContainers", "nodeSelector"),
    *("schedulingGates", "securityContext", "serviceAccountName", "tolerations", "volumes"),
    "terminationGracePeriodSeconds",
}
PATCH: Mapping[str, Any] = {
    "manager": ANYTHING,
    "trainingRuntimeSpec": {
        "template": {
            "metadata": LABELS,
            "spec": {
                "replicatedJobs": {
                    "name": ANYTHING,
                    "template": {
                        "metadata": LABELS,
                        "spec": {
                            "template": {"metadata": LABELS, "spec": dict.fromkeys(POD)},
                        },
                    },
                }
            },
        }
    },
}
FIELDS: Mapping[str, Any] = {
    "apiVersion": ANYTHING,
    "kind": ANYTHING,
    "metadata": {"name": ANYTHING, "ownerReferences": ANYTHING, **LABELS},
    "spec": {
        "activeDeadlineSeconds": ANYTHING,
        "initializer": ANYTHING,
        "managedBy": ANYTHING,
        "runtimePatches": PATCH,
        "runtimeRef": dict.fromkeys(("apiGroup", "kind", "name")),
        "suspend": ANYTHING,
        "trainer": dict.fromkeys(
            (
                *("args", "command", "env", "image", "numNodes", "numProcPerNode"),
                "resourcesPerNode",
            )
        ),
    },
}
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
WEBHOOK = 'admission webhook "validator.trainjob.trainer.kubeflow.org" denied the request: '


def check_trainjob(document: Document, runtimes: set[str]) -> None:
    """Refuse what the server, or Trainer's admission webhook, would."""
    if unknown := next(_unknown(document, FIELDS, ""), None):
        raise RefusedError(400, "BadRequest", f'strict decoding error: unknown field "{unknown}"')
    name, spec = document["metadata"]["name"], document["spec"]
    if not NAME.fullmatch(name) or len(name) > 63:
        _invalid("metadata.name must match RFC 1035 DNS label format")
    for field in ("numNodes", "numProcPerNode"):
        if type(spec["trainer"].get(field, 1)) is not int:
            _invalid(f"spec.trainer.{field}: must be of type integer")
    names = [one["name"] for one in spec["trainer"].get("env", [])]
    if len(names) != len(set(names)):
        _invalid("spec.trainer.env: Duplicate value")
    if reserved := [one for one in names if one.startswith("PET_")]:
        _denied(f"spec.trainer.env: must not have reserved envs: {reserved}")
    if spec["runtimeRef"]["name"] not in runtimes:
        _denied(f'ClusterTrainingRuntime "{spec["runtimeRef"]["name"]}" not found')
    for patch in spec.get("runtimePatches", []):
        _check_patch(patch, spec["trainer"])


def _check_patch(patch: Document, trainer: Document) -> None:
    if not patch.get("manager"):
        _invalid("spec.runtimePatches: Required value: manager")
    for job in patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]:
        pod = job["template"]["spec"]["template"]["spec"]
        for container in pod.get("containers", []):
            if unknown := set(container) - CONTAINER:
                said = f'strict decoding error: unknown field "{min(unknown)}"'
                raise RefusedError(400, "BadRequest", said)
            if container["name"] == "node" and "env" in container:
                _denied("envs of the container node can only be set by spec.trainer.env")
        _check_pod(pod, trainer)


def _check_pod(pod: Document, trainer: Document) -> None:
    """The parts that are Kubernetes' own, as it checks them in a pod."""
    own = {
        "image": trainer.get("image", "runtime"),
        "command": trainer.get("command", []),
        "args": trainer.get("args", []),
        "env": trainer.get("env", []),
        "resources": trainer.get("resourcesPerNode", {}),
    }
    containers = [{**own, **one} for one in pod.get("containers", [])]
    whole = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod"},
        "spec": {**pod, "containers": containers or [{"name": "node", **own}]},
    }
    try:
        kubernetes_validate.validate(whole, MINOR, strict=True)
    except kubernetes_validate.ValidationError as error:
        raise RefusedError(400, "BadRequest", f"strict decoding error: {error.message}") from error


def _unknown(document: Any, fields: Mapping[str, Any] | None, path: str) -> Iterator[str]:
    """The fields that are not known, each by its path."""
    if fields is ANYTHING:
        return
    for one in document if isinstance(document, list) else [document]:
        for name, value in one.items():
            if name not in fields:
                yield f"{path}{name}"
            else:
                yield from _unknown(value, fields[name], f"{path}{name}.")


def _invalid(said: str) -> None:
    raise RefusedError(422, "Invalid", f"TrainJob.trainer.kubeflow.org is invalid: {said}")


def _denied(said: str) -> None:
    raise RefusedError(403, "Forbidden", WEBHOOK + said)
