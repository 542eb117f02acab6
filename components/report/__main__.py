"""`python -m components.report`: how a pipeline run ended, for its log."""

from collections.abc import Sequence

from components.report.config import ReportConfig
from components.runtime.stage_command import run_stage


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("report", __doc__, ReportConfig, {}, words)


if __name__ == "__main__":
    raise SystemExit(main())
