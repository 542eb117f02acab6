"""What clients of the Open Inference Protocol ask for beside the text, wherever they put it.

Triton's generate extension takes what stands beside `text_input` for a parameter or a tensor of
that name. Its vLLM backend has `sampling_parameters` (JSON, numbers in it as texts too), `stream`
and `exclude_input_in_output`; its TensorRT-LLM backend has names of its own for what others have.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from components.serve.dialects.fields import SamplingFields
from components.serve.dialects.unread import changes_nothing, known_fields, printable_name
from components.serve.problems import Kind, Problem

SAMPLING_PARAMETERS = "sampling_parameters"
SAME = {
    "request_output_len": "max_tokens",
    "runtime_top_p": "top_p",
    "random_seed": "seed",
    "stop_words": "stop",
    "streaming": "stream",
}
"""TensorRT-LLM's names for fields that mean just what ours do."""
TRITONS = frozenset(
    {
        "binary_data_output",
        "priority",
        "sequence_end",
        "sequence_id",
        "sequence_start",
        "timeout",
    }
)
"""Parameters of a request that its client library sends for the server itself."""


class EngineFields(SamplingFields):
    """How texts are written, as engines behind this protocol are asked."""

    stream: bool | None = None
    """Only what the address does anyway: generate_stream streams, the others do not."""
    exclude_input_in_output: bool | None = None
    """False gives the prompt too, before the text; not where it streams."""

    @model_validator(mode="before")
    @classmethod
    def _all_are_known(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return known_fields(by_our_names(given), cls.model_fields, "text_input")

    def check_stream(self, *, streams: bool) -> None:
        """Whether the right address was asked, which streams or does not.

        Raises:
            Problem: it was not.
        """
        if self.stream is not None and self.stream != streams:
            right = "generate_stream" if self.stream else "generate"
            said = f"stream is {str(self.stream).lower()}; ask {right} for that"
            raise Problem(Kind.BAD_REQUEST, said, "stream")
        if streams and self.exclude_input_in_output is False:
            said = "exclude_input_in_output cannot be false where the answer streams"
            raise Problem(Kind.BAD_REQUEST, said, "exclude_input_in_output")

    @property
    def echo(self) -> bool:
        """Whether the prompt is wanted too."""
        return self.exclude_input_in_output is False


def by_our_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields under the names that they have here.

    Raises:
        Problem: one is given twice and differs, or `sampling_parameters` is not JSON.
    """
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name == SAMPLING_PARAMETERS:
            for inner, inner_value in _sampling_parameters(value).items():
                _put(fields, inner, inner_value)
        else:
            _put(fields, name, value)
    return fields


def merged(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of several places; raises as `by_our_names` does."""
    fields: dict[str, Any] = {}
    for part in parts:
        for name, value in by_our_names(part).items():
            _put(fields, name, value)
    return fields


def _put(fields: dict[str, Any], name: str, value: Any) -> None:
    if changes_nothing(name, value):
        return
    ours = SAME.get(name, name)
    if ours == "stop" and isinstance(value, list):
        value = [text for text in value if text != ""]
    if ours in fields and fields[ours] != value:
        said = f"{printable_name(ours)} is given twice, and differs"
        raise Problem(Kind.BAD_REQUEST, said, printable_name(ours))
    fields[ours] = value


def _sampling_parameters(value: Any) -> dict[str, Any]:
    """vLLM's, whose numbers may be texts."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        said = f"{SAMPLING_PARAMETERS} must be a JSON object, or the text of one"
        raise Problem(Kind.BAD_REQUEST, said, SAMPLING_PARAMETERS)
    return {name: one if name == "stop" else _number(one) for name, one in found.items()}


def _number(value: Any) -> Any:
    """The number or truth that a text is, or the value as it came."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, int | float) else value
