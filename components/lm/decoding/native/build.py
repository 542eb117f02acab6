"""What the decoder's library is made of: `python -m components.lm.decoding.native.build`."""

import sys
from pathlib import Path

from components.lm.compiling import AVX2, AVX512, Library, Unit, build_beside_its_source

LEVELS = {"plain": (), "avx2": AVX2, "avx512": AVX512}
COMMON = ("choose.c", "cpu.c", "library.c", "pool.c", "step.c")
OF_A_LEVEL = (
    "activations.c", "adapters.c", "attention.c", "draw.c", "level.c", "norms.c", "quantize.c",
)  # fmt: skip
"""Compiled once for each level of instructions."""

DECODER = Library(
    "decoder",
    Path(__file__).parent,
    (
        *(Unit(name, ("-DLEVEL=plain",)) for name in COMMON),
        *(
            Unit(name, (*flags, f"-DLEVEL={level}"))
            for level, flags in LEVELS.items()
            for name in (*OF_A_LEVEL, f"product_{level}.c")
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(build_beside_its_source(DECODER))
