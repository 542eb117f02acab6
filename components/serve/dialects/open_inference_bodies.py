"""What clients of the Open Inference Protocol send and get."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from components.serve.dialects.fields import SamplingFields, Text


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
    """A request to `generate` or `generate_stream`."""

    model_config = ConfigDict(strict=True)

    text_input: Text
    parameters: SamplingFields = SamplingFields()


class Details(BaseModel):
    """How the samples ended."""

    finish_reason: str | list[str] | None
    index: int | None = None


class GenerateAnswer(BaseModel):
    """The texts; lists where n is more than 1."""

    text_output: str | list[str]
    model_name: str
    model_version: str
    ai_generated: bool
    details: Details


class RequestInput(BaseModel):
    """One input tensor."""

    model_config = ConfigDict(strict=True)

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: Any = None


class RequestOutput(BaseModel):
    """One output tensor that is wanted."""

    model_config = ConfigDict(strict=True)

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(BaseModel):
    """A request to `infer`."""

    model_config = ConfigDict(strict=True)

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
    parameters: dict[str, bool]
    outputs: list[OutputTensor]
