"""Say how a pipeline run ended, and which step failed why."""

import json
import logging
from pathlib import Path
from typing import Any

from components.contracts.errors import BadInputError
from components.report.config import ReportConfig
from components.report.step_logs import last_attempts, step_logs
from components.runtime.log_lines import error_in
from components.runtime.mounts import uri_of
from components.storage import StorageError

log = logging.getLogger(__name__)

ELSEWHERE = "the logs of the step that failed say why"


def run(config: ReportConfig, *, report_out: Path | None = None) -> None:
    """Log one sentence, a warning unless the run succeeded; write it to `report_out` as Markdown.

    `status` is PipelineTaskFinalStatus of kubeflow/pipelines' pipeline_spec.proto, as JSON. It does
    not name the step that failed: what the steps wrote does, which Kubeflow keeps beside
    `report_out`, at `RUN/STEP/EXECUTION/executor-logs-0`.

    Raises:
        BadInputError: the status is something else.
    """
    status = _read(config.status)
    if status["state"] == "SUCCEEDED":
        said = "the run succeeded"
        log.info("%s", said)
    else:
        said = f"the run ended as {status['state']}: {_why(status, report_out)}"
        log.warning("%s", said)
    if report_out:
        report_out.parent.mkdir(parents=True, exist_ok=True)
        report_out.write_text(_markdown(said), encoding="utf-8")


def _why(status: dict[str, Any], report_out: Path | None) -> str:
    message = (status.get("error") or {}).get("message")
    return failing_step(report_out) or (f"{message}; {ELSEWHERE}" if message else ELSEWHERE)


def failing_step(report_out: Path | None) -> str | None:
    """`prepare failed: …`, in the step's own words; None where they are not kept or not read."""
    uri = uri_of(report_out) if report_out else ""
    if not uri.startswith(("gs://", "s3://", "minio://")):
        return None
    try:
        logs = last_attempts(step_logs(uri.rsplit("/", 3)[0]))
    except StorageError as error:
        log.warning("what the steps wrote cannot be read: %s", error)
        return None
    failed = ((found.step, error_in(found.text)) for found in logs)
    return next((f"{step} failed: {error.sentence}" for step, error in failed if error), None)


def _markdown(sentence: str) -> str:
    """The sentence as a code block, in which nothing that a post or a name holds is markup."""
    fence = "````"
    return f"# How the run ended\n\n{fence}\n{sentence.replace(fence, '')}\n{fence}\n"


def _read(text: str) -> dict[str, Any]:
    try:
        status: dict[str, Any] = json.loads(text)
        status["state"].upper()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInputError(
            f'--status: {text!r} is not how a run ended, as {{"state": "SUCCEEDED"}}'
        ) from error
    return status
