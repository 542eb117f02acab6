"""What google-cloud-storage raises, as one sentence each."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import requests
import urllib3.exceptions
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

from components.runtime.errors import is_nameless, one_line, reason
from components.storage.errors import (
    AwayError,
    ChecksumError,
    ConflictError,
    StorageError,
    TransientError,
)
from components.storage.outages import noticed

BROKEN_CONNECTION = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    auth.TransportError,
    api.RetryError,
    ConnectionError,
    TimeoutError,
)


@contextmanager
def gcs_error(uri: str, key: str, endpoint: str) -> Iterator[None]:
    """Turn the libraries' errors into ours; `key` is the object that it was about."""
    with noticed(endpoint), _as_ours(uri, key, endpoint):
        yield


@contextmanager
def _as_ours(uri: str, key: str, endpoint: str) -> Iterator[None]:
    try:
        yield
    except api.GoogleAPICallError as error:
        raise _of_answer(error.code or 0, str(error.message), uri, key, endpoint) from error
    except InvalidResponse as error:
        status = error.response.status_code
        raise _of_answer(status, str(error), uri, key, endpoint) from error
    except DataCorruption as error:
        raise ChecksumError(f"{key} in {uri} arrived with other bytes than were sent") from error
    except auth.InvalidOperation as error:  # there is nothing to refresh
        raise StorageError(f"{endpoint} refuses the credentials for {uri}") from error
    except auth.DefaultCredentialsError as error:
        raise StorageError(
            f"there are no credentials for {uri}: set GOOGLE_APPLICATION_CREDENTIALS or run "
            f"`gcloud auth application-default login` ({reason(error)})"
        ) from error
    except BROKEN_CONNECTION as error:
        sentence = f"cannot reach {endpoint} for {uri}: {reason(error)}"
        raise AwayError(sentence, endpoint, nameless=is_nameless(error)) from error
    except auth.GoogleAuthError as error:
        kind = TransientError if error.retryable else StorageError
        raise kind(f"{endpoint} refuses the credentials for {uri}: {reason(error)}") from error
    except (ValueError, requests.RequestException) as error:
        raise StorageError(f"cannot use {uri}: {reason(error)}") from error


def _of_answer(status: int, said: str, uri: str, key: str, endpoint: str) -> StorageError:
    bucket = uri.split("/")[2]
    if status == 404:  # a missing object is told apart before
        return StorageError(f"there is no bucket {bucket} at {endpoint}")
    if status == 412:
        return ConflictError(f"{key} in {uri} was changed by somebody else")
    if status == 401:
        return StorageError(f"{endpoint} refuses the credentials for {uri}")
    if status == 403:
        return StorageError(f"the credentials do not permit this in {uri}: {one_line(said)}")
    if status in (408, 429) or (status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED):
        return AwayError(f"{endpoint} is too busy for {uri}: it answers {status}", endpoint)
    if status == 400 and ("crc32c" in said.lower() or "md5" in said.lower()):
        return ChecksumError(f"{key} in {uri} arrived with other bytes than were sent")
    return StorageError(f"{endpoint} refuses to use {key} in {uri}: {status} {one_line(said)}")
