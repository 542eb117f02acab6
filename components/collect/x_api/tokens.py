"""The token that X is asked with, from the environment or from `huggingtweets login`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from components.collect.x_api.login_file import LoginToken
from components.contracts.errors import BadInputError

VARIABLE = "X_BEARER_TOKEN"
FILE_VARIABLE = "X_BEARER_TOKEN_FILE"
_LONGEST = 4096


class Token(Protocol):
    """What authorises requests."""

    handle: str | None
    """Whose account it stands for; None for an app's token, which stands for nobody's."""

    def current(self) -> str:
        """The token to send now."""

    def hide(self, text: str) -> str:
        """`text` without the token."""


class AppToken:
    """A bearer token of an app: it reads what is public."""

    handle: str | None = None

    def __init__(self, value: str, where: str) -> None:
        if not re.fullmatch(f"[!-~]{{1,{_LONGEST}}}", value):
            raise BadInputError(f"{where} holds no bearer token: give the token alone, on one line")
        self._value = value

    def current(self) -> str:
        """The token to send now."""
        return self._value

    def hide(self, text: str) -> str:
        """`text` without the token."""
        return text.replace(self._value, "***")


def read_token(environment: Mapping[str, str], url: str) -> Token:
    """The app's token by `X_BEARER_TOKEN` or `X_BEARER_TOKEN_FILE`, else what login left.

    Raises:
        BadInputError: there is none, or it cannot be read.
    """
    if value := environment.get(VARIABLE):
        return AppToken(value.strip(), VARIABLE)
    if name := environment.get(FILE_VARIABLE):
        return AppToken(_read(Path(name)), f"{FILE_VARIABLE}={name}")
    if token := LoginToken.read(environment, url):
        return token
    raise BadInputError(
        f"the X API needs a token: set {VARIABLE} or {FILE_VARIABLE}, or run huggingtweets login"
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInputError(f"{FILE_VARIABLE}: cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{FILE_VARIABLE}: {path} is not a text file") from error
