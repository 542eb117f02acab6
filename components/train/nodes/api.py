"""TrainJobs of one namespace and their pods, as the Kubernetes API gives them."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import kubernetes  # type: ignore[import-untyped]
from kubernetes.client import ApiException  # type: ignore[import-untyped]
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_exponential,
)
from urllib3.exceptions import HTTPError

from components.contracts.errors import BadInputError
from components.runtime.cluster import (
    BAD_REQUEST,
    CONFLICT,
    FORBIDDEN,
    INVALID,
    MISSING,
    TIMEOUT,
    UNAUTHORIZED,
    ClusterError,
    close,
    said_by_kubernetes,
)
from components.runtime.errors import reason
from components.train.nodes.trainjob import GROUP, NODE, PLURAL, VERSION

log = logging.getLogger(__name__)

OUTAGE_SECONDS = 600.0
"""In which Kubernetes must have answered again; else it is given up."""
LONGEST_PAUSE = 10.0
FINAL = (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, MISSING, CONFLICT, INVALID)
"""Statuses that will not change by asking again."""
JOBSET = "jobset.sigs.k8s.io/jobset-name"
"""The label of a TrainJob's pods."""
AS_IT_IS: dict[str, Any] = {"_preload_content": False, "_request_timeout": TIMEOUT}
BY_ROLES = re.compile(r"cannot \w+ resource")
"""In what the API says where no role gives a verb; an admission webhook's words are others."""
LINES = 200
"""Of a log that are read, from its end."""
RULES = (
    '{apiGroups: ["trainer.kubeflow.org"], resources: ["trainjobs"], '
    'verbs: ["create", "get", "delete"]}, {apiGroups: [""], resources: ["pods"], '
    'verbs: ["get", "list"]}, {apiGroups: [""], resources: ["pods/log"], verbs: ["get"]}'
)

Given = TypeVar("Given")


