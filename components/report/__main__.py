"""`python -m components.report`: how a pipeline run ended, for its log."""

from collections.abc import Sequence

from components.report.config import ReportConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "report_out": StageArgument("the same as Markdown", required=False, is_file=True),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("report", __doc__, ReportConfig, PLACES, words)


if __name__ == "__main__":
    raise SystemExit(main())
