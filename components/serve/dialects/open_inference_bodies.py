"""What clients of the Open Inference Protocol send and get."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from components.contracts.mark import Mark
from components.serve.dialects.fields import KnownFields, Text
from components.serve.dialects.open_inference_fields import EngineFields, by_our_names, merged
from components.serve.dialects.unread import known_fields

TEXT_INPUT = "text_input"


class Live(BaseModel):
    """The answer to a health check."""

    live: bool


class Ready(BaseModel):
    """The answer to a readiness check."""

    name: str = "huggingtweets"
    ready: bool


class ServerMetadata(BaseModel):
    """Who answers."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(BaseModel):
    """One input or output."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class GenerateRequest(BaseModel):
    """A request to `generate` or `generate_stream`; parameters may stand beside the text too."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: str | None = None
    text_input: Text
    parameters: EngineFields = EngineFields()

    @model_validator(mode="before")
    @classmethod
    def _gather_parameters(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        own = {name: value for name, value in given.items() if name in cls.model_fields}
        beside = {name: value for name, value in given.items() if name not in own}
        inner = own.get("parameters", {})
        if beside and isinstance(inner, dict):
            known = {*cls.model_fields, *EngineFields.model_fields}
            own["parameters"] = merged(known_fields(by_our_names(beside), known, TEXT_INPUT), inner)
        return own


class Details(BaseModel):
    """How the samples ended."""

    finish_reason: str | list[str] | None
    index: int | None = None


class GenerateAnswer(BaseModel):
    """The texts; lists where n is more than 1."""

    id: str | None = None
    text_output: str | list[str]
    model_name: str
    model_version: str
    ai_generated: bool
    details: Details
    mark: Mark | None = None
    """Where one was asked for."""


class RequestInput(KnownFields):
    """One input tensor."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: Any = None


class RequestOutput(KnownFields):
    """One output tensor that is wanted."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(KnownFields):
    """A request to `infer`."""

    id: str | None = None
    inputs: list[RequestInput]
    outputs: list[RequestOutput] | None = None
    parameters: dict[str, Any] | None = None


class OutputTensor(BaseModel):
    """One output tensor."""

    name: str
    datatype: Literal["BYTES"]
    shape: list[int]
    data: list[str] | None = None
    parameters: dict[str, int] | None = None


class InferAnswer(BaseModel):
    """The output tensors."""

    model_name: str
    model_version: str
    id: str | None = None
    parameters: dict[str, bool | str]
    """`ai_generated`, and as the text of JSON `mark`, where one was asked for."""
    outputs: list[OutputTensor]
