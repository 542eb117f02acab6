"""Ask whether an evaluation passed its gate, and say why if it did not."""

import logging
from pathlib import Path

from components.gate.config import GateConfig
from components.runtime.gate import passed, refusal

log = logging.getLogger(__name__)


def run(config: GateConfig, *, evaluation: Path) -> None:
    """Return if the gate of `evaluation` was passed.

    Raises:
        GateFailedError: it was not; the message has the sentence of each condition that failed.
        BadInputError: the folder is no evaluation, or holds no judgement.
    """
    if not passed(evaluation):
        raise refusal(evaluation)
    log.info("the model passed the gate")
