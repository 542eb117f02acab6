"""The library under sanitizers, over random shapes, at every level that this processor has."""

import subprocess
from pathlib import Path

import pytest

from components.lm.compiling import CompilerError
from components.lm.decoding.native.build import DECODER

SHAPES = Path(__file__).parent / "shapes.c"


@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
@pytest.mark.parametrize("shapes", ["8", pytest.param("25", marks=pytest.mark.long)])
def test_steps_of_any_shape_stay_within_their_memory_and_agree(
    tmp_path: Path, sanitizers: str, shapes: str
) -> None:
    program = tmp_path / "shapes"
    flags = (f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", "-O1", "-g1")
    try:
        DECODER.build_program(SHAPES, program, flags)
    except CompilerError as error:
        pytest.skip(f"no compiler with these sanitizers: {error}")
    said = subprocess.run([program, shapes, "3"], capture_output=True, text=True, check=False)
    if "unexpected memory mapping" in said.stderr:
        pytest.skip("this kernel lays memory out as the thread sanitizer does not know it")
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.startswith(f"{shapes} shapes")
