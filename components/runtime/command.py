"""The edge of every command: errors become one sentence and an exit code."""

import argparse
import errno
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence

from components.contracts.errors import HuggingtweetsError
from components.runtime.disk import is_disk_full, said_of_full_disk
from components.runtime.logs import check_log_format, set_up_logs
from components.runtime.processors import limit_numpy

log = logging.getLogger(__name__)

INTERRUPTED = 130
WRONG_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR)


def parse_words(parser: argparse.ArgumentParser, words: Sequence[str] | None) -> argparse.Namespace:
    """What the words say, those of the command line if left out; wrong ones end the process."""
    words = sys.argv[1:] if words is None else words
    for word in words:
        if not _is_text(word):
            parser.error(f"{word!a} is not UTF-8 text; rename the file, or type the word anew")
    return parser.parse_args(words)


def _is_text(word: str) -> bool:
    """Whether a word of the command line was text: Python keeps other bytes as surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in word)


def run_command(command: Callable[[], int | None]) -> int:
    """Run `command` and return its exit code: 0 done, 1 unexpected or failed, 2 bad input.

    A `HuggingtweetsError` is said in one sentence; so is a full disk. Anything else is a fault of
    ours and keeps its traceback.
    """
    set_up_logs()
    limit_numpy(os.environ)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal without UTF-8 shows what it can
        sys.stdout.reconfigure(errors="replace")
    try:
        check_log_format()
        return command() or 0
    except HuggingtweetsError as error:
        log.error("error: %s", error, extra={"fields": {"exit_code": error.exit_code}})
        return error.exit_code
    except KeyboardInterrupt:
        log.error("interrupted; what was finished before is kept")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        sys.stderr.close()
        return 1
    except Exception as error:
        if is_disk_full(error):
            log.error("error: %s", said_of_full_disk(error))
            return 1
        if isinstance(error, OSError) and error.errno in WRONG_PLACE:
            log.error("error: %s: %s", error.filename, error.strerror)
            return 2
        raise
