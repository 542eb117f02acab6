"""What a Kubernetes API server keeps of pods: the objects, their history, who may do what."""

import copy
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import kubernetes_validate

from support.kubernetes_errors import RefusedError
from support.trainjob_fields import check_trainjob

Document = dict[str, Any]
MINOR = "1.32"
SERVING = {"huggingtweets/role": "serve"}
USER = "system:serviceaccount:team:deploy"


GONE = RefusedError(410, "Expired", "too old resource version")


@dataclass(frozen=True)
class Change:
    """One change of a pod; `before` and `after` are None where it was not there."""

    version: int
    before: Document | None
    after: Document | None


@dataclass
class State:
    """What the server holds; tests look into it and say what is to come."""

    pods: dict[tuple[str, str], Document] = field(default_factory=dict)
    """By namespace and name."""
    changes: list[Change] = field(default_factory=list)
    version: int = 100
    """The resourceVersion of the newest change of anything in the cluster."""
    oldest: int = 0
    """Watches can begin no earlier."""
    trainjobs: dict[tuple[str, str], Document] | None = field(default_factory=dict)
    """By namespace and name; None where Kubeflow Trainer is not installed."""
    runtimes: set[str] = field(default_factory=lambda: {"torch-distributed"})
    logs: dict[tuple[str, bool], str] = field(default_factory=dict)
    """Of pods of the namespace `serving`, by name, now and before they were started again."""
    token: str = "a-token"
    forbidden: set[str] = field(default_factory=set)
    """Verbs that the token does not give; `create trainjobs` of other things than pods."""
    failures: list[int] = field(default_factory=list)
    """The statuses of the next answers."""
    bookmarks: int = 0
    """How often all watchers were told the newest version."""
    cut: int = 0
    """How often all watches were torn off."""
    requests: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    # What a test does to the cluster

    def add_pod(
        self, name: str, address: str, *, ready: bool = True, management: str | None = None
    ) -> None:
        """A pod of the namespace `serving` that answers at these places, `http://IP:PORT`."""
        ip, _, port = address.removeprefix("http://").rpartition(":")
        ports = {"http": int(port)}
        if management:
            ports["management"] = int(management.rpartition(":")[2])
        self.put("serving", pod_document(name, ip, ports, ready=ready))

    def change_pod(self, name: str, *, ready: bool = True, leaving: bool = False) -> None:
        document = copy.deepcopy(self.pods["serving", name])
        document["status"]["conditions"] = [ready_condition(ready)]
        if leaving:
            document["metadata"]["deletionTimestamp"] = now()
        self.put("serving", document)

    def delete_pod(self, name: str) -> None:
        self.delete("serving", name)

    def compact(self, others: int = 10) -> None:
        """Other objects change, and the history up to now is forgotten."""
        with self.changed:
            self.version += others
            self.oldest = self.version

    def bookmark(self, others: int = 10) -> None:
        """Other objects change, and the watchers are told how far they are."""
        with self.changed:
            self.version += others
            self.bookmarks += 1
            self.changed.notify_all()

    def cut_watches(self) -> None:
        with self.changed:
            self.cut += 1
            self.changed.notify_all()

    # What requests do

    def create(self, namespace: str, document: Document) -> Document:
        check(document)
        if document["metadata"].get("resourceVersion"):
            raise RefusedError(400, "BadRequest", "resourceVersion should not be set on creation")
        name = document["metadata"]["name"]
        if (namespace, name) in self.pods:
            raise RefusedError(409, "AlreadyExists", f'pods "{name}" already exists')
        return self.put(namespace, document)

    def replace(self, namespace: str, name: str, document: Document) -> Document:
        check(document)
        standing = self.get(namespace, name)["metadata"]["resourceVersion"]
        if document["metadata"].get("resourceVersion", standing) != standing:
            raise RefusedError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on pods "{name}": the object has been modified; '
                "please apply your changes to the latest version and try again",
            )
        return self.put(namespace, document)

    def get(self, namespace: str, name: str) -> Document:
        if (namespace, name) not in self.pods:
            raise RefusedError(404, "NotFound", f'pods "{name}" not found')
        return self.pods[namespace, name]

    def create_trainjob(self, namespace: str, document: Document) -> Document:
        check_trainjob(document, self.runtimes)
        name = document["metadata"]["name"]
        with self.changed:
            jobs = self._jobs()
            if (namespace, name) in jobs:
                said = f'trainjobs.trainer.kubeflow.org "{name}" already exists'
                raise RefusedError(409, "AlreadyExists", said)
            made = copy.deepcopy(document)
            made["metadata"] |= {"namespace": namespace, "uid": str(uuid.uuid4())}
            jobs[namespace, name] = made
            self.changed.notify_all()
            return made

    def get_trainjob(self, namespace: str, name: str) -> Document:
        if (namespace, name) not in self._jobs():
            raise RefusedError(
                404, "NotFound", f'trainjobs.trainer.kubeflow.org "{name}" not found'
            )
        return self._jobs()[namespace, name]

    def delete_trainjob(self, namespace: str, name: str) -> Document:
        with self.changed:
            gone = self.get_trainjob(namespace, name)
            del self._jobs()[namespace, name]
            self.changed.notify_all()
            return gone

    def _jobs(self) -> dict[tuple[str, str], Document]:
        if self.trainjobs is None:
            raise RefusedError(404, "NotFound", "the server could not find the requested resource")
        return self.trainjobs

    def log(self, namespace: str, name: str, query: Document) -> str:
        self.get(namespace, name)
        previous = query.get("previous") in ("true", "True")
        if (name, previous) not in self.logs:
            said = f'previous terminated container "{query.get("container")}" not found'
            raise RefusedError(400, "BadRequest", said)
        return self.logs[name, previous]

    def put(self, namespace: str, document: Document) -> Document:
        with self.changed:
            key = (namespace, document["metadata"]["name"])
            before = self.pods.get(key)
            self.version += 1
            after = copy.deepcopy(document)
            uid = before["metadata"]["uid"] if before else str(uuid.uuid4())
            after["metadata"] |= {
                "namespace": namespace,
                "uid": uid,
                "resourceVersion": str(self.version),
            }
            self.pods[key] = after
            self._note(before, after)
            return after

    def delete(self, namespace: str, name: str) -> Document:
        with self.changed:
            before = self.get(namespace, name)
            del self.pods[namespace, name]
            self.version += 1
            self._note(before, None)
            return before

    def _note(self, before: Document | None, after: Document | None) -> None:
        self.changes.append(Change(self.version, before, after))
        self.changed.notify_all()


def check(document: Document) -> None:
    """Refuse what a server with strict field validation refuses."""
    try:
        kubernetes_validate.validate(document, MINOR, strict=True)
    except kubernetes_validate.ValidationError as error:
        raise RefusedError(400, "BadRequest", f"strict decoding error: {error.message}") from error


def pod_document(name: str, ip: str, ports: dict[str, int], *, ready: bool = True) -> Document:
    container = {
        "name": "serve",
        "image": "huggingtweets/serve:dev",
        "ports": [{"name": port, "containerPort": number} for port, number in ports.items()],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": dict(SERVING)},
        "spec": {"containers": [container]},
        "status": {"phase": "Running", "podIP": ip, "conditions": [ready_condition(ready)]},
    }


def ready_condition(ready: bool) -> Document:
    return {"type": "Ready", "status": str(ready), "lastTransitionTime": now()}


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
