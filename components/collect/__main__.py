"""`python -m components.collect`: one author's posts into a raw dataset."""

from collections.abc import Sequence

from components.collect.config import CollectConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    # `str`, as the output may be written over it: it has been read by then
    "since": StageArgument("an earlier raw-dataset to bring up to date", kind=str, required=False),
    "dataset_out": StageArgument("the raw-dataset to write"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("collect", __doc__, CollectConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
