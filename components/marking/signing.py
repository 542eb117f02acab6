"""Signing claims with the operator's key."""

import functools
import importlib.metadata
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from components.contracts.errors import BadInputError
from components.contracts.mark import Mark, MarkClaim, PublicKey, PublicKeys
from components.marking.canonical import canonical, to_base64url
from components.marking.texts import text_sha256
from components.runtime.secret import Secret, secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

log = logging.getLogger(__name__)

MARK_KEY = "HUGGINGTWEETS_MARK_KEY"


@functools.cache
def claim_generator() -> str:
    """The program and its version."""
    return f"huggingtweets/{importlib.metadata.version('huggingtweets')}"


class Signer:
    """Signs with the key of a variable or of a mounted file, which may be changed while it runs."""

    def __init__(self, found: Secret) -> None:
        self._secret = found
        self._pem = ""
        self._public: dict[str, PublicKey] = {}
        self._key, self._key_id = self._read()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self | None:
        """What signs with the key that the environment names; None where it names none.

        Raises:
            BadInputError: what it names is not an Ed25519 private key.
        """
        found = secret(environment, MARK_KEY)
        return cls(found) if found else None

    def mark(
        self, persona: str, version: str, manifest_sha256: str | None, texts: Sequence[str]
    ) -> Mark:
        """A mark for these texts, written now by this version."""
        self._follow()
        claim = MarkClaim(
            claim_generator=claim_generator(),
            persona=persona,
            version=version,
            manifest_sha256=manifest_sha256,
            created_at=datetime.now(UTC).replace(microsecond=0),
            text_sha256=tuple(map(text_sha256, texts)),
            key_id=self._key_id,
        )
        signature = self._key.sign(canonical(claim.model_dump(mode="json")))
        return Mark(claim=claim, signature=to_base64url(signature))

    def public_keys(self) -> PublicKeys:
        """The key that signs now, and those that it signed with before."""
        self._follow()
        return PublicKeys(keys=tuple(reversed(self._public.values())))

    def _follow(self) -> None:
        """Take the key that stands there now; while there is none, go on with the last."""
        if self._secret.file is None:
            return
        try:
            self._key, self._key_id = self._read()
        except BadInputError as error:
            log.warning("marks are signed with the last key: %s", error)

    def _read(self) -> "tuple[Ed25519PrivateKey, str]":
        from components.marking.keys import public_key_of, read_private_key  # some 50 ms

        pem = self._secret.read()
        if pem == self._pem:
            return self._key, self._key_id
        key = read_private_key(pem, self._secret.where)
        public = public_key_of(key.public_key())
        self._pem = pem
        self._public[public.kid] = public
        return key, public.kid
