"""The ten commands of charts/README.md, as far as they can be tried without a cluster."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.helm import WHEELS, helm
from support.kind.commands import COMMANDS, PIPELINES, SETTINGS, a_shell
from support.kind.tools import ROOT
from support.manifests import MINORS, check

HELM = [command for command in (*COMMANDS, PIPELINES) if command.startswith("helm install")]
WAITING = re.compile(r" --wait| --timeout \w+")
IMAGES = {"STORE_IMAGE": "host:5000/store:7", "SERVE_IMAGE": f"host/serve@sha256:{'0' * 64}"}


def rendered(command: str, major: str, folder: Path) -> list[Any]:
    """What a `helm install` would install."""
    line = WAITING.sub("", command.replace("helm install", "helm template"))
    (folder / "helm").symlink_to(helm(major))
    path = f"{folder}:{os.environ['PATH']}"
    with a_shell(ROOT, {**os.environ, "PATH": path, **IMAGES}) as shell:
        return [document for document in yaml.safe_load_all(shell.run(line)) if document]


def test_there_are_ten() -> None:
    assert len(COMMANDS) == 10
    for command in (SETTINGS, *COMMANDS, PIPELINES):
        subprocess.run(["bash", "-n", "-c", command], check=True)


@pytest.mark.parametrize("major", WHEELS)
@pytest.mark.parametrize("command", HELM, ids=lambda command: command.split()[2])
def test_the_charts_take_these_values(command: str, major: str, tmp_path: Path) -> None:
    for manifest in rendered(command, major, tmp_path):
        check(manifest, MINORS[-1:])
        assert manifest["metadata"]["namespace"] == "personas"


def test_the_parts_fit_together(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(len(HELM))]
    for folder in folders:
        folder.mkdir()
    manifests = [
        manifest
        for command, folder in zip(HELM, folders, strict=True)
        for manifest in rendered(command, "4", folder)
    ]
    named = {(one["kind"], one["metadata"]["name"]): one for one in manifests}
    service = named["Service", "store"]
    [port] = service["spec"]["ports"]
    endpoint = f"http://{service['metadata']['name']}:{port['port']}"
    settings = named["ConfigMap", "words-huggingtweets-serving"]["data"]
    assert settings["AWS_ENDPOINT_URL_S3"] == endpoint
    assert settings["HUGGINGTWEETS_REGISTRY"] == "s3://personas/registry"
    [store] = named["StatefulSet", "store"]["spec"]["template"]["spec"]["containers"]
    assert store["image"] == IMAGES["STORE_IMAGE"]
    [serve] = named["Deployment", "words-huggingtweets-serving"]["spec"]["template"]["spec"][
        "containers"
    ]
    assert serve["image"] == IMAGES["SERVE_IMAGE"]
    assert ("ServiceAccount", "pipelines") in named
    buckets = [one["value"] for one in store["env"] if one["name"] == "S3_BUCKET"]
    assert buckets == ["personas"]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl on the PATH")
def test_kubectl_understands_them() -> None:
    made = [command for command in COMMANDS if command.startswith("kubectl create")]
    assert len(made) == 2
    with a_shell(ROOT, {**os.environ, "KUBECONFIG": "/dev/null"}) as shell:
        for command in made:
            document = yaml.safe_load(shell.run(f"{command} --dry-run=client --output yaml"))
            check(document, MINORS[-1:])


def test_the_shell_goes_on_and_tells_of_failures(tmp_path: Path) -> None:
    with a_shell(tmp_path, os.environ) as shell:
        shell.run("export WORD=post; cat")
        shell.run("sleep 60 > /dev/null &")
        assert shell.run('printf %s "$WORD"; kill $!') == "post"
        with pytest.raises(AssertionError, match="exit code 3"):
            shell.run("echo no; exit_with() { return 3; }; exit_with")
        with pytest.raises(AssertionError, match=r"no end in 0\.2 s"):
            shell.run("sleep 5", seconds=0.2)


def test_an_ordinary_run_leaves_the_cluster_alone() -> None:
    def collected(*words: str) -> str:
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *words]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return said.stdout

    assert "tests/kind/test_3_deploying.py" in collected("tests/kind")
    rooms = [path for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "kind"]
    assert "tests/kind" not in collected("tests", *(f"--ignore={room}" for room in rooms))
