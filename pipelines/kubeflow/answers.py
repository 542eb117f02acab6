"""What a Kubeflow host answers: what its API says, or one sentence about what came instead."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import kfp_server_api
import urllib3
from kfp_server_api.rest import RESTClientObject

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.runtime.errors import one_line, reason

PASSING = (408, 429, 500, 502, 503, 504)
"""Answers of a host that may do better a little later."""
REDIRECTS = range(300, 400)
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE", "HTTP_REQUEST")
"""What OpenSSL says where the other side does not speak TLS."""
BY_TOKEN = "give a token with --token-file"  # noqa: S105 - it is a sentence
_VERIFY = re.compile(r"certificate verify failed: ([^(]+)")


class KubeflowError(HuggingtweetsError):
    """The host could not do what was asked."""


class UnavailableError(KubeflowError):
    """The host cannot be reached or cannot answer just now."""


def no_answer(host: str, what: str) -> BadInputError:
    """What to say where something else than the API answered."""
    return BadInputError(
        f"--host: {host} answered {what}, which is not an answer of Kubeflow Pipelines: perhaps a "
        f"login page or a proxy stands before it; {BY_TOKEN}, or give the API's own address"
    )


def json_object(host: str, body: bytes) -> dict[str, Any]:
    """The JSON object that the API answered with.

    Raises:
        BadInputError: it is something else.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise no_answer(host, _described(body)) from error
    if not isinstance(document, dict):
        raise no_answer(host, f"{one_line(json.dumps(document))[:40]} as JSON")
    return document


def plain_text(host: str, body: bytes) -> str:
    """The text of a log.

    Raises:
        BadInputError: it is a page for people.
    """
    if is_page(body):
        raise no_answer(host, _described(body))
    return body.decode("utf-8", errors="replace")


def is_page(body: bytes) -> bool:
    """Whether this is HTML."""
    return body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html", b"<head", b"<!--"))


def _described(body: bytes) -> str:
    if not body.strip():
        return "with nothing at all"
    if is_page(body):
        return "with an HTML page"
    return "with JSON that is cut off" if body.lstrip()[:1] in (b"{", b"[") else "with no JSON"


class Rest(RESTClientObject):  # type: ignore[misc]
    """kfp's transport, which lets nothing but JSON objects through to its models.

    Its models take any text for one without a field, and its errors are made for answers alone.
    """

    def __init__(self, configuration: Any, timeout: urllib3.Timeout) -> None:
        """Make the pool of connections; a request is made once and follows no redirect."""
        super().__init__(configuration)
        self.pool_manager.connection_pool_kw |= {"timeout": timeout, "retries": False}
        self._host = str(configuration.host)

    def request(self, method: str, url: str, **how: Any) -> Any:
        """Send a request."""
        try:
            answer = super().request(method, url, **how)
        except kfp_server_api.ApiException as error:
            raise self._said(error) from error
        if how.get("_preload_content", True):
            json_object(self._host, answer.data)
        return answer

    def _said(self, error: kfp_server_api.ApiException) -> Exception:
        if not error.status:  # no answer: kfp says so of TLS alone
            return tls_failed(self._host, str(error.reason))
        if error.status in REDIRECTS:
            return _redirected(self._host, error)
        # The generated client decodes what it has, whatever that is.
        kept: Exception = error
        error.body = (error.body or b"").decode("utf-8", errors="replace").encode()
        return kept


def _redirected(host: str, error: kfp_server_api.ApiException) -> BadInputError:
    headers = {name.lower(): value for name, value in dict(error.headers or {}).items()}
    to = urlsplit(headers.get("location", ""))
    place = to._replace(query="", fragment="").geturl() if to.path or to.netloc else "nowhere"
    return BadInputError(
        f"--host: {host} sends requests on to {one_line(place)}, perhaps a login page: {BY_TOKEN}, "
        "or give the address at which Kubeflow Pipelines themselves answer"
    )


def tls_failed(host: str, said: str) -> HuggingtweetsError:
    """What to say where TLS was not agreed upon."""
    verify = _VERIFY.search(said)
    why = one_line(verify[1] if verify else said.partition("\n")[2] or said)
    if verify and "mismatch" in why:
        return BadInputError(
            f"--host: the certificate of {host} was made for another name ({why}); give the name "
            "that it was made for"
        )
    if verify:
        return BadInputError(
            f"--host: the certificate of {host} is not trusted ({why}); name the authority that "
            "signed it with --ca-cert FILE"
        )
    if any(word in said for word in NO_TLS):
        return BadInputError(f"--host: {host} does not speak TLS; begin it with http://")
    return UnavailableError(f"cannot reach {host} by TLS: {why}")


@contextlib.contextmanager
def kubeflow_errors(host: str, what: str = "") -> Iterator[None]:
    """Say in one sentence what went wrong with a request; `what` was asked for.

    kfp's client raises its own errors, urllib3's, ssl's and Python's own where an answer does not
    have the shape that it expects.
    """
    try:
        yield
    except kfp_server_api.ApiException as error:
        raise _answered(host, error, what) from error
    except urllib3.exceptions.LocationValueError as error:
        raise BadInputError(f"--host: {host} is not an address: {reason(error)}") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise UnavailableError(f"cannot reach {host}: {reason(error)}") from error
    except (
        kfp_server_api.OpenApiException,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
    ) as error:
        raise no_answer(host, f"something that kfp cannot read ({reason(error)})") from error


def _answered(host: str, error: kfp_server_api.ApiException, what: str) -> HuggingtweetsError:
    body = _object_in(error)
    said = one_line(str(body.get("message") or body.get("error") or error.reason))
    if error.status == 401:
        return BadInputError(f"{host} wants a valid token: {BY_TOKEN} ({said})")
    if error.status == 403:
        return BadInputError(
            f"{host} does not allow this to you; ask for the role, or give another "
            f"--namespace or --token-file ({said})"
        )
    if error.status == 404 and what and body:
        return BadInputError(f"{host} knows no {what} ({said})")
    if error.status in PASSING:
        return UnavailableError(f"{host} cannot answer: {error.status} {said}")
    if error.status == 404:
        return BadInputError(f"--host: there are no Kubeflow Pipelines at {host}")
    return KubeflowError(f"{host} refused: {error.status} {said}")


def _object_in(error: kfp_server_api.ApiException) -> dict[str, Any]:
    """What the API said of an error; nothing where it was not the API that answered."""
    try:
        body = json.loads(error.body)
    except (ValueError, TypeError):
        return {}
    return body if isinstance(body, dict) else {}
