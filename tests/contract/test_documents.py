"""What the documents at the root promise: links that lead somewhere, the real floors and tools."""

import configparser
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith((".venv", "build", "out", ".pytest")) for part in path.parts)
)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_or_folder(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        assert (document.parent / target).exists(), target


def test_the_picture_of_the_floors_names_every_room_of_the_linted_floors() -> None:
    floors = configparser.ConfigParser()
    floors.read(ROOT / ".importlinter")
    rooms = re.findall(r"components\.(\w+)", floors["importlinter:contract:floors"]["layers"])
    picture = (ROOT / "ARCHITECTURE.md").read_text().split("```")[1]
    assert rooms
    for room in rooms:
        assert re.search(rf"\b{room}\b", picture), room


def test_the_workflow_calls_the_check_of_a_clean_checkout() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["check"]["steps"]]
    assert any(line.endswith(".ci/run") for line in steps)


def test_hooks_use_the_tools_of_the_lock() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    lock = (ROOT / "locks/dev.txt").read_text()
    for hook in hooks:
        tool = hook["entry"].split()[0].removeprefix(".venv-dev/bin/")
        package = {"lint-imports": "import-linter"}.get(tool, tool)
        assert re.search(rf"^{package}==", lock, re.MULTILINE), tool


def test_the_citation_names_the_version_of_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert f'version = "{citation["version"]}"' in (ROOT / "pyproject.toml").read_text()


def test_installers_of_the_package_see_its_types() -> None:
    for package in ("components", "pipelines"):
        assert (ROOT / package / "py.typed").is_file()
