"""The digest by which a mark knows its texts."""

import hashlib


def text_sha256(text: str) -> str:
    """Of the text's UTF-8 bytes as they are: nothing is trimmed or made alike."""
    return hashlib.sha256(text.encode()).hexdigest()
