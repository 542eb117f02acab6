"""Who may ask: bearer tokens from the environment or from a mounted file."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.contracts.errors import BadInputError
from components.serve.problems import Kind, Problem

MANAGEMENT = "HUGGINGTWEETS_MANAGEMENT_TOKEN"
INFERENCE = "HUGGINGTWEETS_INFERENCE_TOKEN"


@dataclass(frozen=True)
class Token:
    """A secret, or the file that holds it: it is read anew each time, as secrets are rotated."""

    value: str | None = None
    file: Path | None = None

    def matches(self, given: str) -> bool:
        """Whether `given` is the secret; takes as long either way."""
        secret = self.value or self._read()
        return bool(secret) and hmac.compare_digest(secret.encode(), given.encode())

    def _read(self) -> str:
        assert self.file is not None
        try:
            return self.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):  # while it is rotated: nobody passes
            return ""


@dataclass(frozen=True)
class Tokens:
    """What each port asks for."""

    management: Token | None = None
    inference: Token | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Tokens":
        """The tokens that `<NAME>` or `<NAME>_FILE` name.

        Raises:
            BadInputError: a file cannot be read, or is empty.
        """
        return cls(_token(environment, MANAGEMENT), _token(environment, INFERENCE))

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


def _check(authorization: str | None, wanted: Token | None, other: Token | None) -> None:
    if wanted is None:
        return
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and wanted.matches(given.strip()):
        return
    if scheme.lower() == "bearer" and other is not None and other.matches(given.strip()):
        raise Problem(Kind.FORBIDDEN, "this token is not for this port")
    raise Problem(Kind.UNAUTHORIZED, "give the token as `Authorization: Bearer TOKEN`")


def _token(environment: Mapping[str, str], name: str) -> Token | None:
    if value := environment.get(name, "").strip():
        return Token(value=value)
    if not environment.get(f"{name}_FILE"):
        return None
    path = Path(environment[f"{name}_FILE"])
    try:
        if not path.read_text(encoding="utf-8").strip():
            raise BadInputError(f"{name}_FILE: {path} is empty; write the token to it")
    except OSError as error:
        raise BadInputError(
            f"{name}_FILE: cannot read {path}: {error.strerror}; name a file that holds the token"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{name}_FILE: {path} is not UTF-8 text") from error
    return Token(file=path)
