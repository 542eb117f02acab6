"""All that a page tells of."""

from pathlib import Path
from typing import NamedTuple, Self

from components.contracts.artifacts import PREPARE_REPORT, TRAIN_REPORT
from components.contracts.evaluation import EvaluationReport
from components.contracts.reports import PrepareReport, TrainReport
from components.evaluate.answers import Answers
from components.evaluate.judge import Judge


class PageContent(NamedTuple):
    """The evaluation, what was judged, and how it came to be."""

    report: EvaluationReport
    prepared: PrepareReport
    trained: TrainReport | None
    """None where the model, if there is one, does not say how it was trained."""
    judge: Judge
    answers: Answers

    @classmethod
    def read(
        cls,
        dataset: Path,
        model: Path | None,
        report: EvaluationReport,
        judge: Judge,
        answers: Answers,
    ) -> Self:
        """Add the reports of the stages before, where they are, to those of this one."""
        trained = model / TRAIN_REPORT if model and (model / TRAIN_REPORT).is_file() else None
        return cls(
            report=report,
            prepared=PrepareReport.read(dataset / PREPARE_REPORT),
            trained=TrainReport.read(trained) if trained else None,
            judge=judge,
            answers=answers,
        )
