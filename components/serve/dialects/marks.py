"""Where the keys stand that marks are checked with."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from components.contracts.mark import PublicKeys
from components.serve.context import Context


def marks(context: Context, errors: dict[int | str, dict[str, Any]]) -> APIRouter:
    """`/v1/marks/keys`; `errors` are the answers to what goes wrong, for the OpenAPI document."""
    router = APIRouter(prefix="/v1/marks", tags=["marks"], responses=errors)

    @router.get("/keys", response_model=PublicKeys)
    async def keys() -> JSONResponse:
        """The public keys, as a JSON Web Key Set: for everybody, without a token."""
        return JSONResponse(context.marks.public_keys().model_dump(mode="json"))

    return router
