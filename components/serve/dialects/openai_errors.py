"""Errors as OpenAI gives them: `{"error": {"message", "type", "param", "code"}}`."""

from typing import Any

from pydantic import BaseModel

from components.serve.problems import Kind, Problem
from components.serve.requests.dialect import Dialect


class OpenAIErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's error body."""

    error: OpenAIErrorDetail


_REQUEST, _SERVER = "invalid_request_error", "server_error"
_WORDS: dict[Kind, tuple[int, str, str | None]] = {
    Kind.BAD_REQUEST: (400, _REQUEST, None),
    Kind.UNREADABLE: (400, _REQUEST, None),
    Kind.UNAUTHORIZED: (401, _REQUEST, "invalid_api_key"),
    Kind.FORBIDDEN: (403, _REQUEST, "insufficient_permissions"),
    Kind.NOT_FOUND: (404, _REQUEST, "unknown_url"),
    Kind.MODEL_NOT_FOUND: (404, _REQUEST, "model_not_found"),
    Kind.VERSION_NOT_FOUND: (404, _REQUEST, "model_not_found"),
    Kind.METHOD_NOT_ALLOWED: (405, _REQUEST, "method_not_supported"),
    Kind.TIMEOUT: (408, _SERVER, "timeout"),
    Kind.CONFLICT: (409, _REQUEST, "conflict"),
    Kind.TOO_LARGE: (413, _REQUEST, "request_too_large"),
    Kind.UNKNOWN_CODING: (415, _REQUEST, "unsupported_encoding"),
    Kind.OVERLOAD: (429, "rate_limit_error", "rate_limit_exceeded"),
    Kind.FAILED: (500, _SERVER, "generation_failed"),
    Kind.INTERNAL: (500, _SERVER, "internal_error"),
    Kind.UNAVAILABLE: (503, _SERVER, "model_unavailable"),
    Kind.OUT_OF_MEMORY: (503, _SERVER, "out_of_memory"),
}


def error_body(problem: Problem, status: int) -> dict[str, Any]:
    """The body that tells of a problem."""
    _, kind, code = _WORDS[problem.kind]
    return {"error": {"message": str(problem), "type": kind, "param": problem.param, "code": code}}


OPENAI = Dialect({kind: words[0] for kind, words in _WORDS.items()}, error_body, OpenAIError)
