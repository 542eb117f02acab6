"""One form of a JSON document: what is signed."""

import base64
import json


def canonical(document: object) -> bytes:
    """The document by RFC 8785: keys in order, no blanks, UTF-8.

    Python's shortest form of texts is that of the RFC; of numbers only whole ones are.

    Raises:
        ValueError: it holds a fraction, or half of a surrogate pair.
    """
    _refuse_fractions(document)
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _refuse_fractions(value: object) -> None:
    if isinstance(value, float):
        raise ValueError("it holds a fraction")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            _refuse_fractions(one)


def to_base64url(data: bytes) -> str:
    """The bytes in base64url (RFC 4648) without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of base64url without padding.

    Raises:
        ValueError: it is not that.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
