"""What a dialect says when something goes wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

from components.serve.problems import Kind, Problem

RETRY_AFTER = "1"
"""Seconds after which a request that found no place may be sent again."""
_AGAIN = frozenset({Kind.OVERLOAD, Kind.UNAVAILABLE, Kind.OUT_OF_MEMORY})


@dataclass(frozen=True)
class Dialect:
    """The statuses and the one error body of a dialect."""

    statuses: Mapping[Kind, int]
    body: Callable[[Problem, int], dict[str, Any]]
    shape: type[BaseModel]
    """The body's shape, for the OpenAPI document."""

    def answer(self, problem: Problem) -> JSONResponse:
        """The response that tells the client."""
        status = self.statuses[problem.kind]
        headers = {}
        if problem.kind in _AGAIN:
            headers["retry-after"] = RETRY_AFTER
        if problem.kind is Kind.UNAUTHORIZED:
            headers["www-authenticate"] = "Bearer"
        if problem.kind in (Kind.TOO_LARGE, Kind.TIMEOUT):  # the rest of the body is not read
            headers["connection"] = "close"
        return JSONResponse(self.body(problem, status), status, headers)

    def documented(self) -> dict[int | str, dict[str, Any]]:
        """Every status that an error has, for the OpenAPI document."""
        kinds: dict[int, list[str]] = {}
        for kind, status in self.statuses.items():
            kinds.setdefault(status, []).append(kind.name.lower().replace("_", " "))
        return {
            status: {"model": self.shape, "description": ", ".join(names).capitalize()}
            for status, names in sorted(kinds.items())
        }
