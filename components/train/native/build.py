"""What the training's library is made of: `python -m components.train.native.build`."""

import sys
from pathlib import Path

from components.lm.compiling import AVX512, Library, Unit, build_beside_its_source
from components.lm.decoding.native.build import DECODER

TRAINING = Library(
    "training",
    Path(__file__).parent,
    tuple(
        Unit(name, AVX512)
        for name in ("activations.c", "adamw.c", "attention.c", "loss.c", "norms.c")
    ),
    headers=(DECODER.folder,),
)

if __name__ == "__main__":
    sys.exit(build_beside_its_source(TRAINING))
