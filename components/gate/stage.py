"""Ask whether an evaluation passed its gate, and say why if it did not."""

import json
import logging
from pathlib import Path
from typing import Any

from components.contracts.artifacts import EVALUATION_REPORT
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.gate.config import GateConfig
from components.runtime.folders import require_folder

log = logging.getLogger(__name__)


class GateFailedError(HuggingtweetsError):
    """The model is not to be published."""


def run(config: GateConfig, *, evaluation: Path) -> None:
    """Return if the gate of `evaluation` was passed.

    Raises:
        GateFailedError: it was not; the message has the sentence of each condition that failed.
        BadInputError: the folder is no evaluation, or holds no judgement.
    """
    file = require_folder(evaluation, EVALUATION_REPORT, "evaluation") / EVALUATION_REPORT
    gate = _read(file)
    if not gate["passed"]:
        failed = [one["sentence"] for one in gate["conditions"] if one["passed"] is False]
        raise GateFailedError(
            "the model did not pass the gate, so no version was published: " + " ".join(failed)
        )
    log.info("the model passed the gate")


def _read(file: Path) -> dict[str, Any]:
    """The judgement in an evaluation.json."""
    try:
        gate: dict[str, Any] = json.loads(file.read_bytes())["gate"]
        gate["passed"], [(one["passed"], one["sentence"]) for one in gate["conditions"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{file} holds no gate: evaluate the model first") from error
    return gate
