"""vLLM's way to load and unload adapters, at the management's port and with its token alone.

Only what lies in this server's registry is loaded: vLLM takes any path, which is a door for
attackers (docs.vllm.ai/en/latest/features/lora.html).
"""

import asyncio
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from components.serve.context import Context
from components.serve.dialects.fields import KnownFields
from components.serve.dialects.openai_errors import OPENAI
from components.serve.dialects.torchserve_models import load_or_say_why, shown_version
from components.serve.dialects.torchserve_registering import adapter_at
from components.serve.personas.model import Model, State
from components.serve.problems import Kind, Problem

SAYS: dict[str, Any] = {
    "response_class": Response,  # one of text alone would have errors described as text
    "responses": {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
}
Name = Annotated[str, Field(min_length=1, max_length=96)]


class LoadAdapter(KnownFields):
    """Which adapter to load."""

    lora_name: Name
    """What requests are to call it."""
    lora_path: Annotated[str, Field(min_length=1, max_length=2000)]
    """`REGISTRY/<persona>/versions/<n>`, or `<persona>/versions/<n>`."""
    load_inplace: bool = False
    """Whether to load it anew where it is loaded."""


class UnloadAdapter(KnownFields):
    """Which adapter to unload."""

    lora_name: Name
    lora_int_id: Any = None
    """Taken, and not used: adapters have names here."""


def openai_adapters(context: Context) -> APIRouter:
    """`/v1/load_lora_adapter` and `/v1/unload_lora_adapter`, for whoever has the token."""

    def allowed(request: Request) -> None:
        context.tokens.check_management(request.headers.get("authorization"))

    router = APIRouter(
        prefix="/v1",
        tags=["vLLM's adapters"],
        dependencies=[Depends(allowed)],
        responses=OPENAI.documented(),
    )

    @router.post("/load_lora_adapter", **SAYS)
    async def load(asked: LoadAdapter) -> Response:
        """Load an adapter of the registry; it answers by its name."""
        find = partial(
            adapter_at,
            asked.lora_path,
            asked.lora_name,
            context.personas.registry,
            context.config,
        )
        await _load(context, await asyncio.to_thread(find), again=asked.load_inplace)
        return PlainTextResponse(f"Success: LoRA adapter '{asked.lora_name}' added successfully.")

    @router.post("/unload_lora_adapter", **SAYS)
    async def unload(asked: UnloadAdapter) -> Response:
        """Take away the adapter that answers to this name."""
        model = shown_version(context, asked.lora_name)
        if model.adapted is None:
            said = f"{asked.lora_name} is not an adapter; take it away with DELETE /models"
            raise Problem(Kind.BAD_REQUEST, said, "lora_name")
        await context.manager.remove(model)
        said = f"Success: LoRA adapter '{asked.lora_name}' removed successfully."
        return PlainTextResponse(said)

    return router


async def _load(context: Context, found: Model, *, again: bool) -> None:
    """Load the adapter that was found, or the one of its name and version that is known here."""
    model, is_new = context.personas.known_or_added(found)
    if model.state is State.READY:
        if not again:
            said = f"The lora adapter '{model.name}' has already been loaded."
            raise Problem(Kind.BAD_REQUEST, said, "lora_name")
        await context.manager.unload(model)
    try:
        await load_or_say_why(context, model)
    except Problem:
        if is_new:
            await context.manager.remove(model)
        raise
