"""What evaluate judged, as everyone reads it who asks whether a model may be published."""

from pathlib import Path

from components.contracts.artifacts import EVALUATION_REPORT
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.evaluation import EvaluationReport, Gate
from components.runtime.folders import require_folder


class GateFailedError(HuggingtweetsError):
    """The model is not to be published."""

    is_final = True


def gate_of(evaluation: Path) -> Gate:
    """The judgement in the folder `evaluation`.

    Raises:
        BadInputError: the folder is no evaluation, or holds no judgement.
    """
    file = require_folder(evaluation, EVALUATION_REPORT, "evaluation") / EVALUATION_REPORT
    try:
        return EvaluationReport.read(file).gate
    except BadInputError as error:
        raise BadInputError(f"{file} holds no gate: evaluate the model first") from error


def refusal(gate: Gate) -> GateFailedError:
    """The error for a model that is not published: the sentence of each condition that failed."""
    return GateFailedError(
        f"the model did not pass the gate, so no version was published: {gate.failures}"
    )
