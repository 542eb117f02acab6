"""Which model answers to which name, without a server."""

from pathlib import Path

import pytest

from components.registry import Registry
from components.serve.personas.model import Model, State
from components.serve.personas.personas import Personas
from components.serve.personas.sources import MarSource
from components.serve.personas.watcher import Pointer, Pointers
from components.serve.problems import Kind, Problem


@pytest.fixture
def personas(tmp_path: Path) -> Personas:
    return Personas(Registry.open(str(tmp_path)))


def pointing(production: int | None, candidate: int | None = None) -> Pointers:
    def to(version: int | None) -> Pointer | None:
        return (
            Pointer(version=version, manifest_sha256="0" * 64, move=f"{version}")
            if version
            else None
        )

    return Pointers(production=to(production), candidate=to(candidate))


def ready(personas: Personas, name: str, version: str) -> None:
    personas.find(name, version).state = State.READY
    personas.settle(name)


def versions(models: list[Model]) -> list[str]:
    return [model.version for model in models]


def refused(kind: Kind, personas: Personas, name: str, version: str | None = None) -> None:
    with pytest.raises(Problem) as caught:
        personas.find(name, version)
    assert caught.value.kind is kind


def test_before_the_registry_was_read_nobody_says_that_a_name_is_unknown(
    personas: Personas,
) -> None:
    refused(Kind.UNAVAILABLE, personas, "jane")
    personas.follow({})
    refused(Kind.MODEL_NOT_FOUND, personas, "jane")


def test_what_aliases_point_to_is_there_and_should_be_loaded(personas: Personas) -> None:
    assert personas.follow({"jane": pointing(1, 2), "joe": pointing(None, 1)}) == []
    assert personas.names() == ["jane", "joe"]
    assert len(personas.to_load()) == 3
    assert personas.default("jane").version == "1"
    refused(Kind.MODEL_NOT_FOUND, personas, "joe")
    refused(Kind.VERSION_NOT_FOUND, personas, "jane", "3")
    assert personas.needed() == {("jane", 1), ("jane", 2), ("joe", 1)}


def test_the_old_version_answers_until_the_new_one_can(personas: Personas) -> None:
    personas.follow({"jane": pointing(1)})
    ready(personas, "jane", "1")
    assert personas.follow({"jane": pointing(2)}) == []
    assert personas.default("jane").version == "1"
    personas.find("jane", "2").state = State.READY
    assert versions(personas.settle("jane")) == ["1"]
    assert versions(personas.of("jane")) == ["2"]
    assert personas.default("jane").version == "2"


def test_a_persona_without_aliases_leaves(personas: Personas) -> None:
    personas.follow({"jane": pointing(1), "joe": pointing(1)})
    ready(personas, "jane", "1")
    assert versions(personas.follow({"joe": pointing(1)})) == ["1"]
    assert personas.names() == ["joe"]


def test_what_a_manager_chose_answers_until_production_moves(personas: Personas) -> None:
    personas.follow({"jane": pointing(1, 2)})
    for version in ("1", "2"):
        ready(personas, "jane", version)
    assert personas.choose(personas.find("jane", "2")) == []
    assert personas.default("jane").version == "2"
    personas.follow({"jane": pointing(1, 2)})
    assert personas.default("jane").version == "2"
    personas.follow({"jane": pointing(3)})
    ready(personas, "jane", "3")
    assert versions(personas.of("jane")) == ["3"]


def test_what_a_manager_removed_stays_away_until_production_moves(personas: Personas) -> None:
    personas.follow({"jane": pointing(1)})
    personas.remove(personas.find("jane"))
    personas.follow({"jane": pointing(1)})
    assert personas.names() == []
    personas.follow({"jane": pointing(2)})
    assert personas.default("jane").version == "2"


def test_what_a_manager_added_stays_whatever_the_aliases_say(personas: Personas) -> None:
    model = Model("own", "1.10", MarSource(Path("own.mar")))
    personas.add(model)
    personas.add(Model("own", "1.9", MarSource(Path("older.mar"))))
    assert personas.follow({"jane": pointing(1)}) == []
    assert versions(personas.of("own")) == ["1.9", "1.10"]
    assert personas.default("own") is model
    with pytest.raises(Problem, match="already registered"):
        personas.add(Model("own", "1.9", MarSource(Path("other.mar"))))
    assert personas.known_or_added(Model("own", "1.10", MarSource(Path("own.mar")))) == (
        model,
        False,
    )
    with pytest.raises(Problem, match="default version"):
        personas.remove(model)
