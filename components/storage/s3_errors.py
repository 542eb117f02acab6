"""What boto3 and the S3 protocol raise, as one sentence each."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import urllib3.exceptions
from boto3.exceptions import Boto3Error
from botocore import exceptions as boto

from components.runtime.errors import is_nameless, reason
from components.storage.errors import (
    AwayError,
    ChecksumError,
    ConflictError,
    ObjectMissingError,
    StorageError,
)
from components.storage.outages import noticed

MISSING = {"NoSuchKey", "404", "NotFound"}
CONFLICT = {"PreconditionFailed", "412"}
WRONG_BYTES = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"}
WRONG_KEY = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "AuthorizationHeaderMalformed",
    "401",
}
NO_PERMISSION = {"AccessDenied", "403", "AllAccessDisabled", "Forbidden"}
BUSY = {
    "SlowDown",
    "ServiceUnavailable",
    "InternalError",
    "RequestTimeout",
    "TooManyRequests",
    "Throttling",
    "ThrottlingException",
    "ConditionalRequestConflict",
    "OperationAborted",
}
BROKEN_CONNECTION = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.IncompleteReadError,
    boto.ResponseStreamingError,
    urllib3.exceptions.HTTPError,
    ConnectionError,
    TimeoutError,
)
NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.TokenRetrievalError,
)


@contextmanager
def s3_error(uri: str, key: str, endpoint: str) -> Iterator[None]:
    """Turn the libraries' errors into ours; `key` is the object that it was about."""
    with noticed(endpoint), _as_ours(uri, key, endpoint):
        yield


@contextmanager
def _as_ours(uri: str, key: str, endpoint: str) -> Iterator[None]:
    try:
        yield
    except boto.ClientError as error:
        raise _of_answer(error, uri, key, endpoint) from error
    except boto.FlexibleChecksumError as error:
        raise ChecksumError(f"{key} in {uri} arrived with other bytes than were sent") from error
    except NO_CREDENTIALS as error:
        raise StorageError(
            f"there are no credentials for {uri}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            f"AWS_PROFILE or a role ({error})"
        ) from error
    except BROKEN_CONNECTION as error:
        sentence = f"cannot reach {endpoint} for {uri}: {reason(error)}"
        raise AwayError(sentence, endpoint, nameless=is_nameless(error)) from error
    except (boto.BotoCoreError, Boto3Error, ValueError) as error:
        raise StorageError(f"cannot use {uri}: {reason(error)}") from error


def _of_answer(error: boto.ClientError, uri: str, key: str, endpoint: str) -> StorageError:
    said = error.response.get("Error", {})
    code = str(said.get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    about_bucket = error.operation_name.startswith("List")
    if code == "NoSuchBucket" or (about_bucket and code in MISSING):
        return StorageError(f"there is no bucket {uri.split('/')[2]} at {endpoint}")
    if code in MISSING or code == "NoSuchUpload":
        return ObjectMissingError(f"there is no {key} in {uri}")
    if code in CONFLICT or status == 412:
        return ConflictError(f"{key} in {uri} was changed by somebody else")
    if code in WRONG_BYTES:
        return ChecksumError(f"{key} in {uri} arrived with other bytes than were sent")
    if code in WRONG_KEY or status == 401:
        return StorageError(f"{endpoint} refuses the credentials for {uri} ({code})")
    if code in NO_PERMISSION or status == 403:
        return StorageError(f"the credentials do not permit {error.operation_name} in {uri}")
    if code in BUSY or status == 429 or (status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED):
        return AwayError(f"{endpoint} is too busy for {uri}: it answers {status} {code}", endpoint)
    return StorageError(f"{endpoint} refuses {error.operation_name} in {uri}: {code}")
