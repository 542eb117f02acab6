from pathlib import Path

import pytest

from components.contracts.errors import BadInputError
from components.registry import Registry


def write(version: int, folder: Path) -> None:
    (folder / "README.md").write_text(f"version {version}")
    (folder / "weights").mkdir()
    (folder / "weights" / "a.bin").write_bytes(b"weights")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(str(tmp_path / "registry"))


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_versions_are_numbered_and_latest_follows(registry: Registry, tmp_path: Path) -> None:
    assert registry.publish("jane", write, {"seed": 1}).version == 1
    assert registry.publish("jane", write, {"seed": 2}).version == 2
    assert registry.versions("jane") == [1, 2]
    assert registry.personas() == ["jane"]
    latest = registry.alias("jane", "latest")
    assert latest is not None
    assert [move.version for move in latest.history] == [1, 2]
    assert registry.verify() == []
    assert files(tmp_path / "registry") == [
        "jane/latest.json",
        *(
            f"jane/versions/{n}/{name}"
            for n in (1, 2)
            for name in ("README.md", "manifest.json", "weights/a.bin")
        ),
    ]


def test_a_version_comes_back_as_it_was_written(registry: Registry, tmp_path: Path) -> None:
    published = registry.publish("jane", write, {"stages": {"train": {"seed": 1}}})
    assert registry.manifest("jane", 1) == published
    registry.download("jane", 1, tmp_path / "model")
    assert files(tmp_path / "model") == ["README.md", "weights/a.bin"]
    assert (tmp_path / "model" / "README.md").read_text() == "version 1"


def test_nothing_written_is_refused(registry: Registry) -> None:
    with pytest.raises(BadInputError, match="nothing to publish"):
        registry.publish("jane", lambda version, folder: None, {})
    assert registry.versions("jane") == []
