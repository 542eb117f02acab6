"""Errors as the Open Inference Protocol gives them: `{"error"}`."""

from typing import Any

from pydantic import BaseModel

from components.serve.problems import Kind, Problem
from components.serve.requests.dialect import Dialect


class OpenInferenceError(BaseModel):
    """The protocol's error body."""

    error: str


def error_body(problem: Problem, status: int) -> dict[str, Any]:
    """The body that tells of a problem."""
    return {"error": str(problem)}


OPEN_INFERENCE = Dialect(
    {
        Kind.UNREADABLE: 400,
        Kind.UNAUTHORIZED: 401,
        Kind.FORBIDDEN: 403,
        Kind.NOT_FOUND: 404,
        Kind.MODEL_NOT_FOUND: 404,
        Kind.VERSION_NOT_FOUND: 404,
        Kind.METHOD_NOT_ALLOWED: 405,
        Kind.CONFLICT: 409,
        Kind.TOO_LARGE: 413,
        Kind.UNKNOWN_CODING: 415,
        Kind.BAD_REQUEST: 422,
        Kind.FAILED: 424,
        Kind.TIMEOUT: 424,
        Kind.OVERLOAD: 429,
        Kind.INTERNAL: 500,
        Kind.UNAVAILABLE: 503,
        Kind.OUT_OF_MEMORY: 503,
    },
    error_body,
    OpenInferenceError,
)
