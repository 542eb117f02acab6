"""Ed25519 keys (RFC 8032): the one that signs, and those that check."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from components.contracts.errors import BadInputError
from components.contracts.mark import PublicKey
from components.marking.canonical import canonical, from_base64url, to_base64url

MAKE_ONE = "make one with `openssl genpkey -algorithm ed25519`"
BYTE_ORDER_MARK = "\ufeff"
"""With which Windows begins its text files."""
Keys = Mapping[str, Ed25519PublicKey]
"""Public keys by their thumbprints."""


def read_private_key(text: str, where: str) -> Ed25519PrivateKey:
    """The private key in a PEM text.

    Raises:
        BadInputError: there is none; the message says `where`, and nothing of what stands there.
    """
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        said = f"{where} is not an Ed25519 private key in PEM without a password; {MAKE_ONE}"
        raise BadInputError(said) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInputError(f"{where} is a key of another kind than Ed25519; {MAKE_ONE}")
    return key


def public_key_of(key: Ed25519PublicKey) -> PublicKey:
    """The key as it is published."""
    x = to_base64url(key.public_bytes_raw())
    return PublicKey(x=x, kid=_thumbprint(x))


def read_public_keys(text: str, where: str) -> Keys:
    """The keys in a PEM text, a JSON Web Key or a set of them; others in a set are passed over.

    Raises:
        BadInputError: there is no Ed25519 public key.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    try:
        if text.lstrip().startswith("{"):
            found: Sequence[object] = _web_keys(json.loads(text))
        else:
            found = [load_pem_public_key(text.encode())]
    except (ValueError, RecursionError, UnsupportedAlgorithm) as error:
        raise BadInputError(_no_key(where, private="PRIVATE KEY" in text)) from error
    keys = [key for key in found if isinstance(key, Ed25519PublicKey)]
    if not keys:
        raise BadInputError(_no_key(where))
    return {public_key_of(key).kid: key for key in keys}


def _web_keys(document: dict[str, Any]) -> list[Ed25519PublicKey]:
    listed = document.get("keys", [document])
    if not isinstance(listed, list):
        raise ValueError("keys is not a list")
    return [
        Ed25519PublicKey.from_public_bytes(from_base64url(one["x"]))
        for one in listed
        if isinstance(one, dict) and one.get("crv") == "Ed25519" and isinstance(one.get("x"), str)
    ]


def _no_key(where: str, *, private: bool = False) -> str:
    if private:
        return f"{where} is not a public key; `openssl pkey -pubout` makes it of the private one"
    return (
        f"{where} holds no Ed25519 public key; give a PEM file, or what the server answers at "
        "/v1/marks/keys"
    )


def _thumbprint(x: str) -> str:
    """RFC 7638: the SHA-256 of what makes the key, as canonical JSON."""
    return to_base64url(
        hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": x})).digest()
    )
