import json
from pathlib import Path

import pytest
from support.registries import write

from components.contracts.errors import BadInputError
from components.registry import Registry
from components.storage import Content, StorageError


@pytest.fixture
def version(registry: Registry, place: Path) -> Path:
    """The folder of the second of two versions; production points to it."""
    registry.publish("jane", write, {})
    registry.publish("jane", write, {})
    registry.move_alias("jane", "production", 2)
    return place / "jane" / "versions" / "2"


def test_every_changed_missing_and_added_file_is_named(registry: Registry, version: Path) -> None:
    assert registry.verify() == []
    (version / "model.bin").write_text("WEIGHTS")
    (version / "README.md").unlink()
    (version / "deep" / "new.txt").touch()
    assert sorted(registry.verify()) == [
        "jane/versions/2/README.md is missing",
        "jane/versions/2/deep/new.txt was added",
        "jane/versions/2/model.bin was changed",
    ]
    assert registry.verify("jane") == registry.verify()


def test_a_changed_manifest_is_noticed_by_the_aliases(registry: Registry, version: Path) -> None:
    path = version / "manifest.json"
    document = json.loads(path.read_text())
    document["lineage"] = {"consent": "forged"}
    path.write_text(json.dumps(document))
    problems = registry.verify()
    assert problems
    assert all("jane/versions/2/manifest.json was changed" in problem for problem in problems)


def test_the_changed_manifest_of_an_earlier_version_is_noticed(
    registry: Registry, version: Path
) -> None:
    path = version.parent / "1" / "manifest.json"
    path.write_text(path.read_text().replace('"lineage": {}', '"lineage": {"consent": "forged"}'))
    assert "forged" in path.read_text()
    assert registry.verify() == [
        "jane/versions/1/manifest.json was changed since latest moved to it"
    ]


def test_a_version_that_was_collected_is_not_missed(
    registry: Registry, version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.gc(keep=1)
    assert registry.versions("jane") == [2]
    folders = registry.store.folders  # some stores still name the empty folder for a while
    monkeypatch.setattr(
        registry.store,
        "folders",
        lambda prefix="": ["1", "2"] if prefix.endswith("versions/") else folders(prefix),
    )
    assert registry.verify() == []


def test_what_is_no_manifest_is_said(registry: Registry, version: Path) -> None:
    (version / "manifest.json").write_text("{")
    assert any("jane/versions/2/manifest.json" in problem for problem in registry.verify())


def test_an_alias_to_nothing_is_a_problem(registry: Registry, version: Path) -> None:
    (version / "manifest.json").unlink()
    problems = registry.verify()
    assert any("production.json points to version 2" in problem for problem in problems)


def test_the_loss_of_the_last_manifest_is_noticed(registry: Registry, version: Path) -> None:
    """Without a manifest there is no version, and so nobody by that name; the aliases remain."""
    registry.publish("bob", write, {})
    (version.parents[2] / "bob" / "versions" / "1" / "manifest.json").unlink()
    assert registry.personas() == ["jane"]
    problems = registry.verify()
    assert registry.verify("bob") == problems
    assert any("latest.json points to version 1" in problem for problem in problems)
    assert "bob/versions/1/manifest.json is missing" in problems


def test_the_loss_of_an_old_manifest_is_noticed(registry: Registry, version: Path) -> None:
    (version.parent / "1" / "manifest.json").unlink()
    assert registry.verify() == ["jane/versions/1/manifest.json is missing"]


def test_an_alias_that_is_damaged_is_named(registry: Registry, version: Path) -> None:
    (version.parents[1] / "production.json").write_text("{")
    (problem,) = registry.verify()
    assert "jane/production.json" in problem


def test_what_is_no_persona_is_none_of_our_business(registry: Registry, version: Path) -> None:
    (version.parents[2] / "lost+found").mkdir()
    (version.parents[2] / "lost+found" / "x").touch()
    assert registry.verify() == []


def test_a_store_that_fails_meanwhile_is_no_finding(
    registry: Registry, version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(key: str) -> Content:
        raise StorageError("no network")

    monkeypatch.setattr(registry.store, "get", fail)
    with pytest.raises(StorageError, match="no network"):
        registry.verify()


def test_the_rest_of_a_killed_upload_misleads_nobody(registry: Registry, version: Path) -> None:
    for rest in ("versions/3/model.bin", "uploads/abc/model.bin", "versions/2/.a.1.draft"):
        path = version.parents[1] / rest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    assert registry.verify() == []
    assert registry.versions("jane") == [1, 2]


def test_nobody_by_that_name_is_an_error(registry: Registry) -> None:
    with pytest.raises(BadInputError, match="no persona bob"):
        registry.begin().verify("bob")
