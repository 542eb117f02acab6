"""Fields of what sources state in JSON, of which nothing is sure."""

from typing import Any


def as_object(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a JSON array; none if it is no array."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """A JSON string or whole number as text, else nothing: sources write numbers as strings."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)
