"""`python -m components.collect`: one author's posts into a raw dataset."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from components.collect.config import CollectConfig
from components.collect.stage import run
from components.runtime.command import run_command
from components.runtime.flags import add_flags, read_config


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stage on these words, or the command line's; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m components.collect", description=__doc__)
    add_flags(parser, CollectConfig)
    parser.add_argument(
        "--dataset-out", type=Path, required=True, metavar="DIR", help="the raw dataset to write"
    )
    given = parser.parse_args(argv)

    def collect() -> None:
        run(read_config(CollectConfig, given, os.environ), dataset_out=given.dataset_out)

    return run_command(collect)


if __name__ == "__main__":
    raise SystemExit(main())
