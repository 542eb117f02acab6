"""`python -m components.collect`: one author's posts into a raw dataset."""

from collections.abc import Sequence

from components.collect.config import CollectConfig
from components.runtime.stage_command import Place, run_stage


def main(words: Sequence[str] | None = None) -> int:
    """Collect as the command line, or `words`, asks; the exit code."""
    places = {"dataset_out": Place("the raw dataset to write")}
    return run_stage("collect", __doc__, CollectConfig, places, words)


if __name__ == "__main__":
    raise SystemExit(main())
