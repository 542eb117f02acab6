"""A namespace with serving pods, which are servers in this process, and deployments into it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from components.contracts.deployment import DeployReport
from components.deploy.config import DeployConfig
from components.deploy.stage import run
from components.registry import Registry
from components.serve.personas.model import Model
from components.serve.personas.watcher import Pointer, Pointers
from support.fake_engine import FakeEngines
from support.kubernetes_api import KubernetesApi
from support.servers import Running, serving


class Namespace:
    """Jane's registry, the Kubernetes API, and the pods that serve her."""

    def __init__(self, api: KubernetesApi, registry: Registry, folder: Path) -> None:
        self.api, self.registry, self.folder = api, registry, folder
        self.engines: dict[str, FakeEngines] = {}
        self.pods: dict[str, Running] = {}
        self.environment = {"KUBECONFIG": api.kubeconfig(folder)}
        self._stack = ExitStack()

    def add_pod(self, name: str, *, ready: bool = True, **config: Any) -> Running:
        """Start a server and tell Kubernetes of it."""
        engines = self.engines[name] = FakeEngines()
        server = serving(self.registry, self.folder / name, engines, **config)
        running = self.pods[name] = self._stack.enter_context(server)
        state = self.api.state
        state.add_pod(name, running.inference, ready=ready, management=running.management)
        return running

    def deploy(self, version: int, *, seconds: float = 20.0, **more: Any) -> DeployReport:
        return run(
            DeployConfig(serving_timeout=seconds, **more),
            registry=self.registry.store.uri,
            name="jane",
            version=str(version),
            deployment_out=self.folder / "deploy.json",
            environment=self.environment,
        )

    def report(self) -> DeployReport:
        """What the last deployment left behind."""
        return DeployReport.read(self.folder / "deploy.json")

    def points_to(self, alias: str) -> int | None:
        found = self.registry.alias("jane", alias)
        return found.version if found else None

    def close(self) -> None:
        self._stack.close()


@contextmanager
def production_unseen_by(pod: Running) -> Iterator[None]:
    """Until the block ends, the pod does not see that `production` moves; other aliases it does."""
    personas = pod.server.context.personas
    follow, seen = personas.follow, dict[str, Pointer | None]()

    def follow_others(pointers: Mapping[str, Pointers], **more: Any) -> list[Model]:
        old = {
            name: found.model_copy(update={"production": seen.setdefault(name, found.production)})
            for name, found in pointers.items()
        }
        return follow(old, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(personas, "follow", follow_others)
        yield


@contextmanager
def meanwhile(act: Callable[[], None], seconds: float = 0.5) -> Iterator[None]:
    """Do something a moment after the block began."""
    timer = threading.Timer(seconds, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()
