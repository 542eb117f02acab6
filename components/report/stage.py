"""Say how a pipeline run ended."""

import json
import logging
from typing import Any

from components.contracts.errors import BadInputError
from components.report.config import ReportConfig

log = logging.getLogger(__name__)


def run(config: ReportConfig) -> None:
    """Log one sentence: a warning unless the run succeeded.

    `status` is PipelineTaskFinalStatus of kubeflow/pipelines' pipeline_spec.proto, as JSON.

    Raises:
        BadInputError: it is something else.
    """
    status = _read(config.status)
    if status["state"] == "SUCCEEDED":
        log.info("the run succeeded")
        return
    message = (status.get("error") or {}).get("message")
    log.warning(
        "the run ended as %s%s; the logs of the step that failed say why",
        status["state"],
        f": {message}" if message else "",
    )


def _read(text: str) -> dict[str, Any]:
    try:
        status: dict[str, Any] = json.loads(text)
        status["state"].upper()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInputError(
            f'--status: {text!r} is not how a run ended, as {{"state": "SUCCEEDED"}}'
        ) from error
    return status
