"""Errors as TorchServe gives them: `{"code", "type", "message"}`."""

from typing import Any

from pydantic import BaseModel

from components.serve.problems import Kind, Problem
from components.serve.requests.dialect import Dialect


class TorchServeError(BaseModel):
    """TorchServe's error body."""

    code: int
    type: str
    message: str


_WORDS = {
    Kind.BAD_REQUEST: (400, "BadRequestException"),
    Kind.UNREADABLE: (400, "BadRequestException"),
    Kind.UNAUTHORIZED: (401, "InvalidKeyException"),
    Kind.FORBIDDEN: (403, "ForbiddenException"),
    Kind.NOT_FOUND: (404, "ResourceNotFoundException"),
    Kind.MODEL_NOT_FOUND: (404, "ModelNotFoundException"),
    Kind.VERSION_NOT_FOUND: (404, "ModelVersionNotFoundException"),
    Kind.METHOD_NOT_ALLOWED: (405, "MethodNotAllowedException"),
    Kind.TIMEOUT: (408, "RequestTimeoutException"),
    Kind.CONFLICT: (409, "ConflictStatusException"),
    Kind.TOO_LARGE: (413, "RequestEntityTooLargeException"),
    Kind.UNKNOWN_CODING: (415, "UnsupportedMediaTypeException"),
    Kind.FAILED: (500, "InternalServerException"),
    Kind.INTERNAL: (500, "InternalServerException"),
    Kind.OVERLOAD: (503, "ServiceUnavailableException"),
    Kind.UNAVAILABLE: (503, "ServiceUnavailableException"),
    Kind.OUT_OF_MEMORY: (507, "OutOfMemoryException"),
}


def error_body(problem: Problem, status: int) -> dict[str, Any]:
    """The body that tells of a problem."""
    return {"code": status, "type": _WORDS[problem.kind][1], "message": str(problem)}


TORCHSERVE = Dialect(
    {kind: words[0] for kind, words in _WORDS.items()}, error_body, TorchServeError
)
