"""`python -m components.prepare`: raw datasets into one train dataset."""

from collections.abc import Sequence

from components.prepare.config import PrepareConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "dataset": StageArgument(
        "a raw-dataset; repeat the flag for several authors", many=True, artifact="raw_datasets"
    ),
    "dataset_out": StageArgument("the train-dataset to write"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("prepare", __doc__, PrepareConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
