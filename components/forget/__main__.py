"""`python -m components.forget`: posts or authors are forgotten."""

import os
from collections.abc import Sequence

from components.forget.config import TARGETS, ForgetConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "registry": StageArgument("where the models are: a path, gs:// or s3://", kind=str),
    "artifacts": StageArgument(
        "a folder, gs:// or s3://, below which datasets lie; repeat it",
        kind=str,
        required=False,
        many=True,
    ),
    "receipt_out": StageArgument("an empty folder for the receipt"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    for name in TARGETS:
        os.environ.pop(name, None)
    return run_stage("forget", __doc__, ForgetConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
