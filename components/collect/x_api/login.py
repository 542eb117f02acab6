"""Logging in to X: OAuth 2 with PKCE for a public client, the browser coming back to us.

https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code
"""

import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]

from components.collect.json_fields import as_object, as_text
from components.collect.posts import is_number
from components.collect.web.adapter import RefusedError
from components.collect.x_api.adapter import TWEEPY_HOST
from components.collect.x_api.login_file import (
    LoginFile,
    login_path,
    oauth_session,
    token_facts,
    write_login,
)
from components.contracts.errors import BadInputError

AUTHORIZE = "https://x.com/i/oauth2/authorize"
HOST = "127.0.0.1"
CALLBACK = "/callback"
_TICK = 0.2  # seconds between looks at the clock


class App(NamedTuple):
    """The app that is allowed to read, and how it is reached."""

    client_id: str
    port: int
    """Where the browser comes back to: http://127.0.0.1:PORT/callback must be one of the app's."""
    url: str
    """Where the X API is."""

    @property
    def redirect(self) -> str:
        """Where the browser comes back to."""
        return f"http://{HOST}:{self.port}{CALLBACK}"


def log_in(
    app: App, show: Callable[[str], None], environment: Mapping[str, str], patience: float
) -> tuple[str, Path]:
    """Let a person allow the app to read in their name, and keep the token.

    Args:
        app: the app.
        show: shows the person the address to open.
        environment: says where the token is kept.
        patience: seconds to wait for the person.

    Returns:
        Their handle, and the file with the token.

    Raises:
        BadInputError: they decline or do not come, the port is taken, or X refuses.
    """
    session = oauth_session(app.url, app.client_id, app.redirect)
    with _listening(app.port) as server:
        shown = urlsplit(session.get_authorization_url())
        show(f"{AUTHORIZE}?{shown.query}")
        answer = server.wait(patience)
    try:
        # The answer came to this machine itself, so it needs no TLS, which oauthlib insists on.
        given = session.fetch_token(f"https://{HOST}{answer}")
        me = session.get(f"{TWEEPY_HOST}/2/users/me").json()
    except OAuth2Error as error:
        raise BadInputError(f"X did not log you in: {error.error}; try again") from None
    except RefusedError as refusal:
        raise BadInputError(
            f"X did not log you in: it answered {refusal}; check the client id and the app's "
            f"redirect address {app.redirect}"
        ) from None
    except (requests.RequestException, ValueError) as error:
        raise BadInputError(
            f"cannot reach X at {app.url} ({type(error).__name__}); try again later"
        ) from None
    login = _login_of(app, given, me)
    path = login_path(environment)
    write_login(path, login)
    return login.handle, path


def _login_of(app: App, given: Mapping[str, Any], me: Any) -> LoginFile:
    account = as_object(as_object(me).get("data"))
    handle, account_id = as_text(account.get("username")), as_text(account.get("id"))
    if not handle or not is_number(account_id):
        raise BadInputError("X does not say who logged in; try again later")
    return LoginFile(
        client_id=app.client_id,
        url=app.url,
        handle=handle,
        account_id=account_id,
        **token_facts(given),
    )


class _Callback(HTTPServer):
    """Waits for the browser to come back once."""

    answer: str | None = None
    timeout = _TICK

    def wait(self, patience: float) -> str:
        """The path and query that the browser came back with."""
        end = time.monotonic() + patience
        while self.answer is None:
            if time.monotonic() > end:
                raise BadInputError(
                    f"nobody allowed the app to read within {patience:.0f} seconds; try again"
                )
            self.handle_request()
        return self.answer


def _listening(port: int) -> _Callback:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_GET(self) -> None:
            if urlsplit(self.path).path != CALLBACK:
                self.send_error(404)
                return
            server.answer = self.path
            body = "You can close this page and go back to the terminal."
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing: the address holds the code."""

    try:
        server = _Callback((HOST, port), Handler)
    except OSError as error:
        raise BadInputError(
            f"--port {port}: cannot listen there: {error.strerror}; free it, or choose another"
        ) from error
    return server
