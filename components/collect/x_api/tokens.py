"""The token that X is asked with, from the environment or from `huggingtweets login`."""

import re
from collections.abc import Mapping
from typing import Protocol

from components.collect.x_api.login_file import LoginToken
from components.contracts.errors import BadInputError
from components.runtime.secret import secret

VARIABLE = "X_BEARER_TOKEN"
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
    if found := secret(environment, VARIABLE):
        return AppToken(found.read(), found.where)
    if token := LoginToken.read(environment, url):
        return token
    raise BadInputError(
        f"the X API needs a token: set {VARIABLE} or {VARIABLE}_FILE, or run huggingtweets login"
    )
