"""The edge of every command: errors become one sentence and an exit code."""

import errno
import io
import logging
import sys
from collections.abc import Callable

from components.contracts.errors import HuggingtweetsError
from components.runtime.folders import DISK_FULL
from components.runtime.logs import set_up_logs

log = logging.getLogger(__name__)

INTERRUPTED = 130
WRONG_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR)


def run_command(command: Callable[[], int | None]) -> int:
    """Run `command` and return its exit code: 0 done, 1 unexpected or failed, 2 bad input.

    A `HuggingtweetsError` is said in one sentence; so is a full disk. Anything else is a fault of
    ours and keeps its traceback.
    """
    set_up_logs()
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without UTF-8 shows what it can
        sys.stdout.reconfigure(errors="replace")
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
    except Exception as error:
        if _is_disk_full(error):
            log.error("error: the disk is full; free some space, or set TMPDIR, and run again")
            return 1
        if isinstance(error, OSError) and error.errno in WRONG_PLACE:
            log.error("error: %s: %s", error.filename, error.strerror)
            return 2
        raise


def _is_disk_full(error: Exception) -> bool:
    """Also where it was a library in Rust that met it: those state the number in words."""
    if isinstance(error, OSError):
        return error.errno in DISK_FULL
    return f"(os error {errno.ENOSPC})" in str(error)
