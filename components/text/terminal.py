"""Text from outside, made harmless for a terminal."""

import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Controls but tab and line feed, and what turns the direction of the text around it."""


def printable(text: str) -> str:
    r"""`text` with every control written out, as `\x1b`: it could move the cursor, or worse."""
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)
