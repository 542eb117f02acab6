"""What a report tells: what the stages said of a model."""

from typing import NamedTuple

from components.contracts.evaluation import EvaluationReport
from components.contracts.reports import PrepareReport, TrainReport
from components.tracking.names import handles


class ReportContent(NamedTuple):
    """How one model came to be."""

    name: str
    """What people call it: `ann@3`, or the authors of a run."""
    prepared: PrepareReport
    trained: TrainReport
    evaluated: EvaluationReport

    @property
    def subject(self) -> str:
        """The authors as they stand in the names of runs and artifacts."""
        return handles(self.prepared.persona_authors)
