"""What the Hub answers, and what its client raises, as sentences."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from huggingface_hub import constants, errors
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from components.contracts.errors import BadInputError, HuggingtweetsError, UnreachableError
from components.push.token import WHERE
from components.runtime.disk import is_disk_full
from components.runtime.errors import is_nameless, one_line, reason
from components.text.terminal import printable

HTTPError: Any = vars(errors)["HTTPError"]  # of whichever HTTP library the Hub's client uses
InvalidURL: Any = importlib.import_module(HTTPError.__module__.partition(".")[0]).InvalidURL
UNAUTHORIZED, PAYMENT, FORBIDDEN, MISSING, CONFLICT, STALE = 401, 402, 403, 404, 409, 412
TOO_LARGE, LOCKED, TOO_MANY, SERVER = 413, 423, 429, 500
AGAIN = "what was uploaded is recognised: push again"


@contextmanager
def hub_errors(to: str) -> Iterator[None]:
    """Say in a sentence what went wrong with the repository `to`; faults of ours stay as they are.

    Raises:
        UnreachableError: the Hub does not answer, or only later.
        BadInputError: it refuses.
    """
    try:
        yield
    except HuggingtweetsError:
        raise
    except Exception as error:
        if (said := _said(error, to)) is None:
            raise
        raise said from error


def status_of(error: BaseException) -> int | None:
    """The HTTP status that the Hub answered with; None where it did not answer."""
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None


def outside_text(text: object) -> str:
    """What the Hub or people there wrote, on one line and harmless for a terminal."""
    return printable(one_line(str(text)))


def _said(error: Exception, to: str) -> HuggingtweetsError | None:
    cause = _cause(error)
    if is_disk_full(cause):
        return None
    if isinstance(cause, HfHubHTTPError):
        return _refused(cause, to)
    if isinstance(cause, OfflineModeIsEnabled):
        return BadInputError("HF_HUB_OFFLINE is set, and nothing is pushed without a network")
    if isinstance(cause, InvalidURL):
        return BadInputError(f"HF_ENDPOINT: {constants.ENDPOINT!r} is not an address")
    if isinstance(cause, (HTTPError, OSError)):
        return _unreachable(cause)
    if isinstance(cause, (ValueError, KeyError, TypeError, AttributeError)):
        said = outside_text(cause) if type(cause) is ValueError else "with something else"
        return BadInputError(f"{constants.ENDPOINT} does not answer as the Hub does: {said}")
    if isinstance(cause, RuntimeError):  # of the client's own transfer of large files
        return UnreachableError(f"the Hub did not take the files of {to}: {outside_text(cause)}")
    return None


def _cause(error: Exception) -> Exception:
    """What lies below the client's `Error while uploading …` and `Invalid metadata …`."""
    inner = error.__cause__
    if isinstance(error, RuntimeError) and isinstance(inner, Exception):
        return inner
    return error


def _unreachable(error: Exception) -> HuggingtweetsError:
    if is_nameless(error):
        return UnreachableError(
            f"cannot reach the Hub at {constants.ENDPOINT}: no server has this name; check the "
            "network, or HF_ENDPOINT"
        )
    return UnreachableError(
        f"cannot reach the Hub at {constants.ENDPOINT}: {outside_text(reason(error))}; {AGAIN}"
    )


def _refused(error: HfHubHTTPError, to: str) -> HuggingtweetsError:
    """The sentence for a status: https://huggingface.co/docs/hub/api, and what its client knows."""
    status = error.response.status_code
    owner, said = to.partition("/")[0], _message(error)
    if status == TOO_MANY:
        return UnreachableError(f"the Hub was asked too often{_wait(error)}; {AGAIN}")
    if status >= SERVER:
        return UnreachableError(f"the Hub is not well and answers {status}{said}; {AGAIN}")
    sentences = {
        UNAUTHORIZED: f"the Hub does not know the token of {WHERE}{said}; make one with write "
        f"permission at {constants.ENDPOINT}/settings/tokens",
        PAYMENT: f"the Hub wants {owner} to pay before it takes this{said}",
        FORBIDDEN: f"the token of {WHERE} may not write to {to}{said}; take one with write "
        f"permission for {owner}",
        MISSING: f"the Hub knows no {to}, or the token may not see it{said}",
        CONFLICT: f"{to} is there already, and the token may not see it, or somebody is changing "
        f"it at this moment{said}; name another repository, or push again",
        TOO_LARGE: f"the Hub does not take a file of this size{said}",
        LOCKED: f"{to} is locked{said}",
    }
    return BadInputError(sentences.get(status, f"the Hub does not take it, answer {status}{said}"))


def _message(error: HfHubHTTPError) -> str:
    """What the Hub itself says, as the rest of a sentence; its client's words hold addresses."""
    said = outside_text(error.server_message or "").rstrip(".")
    return f" ({said})" if said else ""


def _wait(error: HfHubHTTPError) -> str:
    """For how long, where its headers say it: `Retry-After`, or `RateLimit` of the IETF's draft."""
    headers = error.response.headers
    seconds = headers.get("retry-after", "") or headers.get("ratelimit", "").rpartition("t=")[2]
    return f": wait {seconds} seconds" if seconds.isdecimal() else ""
