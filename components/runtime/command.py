"""The edge of every command: errors become one sentence and an exit code."""

import logging
import sys
from collections.abc import Callable

from components.contracts.errors import HuggingtweetsError
from components.runtime.folders import DISK_FULL
from components.runtime.logs import set_up_logs

log = logging.getLogger(__name__)

INTERRUPTED = 130


def run_command(command: Callable[[], int | None]) -> int:
    """Run `command` and return its exit code: 0 done, 1 unexpected or failed, 2 bad input.

    A `HuggingtweetsError` is said in one sentence; so is a full disk. Anything else is a fault of
    ours and keeps its traceback.
    """
    set_up_logs()
    try:
        return command() or 0
    except HuggingtweetsError as error:
        log.error("error: %s", error)
        return error.exit_code
    except KeyboardInterrupt:
        log.error("interrupted; what was finished before is kept")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        sys.stderr.close()
        return 1
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        log.error("error: the disk is full%s; free some space and run again", _place(error))
        return 1


def _place(error: OSError) -> str:
    return f" at {error.filename}" if error.filename else ""
