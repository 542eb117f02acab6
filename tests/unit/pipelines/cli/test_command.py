"""Every command of the product says a slip in one line."""

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.cli.command import main

COMPONENTS = Path(__file__).parents[4] / "components"
MODULES = sorted(
    ".".join(("components", *file.parent.relative_to(COMPONENTS).parts))
    for file in COMPONENTS.rglob("__main__.py")
)
COMMANDS = (
    *("run", "generate", "login", "serve", "judge", "registry list", "registry opt-out add"),
    *("push", "compile", "submit", "schedule", "status", "logs", "report"),
)


def said_of_a_slip(
    command: Callable[[list[str]], int], words: list[str], capsys: pytest.CaptureFixture[str]
) -> str:
    with pytest.raises(SystemExit) as caught:
        command(words)
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_a_slip_in_one_line(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = said_of_a_slip(main, [*command.split(), "--hepl"], capsys)
    assert line == (
        f"huggingtweets {command}: error: unrecognized arguments: --hepl; did you mean --help? "
        f"(see huggingtweets {command} --help)"
    )


@pytest.mark.parametrize("module", MODULES)
def test_every_stage_says_a_slip_in_one_line(
    module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = importlib.import_module(f"{module}.__main__").main
    line = said_of_a_slip(stage, ["--hepl"], capsys)
    assert line.startswith(f"python -m {module}: error: unrecognized arguments: --hepl; did you")
    assert line.endswith(f" (see python -m {module} --help)")


def test_a_stage_without_its_basis_names_the_flag(capsys: pytest.CaptureFixture[str]) -> None:
    stage = importlib.import_module("components.collect.__main__").main
    assert stage(["--archive", "x.zip", "--dataset-out", "out"]) == 2
    assert capsys.readouterr().err == "error: --consent: it is required (see --help)\n"
