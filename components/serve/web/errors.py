"""One error body for each dialect, whatever went wrong and wherever."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from components.contracts.errors import HuggingtweetsError
from components.serve.dialects.open_inference_errors import OPEN_INFERENCE
from components.serve.dialects.openai_errors import OPENAI
from components.serve.dialects.torchserve_errors import TORCHSERVE
from components.serve.problems import ClientGone, Kind, Problem, problem_of, problem_of_details
from components.serve.requests.dialect import Dialect

log = logging.getLogger(__name__)

CLIENT_GONE = 499
_OF_PATH = {"v1": OPENAI, "v2": OPEN_INFERENCE}
_OF_STATUS = {
    404: (Kind.NOT_FOUND, "there is nothing at this address"),
    405: (Kind.METHOD_NOT_ALLOWED, "this address does not know this method"),
    408: (Kind.TIMEOUT, "the request's body did not come in time"),
    413: (Kind.TOO_LARGE, "the request's body is too large"),
    503: (Kind.OVERLOAD, "there is no room for so large a body now; send it again later"),
}


class BodyProblem(HTTPException):
    """A problem with a body, found while the application reads it.

    FastAPI lets no other exception through from there.
    """

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(dialect_of("/").statuses[problem.kind], str(problem), headers)
        self.problem = problem


def dialect_of(path: str) -> Dialect:
    """The dialect that is spoken at this path."""
    head = path.removeprefix("/").partition("/")[0]
    return _OF_PATH.get(head, TORCHSERVE)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error in the dialect of its path, never with a stack trace."""
    app.add_exception_handler(HuggingtweetsError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(ClientGone, _nobody)
    app.add_exception_handler(Exception, _unexpected)


def answer(path: str, problem: Problem) -> Response:
    """The response that tells of a problem at this path."""
    return dialect_of(path).answer(problem)


async def _of_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, HuggingtweetsError)
    return answer(request.url.path, problem_of(error))


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(request.url.path, problem_of_details(error.errors()[0]))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind, message = _OF_STATUS.get(error.status_code, (Kind.BAD_REQUEST, str(error.detail)))
    problem = error.problem if isinstance(error, BodyProblem) else Problem(kind, message)
    response = answer(request.url.path, problem)
    response.headers.update(error.headers or {})
    return response


async def _nobody(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_GONE)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("answering %s failed", request.url.path, exc_info=error)
    problem = Problem(Kind.INTERNAL, "something failed; the server's log says what")
    return answer(request.url.path, problem)
