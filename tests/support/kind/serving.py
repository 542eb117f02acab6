"""What the ten commands left: a store, a registry in it, and pods that serve `me`."""

import base64
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.contracts.deployment import DeployReport
from components.registry import Registry
from support.kind.cluster import Cluster, until
from support.kind.commands import COMMANDS, Shell
from support.kind.tools import ROOT
from support.tiny_versions import publish_tiny

NAMESPACE, RELEASE, PERSONA = "personas", "words", "me"
REGISTRY = "s3://personas/registry"
NAME = f"{RELEASE}-huggingtweets-serving"
PODS = f"app.kubernetes.io/instance={RELEASE},huggingtweets/role=serve"
URL = f"http://{NAME}:8080/predictions/{PERSONA}"
JOB = ROOT / "components" / "deploy" / "job.yaml"
CHART = str(ROOT / "charts" / "huggingtweets-serving")
FORWARD = next(command for command in COMMANDS if "port-forward" in command)
PLACE = ("--namespace", NAMESPACE)


@dataclass
class Served:
    """The serving, and how to change what it serves."""

    cluster: Cluster
    shell: Shell
    model: Path
    """A tiny model to publish."""

    @property
    def pods(self) -> list[Any]:
        return self.cluster.pods(NAMESPACE, PODS)

    def settled(self) -> None:
        """Wait until as many pods are ready as should be, and no others are there."""
        place = (f"deployment/{NAME}", *PLACE)
        self.cluster.kubectl("rollout", "status", *place, "--timeout=300s")
        until(lambda: all(is_ready(pod) for pod in self.pods), "readiness of every pod")

    def upgrade(self, *values: str) -> None:
        """Upgrade the release, values beside those that it has, and wait for it."""
        sets = [word for value in values for word in ("--set", value)]
        words = ("upgrade", RELEASE, CHART, *PLACE, "--reuse-values", *sets)
        self.cluster.helm(*words, "--wait", "--timeout", "10m", timeout=660)
        self.settled()

    @contextmanager
    def registry(self) -> Iterator[Registry]:
        """The registry in the store, by the way that the fourth command made."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_S3", "http://localhost:8333")
            patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            for name, value in self.keys().items():
                patch.setenv(name, value)
            yield Registry.open(REGISTRY)

    def keys(self) -> dict[str, str]:
        """The keys of the store, by the names of their variables."""
        data = self.cluster.get("secret", "store", *PLACE)["data"]
        return {name: base64.b64decode(value).decode() for name, value in data.items()}

    def forward(self) -> None:
        """Make the way to the store anew, after its pod was another one."""
        self.shell.run("kill $! 2> /dev/null; wait; true")
        self.shell.run(FORWARD)
        reach = "curl --silent --output /dev/null --max-time 2 http://localhost:8333/healthz"
        until(lambda: self.shell.run(f"{reach}; echo $?").strip() == "0", "a way to the store", 60)

    def publish(self) -> int:
        """Publish the tiny model as the next version; gives its number."""
        with self.registry() as registry:
            return publish_tiny(registry, PERSONA, self.model).version

    def spoil(self, version: int) -> None:
        """Change the weights of a published version: no server may load it now."""
        with self.registry() as registry:
            registry.store.put(f"{PERSONA}/versions/{version}/model.safetensors", b"others")

    def points_to(self, alias: str) -> int | None:
        with self.registry() as registry:
            found = registry.alias(PERSONA, alias)
        return found.version if found else None

    def deploy(self, version: int, *flags: str, expect: int = 0) -> DeployReport:
        """Run the deploy step as a job of the cluster; gives its report."""
        document = deploy_job(self.cluster.images["cpu"], version, *flags)
        job = self.cluster.create(document, NAMESPACE)["metadata"]["name"]

        def ended() -> Any:
            for pod in self.cluster.pods(NAMESPACE, f"batch.kubernetes.io/job-name={job}"):
                for status in pod["status"].get("containerStatuses", ()):
                    if done := status["state"].get("terminated"):
                        return done
            return None

        done = until(ended, f"the end of the job {job}", 900)
        log = self.cluster.kubectl("logs", f"job/{job}", *PLACE)
        assert done["exitCode"] == expect, f"exit code {done['exitCode']}: {log}"
        return DeployReport.model_validate_json(done.get("message", ""))


def deploy_job(image: str, version: int, *flags: str) -> dict[str, Any]:
    """The job of components/deploy/job.yaml, filled in."""
    document: dict[str, Any] = yaml.safe_load(JOB.read_text(encoding="utf-8"))
    (container,) = document["spec"]["template"]["spec"]["containers"]
    container["image"] = image
    args = container["args"]
    args[args.index("--version") + 1] = str(version)
    args += flags
    return document


def is_ready(pod: Any) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def settings(folder: Path, images: Mapping[str, str], base_model: Path) -> dict[str, str]:
    """The environment of a reader who types the commands: her archive, a model that is quick."""
    ours = re.compile("HUGGINGTWEETS_|WANDB_|AWS_")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "STORE_IMAGE": images["store"],
        "SERVE_IMAGE": images["serve"],
        "ARCHIVE": str(folder / "my-x-archive.zip"),
        "CONSENT": "fictional",
        "HF_HUB_OFFLINE": "1",
        "RUN_FLAGS": f"--base-model {base_model} --no-gate",
        "HUGGINGTWEETS_EPOCHS": "1",
        "HUGGINGTWEETS_SAMPLES": "20",
        "HUGGINGTWEETS_MAX_TOKENS": "20",
        "HUGGINGTWEETS_DTYPE": "fp32",
    }
