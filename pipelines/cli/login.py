"""`huggingtweets login`: allow reading one's own or a protected account on X."""

import argparse
import os
import sys
import webbrowser

from components.collect.config import X_API, XSource
from components.contracts.errors import BadInputError
from components.runtime.flags import ENVIRONMENT_PREFIX, read_config

CLIENT_ID = "X_CLIENT_ID"
PORT = 8911


def add_login_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `login` to the command line."""
    parser = commands.add_parser("login", help="allow reading your own or a protected X account")
    parser.add_argument(
        "--client-id", metavar="ID", help=f"your app's OAuth 2 client id (default: {CLIENT_ID})"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        metavar="N",
        help="http://127.0.0.1:N/callback must be a redirect address of the app (default: 8911)",
    )
    parser.add_argument(
        "--x-api-url", metavar="URL", help=f"where the X API is, without the /2 (default: {X_API})"
    )
    parser.add_argument(
        "--browser", action=argparse.BooleanOptionalAction, default=True, help="open one"
    )
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="(default: 300)"
    )
    parser.set_defaults(run=login)


def login(given: argparse.Namespace) -> int:
    """Show where to allow it, wait, and keep the token in a file that only its owner can read."""
    from components.collect.x_api.login import App, log_in  # tweepy takes time to import

    client_id = given.client_id or os.environ.get(CLIENT_ID)
    if not client_id:
        raise BadInputError(
            f"--client-id: it is required, or {CLIENT_ID}; an app of yours at "
            "https://console.x.com has one"
        )
    if not 0 < given.port < 1 << 16:
        raise BadInputError(f"--port: {given.port} is not a port")
    app = App(client_id, given.port, _api_url(given))

    def show(address: str) -> None:
        print(f"Open this address and allow the app to read:\n\n  {address}\n", flush=True)
        if given.browser:
            webbrowser.open(address)

    handle, path = log_in(app, show, os.environ, given.timeout)
    print(f"Logged in as @{handle}; the token is in {path}", file=sys.stderr)
    return 0


def _api_url(given: argparse.Namespace) -> str:
    """The address by flag or environment, as `collect` reads it."""
    flags = {"handle": "me", "consent": "own-archive"}
    if given.x_api_url:
        flags["x_api_url"] = given.x_api_url
    name = ENVIRONMENT_PREFIX + "X_API_URL"
    environment = {name: os.environ[name]} if name in os.environ else {}
    return read_config(XSource, flags, environment).x_api_url
