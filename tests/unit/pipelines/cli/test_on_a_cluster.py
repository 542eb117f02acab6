"""`huggingtweets refresh`, `fleet` and `sweep` with `--kubeflow`."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.kfp_server import KfpServer
from support.stores import StoreServer

from components.contracts.reports import CollectCounts, CollectReport
from components.registry import Registry
from components.registry.fleets import FleetBook
from components.storage import open_store
from pipelines.cli.command import main

SOURCES = ("--table", "gs://posts/ann.csv", "--author", "ann", "--consent", "written-consent")
LINE = {
    "persona": "ann",
    "consent": "fictional",
    "sources": [{"table": "gs://posts/ann.csv", "author": "ann"}],
}


@pytest.fixture
def s3(store_servers: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    server: StoreServer = store_servers("s3")
    for variable, value in server.environment().items():
        monkeypatch.setenv(variable, value)
    return f"{server.uri}/{tmp_path.name}"


def given(kfp: KfpServer) -> dict[str, Any]:
    (run,) = kfp.runs.values()
    return dict(run["runtime_config"]["parameters"])


def cluster(kfp: KfpServer, images: Path, root: str) -> list[str]:
    return ["--kubeflow", "--host", kfp.url, "--images", str(images), "--pipeline-root", root]


@pytest.mark.stores
def test_a_fleet_goes_to_the_cluster_with_its_list_as_it_is_now(
    kfp: KfpServer, images: Path, s3: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "friends.jsonl").write_text(json.dumps(LINE))
    words = ["fleet", "--manifest", str(tmp_path / "friends.jsonl"), "--registry", f"{s3}/registry"]
    words += ["--epochs", "2", "--retry-failed"]
    assert main([*words, *cluster(kfp, images, s3)]) == 0
    assert capsys.readouterr().out.startswith(f"{kfp.url}/#/runs/details/")
    parameters = given(kfp)
    assert parameters["name"] == "friends"
    assert parameters["options"] == {"epochs": "2", "retries": 2, "retry_failed": True}
    folder, _, name = parameters["manifest"].rpartition("/")
    assert json.loads(open_store(folder).get(name).data) == LINE
    listed = FleetBook(f"{s3}/registry", "friends").listed()
    assert [one.persona for one in listed.items] == ["ann"], "`fleet status` knows of it at once"


@pytest.mark.stores
def test_a_refresh_comes_again_at_the_times_that_it_is_told(
    kfp: KfpServer, images: Path, s3: str, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = CollectCounts(downloaded=1, reposts=0, replies=0, quotes=0)
    collected = CollectReport(
        author="ann.bsky.social", source="bluesky:ann.bsky.social", consent="fictional",
        input_sha256="0", counts=counts, oldest=None, newest=None,
    ).model_dump(mode="json")  # fmt: skip
    fetch = {"asked": "openai-community/gpt2", "source": "hub"}
    lineage: Any = {"collect": {"ann.bsky.social": collected}, "fetch": fetch}
    write = lambda _, place: (place / "model").touch()  # noqa: E731
    Registry.open(f"{s3}/registry").publish("ann", write, lineage)
    words = ["refresh", "ann", "--registry", f"{s3}/registry", "--cron", "0 4 * * 1"]
    assert main([*words, "--min-new", "9", *cluster(kfp, images, s3)]) == 0
    assert "/#/recurringrun/details/" in capsys.readouterr().out
    (schedule,) = kfp.recurring.values()
    assert schedule["runtime_config"]["parameters"] == {
        "persona": "ann",
        "registry": f"{s3}/registry",
        "state": f"{s3}/refresh/ann",
        "sources": [],
        "options": {"min_new": 9},
    }


def test_a_sweep_is_trials_beside_one_another(kfp: KfpServer, images: Path, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("method: grid\nparameters: {epochs: {values: [1, 2]}}\n")
    words = ["sweep", "--sweep", str(tmp_path / "s.yaml"), *SOURCES, "--no-gate"]
    words += ["--batch-tokens", "256", "--samples", "9", "--seed", "3"]
    assert main([*words, *cluster(kfp, images, "s3://bucket/root")]) == 0
    assert given(kfp) == {
        "sources": [{"table": "gs://posts/ann.csv", "author": "ann", "consent": "written-consent"}],
        "registry": "s3://bucket/root/registry",
        "results": "s3://bucket/root/sweeps",
        "name": "",
        "preset": "default",
        "seed": 3,
        "checkpoint_uri": "s3://bucket/root/checkpoints",
        "prepare_options": {},
        "finish_options": {"samples": 9, "no_gate": True},
    }
    (run,) = kfp.runs.values()
    version = kfp.versions[run["pipeline_version_reference"]["pipeline_version_id"]]
    tasks = version["pipeline_spec"]["root"]["dag"]["tasks"]
    options = [
        task["inputs"]["parameters"]["options"]["runtimeValue"]["constant"]
        for name, task in tasks.items()
        if name.startswith("train")
    ]
    assert options == [{"batch_tokens": 256, "epochs": 1}, {"batch_tokens": 256, "epochs": 2}]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--images", "IMAGES", "--pipeline-root", "s3://b/r"], "--host"),
        (["--host", "http://x", "--pipeline-root", "s3://b/r"], "--images"),
        (["--host", "http://x", "--images", "IMAGES"], "--pipeline-root"),
        (["--host", "http://x", "--images", "IMAGES", "--pipeline-root", "/tmp"], "pipeline-root"),
    ],
)
def test_what_a_cluster_needs_is_asked_for(
    more: list[str],
    said: str,
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KF_PIPELINES_ENDPOINT", raising=False)
    (tmp_path / "s.yaml").write_text("method: grid\nparameters: {epochs: {values: [1, 2]}}\n")
    words = ["sweep", "--sweep", str(tmp_path / "s.yaml"), *SOURCES, "--kubeflow"]
    assert main([*words, *(str(images) if one == "IMAGES" else one for one in more)]) == 2
    assert said in capsys.readouterr().err


def test_a_list_of_what_lies_on_this_machine_does_not_leave_it(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {**LINE, "sources": [{"table": "ann.csv", "author": "ann"}]}
    (tmp_path / "friends.jsonl").write_text(json.dumps(line))
    words = ["fleet", "--manifest", str(tmp_path / "friends.jsonl"), "--registry", "s3://b/r"]
    words += ["--kubeflow", "--images", str(images), "--pipeline-root", "s3://b/r"]
    assert main(words) == 2
    assert "line 1: no pod sees ann.csv; give gs:// or s3://" in capsys.readouterr().err


def test_flags_are_variables_too(
    kfp: KfpServer, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s.yaml").write_text("method: grid\nparameters: {epochs: {values: [1, 2]}}\n")
    said = {
        "KF_PIPELINES_ENDPOINT": kfp.url,
        "HUGGINGTWEETS_IMAGES": str(images),
        "HUGGINGTWEETS_PIPELINE_ROOT": "s3://bucket/root",
        "HUGGINGTWEETS_KUBEFLOW": "true",
        "HUGGINGTWEETS_SWEEP": str(tmp_path / "s.yaml"),
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert main(["sweep", *SOURCES]) == 0
    assert given(kfp)["registry"] == "s3://bucket/root/registry"
