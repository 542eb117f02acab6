"""The token that `huggingtweets login` left, in a file that only its owner can read."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import requests
import tweepy  # type: ignore[import-untyped]
from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]
from pydantic import ValidationError

from components.collect.web.adapter import RefusedError
from components.collect.x_api.adapter import TWEEPY_HOST, GatewayAdapter
from components.contracts.base import Contract
from components.contracts.errors import BadInputError, UnreachableError
from components.runtime.files import whole_file

SCOPES = ["tweet.read", "users.read", "offline.access"]
"""What is asked for: reading, and going on when the token has expired. Nothing is ever written."""
_MARGIN = 60.0  # seconds before its end at which a token is renewed


class LoginFile(Contract):
    """What the file holds."""

    client_id: str
    """The app that was allowed to read."""
    url: str
    """The address of the API that gave the token; it goes to no other."""
    handle: str
    """Who allowed it."""
    account_id: str
    access_token: str
    refresh_token: str | None
    expires_at: float
    """In seconds since 1970."""


def login_path(environment: Mapping[str, str]) -> Path:
    """Where the token is kept: `huggingtweets/x-login.json` in the folder for configuration."""
    folder = environment.get("XDG_CONFIG_HOME")
    base = Path(folder) if folder else Path(environment.get("HOME", "~")).expanduser() / ".config"
    return base / "huggingtweets" / "x-login.json"


def write_login(path: Path, login: LoginFile) -> None:
    """Write the file whole, readable by its owner alone from its first byte on.

    Raises:
        BadInputError: it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(path, mode=0o600) as draft:
            draft.write_text(login.model_dump_json(), encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"cannot write {path}: {error.strerror}") from error


def oauth_session(url: str, client_id: str, redirect: str) -> tweepy.OAuth2UserHandler:
    """Tweepy's OAuth 2 session with PKCE for a public client, its requests going to `url`."""
    session = tweepy.OAuth2UserHandler(client_id=client_id, redirect_uri=redirect, scope=SCOPES)
    session.mount(TWEEPY_HOST, GatewayAdapter(url))
    return session


class LoginToken:
    """A token that stands for an account; it renews itself."""

    def __init__(self, path: Path, login: LoginFile) -> None:
        self._path, self._login = path, login
        self.handle: str | None = login.handle

    @classmethod
    def read(cls, environment: Mapping[str, str], url: str) -> Self | None:
        """The token for the API at `url`; None where nobody logged in.

        Raises:
            BadInputError: the file is damaged, others can read it, or it is for another address.
        """
        path = login_path(environment)
        try:
            login = LoginFile.model_validate_json(path.read_bytes())
            mode = path.stat().st_mode
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadInputError(f"cannot read {path}: {error.strerror}") from error
        except ValidationError:
            raise BadInputError(f"{path} is damaged; run huggingtweets login again") from None
        if mode & 0o077:
            raise BadInputError(f"{path} can be read by others; run huggingtweets login again")
        if login.url != url:
            raise BadInputError(
                f"{path} holds a token for {login.url}, not for {url}; run huggingtweets login "
                "with the same --x-api-url"
            )
        return cls(path, login)

    def current(self) -> str:
        """The token to send now; renewed first if it ends within a minute.

        Raises:
            BadInputError: X does not renew it.
        """
        if self._login.expires_at - _MARGIN < time.time():
            self._login = self._renewed()
            write_login(self._path, self._login)
        return self._login.access_token

    def hide(self, text: str) -> str:
        """`text` without the tokens."""
        for secret in filter(None, (self._login.access_token, self._login.refresh_token)):
            text = text.replace(secret, "***")
        return text

    def _renewed(self) -> LoginFile:
        again = "the X login has ended; run huggingtweets login again"
        if not self._login.refresh_token:
            raise BadInputError(again)
        session = oauth_session(self._login.url, self._login.client_id, "")
        try:
            given = session.refresh_token(
                f"{TWEEPY_HOST}/2/oauth2/token",
                refresh_token=self._login.refresh_token,
                client_id=self._login.client_id,
            )
        except (RefusedError, OAuth2Error) as refusal:
            raise BadInputError(again) from refusal
        except requests.RequestException as error:
            raise UnreachableError(
                f"cannot reach X at {self._login.url} to renew the login; try again later"
            ) from error
        return self._login.model_copy(update=token_facts(given))


def token_facts(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `LoginFile` that an answer of the token endpoint states (RFC 6749, 5.1)."""
    return {
        "access_token": str(given["access_token"]),
        "refresh_token": given.get("refresh_token"),
        "expires_at": time.time() + float(given.get("expires_in", 0)),
    }
