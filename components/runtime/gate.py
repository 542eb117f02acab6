"""Whether an evaluation passed its gate, and the words for one that did not."""

import json
from pathlib import Path
from typing import Any

from components.contracts.artifacts import EVALUATION_REPORT
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.runtime.folders import require_folder


class GateFailedError(HuggingtweetsError):
    """The model is not to be published."""

    is_final = True


def passed(evaluation: Path) -> bool:
    """Whether the gate of the folder `evaluation` was passed.

    Raises:
        BadInputError: the folder is no evaluation, or holds no judgement.
    """
    return _gate(evaluation)["passed"] is True


def refusal(evaluation: Path) -> GateFailedError:
    """The error for a model that is not published: the sentence of each condition that failed.

    Raises:
        BadInputError: the folder is no evaluation, or holds no judgement.
    """
    return GateFailedError(
        "the model did not pass the gate, so no version was published: "
        + failed_conditions(evaluation)
    )


def failed_conditions(evaluation: Path) -> str:
    """The sentence of each condition that failed, one after the other.

    Raises:
        BadInputError: the folder is no evaluation, or holds no judgement.
    """
    conditions = _gate(evaluation)["conditions"]
    return " ".join(one["sentence"] for one in conditions if one["passed"] is False)


def _gate(evaluation: Path) -> dict[str, Any]:
    """The judgement in an evaluation.json."""
    file = require_folder(evaluation, EVALUATION_REPORT, "evaluation") / EVALUATION_REPORT
    try:
        gate: dict[str, Any] = json.loads(file.read_bytes())["gate"]
        gate["passed"], [(one["passed"], one["sentence"]) for one in gate["conditions"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{file} holds no gate: evaluate the model first") from error
    return gate
