"""Logs: readable text on a terminal, JSON lines in a pod."""

import json
import logging
import os
import sys
from datetime import UTC, datetime

from components.contracts.errors import BadInputError

LOG_FORMAT_VARIABLE = "HUGGINGTWEETS_LOG_FORMAT"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, and `exception` if any.

    A record's `fields`, given as `extra={"fields": {…}}`, are keys of their own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def logs_are_json() -> bool:
    """Whether logs are read by machines: asked for by HUGGINGTWEETS_LOG_FORMAT, or in a pod."""
    asked = os.environ.get(LOG_FORMAT_VARIABLE)
    return asked == "json" or (asked != "text" and "KUBERNETES_SERVICE_HOST" in os.environ)


def check_log_format() -> None:
    """Make sure that HUGGINGTWEETS_LOG_FORMAT, where it is set, names a format that there is.

    Raises:
        BadInputError: it does not.
    """
    asked = os.environ.get(LOG_FORMAT_VARIABLE)
    if asked and asked not in ("json", "text"):
        raise BadInputError(f"{LOG_FORMAT_VARIABLE}: {asked!r} is neither 'json' nor 'text'")


def set_up_logs() -> None:
    """Send our logs, from `info` up, to standard error; other libraries' from `warning` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if logs_are_json() else logging.Formatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for ours in ("components", "pipelines"):
        logging.getLogger(ours).setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    # Python as a module: `python -m components.x` logs under __main__.
    logging.getLogger("__main__").setLevel(logging.INFO)
