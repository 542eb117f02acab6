"""The bodies that a prediction may be asked with: JSON, plain text, forms."""

import json
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from components.serve.dialects.fields import SamplingFields, Text
from components.serve.dialects.unread import printable_name
from components.serve.problems import Kind, Problem, problem_of_details

JSON, PLAIN = "application/json", "text/plain"
MULTIPART, FORM = "multipart/form-data", "application/x-www-form-urlencoded"
DATA = "data"
"""The part of a form that holds the prompt, or the whole request as JSON."""
MOST_PARTS = 20


class Prediction(SamplingFields):
    """A request to `/predictions`."""

    prompt: Text
    """How each sample begins; it may be empty."""
    stream: bool = False
    """Whether to answer with lines of JSON as the samples grow."""


async def read_body(request: Request, *, raw: bool) -> Prediction:
    """The request, whatever it came as.

    Args:
        request: its body is read to the end.
        raw: take the body for the prompt, whatever its content type says.

    Raises:
        Problem: it cannot be read, or a value is out of range.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == MULTIPART and not raw:
        return await _from_form(request)
    body = await request.body()
    if raw or kind == PLAIN:
        return _checked({"prompt": _text(body)})
    if kind == JSON or kind.endswith("+json"):
        return _checked(_json(body))
    if kind == FORM and not body.lstrip().startswith(b"{"):
        return await _from_form(request)
    looks_like_json = body.lstrip().startswith(b"{")  # `curl -d` names JSON a form
    return _checked(_json(body) if looks_like_json else {"prompt": _text(body)})


async def _from_form(request: Request) -> Prediction:
    """The part `data` is the prompt; where it is a JSON object, it is the request."""
    async with request.form(max_files=MOST_PARTS, max_fields=MOST_PARTS) as form:
        others = [name for name, _ in form.multi_items() if name != DATA]
        if others:
            other = printable_name(others[0])
            said = f"the form's part {other} is not read; give JSON in the part {DATA}"
            raise Problem(Kind.BAD_REQUEST, said, other)
        parts = form.getlist(DATA)
        if len(parts) != 1:
            raise Problem(
                Kind.BAD_REQUEST, f"the form has {len(parts)} parts {DATA!r}, not 1", DATA
            )
        part = parts[0]
        content = await part.read() if isinstance(part, UploadFile) else part.encode()
        json_part = isinstance(part, UploadFile) and part.content_type == JSON
    if json_part or content.lstrip().startswith(b"{"):
        return _checked(_json(content))
    return _checked({"prompt": _text(content)})


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(Kind.BAD_REQUEST, f"the prompt is not UTF-8 text: {error.reason}") from error


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(Kind.BAD_REQUEST, f"the body is not JSON: {error}") from error


def _checked(document: Any) -> Prediction:
    try:
        return Prediction.model_validate(document)
    except ValidationError as error:
        raise problem_of_details(error.errors(include_url=False)[0]) from error


REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": Prediction.model_json_schema()},
            PLAIN: {"schema": {"type": "string"}},
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "properties": {DATA: {"type": "string"}},
                    "required": [DATA],
                }
            },
        },
    }
}
