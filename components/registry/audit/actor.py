"""Who acts: the operator by name, else a pod's service account, else the user and the machine."""

import base64
import getpass
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from components.contracts.errors import BadInputError

ACTOR_VARIABLE = "HUGGINGTWEETS_ACTOR"
LONGEST = 200
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def actor_of(environment: Mapping[str, str], token: Path = SERVICE_ACCOUNT) -> str:
    """The name under which this process acts.

    Args:
        environment: May name the operator.
        token: The pod's token; only the name in it is read.

    Raises:
        BadInputError: the operator's name cannot stand in a log.
    """
    if named := environment.get(ACTOR_VARIABLE, "").strip():
        return check_actor(named)
    return _service_account(token) or f"{_user()}@{socket.gethostname() or 'localhost'}"


def check_actor(name: str) -> str:
    """Return `name` without blanks around it, if it fits on a line of the log.

    Raises:
        BadInputError: it does not.
    """
    name = name.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        raise BadInputError(
            f"{name[:LONGEST]!r} cannot stand in the audit log: name the operator (--actor or "
            f"${ACTOR_VARIABLE}) with 1 to {LONGEST} printable characters"
        )
    return name


def _service_account(token: Path) -> str:
    """`system:serviceaccount:NAMESPACE:NAME` from a pod's token; empty where there is none.

    The middle part of such a token is JSON in base64 (RFC 7519); nothing else of it is looked at.
    """
    try:
        body = token.read_text(encoding="ascii").split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return check_actor(claims["sub"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BadInputError):
        return ""


def _user() -> str:
    """The user's name, or number: in a container it may have none."""
    try:
        return check_actor(getpass.getuser())
    except (OSError, KeyError, BadInputError):
        return f"uid-{os.getuid()}"
