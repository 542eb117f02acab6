"""`locks/install`, with a stand-in for Python that writes down what pip is asked for."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Install = Callable[..., tuple[int, list[str], str]]
ROOT = Path(__file__).parents[3]
TORCH = re.search(r'"torch==([0-9.]+)"', (ROOT / "pyproject.toml").read_text())[1]  # type: ignore[index]
PYTHON = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *" freeze "*) echo "numpy==2.0"; [ -z "$CUDA_BEFORE" ] || echo "nvidia-cublas==1" ;;
  "-m components."*) echo "$*" >>"$PIP_LOG"; [ -z "$NO_COMPILER" ] ;;
  "-m pip "*)
    echo "$*" >>"$PIP_LOG"
    case "$*" in *--index-url*) ;; *"torch==$TORCH_VERSION+cpu"*) [ -n "$MIRROR" ] ;; esac ;;
esac
"""


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Installs into a new environment and gives the exit code, the pip calls, and what it said."""
    (tmp_path / "bin").mkdir()
    executable(tmp_path / "bin" / "python3.11", PYTHON)

    def run(gpu: bool = False, **environment: str) -> tuple[int, list[str], str]:
        executable(tmp_path / "bin" / "nvidia-smi", f"#!/bin/sh\nexit {0 if gpu else 9}\n")
        log = tmp_path / "pip.log"
        log.write_text("")
        known = {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "PYTHON": str(tmp_path / "bin" / "python3.11"),
            "PIP_LOG": str(log),
            "TORCH_VERSION": TORCH,
        }
        answer = subprocess.run(
            [ROOT / "locks" / "install", tmp_path / "venv", "locks/cpu.txt"],
            env={**known, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return answer.returncode, log.read_text().splitlines(), answer.stderr

    return run


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def of_torch(calls: list[str]) -> list[str]:
    return [call.partition("--disable-pip-version-check ")[2] for call in calls if "torch=" in call]


def test_a_machine_without_a_gpu_gets_the_cpu_build_of_pips_own_index(
    install: Install, tmp_path: Path
) -> None:
    code, calls, _ = install(MIRROR="yes")
    assert code == 0
    assert of_torch(calls) == [f"install --no-deps torch=={TORCH}+cpu"]
    assert (tmp_path / "venv" / ".ready").is_file()
    assert all("--require-hashes" in call for call in calls if "-r locks/" in call)


def test_where_that_index_lacks_it_pytorchs_own_is_asked(install: Install) -> None:
    code, calls, _ = install()
    assert code == 0
    index = "--index-url https://download.pytorch.org/whl/cpu"
    assert of_torch(calls)[1] == f"install --no-deps {index} torch=={TORCH}+cpu"


def test_a_machine_with_a_gpu_gets_the_cuda_build(install: Install) -> None:
    _, calls, _ = install(gpu=True)
    assert of_torch(calls) == [f"install torch==={TORCH}"]


@pytest.mark.parametrize(("gpu", "asked"), [(True, "cpu"), (False, "cuda")])
def test_torch_overrides(install: Install, gpu: bool, asked: str) -> None:
    _, calls, said = install(gpu, TORCH=asked, MIRROR="yes")
    assert ("+cpu" in of_torch(calls)[0]) == (asked == "cpu")
    assert f"the {asked} build of torch {TORCH}" in said


def test_another_word_is_refused_before_anything_is_made(install: Install, tmp_path: Path) -> None:
    code, calls, said = install(TORCH="tpu")
    assert (code, calls) == (2, [])
    assert "TORCH=tpu is neither cpu nor cuda" in said
    assert not (tmp_path / "venv").exists()


def test_nothing_of_a_cuda_build_stays_when_the_build_changes(install: Install) -> None:
    _, calls, _ = install(MIRROR="yes", CUDA_BEFORE="yes")
    assert any(call.endswith("uninstall --yes nvidia-cublas") for call in calls)


BUILDS = ["-m components.lm.decoding.native.build", "-m components.train.native.build"]
TOOLS = ("bash", "cp", "dirname", "grep", "mkdir", "mktemp", "rm", "sed", "sh", "touch", "xargs")


def test_the_libraries_in_c_are_compiled_last(install: Install) -> None:
    _, calls, _ = install(MIRROR="yes")
    assert calls[-2:] == BUILDS


def test_a_compiler_is_fetched_by_hash_where_there_is_none_and_stays_nowhere(
    install: Install, tmp_path: Path
) -> None:
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    code, calls, _ = install(MIRROR="yes", PATH=str(tmp_path / "bin"))
    (fetched,) = [call for call in calls if "compiler.txt" in call]
    match = re.search(r"--require-hashes --target (\S+) -r locks/compiler.txt", fetched)
    assert match
    assert not Path(match[1]).exists()
    assert (code, calls[-2:]) == (0, BUILDS)


def test_without_libraries_in_c_all_else_is_installed(install: Install, tmp_path: Path) -> None:
    code, _, said = install(MIRROR="yes", NO_COMPILER="yes")
    assert code == 0
    assert "models write with torch" in said
    assert "models train with torch" in said
    assert (tmp_path / "venv" / ".ready").is_file()


@pytest.mark.parametrize(("before", "now", "again"), [("cpu", "cpu", False), ("cpu", "cuda", True)])
def test_another_build_makes_an_environment_anew(
    tmp_path: Path, before: str, now: str, again: bool
) -> None:
    venv = tmp_path / "venv"
    venv.mkdir()
    (venv / f".build-{before}").touch()
    os.utime(venv / f".build-{before}", (0, 0))
    (venv / ".ready").touch()
    line = ["make", "-C", str(ROOT), "-n", "demo", f"VENV={venv}", f"TORCH={now}"]
    planned = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert (f"locks/install {venv}" in planned) == again
