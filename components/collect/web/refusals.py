"""What a server says when it refuses."""

from typing import Any

from components.collect.posts import shown

_LONGEST = 200


def said_in(body: Any, *keys: str) -> str:
    """The first of these texts of a JSON object, on one line, to end a sentence with."""
    if isinstance(body, dict):
        for key in keys:
            text = body.get(key)
            if isinstance(text, str) and text.strip():
                return f"; it says: {shown(' '.join(text.split()), _LONGEST)}"
    return ""
