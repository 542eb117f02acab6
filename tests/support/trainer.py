"""Kubeflow Trainer's part: the pods of a TrainJob, here processes of this machine."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.commands import Command
from support.forked_group import fork_group
from support.kubernetes_api_state import State, now
from support.processes import free_ports

Document = dict[str, Any]
NAMESPACE = "serving"
STEP_POD = "persona-x7k2p-train-123"
SECRETS = {("store", "token"): "a-secret"}


class Trainer:
    """Starts what a TrainJob asks for as soon as it is there, and says how it ends."""

    def __init__(self, state: State, environment: Mapping[str, str]) -> None:
        """`environment`: what the pods' image has, as PATH."""
        self.state, self.environment = state, environment
        self.made: list[Document] = []
        """Every TrainJob that there was."""
        self.working = True
        """Whether a TrainJob that comes is started; tests may want it to wait."""
        self._running: dict[str, list[Command]] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Trainer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        for name in list(self._running):
            self._kill(name)

    def _follow(self) -> None:
        while not self._ending.wait(0.05):
            with self.state.changed:
                jobs = {name: job for (_, name), job in (self.state.trainjobs or {}).items()}
            for name in set(self._running) - set(jobs):
                self._kill(name)
            for name, job in jobs.items():
                if name not in self._running and self.working and "status" not in job:
                    self.made.append(job)
                    self._running[name] = self._start(name, job)
                elif name in self._running:
                    self._look_at(name, job)

    def _start(self, name: str, job: Document) -> list[Command]:
        trainer = job["spec"]["trainer"]
        (port,) = free_ports(1)
        command = [*trainer["command"], *trainer["args"]]
        assert command[:2] == ["python", "-m"]
        started = []
        for rank in range(trainer["numNodes"]):
            given = {
                "PET_NNODES": str(trainer["numNodes"]),
                "PET_NPROC_PER_NODE": str(trainer["numProcPerNode"]),
                "PET_NODE_RANK": str(rank),
                "PET_MASTER_ADDR": "127.0.0.1",  # in a cluster the first pod's name
                "PET_MASTER_PORT": str(port),
                "GLOO_SOCKET_IFNAME": "lo",
                "KUBERNETES_SERVICE_HOST": "10.0.0.1",
            }
            pod = f"{name}-node-0-{rank}"
            self.state.put(NAMESPACE, node_pod(pod, name, {"running": {}}))
            variables = {**given, **_variables(trainer["env"])}
            started.append(
                Command(
                    *command[2:],
                    variables=variables,
                    environment=self.environment,
                    before=fork_group,
                )
            )
        return started

    def _look_at(self, name: str, job: Document) -> None:
        codes = [pod.exit_code for pod in self._running[name]]
        for rank, (process, code) in enumerate(zip(self._running[name], codes, strict=True)):
            pod = f"{name}-node-0-{rank}"
            if code is not None and (pod, False) not in self.state.logs:
                self.state.logs[pod, False] = process.said
                code = 128 - code if code < 0 else code
                ended = {"terminated": {"exitCode": code, "reason": "Error" if code else ""}}
                self.state.put(NAMESPACE, node_pod(pod, name, ended))
        if all(code == 0 for code in codes):
            self._say(job, "Complete", "jobset completed successfully")
        elif any(codes):
            self._say(job, "Failed", "jobset failed due to one or more job failures")

    def _say(self, job: Document, condition: str, message: str) -> None:
        with self.state.changed:
            said = {"type": condition, "status": "True", "message": message}
            job["status"] = {"conditions": [said | {"lastTransitionTime": now()}]}

    def _kill(self, name: str) -> None:
        for process in self._running.pop(name):
            process.kill()


def _variables(env: list[Document]) -> dict[str, str]:
    """What Kubernetes makes of a container's `env`."""
    found = {}
    for one in env:
        if "valueFrom" in one:
            source = one["valueFrom"]["secretKeyRef"]
            found[one["name"]] = SECRETS[source["name"], source["key"]]
        else:
            found[one["name"]] = one["value"]
    return found


def node_pod(name: str, job: str, state: Document, **more: Any) -> Document:
    """A pod of a TrainJob, its container in this state."""
    status = {"name": "node", "state": state, "restartCount": 0, "ready": False, **more}
    status |= {"image": "train", "imageID": "train"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"jobset.sigs.k8s.io/jobset-name": job}},
        "spec": {"containers": [{"name": "node", "image": "train"}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def step_pod(variables: Mapping[str, str]) -> Document:
    """The pod of a step of Argo's, with these settings."""
    of_run = {"fieldRef": {"fieldPath": "metadata.labels['pipeline/runid']"}}
    secret = {"secretKeyRef": {"name": "store", "key": "token", "optional": True}}
    env = [
        {"name": "ARGO_TEMPLATE", "value": "{}"},
        {"name": "KFP_RUN_ID", "valueFrom": of_run},
        {"name": "A_SECRET", "valueFrom": secret},
        *({"name": name, "value": value} for name, value in variables.items()),
    ]
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "persona-x7k2p"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": STEP_POD,
            "ownerReferences": [{**owner, "uid": "of-the-run", "controller": True}],
        },
        "spec": {
            "serviceAccountName": "pipelines",
            "nodeSelector": {"pool": "gpus"},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
            "securityContext": {},
            "containers": [
                {"name": "wait", "image": "argoexec"},
                {
                    "name": "main",
                    "image": "registry.test/train@sha256:" + "1" * 64,
                    "env": env,
                    "resources": {"limits": {"cpu": "4", "memory": "16384Mi"}},
                    "securityContext": {"runAsNonRoot": True},
                },
            ],
        },
    }


@contextmanager
def trainer(state: State, variables: Mapping[str, str], root: Path) -> Iterator[Trainer]:
    """Kubeflow Trainer in a cluster whose pods see the checkout `root`, and a step's pod there."""
    state.put(NAMESPACE, step_pod(variables))
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with Trainer(state, {**kept, "PYTHONPATH": str(root)}) as found:
        yield found
