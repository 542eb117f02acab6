import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
APART = re.compile(r"(torch|triton|nvidia-.*|cuda-.*)")
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==[^\s\\]+")


def entries(lock: Path) -> dict[str, str]:
    """The text of each requirement by its name."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())
    found = {match[1]: block for block in blocks if (match := REQUIREMENT.match(block))}
    assert found
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_torch_and_what_its_cuda_build_brings_stand_in_no_lock(lock: Path) -> None:
    assert [name for name in entries(lock) if APART.fullmatch(name)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_hashed(lock: Path) -> None:
    assert [name for name, block in entries(lock).items() if "--hash=sha256:" not in block] == []


OLDER = ("transformers-4.txt", "hub-1.txt")
OLDER_THERE = {"transformers", "tokenizers", "huggingface-hub"}


def versions_in(locks: list[Path]) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for lock in locks:
        for name, block in entries(lock).items():
            versions.setdefault(name, set()).add(block.split("==")[1].split()[0])
    return versions


def test_the_locks_agree_with_each_other() -> None:
    versions = versions_in([lock for lock in LOCKS if lock.name not in OLDER])
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_what_is_older_on_purpose_agrees_with_them_in_all_else() -> None:
    versions = versions_in(LOCKS)
    assert {name for name, found in versions.items() if len(found) > 1} == OLDER_THERE


def test_there_is_one_version_of_torch_and_pyproject_names_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    named = {one for extra in extras for one in extra if re.match(r"torch==", one)}
    assert len(named) == 1
    assert re.fullmatch(r"torch==[0-9.]+", named.pop())
