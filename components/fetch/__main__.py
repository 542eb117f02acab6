"""`python -m components.fetch`: the base model into a folder, once."""

from collections.abc import Sequence

from components.fetch.config import FetchConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "model_out": StageArgument("the pretrained-model to write"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("fetch", __doc__, FetchConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
