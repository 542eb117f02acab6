"""Forgetting on every kind of store: the registry's and the datasets'."""

import shutil
from pathlib import Path

import pytest
from support.forgetting import VARIABLES, make_raw, make_train, post_id, publish_from
from support.registries import run_all

from components.contracts.registry import StaleVersion
from components.contracts.reports import CollectReport
from components.forget.config import ForgetConfig
from components.forget.stage import run
from components.registry import Registry
from components.registry.stale import mark_stale
from components.storage import open_store
from components.storage.transfer import download_folder, upload_folder

ONE = post_id(7)


def test_datasets_and_versions_in_a_store(
    store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    raw = make_raw(tmp_path / "raw/rosa")
    train = make_train(tmp_path / "train", [raw])
    place = f"{store_uri}/runs"
    upload_folder(open_store(place), raw, "1/raw-dataset")
    upload_folder(open_store(place), train, "1/train-dataset")
    registry = Registry.open(f"{store_uri}/registry")
    publish_from(registry, train, [raw])
    registry.move_alias("rosa", "production", 1)
    for turn in range(2):
        receipt = run(
            ForgetConfig(post_id=(ONE,)),
            registry=f"{store_uri}/registry",
            artifacts=[place],
            receipt_out=tmp_path / f"receipt-{turn}",
        )
        assert len(receipt.datasets) == (0 if turn else 2)
        assert receipt.versions[0].already == bool(turn)
    assert registry.alias("rosa", "production") is None
    shutil.rmtree(raw)
    download_folder(open_store(place), "1/raw-dataset", raw)
    assert ONE not in (raw / "posts.jsonl").read_text()
    assert CollectReport.read(raw / "collect.json").counts.downloaded == 119


def mark(uri: str, version: int) -> None:
    """Mark one version of jane."""
    one = StaleVersion.model_validate(
        {"persona": "jane", "version": version, "marked_at": "2026-01-01T00:00:00Z", "why": "so"}
    )
    mark_stale(open_store(uri), [one], [f"{version:064}"])


def test_marks_at_once_are_all_kept(store_uri: str) -> None:
    assert run_all([(mark, store_uri, version) for version in range(1, 11)]) == [0] * 10
    listed = Registry.open(store_uri).stale()
    assert listed.of("jane") == set(range(1, 11))
    assert len(listed.datasets) == len(listed.versions) == 10
