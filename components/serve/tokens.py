"""Who may ask: bearer tokens from the environment or from a mounted file."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from components.contracts.environment import INFERENCE_TOKEN, MANAGEMENT_TOKEN
from components.contracts.errors import BadInputError
from components.runtime.secret import Secret, secret
from components.serve.problems import Kind, Problem


@dataclass(frozen=True)
class Tokens:
    """What each port asks for."""

    management: Secret | None = None
    inference: Secret | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Tokens":
        """The tokens that `<NAME>` or `<NAME>_FILE` name.

        Raises:
            BadInputError: a file cannot be read, or is empty.
        """
        return cls(secret(environment, MANAGEMENT_TOKEN), secret(environment, INFERENCE_TOKEN))

    def check_inference(self, authorization: str | None) -> None:
        """Pass whoever may ask for texts; everyone where no token is set.

        Raises:
            Problem: the token is missing or wrong, or is that of the management.
        """
        _check(authorization, self.inference, self.management)

    def check_management(self, authorization: str | None) -> None:
        """Pass whoever may manage models.

        Raises:
            Problem: the token is missing or wrong, or is that of the inference.
        """
        _check(authorization, self.management, self.inference)


def _check(authorization: str | None, wanted: Secret | None, other: Secret | None) -> None:
    if wanted is None:
        return
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and _matches(wanted, given.strip()):
        return
    if scheme.lower() == "bearer" and other is not None and _matches(other, given.strip()):
        raise Problem(Kind.FORBIDDEN, "this token is not for this port")
    raise Problem(Kind.UNAUTHORIZED, "give the token as `Authorization: Bearer TOKEN`")


def _matches(wanted: Secret, given: str) -> bool:
    """Whether `given` is the secret; takes as long either way."""
    try:
        known = wanted.read()
    except BadInputError:  # while it is rotated: nobody passes
        return False
    return hmac.compare_digest(known.encode(), given.encode())
