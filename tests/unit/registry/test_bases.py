"""The base models of adapters: there once, as long as an adapter names them."""

import os
from pathlib import Path

import pytest
from support.registries import write

from components.contracts.errors import BadInputError
from components.contracts.reports import BaseModelFacts
from components.registry import Registry
from components.registry.bases import digest_of, read_base
from components.runtime.digests import folder_sha256
from components.storage import ChecksumError

LONG_AGO = 1_000_000_000


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "pretrained-model"
    for name in ("config.json", "model.safetensors", "deep/more.json"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"what {name} says")
    return folder


@pytest.fixture
def facts(base: Path) -> BaseModelFacts:
    sha256 = folder_sha256(base)
    (base / "fetch.json").write_text("{}")
    return BaseModelFacts(id="made-up/tiny", revision="abc", sha256=sha256)


@pytest.fixture
def adapted(registry: Registry, base: Path, facts: BaseModelFacts) -> Registry:
    """A registry with an adapter."""
    registry.publish_base(base, facts)
    registry.publish("jane", write, {}, base_model=facts)
    return registry


def age(place: Path) -> None:
    for path in place.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_a_base_model_is_there_once_and_comes_back_whole(
    adapted: Registry, base: Path, facts: BaseModelFacts, tmp_path: Path
) -> None:
    before = list(adapted.store.list("bases/"))
    adapted.publish_base(base, facts)
    assert list(adapted.store.list("bases/")) == before
    manifest = adapted.download_base(facts.sha256, tmp_path / "got")
    assert folder_sha256(tmp_path / "got") == facts.sha256 == digest_of(manifest.files)
    assert (manifest.id, manifest.revision) == ("made-up/tiny", "abc")
    assert adapted.manifest("jane", 1).base_model == facts
    assert adapted.personas() == ["jane"]
    assert adapted.verify() == []


def test_another_folder_is_refused(registry: Registry, base: Path, facts: BaseModelFacts) -> None:
    (base / "config.json").write_text("something else")
    with pytest.raises(BadInputError, match="is not the base model with the digest"):
        registry.publish_base(base, facts)
    assert not list(registry.store.list("bases/"))


def test_one_that_is_not_there_is_named(registry: Registry, tmp_path: Path) -> None:
    registry.begin()
    with pytest.raises(BadInputError, match=f"the base model {'a' * 64} is not in"):
        registry.download_base("a" * 64, tmp_path / "got")


def test_verify_tells_of_missing_and_changed_ones(
    adapted: Registry, facts: BaseModelFacts, place: Path
) -> None:
    folder = place / "bases" / facts.sha256
    (folder / "config.json").write_text("what config.json SAYS")
    assert adapted.verify() == [f"bases/{facts.sha256}/config.json was changed"]
    assert adapted.verify("jane") == [f"bases/{facts.sha256}/config.json was changed"]
    (folder / "manifest.json").unlink()
    assert adapted.verify() == [
        f"bases/{facts.sha256}/manifest.json is missing, and jane/versions/1/manifest.json needs it"
    ]


def test_a_manifest_of_other_files_is_not_believed(
    adapted: Registry, facts: BaseModelFacts, place: Path
) -> None:
    path = place / "bases" / facts.sha256 / "manifest.json"
    path.write_text(path.read_text().replace("config.json", "other.json"))
    with pytest.raises(ChecksumError, match="is of another model"):
        read_base(adapted.store, facts.sha256)


def test_garbage_collection_keeps_a_base_while_an_adapter_names_it(
    adapted: Registry, facts: BaseModelFacts, place: Path
) -> None:
    age(place / "bases")
    adapted.publish("jane", write, {})
    adapted.gc()
    assert adapted.verify() == []
    assert adapted.gc(keep=1) == ["jane/versions/1/", f"bases/{facts.sha256}/"]
    assert not list(adapted.store.list("bases/"))


def test_a_young_base_without_an_adapter_stays(
    registry: Registry, base: Path, facts: BaseModelFacts, place: Path
) -> None:
    registry.publish_base(base, facts)
    assert registry.gc() == []
    read_base(registry.store, facts.sha256)
    age(place / "bases")
    assert registry.gc() == [f"bases/{facts.sha256}/"]


def test_what_a_killed_publish_left_of_one_goes_when_it_is_old(
    registry: Registry, base: Path, facts: BaseModelFacts, place: Path
) -> None:
    registry.publish_base(base, facts)
    (place / "bases" / facts.sha256 / "manifest.json").unlink()
    registry.publish_base(base, facts)
    read_base(registry.store, facts.sha256)
    (place / "bases" / facts.sha256 / "manifest.json").unlink()
    age(place / "bases")
    assert registry.gc() == [f"bases/{facts.sha256}/"]


def test_a_damaged_manifest_may_name_any_base(
    adapted: Registry, facts: BaseModelFacts, place: Path
) -> None:
    (place / "jane" / "versions" / "1" / "manifest.json").write_text("{")
    age(place / "bases")
    assert adapted.gc() == []
    read_base(adapted.store, facts.sha256)
    assert all(problem.startswith("jane/versions/1/") for problem in adapted.verify())
