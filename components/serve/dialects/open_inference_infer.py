"""`infer` of the Open Inference Protocol: tensors of texts in and out."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from components.serve.context import Context
from components.serve.dialects.fields import MOST_SAMPLES
from components.serve.dialects.open_inference_bodies import TEXT_INPUT, InferAnswer, InferRequest
from components.serve.dialects.open_inference_fields import TRITONS, EngineFields, merged
from components.serve.dialects.tensors import (
    FINISH_REASON,
    HEADER,
    TEXT_OUTPUT,
    Tensor,
    binary_tensor,
    options_of,
    read_tensors,
    split_body,
    texts_of,
)
from components.serve.dialects.unread import known_fields
from components.serve.problems import Kind, Problem, problem_of_details
from components.serve.requests.answers import GenerationResult, labels, write
from components.serve.requests.generation import Ask

OUTPUTS = (TEXT_OUTPUT, FINISH_REASON)
OUTPUT_PARAMETERS = frozenset({"binary_data"})
INFER_DOCUMENT: dict[str, Any] = {
    "response_model": InferAnswer,
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": InferRequest.model_json_schema()}},
        }
    },
}


async def infer(request: Request, context: Context, name: str, version: str | None) -> Response:
    """Answer one `infer` request, whose model was found.

    Raises:
        Problem: the body is wrong, or the texts cannot be written.
    """
    document, binary = split_body(await request.body(), request.headers.get(HEADER))
    try:
        asked = InferRequest.model_validate(document)
        tensors = read_tensors(asked.inputs, binary)
        fields = EngineFields.model_validate(_options(asked, tensors))
    except ValidationError as error:
        raise problem_of_details(error.errors(include_url=False)[0]) from error
    fields.check_stream(streams=False)
    wanted = _wanted(asked)
    prompts = texts_of(tensors)
    if fields.n * len(prompts.values) > MOST_SAMPLES:
        raise Problem(Kind.BAD_REQUEST, f"these are more than {MOST_SAMPLES} samples", TEXT_INPUT)
    sampling = replace(fields.sampling(), echo=fields.echo)
    ask = Ask(tuple(prompts.values), fields.n, sampling)
    marked = context.marks.wanted(request.headers, fields.mark)
    written = await write(request, context.writer, name, version, ask)
    mark = context.marks.beside(marked, written.model, written.texts)
    return _response(asked, wanted, written, _shape(prompts.shape, fields.n), mark)


def _options(asked: InferRequest, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """What is asked for in parameters and in tensors beside the text."""
    given = asked.parameters or {}
    own = {name: value for name, value in given.items() if name not in TRITONS}
    return merged(own, options_of(tensors))


def _shape(shape: list[int], n: int) -> list[int]:
    """The shape of an output: that of the texts, with a column for each of several samples."""
    if n == 1:
        return shape
    return [*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), n]


def _wanted(asked: InferRequest) -> dict[str, bool]:
    """The outputs that are wanted, and which of them as bytes.

    Raises:
        Problem: one of them is none of ours.
    """
    all_binary = bool((asked.parameters or {}).get("binary_data_output"))
    if not asked.outputs:
        return dict.fromkeys(OUTPUTS, all_binary)
    for output in asked.outputs:
        known_fields(output.parameters or {}, OUTPUT_PARAMETERS)
    unknown = [output.name for output in asked.outputs if output.name not in OUTPUTS]
    if unknown:
        raise Problem(Kind.BAD_REQUEST, f"there is no output {unknown[0]!r}", "outputs")
    return {
        output.name: bool((output.parameters or {}).get("binary_data", all_binary))
        for output in asked.outputs
    }


def _response(
    asked: InferRequest,
    wanted: dict[str, bool],
    written: GenerationResult,
    shape: list[int],
    mark: Mapping[str, Any],
) -> Response:
    """The tensors; parameters are plain values there, so a mark is the text of its JSON."""
    columns = {
        TEXT_OUTPUT: written.texts,
        FINISH_REASON: [str(sample.finish_reason) for sample in written.samples],
    }
    outputs, tail = [], b""
    for name, binary in wanted.items():
        tensor: dict[str, Any] = {"name": name, "datatype": "BYTES", "shape": shape}
        if binary:
            data = binary_tensor(columns[name])
            tensor["parameters"] = {"binary_data_size": len(data)}
            tail += data
        else:
            tensor["data"] = columns[name]
        outputs.append(tensor)
    document = {
        "model_name": written.model.name,
        "model_version": written.model.version,
        **({"id": asked.id} if asked.id is not None else {}),
        "parameters": {"ai_generated": True, **{k: json.dumps(v) for k, v in mark.items()}},
        "outputs": outputs,
    }
    if not tail:
        return JSONResponse(document, headers=labels(written.model))
    head = json.dumps(document).encode()
    headers = labels(written.model) | {HEADER: str(len(head))}
    return Response(head + tail, media_type="application/octet-stream", headers=headers)
