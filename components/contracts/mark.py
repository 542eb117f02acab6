"""What a server states, signed, of texts that it wrote."""

from typing import Final, Literal

from components.contracts.base import Contract, Timestamp

CLAIM_FORMAT: Final = "huggingtweets-mark/1"
DIGITAL_SOURCE_TYPE: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)
"""IPTC's term for what a trained model made: https://cv.iptc.org/newscodes/digitalsourcetype/."""


class MarkClaim(Contract):
    """What is stated; its words are those of C2PA's actions where these have one."""

    format: Literal["huggingtweets-mark/1"] = CLAIM_FORMAT
    claim_generator: str
    """The program and its version: `huggingtweets/0.1.0`."""
    ai_generated: Literal[True] = True
    digital_source_type: Literal[
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    ] = DIGITAL_SOURCE_TYPE
    persona: str
    version: str
    manifest_sha256: str | None
    """Of the version's manifest in the registry; null for an archive without one."""
    created_at: Timestamp
    text_sha256: tuple[str, ...]
    """Of each text of the answer, in its order: of the UTF-8 bytes of the text as it was given."""
    key_id: str
    """The RFC 7638 thumbprint of the public key."""


class Mark(Contract):
    """A claim and the signature under it."""

    claim: MarkClaim
    signature: str
    """Ed25519 over the claim as canonical JSON (RFC 8785), in base64url without padding."""


class PublicKey(Contract):
    """A key to check marks with, as a JSON Web Key (RFC 8037)."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    x: str
    """The 32 bytes of the key, in base64url without padding."""
    kid: str
    """Its RFC 7638 thumbprint."""
    use: Literal["sig"] = "sig"
    alg: Literal["EdDSA"] = "EdDSA"


class PublicKeys(Contract):
    """A JSON Web Key Set."""

    keys: tuple[PublicKey, ...]
