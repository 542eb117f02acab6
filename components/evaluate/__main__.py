"""`python -m components.evaluate`: how good a fine-tuned model is, and how much it copies."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.contracts.evaluation import EvaluationReport
from components.evaluate.config import EvaluateConfig
from components.runtime.stage_command import StageArgument, run_stage

PLACES = {
    "dataset": StageArgument("the train-dataset with the test posts"),
    "model": StageArgument("the finetuned-model to measure"),
    "base_model": StageArgument("the pretrained-model that it was trained from"),
    "champion": StageArgument("the model in production, to compare with", required=False),
    "registry": StageArgument(
        "the registry whose version in production it is compared with", kind=str, required=False
    ),
    "name": StageArgument(
        "the persona there (default: the authors, joined by '-')", str, required=False
    ),
    "reference_authors": StageArgument(
        "a folder with a train-dataset for each of some other authors (default: invented ones)",
        required=False,
    ),
    "evaluation_out": StageArgument("the evaluation to write"),
    "report_out": StageArgument("a copy of report.html to write", required=False, is_file=True),
}


def parameters(report: EvaluationReport, given: Mapping[str, Any]) -> dict[str, bool]:
    """What a pipeline goes on with: whether the model is to be published."""
    return {"proceed": report.gate.passed or bool(given.get("no_gate"))}


def main(words: Sequence[str] | None = None) -> int:
    """Run the stage as the command line, or `words`, asks; the exit code."""
    return run_stage("evaluate", __doc__, EvaluateConfig, PLACES, words, parameters)


if __name__ == "__main__":
    raise SystemExit(main())