class TrainJobs:
    """Those of one namespace; what Kubernetes does not answer is asked again for ten minutes."""

    def __init__(self, configuration: Any, namespace: str) -> None:
        """Reach them as `configuration` says."""
        self.namespace, self._host = namespace, configuration.host
        self._client = kubernetes.client.ApiClient(configuration)
        self._jobs = kubernetes.client.CustomObjectsApi(self._client)
        self._core = kubernetes.client.CoreV1Api(self._client)
        self._place = {
            "group": GROUP, "version": VERSION, "namespace": namespace, "plural": PLURAL,
            "_request_timeout": TIMEOUT,
        }  # fmt: skip

    def create(self, document: dict[str, Any]) -> bool:
        """Make this TrainJob; False where there is one of its name.

        Raises:
            BadInputError: it is refused.
            ClusterError: it may not be made, or Kubernetes does not answer.
        """

        def make() -> None:
            self._jobs.create_namespaced_custom_object(
                **self._place, body=document, field_validation="Strict"
            )

        try:
            self._ask("create TrainJobs", make)
        except ApiException as error:
            if error.status != CONFLICT:
                self._refused("create the TrainJob", error)
            return False
        return True

    def get(self, name: str) -> dict[str, Any] | None:
        """The TrainJob of this name; None where there is none.

        Raises:
            BadInputError: the cluster knows no TrainJobs.
            ClusterError: it may not be read, or Kubernetes does not answer.
        """

        def read() -> dict[str, Any]:
            found: dict[str, Any] = self._jobs.get_namespaced_custom_object(
                **self._place, name=name
            )
            return found

        try:
            return self._ask("get TrainJobs", read)
        except ApiException as error:
            if error.status == MISSING and name in said_by_kubernetes(error):
                return None
            self._refused("read the TrainJob", error)

    def delete(self, name: str) -> None:
        """Delete the TrainJob of this name and its pods, if there is one; it goes when they have.

        Raises:
            ClusterError: it may not be deleted, or Kubernetes does not answer.
        """

        def delete() -> None:
            self._jobs.delete_namespaced_custom_object(
                **self._place, name=name, propagation_policy="Foreground"
            )

        try:
            self._ask("delete TrainJobs", delete)
        except ApiException as error:
            if error.status != MISSING:
                self._refused("delete the TrainJob", error)

    def pods(self, name: str) -> list[dict[str, Any]]:
        """The pods of a TrainJob, as documents.

        Raises:
            ClusterError: they may not be listed, or Kubernetes does not answer.
        """

        def read() -> list[dict[str, Any]]:
            answer = self._core.list_namespaced_pod(
                self.namespace, label_selector=f"{JOBSET}={name}", **AS_IT_IS
            )
            items: list[dict[str, Any]] = json.loads(answer.data)["items"]
            return items

        try:
            return self._ask("list pods", read)
        except ApiException as error:
            self._refused("list the pods", error)

    def pod(self, name: str) -> dict[str, Any] | None:
        """One pod as a document; None where there is none of this name.

        Raises:
            ClusterError: it may not be read, or Kubernetes does not answer.
        """

        def read() -> dict[str, Any]:
            answer = self._core.read_namespaced_pod(name, self.namespace, **AS_IT_IS)
            found: dict[str, Any] = json.loads(answer.data)
            return found

        try:
            return self._ask("get pods", read)
        except ApiException as error:
            if error.status == MISSING:
                return None
            self._refused("read the pod", error)

    def log(self, pod: str, *, previous: bool) -> str:
        """The end of what a pod wrote, or before it was started again; empty where nobody has it.

        Raises:
            ClusterError: it may not be read, or Kubernetes does not answer.
        """

        def read() -> str:
            answer = self._core.read_namespaced_pod_log(
                pod, self.namespace, container=NODE, previous=previous, tail_lines=LINES,
                **AS_IT_IS,
            )  # fmt: skip
            return bytes(answer.data).decode("utf-8", errors="replace")

        try:
            return self._ask("get logs of pods", read)
        except ApiException as error:
            if error.status in (BAD_REQUEST, MISSING):  # it is gone, or has no log yet
                return ""
            self._refused("read the pod's log", error)

    def close(self) -> None:
        """Close the connections."""
        close(self._client)

    def _ask(self, what: str, call: Callable[[], Given]) -> Given:
        """What `call` gives; final answers are the caller's, the forbidden ones apart."""
        again = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_delay(OUTAGE_SECONDS),
            wait=wait_exponential(multiplier=0.2, max=LONGEST_PAUSE),
            before_sleep=_say,
            reraise=True,
        )
        try:
            return again(call)
        except HTTPError as error:
            raise ClusterError(
                f"the Kubernetes API at {self._host} cannot be asked: {reason(error)}"
            ) from error
        except ApiException as error:
            if error.status == FORBIDDEN and BY_ROLES.search(said_by_kubernetes(error)):
                raise ClusterError(self._missing_rules(what, error)) from error
            raise

    def _missing_rules(self, what: str, error: ApiException) -> str:
        return (
            f"this service account may not {what} in the namespace {self.namespace} "
            f"({said_by_kubernetes(error)}); bind it to a Role there with the rules {RULES}, as "
            "the chart huggingtweets-pipelines does with trainer.enabled=true"
        )

    def _refused(self, what: str, error: ApiException) -> NoReturn:
        said = said_by_kubernetes(error)
        if error.status == MISSING:
            raise BadInputError(
                f"--nodes: this cluster knows no TrainJob of {GROUP}/{VERSION} ({said}); install "
                "Kubeflow Trainer 2.2 or later, or train in one pod with --gpus"
            ) from error
        if error.status == UNAUTHORIZED:
            raise ClusterError(
                f"the Kubernetes API at {self._host} does not know this pod's token"
            ) from error
        kind = BadInputError if error.status in FINAL else ClusterError
        raise kind(f"--nodes: Kubernetes refuses to {what}: {said}") from error


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, ApiException):
        return error.status not in FINAL
    return isinstance(error, HTTPError)


def _say(state: RetryCallState) -> None:
    error = state.outcome and state.outcome.exception()
    said = said_by_kubernetes(error) if isinstance(error, ApiException) else error
    log.info("Kubernetes does not answer yet: %s", said)
