"""`python -m components.prepare`: raw datasets into one train dataset."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from components.prepare.config import PrepareConfig
from components.prepare.stage import run
from components.runtime.command import run_command
from components.runtime.flags import add_flags, read_config


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stage on these words, or the command line's; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m components.prepare", description=__doc__)
    parser.add_argument(
        "--dataset",
        type=Path,
        action="append",
        required=True,
        metavar="RAW",
        help="a raw dataset, as collect writes it; repeat the flag for several",
    )
    parser.add_argument(
        "--dataset-out", type=Path, required=True, metavar="DIR", help="the train dataset to write"
    )
    add_flags(parser, PrepareConfig)
    given = parser.parse_args(argv)

    def prepare() -> None:
        config = read_config(PrepareConfig, given, os.environ)
        run(config, raw_datasets=given.dataset, train_dataset=given.dataset_out)

    return run_command(prepare)


if __name__ == "__main__":
    raise SystemExit(main())
