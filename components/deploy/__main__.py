"""`python -m components.deploy`: a published version into production."""

from collections.abc import Sequence

from components.deploy.config import DeployConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "registry": StageArgument("where it is published: a path, gs:// or s3://", kind=str),
    "name": StageArgument("the persona", kind=str),
    "version": StageArgument("the number of the version", kind=str),
    "deployment_out": StageArgument("a report to write", required=False, is_file=True),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("deploy", __doc__, DeployConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
