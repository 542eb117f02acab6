"""The pipeline on Kubeflow, from a table to an answer; where KF_PIPELINES_ENDPOINT names a host."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.kind import tools
from support.kind.cluster import KUBEFLOW_RUNS as RUNS
from support.kind.cluster import Cluster
from support.kind.pods import doing, last_line, pod_document, running
from support.kind.serving import NAME, NAMESPACE, Served

from components.contracts.images import Image, Images
from components.storage import open_store

STORE = f"http://store.{NAMESPACE}:8333"
OPTIONS = ("--epochs", "1", "--samples", "20", "--max-tokens", "20", "--dtype", "fp32", "--no-gate")
BASE_MODEL = "s3://personas/tiny"
ROWS = 400


@pytest.fixture
def team(served: Served) -> Iterator[str]:
    """The namespace of the runs, with what the pipelines' chart makes; put back in the end."""
    if not tools.KUBEFLOW:
        pytest.skip("KF_PIPELINES_ENDPOINT names no Kubeflow Pipelines host; see `make kind-kfp`")
    cluster = served.cluster
    place = ("--namespace", RUNS)
    assert cluster.get("namespace", RUNS), (
        f"this cluster has no namespace {RUNS}: name the one of {tools.KUBEFLOW} by KUBECONFIG"
    )
    before = cluster.get("configmap", "kfp-launcher", *place)
    keys = served.keys()
    settings = {
        "AWS_ENDPOINT_URL_S3": STORE,
        "AWS_REGION": "us-east-1",
        "HUGGINGTWEETS_SERVING_NAMESPACE": NAMESPACE,
    }
    objects = [
        named("Secret", "huggingtweets", stringData=keys),
        named("Secret", "huggingtweets-store", stringData=keys),
        named("ConfigMap", "huggingtweets", data=settings),
    ]
    said = cluster.helm(
        "install", "huggingtweets", str(tools.ROOT / "charts" / "huggingtweets-pipelines"), *place,
        "--set", "store.pipelineRoot=s3://personas/pipelines", "--set", f"store.endpoint={STORE}",
        "--set", "store.existingSecret=huggingtweets-store",
        "--set", f"deploy.servingNamespaces={{{NAMESPACE}}}",
        "--set", "serviceAccount.create=false", "--set", "serviceAccount.name=pipeline-runner",
    )  # fmt: skip
    for line in said.splitlines():  # where Kubeflow has a kfp-launcher of its own
        if line.strip().startswith("kubectl") and " patch configmap kfp-launcher " in line:
            served.shell.run(line.strip())
    manifests = "\n---\n".join(map(json.dumps, objects))
    cluster.kubectl("apply", "--server-side", "--filename", "-", given=manifests)
    yield RUNS
    cluster.kubectl("delete", "--ignore-not-found", "--filename", "-", given=manifests)
    cluster.helm("uninstall", "huggingtweets", *place)
    if before:
        for key in ("resourceVersion", "uid", "managedFields"):
            before["metadata"].pop(key, None)
        cluster.kubectl("replace", "--filename", "-", given=json.dumps(before))


def named(kind: str, name: str, **content: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": RUNS}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}


def write_images(cluster: Cluster, file: Path) -> None:
    made = {}
    for target in ("cpu", "train", "serve"):
        repository, tag = tools.parted(cluster.images[target])
        if repository.endswith("@sha256"):
            name = repository.removesuffix("@sha256")
            made[target] = Image(name=name, tag="given", digest=f"sha256:{tag}")
        else:
            made[target] = Image(name=repository, tag=tag)
    Images(images=made).write(file)


def write_table(file: Path) -> None:
    lines = ["created_at,id,text"]
    lines += [
        f'2020-01-{n % 28 + 1:02} 10:00:00,{n},"note {n}: the {n} pens on desk {n * 7} are mine"'
        for n in range(1, ROWS + 1)
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_pipeline_makes_a_persona_that_answers(served: Served, team: str, place: Path) -> None:
    cluster, shell = served.cluster, served.shell
    write_images(cluster, place / "images.json")
    write_table(place / "posts.csv")
    with served.registry():
        store = open_store(BASE_MODEL)
        for file in (place / "tiny").iterdir():
            store.put(file.name, file.read_bytes())
    words = [
        *("huggingtweets", "submit", "--host", tools.KUBEFLOW, "--images", "images.json"),
        *("--gpus", "0", "--pipeline-root", "s3://personas/pipelines"),
        *("--registry", "s3://personas/registry"),
        *("--table", "posts.csv", "--author", "ann", "--consent", "fictional", "--name", "ann"),
        *("--base-model", BASE_MODEL, *OPTIONS, "--wait"),
    ]
    if not all(image.digest for image in Images.read(place / "images.json").images.values()):
        words.append("--allow-tags")
    shell.run(" ".join(words), seconds=3600)
    url = f"http://{NAME}:8080/predictions/ann"
    body = json.dumps({"prompt": "My dream is"})
    pod = pod_document("asker", cluster.images["serve"], doing("ask", url, body))
    with running(cluster, NAMESPACE, pod) as name:
        answer = json.loads(last_line(cluster, NAMESPACE, name))
    assert answer["model"] == "ann"
    assert answer["ai_generated"] is True
