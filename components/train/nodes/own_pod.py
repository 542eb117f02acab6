"""What the pods of a TrainJob take over from the pod of the step that makes it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from components.contracts.errors import BadInputError

MAIN = "main"
"""What Argo calls the container of a step."""
NOT_TAKEN = ("ARGO_", "KFP_", "ML_PIPELINE_", "METADATA_", "PET_", "KUBERNETES_")
"""Beginnings of variables that concern the step itself, or that Kubeflow Trainer sets."""
RUN_ID = "KFP_RUN_ID"
POD_NAME = ("KFP_POD_NAME", "HOSTNAME")
"""Variables that name a pod: the launcher's, and Kubernetes' own, which is cut after 63 letters."""
OF_POD = (
    *("imagePullSecrets", "nodeSelector", "securityContext", "serviceAccountName"),
    "tolerations",
)
GPU = "nvidia.com/gpu"

Document = Mapping[str, Any]


def own_name(environment: Mapping[str, str]) -> str | None:
    """The name of the pod that this runs in; None where nothing says so."""
    return next((environment[name] for name in POD_NAME if environment.get(name)), None)


def refuse_outside(nodes: int) -> NoReturn:
    """Say that this is no pod.

    Raises:
        BadInputError: always.
    """
    raise BadInputError(
        f"--nodes {nodes}: this is not a pod of a cluster; run it there with `huggingtweets submit "
        f"--nodes {nodes}`, or train on this machine with --gpus"
    )


@dataclass(frozen=True)
class OwnPod:
    """The pod of the step, as Kubernetes describes it."""

    document: Document

    @property
    def image(self) -> str:
        """The image of the step."""
        return str(self._container["image"])

    @property
    def environment(self) -> list[Document]:
        """The variables: settings, and the names of the Secrets' keys, never what these hold."""
        run_id = os.environ.get(RUN_ID)
        more = [{"name": RUN_ID, "value": run_id}] if run_id else []
        return [*self._taken(), *more]

    @property
    def pod_fields(self) -> dict[str, Any]:
        """Where the step may run, as whom, and with which images."""
        spec = self.document["spec"]
        return {name: spec[name] for name in OF_POD if spec.get(name)}

    @property
    def container_security(self) -> Document | None:
        """What the step's container may do."""
        return self._container.get("securityContext")

    def resources(self, gpus: int) -> dict[str, dict[str, Any]]:
        """Processors and memory of the step, and so many GPUs."""
        own = self._container.get("resources") or {}
        found = {
            kind: {name: much for name, much in (own.get(kind) or {}).items() if name != GPU}
            for kind in ("limits", "requests")
        }
        if gpus:
            found["limits"][GPU] = gpus
        return {kind: much for kind, much in found.items() if much}

    @property
    def owner(self) -> dict[str, Any]:
        """Whose end is the TrainJob's: the run's, of which more pods may come, or this pod's."""
        metadata = self.document["metadata"]
        for owner in metadata.get("ownerReferences") or ():
            if owner.get("controller"):
                return {name: owner[name] for name in ("apiVersion", "kind", "name", "uid")}
        own = {name: metadata[name] for name in ("name", "uid")}
        return {"apiVersion": "v1", "kind": "Pod", **own}

    @property
    def _container(self) -> Document:
        containers = self.document["spec"]["containers"]
        found: Document = next((one for one in containers if one["name"] == MAIN), containers[0])
        return found

    def _taken(self) -> Iterator[Document]:
        for variable in self._container.get("env") or ():
            source = variable.get("valueFrom") or {}
            of_the_pod = {"fieldRef", "resourceFieldRef"} & source.keys()
            if not of_the_pod and not variable["name"].startswith(NOT_TAKEN):
                yield variable
