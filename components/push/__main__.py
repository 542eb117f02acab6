"""`python -m components.push`: a published version to the Hugging Face Hub."""

from collections.abc import Sequence

from components.push.config import PushConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "registry": StageArgument("where it is published: a path, gs:// or s3://", kind=str),
    "name": StageArgument("the persona", kind=str),
    "version": StageArgument(
        "the number of the version, or an alias (default: production, else latest)",
        kind=str,
        required=False,
    ),
    "to": StageArgument("the model's repository on the Hub, as OWNER/NAME", kind=str),
    "no_gate": StageArgument(
        "push a version that did not pass the gate, too; its card says so",
        kind=str,
        required=False,
        is_switch=True,
    ),
    "push_out": StageArgument("a report to write", required=False, is_file=True),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("push", __doc__, PushConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
