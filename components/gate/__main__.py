"""`python -m components.gate`: whether an evaluation passed its gate; exit code 1 if not."""

from collections.abc import Sequence

from components.runtime.flags import StageConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "evaluation": StageArgument("the evaluation"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("gate", __doc__, StageConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
