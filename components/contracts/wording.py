"""What pydantic found wrong, in the words of this house."""

from typing import Any

from pydantic_core import ErrorDetails


def wording(problem: ErrorDetails) -> str:
    """What is wrong with one value, without its name: `'many' is not a whole number`."""
    facts: dict[str, Any] = {"given": _shown(problem["input"]), **problem.get("ctx", {})}
    said = _WORDS.get(problem["type"])
    if said is None:
        return problem["msg"].removeprefix("Value error, ")
    return said.format_map(facts)


_WHOLE = "{given} is not a whole number"
_NUMBER = "{given} is not a number"
_WORDS = {
    "missing": "it is required",
    "extra_forbidden": "it is not known here",
    "json_invalid": "it is not JSON: {error}",
    "model_type": "{given} is not an object",
    "model_attributes_type": "{given} is not an object",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "{given} has too many digits",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "{given} is not a finite number",
    "greater_than": "{given} is too small; give more than {gt}",
    "greater_than_equal": "{given} is too small; give {ge} or more",
    "less_than": "{given} is too large; give less than {lt}",
    "less_than_equal": "{given} is too large; give at most {le}",
    "bool_type": "{given} is neither true nor false",
    "bool_parsing": "{given} is neither true nor false",
    "literal_error": "{given} is not {expected}",
    "string_type": "{given} is not a text",
    "string_too_short": "it is empty",
    "too_short": "{given} holds too little; give {min_length} or more",
    "tuple_type": "{given} is not a list",
    "dict_type": "{given} is not an object",
    "datetime_from_date_parsing": "{given} is not a moment in time",
    "datetime_parsing": "{given} is not a moment in time",
    "timezone_aware": "{given} does not say its time zone",
}

_LONGEST = 60


def _shown(given: object) -> str:
    text = repr(given)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
