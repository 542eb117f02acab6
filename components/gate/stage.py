"""Ask whether an evaluation passed its gate, and say why if it did not."""

import logging
from pathlib import Path

from components.gate.judgement import gate_of, refusal
from components.runtime.flags import StageConfig

log = logging.getLogger(__name__)


def run(config: StageConfig, *, evaluation: Path) -> None:
    """The stage: there is nothing to choose, since evaluate has judged already."""
    require_passed(evaluation)


def require_passed(evaluation: Path) -> None:
    """Return if the gate of `evaluation` was passed.

    Raises:
        GateFailedError: it was not; the message has the sentence of each condition that failed.
        BadInputError: the folder is no evaluation, or holds no judgement.
    """
    gate = gate_of(evaluation)
    if not gate.passed:
        raise refusal(gate)
    log.info("the model passed the gate")
