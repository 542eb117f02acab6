"""A stand-in for Kubeflow's launcher: runs one step of a compiled package in its image.

It follows backend/src/v2/component/launcher_v2.go of kubeflow/pipelines: artifacts lie under a
mount by their URI's scheme; `{{…path}}` of a list is its first artifact's; `{{$}}` is the whole
executor input; an output parameter comes from the executor's output file. The container's root is
read-only, and its user is not root.
"""

import json
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]
SCHEMES = {"s3://": "/s3/", "gs://": "/gcs/", "minio://": "/minio/"}
USER = "10001:10001"


@dataclass(frozen=True)
class Ended:
    """A step that ran."""

    code: int
    log: str
    uris: dict[str, str]
    """Of the output artifacts, by name."""
    said: Document
    """The executor's output; empty if it wrote none."""


@dataclass
class Launcher:
    """Runs steps over one folder that stands in for the bucket's mount."""

    spec: Document
    """The compiled pipeline."""
    mount: Path
    """Becomes `/s3` in the container."""
    images: dict[str, str]
    """What each image name of the package is on this machine."""

    def run(
        self,
        stage: str,
        parameters: Document,
        artifacts: dict[str, list[str]],
        attempt: str = "1",
        kill_when: Callable[[], bool] = lambda: False,
    ) -> Ended:
        """Run the step of `stage`; `artifacts` are URIs by input name.

        Once `kill_when` says so, the container is killed with SIGKILL.
        """
        component = self.spec["components"][f"comp-{stage}"]
        container = self.spec["deploymentSpec"]["executors"][f"exec-{stage}"]["container"]
        root = f"s3://bucket/root/{stage}-{attempt}"
        given = self._input(component, parameters, artifacts, root)
        for listed in given["outputs"]["artifacts"].values():
            self._make(self.local(listed["artifacts"][0]["uri"]).parent)
        self._make(self.local(root))
        words = [
            _resolved(word, given) for word in [*container["command"], *container.get("args", [])]
        ]
        code, log = self._contained([self.images[container["image"]], *words], kill_when)
        uris = {
            name: listed["artifacts"][0]["uri"]
            for name, listed in given["outputs"]["artifacts"].items()
        }
        output = self.local(root) / "executor_output.json"
        said = json.loads(output.read_bytes()) if output.is_file() else {}
        return Ended(code, log, uris, said)

    def local(self, uri: str) -> Path:
        """Where on this machine an artifact lies."""
        return self.mount / uri.removeprefix("s3://")

    def _contained(self, words: list[str], kill_when: Callable[[], bool]) -> tuple[int, str]:
        """The exit code of a container, and what it wrote."""
        name = f"launcher-{uuid.uuid4().hex}"
        command = ["docker", "run", "--rm", "--read-only", "--user", USER, "--network", "none"]
        command += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        command += ["--volume", f"{self.mount}:/s3", "--name", name]
        command += ["--env", "OMP_NUM_THREADS"]  # as here, where it is set
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen([*command, *words], stdout=log, stderr=subprocess.STDOUT)
            while process.poll() is None:
                if kill_when():
                    subprocess.run(["docker", "kill", name], capture_output=True, check=True)
                    process.wait()
                time.sleep(0.005)
            log.seek(0)
            return process.returncode, log.read()

    def _input(
        self, component: Document, parameters: Document, artifacts: dict[str, list[str]], root: str
    ) -> Document:
        declared = component.get("inputDefinitions", {}).get("parameters", {})
        defaults = {n: d["defaultValue"] for n, d in declared.items() if "defaultValue" in d}
        unknown = parameters.keys() - declared.keys()
        assert not unknown, f"the step takes no {unknown}"
        outputs = component.get("outputDefinitions", {})
        return {
            "inputs": {
                "parameterValues": {**defaults, **parameters},
                "artifacts": {
                    name: {"artifacts": [{"uri": uri, "metadata": {}} for uri in uris]}
                    for name, uris in artifacts.items()
                },
            },
            "outputs": {
                "parameters": {
                    name: {"outputFile": f"/tmp/kfp/outputs/{name}"}
                    for name in outputs.get("parameters", {})
                },
                "artifacts": {
                    name: {
                        "artifacts": [
                            {"name": name, "uri": f"{root}/{name}", "type": facts["artifactType"]}
                        ]
                    }
                    for name, facts in outputs.get("artifacts", {}).items()
                },
                "outputFile": inside(f"{root}/executor_output.json"),
            },
        }

    @staticmethod
    def _make(folder: Path) -> None:
        """A folder that the container's user may write to, as the launcher's own mounts are."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)


def inside(uri: str) -> str:
    """The path under which a container sees a URI."""
    for scheme, folder in SCHEMES.items():
        if uri.startswith(scheme):
            return folder + uri.removeprefix(scheme)
    raise ValueError(uri)


def _resolved(word: str, given: Document) -> str:
    if word == "{{$}}":
        return json.dumps(given)
    for name, value in given["inputs"]["parameterValues"].items():
        word = word.replace(f"{{{{$.inputs.parameters['{name}']}}}}", _said(value))
    for side in ("inputs", "outputs"):
        for name, listed in given[side]["artifacts"].items():
            first = inside(listed["artifacts"][0]["uri"])
            word = word.replace(f"{{{{$.{side}.artifacts['{name}'].path}}}}", first)
    assert "{{" not in word, f"nothing resolves {word}"
    return word


def _said(value: Any) -> str:
    """A parameter as the launcher writes it into a word: numbers are doubles, the rest JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, separators=(",", ":"))
