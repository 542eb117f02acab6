import itertools
from pathlib import Path

import pytest
from support.registries import FILES, publish_and_die, start, write

from components.contracts.errors import BadInputError
from components.registry import Registry
from components.registry.layout import claim_key
from components.storage import StorageError, Store


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_versions_are_numbered_and_latest_follows(registry: Registry, place: Path) -> None:
    assert registry.publish("jane", write, {"seed": 1}).version == 1
    assert registry.publish("jane", write, {"seed": 2}).version == 2
    assert registry.versions("jane") == [1, 2]
    assert registry.personas() == ["jane"]
    latest = registry.alias("jane", "latest")
    assert latest is not None
    assert [move.version for move in latest.history] == [1, 2]
    assert registry.verify() == []
    names = sorted([*FILES, "manifest.json"])
    assert [name for name in files(place) if not name.startswith(".audit/")] == [
        "jane/latest.json",
        *(f"jane/versions/{number}/{name}" for number in (1, 2) for name in names),
        "opt-outs.json",
    ]


def test_a_version_comes_back_as_it_was_written(registry: Registry, tmp_path: Path) -> None:
    published = registry.publish("jane", write, {"stages": {"train": {"seed": 1}}})
    assert registry.manifest("jane", 1) == published
    assert registry.download("jane", 1, tmp_path / "model") == published
    assert files(tmp_path / "model") == sorted(FILES)
    assert (tmp_path / "model" / "README.md").read_text() == "card of version 1"


def test_a_model_whose_bytes_changed_does_not_come_back(
    registry: Registry, place: Path, tmp_path: Path
) -> None:
    registry.publish("jane", write, {})
    (place / "jane" / "versions" / "1" / "model.bin").write_text("WEIGHTS")
    with pytest.raises(StorageError, match="model.bin"):
        registry.download("jane", 1, tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("name", "sentence"), [("", "nothing to publish"), ("manifest.json", "its own manifest.json")]
)
def test_what_cannot_be_a_version_is_refused(registry: Registry, name: str, sentence: str) -> None:
    def wrong(version: int, folder: Path) -> None:
        if name:
            (folder / name).touch()

    with pytest.raises(BadInputError, match=sentence):
        registry.publish("jane", wrong, {})
    assert registry.versions("jane") == []


def test_a_publish_that_fails_leaves_nothing(registry: Registry, place: Path) -> None:
    calls = []

    def fail_the_second_time(version: int, folder: Path) -> None:
        calls.append(version)
        if len(calls) == 2:
            raise RuntimeError
        registry.publish("jane", write, {})
        write(version, folder)

    with pytest.raises(RuntimeError):
        registry.publish("jane", fail_the_second_time, {})
    assert calls == [1, 2]
    assert registry.versions("jane") == [1]
    assert not (place / "jane" / "uploads").exists()


@pytest.mark.parametrize("persona", ["", "../jane", ".jane", "a/b", "ja ne"])
def test_a_name_that_is_no_persona_is_refused(registry: Registry, persona: str) -> None:
    with pytest.raises(BadInputError, match="cannot name a persona"):
        registry.publish(persona, write, {})


def test_the_slower_publisher_writes_again_for_the_next_number(registry: Registry) -> None:
    asked = []

    def write_slowly(version: int, folder: Path) -> None:
        asked.append(version)
        if len(asked) == 1:
            registry.publish("jane", write, {"by": "the faster one"})
        write(version, folder)

    assert registry.publish("jane", write_slowly, {"by": "the slower one"}).version == 2
    assert asked == [1, 2]
    assert registry.manifest("jane", 1).lineage.model_dump() == {"by": "the faster one"}
    card = registry.store.get("jane/versions/2/README.md").data
    assert card == b"card of version 2"
    assert registry.verify() == []


def test_the_rest_of_another_tool_is_cleared_from_the_place_of_a_version(
    registry: Registry, place: Path
) -> None:
    rest = place / "jane" / "versions" / "1" / "half.bin"
    rest.parent.mkdir(parents=True)
    rest.touch()
    registry.publish("jane", write, {})
    assert registry.verify() == []
    assert not rest.exists()


def test_a_claim_whose_files_were_lost_is_withdrawn_by_gc(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(store: Store, persona: str, version: int) -> None:
        for stat in list(store.list(f"{persona}/uploads/")):
            store.delete(stat.key)

    create = registry.store.create

    def create_then_lose(key: str, data: bytes) -> str:
        written = create(key, data)
        if key == claim_key("jane", 1):
            lose(registry.store, "jane", 1)
        return written

    with monkeypatch.context() as patched:
        patched.setattr(registry.store, "create", create_then_lose)
        with pytest.raises(StorageError, match="registry gc` withdraws it"):
            registry.publish("jane", write, {})
    registry.gc()
    assert registry.publish("jane", write, {}).version == 1


def test_a_job_that_is_tried_again_publishes_once(registry: Registry) -> None:
    first = registry.publish("jane", write, {}, job="run-1")
    assert registry.publish("jane", write, {}, job="run-2").version == 2
    assert registry.publish("jane", write, {}, job="run-1") == first
    assert registry.publish("jane", write, {}).version == 3
    assert registry.publish("jane", write, {}).version == 4
    assert registry.versions("jane") == [1, 2, 3, 4]


@pytest.mark.parametrize("after", [False, True])
def test_a_job_that_was_killed_wherever_publishes_once(tmp_path: Path, after: bool) -> None:
    for die_at in itertools.count():
        uri = str(tmp_path / str(die_at))
        process = start(publish_and_die, uri, die_at, after, "run-1")
        process.join()
        registry = Registry.open(uri)
        assert registry.publish("jane", write, {}, job="run-1").version == 1
        assert registry.versions("jane") == [1]
        assert registry.verify() == []
        if process.exitcode == 0:  # it needed fewer changes than that
            break
    assert die_at > 3 * len(FILES)


def test_attempts_of_a_job_at_once_publish_once(registry: Registry) -> None:
    """The first one lives on, unseen, while the second is at work."""

    def write_slowly(version: int, folder: Path) -> None:
        write(version, folder)
        if not registry.versions("jane"):
            registry.publish("jane", write, {}, job="run-1")

    assert registry.publish("jane", write_slowly, {}, job="run-1").version == 1
    assert registry.versions("jane") == [1]
