"""`infer` of the Open Inference Protocol: tensors of texts in and out."""

import json
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from components.serve.dialects.fields import MOST_SAMPLES, SamplingFields
from components.serve.dialects.open_inference_bodies import InferAnswer, InferRequest
from components.serve.dialects.tensors import (
    FINISH_REASON,
    HEADER,
    TEXT_INPUT,
    TEXT_OUTPUT,
    binary_tensor,
    split_body,
    text_inputs,
)
from components.serve.generation import Ask, Writer
from components.serve.problems import Kind, Problem
from components.serve.web.answers import Written, labels, write
from components.serve.web.errors import problem_of_details

OUTPUTS = (TEXT_OUTPUT, FINISH_REASON)
INFER_DOCUMENT: dict[str, Any] = {
    "response_model": InferAnswer,
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": InferRequest.model_json_schema()}},
        }
    },
}


async def infer(request: Request, writer: Writer, name: str, version: str | None) -> Response:
    """Answer one `infer` request, whose model was found.

    Raises:
        Problem: the body is wrong, or the texts cannot be written.
    """
    document, binary = split_body(await request.body(), request.headers.get(HEADER))
    try:
        asked = InferRequest.model_validate(document)
        fields = SamplingFields.model_validate(asked.parameters or {})
    except ValidationError as error:
        raise problem_of_details(error.errors(include_url=False)[0]) from error
    wanted = _wanted(asked)
    inputs = [tensor.model_dump() for tensor in asked.inputs]
    prompts = tuple(text_inputs(inputs, binary))
    if fields.n * len(prompts) > MOST_SAMPLES:
        raise Problem(Kind.BAD_REQUEST, f"these are more than {MOST_SAMPLES} samples", TEXT_INPUT)
    ask = Ask(prompts, fields.n, fields.sampling())
    written = await write(request, writer, name, version, ask)
    return _response(asked, wanted, written, fields.n)


def _wanted(asked: InferRequest) -> dict[str, bool]:
    """The outputs that are wanted, and which of them as bytes.

    Raises:
        Problem: one of them is none of ours.
    """
    all_binary = bool((asked.parameters or {}).get("binary_data_output"))
    if not asked.outputs:
        return dict.fromkeys(OUTPUTS, all_binary)
    unknown = [output.name for output in asked.outputs if output.name not in OUTPUTS]
    if unknown:
        raise Problem(Kind.BAD_REQUEST, f"there is no output {unknown[0]!r}", "outputs")
    return {
        output.name: bool((output.parameters or {}).get("binary_data", all_binary))
        for output in asked.outputs
    }


def _response(asked: InferRequest, wanted: dict[str, bool], written: Written, n: int) -> Response:
    columns = {
        TEXT_OUTPUT: [sample.text for sample in written.samples],
        FINISH_REASON: [str(sample.finish_reason) for sample in written.samples],
    }
    prompts = len(written.samples) // n
    shape = [prompts, n] if n > 1 else [prompts]
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
        "parameters": {"ai_generated": True},
        "outputs": outputs,
    }
    if not tail:
        return JSONResponse(document, headers=labels(written.model))
    head = json.dumps(document).encode()
    headers = labels(written.model) | {HEADER: str(len(head))}
    return Response(head + tail, media_type="application/octet-stream", headers=headers)
