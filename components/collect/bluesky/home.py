"""The server that an account's records lie on: its DID's document names it (atproto.com/specs/did).

Bluesky's public API knows the records of its own collections alone.
"""

import re
from typing import Any

from components.collect.bluesky_names import DOMAIN
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.web.adapter import RefusedError, bounded_session
from components.collect.web.asking import RetryPolicy
from components.contracts.errors import BadInputError

DIRECTORY = "https://plc.directory"
_KIND = "AtprotoPersonalDataServer"
_ADDRESS = re.compile(rf"https://({DOMAIN.pattern})/?")


def home_of(did: str, max_wait: float, directory: str = DIRECTORY) -> str:
    """The address of the account's own server.

    Raises:
        BadInputError: it cannot be found out, so nobody can tell what the author wishes.
    """
    url = f"{directory}/{did}"
    if did.startswith("did:web:"):
        url = f"https://{did.removeprefix('did:web:')}/.well-known/did.json"

    def ask() -> Any:
        return bounded_session().get(url).json()

    try:
        return home_in(RetryPolicy("the directory of accounts", url, max_wait).ask(ask, did), did)
    except RefusedError as refusal:
        raise BadInputError(
            f"{did}: {url} does not say which server its records are on ({refusal}), so its "
            "author's wishes cannot be read"
        ) from refusal


def home_in(document: Any, did: str) -> str:
    """The address that a DID's document names: https, and a domain.

    Raises:
        BadInputError: it names none.
    """
    for one in map(as_object, as_objects(as_object(document).get("service"))):
        address = _ADDRESS.fullmatch(as_text(one.get("serviceEndpoint")).lower())
        if as_text(one.get("type")) == _KIND and address:
            return f"https://{address[1]}"
    raise BadInputError(f"{did}: its document names no server, so its wishes cannot be read")
