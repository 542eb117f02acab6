"""The floors of the house (.importlinter), and what a light import may bring along."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_no_import_goes_against_the_floors() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    "module", ["pipelines.cli.command", "components.train.__main__", "components.serve.__main__"]
)
def test_a_command_starts_without_heavy_imports(module: str) -> None:
    """`--help` and a wrong flag answer at once."""
    heavy = {"torch", "transformers", "boto3", "google.cloud.storage", "pyarrow", "kfp"}
    script = f"import sys, {module}; print(*sorted({heavy!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == []
