"""What an account on Bluesky can be called: its handle, its DID, the address of its profile."""

import re

INVALID = "handle.invalid"
"""What Bluesky shows in place of a handle that no longer leads to its account."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]){_LABEL}")
_DID = re.compile(rf"did:plc:[a-z0-9]{{1,64}}|did:web:(?:{_LABEL}\.)+{_LABEL}")
_ADDRESS = re.compile(r"(?:https?://[^/]+/profile/|at://)?@?([^/?#]*)(?:[/?#].*)?")


def read_name(given: str) -> str:
    """The handle or the DID in what a person gives: as they are, or in a profile's address.

    See atproto.com/specs/handle and atproto.com/specs/did.

    Raises:
        ValueError: there is none.
    """
    address = _ADDRESS.fullmatch(given.strip().lower())
    name = address[1].replace("%3a", ":") if address else ""
    if name == INVALID:
        raise ValueError(
            f"{INVALID} stands for every account whose handle leads nowhere; give the account's "
            "DID, as did:plc:…, which is in the address of its profile"
        )
    if name.startswith("did:") and not _DID.fullmatch(name):
        raise ValueError(
            f"{given!r} is not a DID of an account, as did:plc:… or did:web:example.com"
        )
    if not name.startswith("did:") and not DOMAIN.fullmatch(name):
        raise ValueError(
            f"{given!r} is not a Bluesky account: give its handle, as alice.bsky.social, or "
            "its DID, as did:plc:…"
        )
    return name


def is_did(name: str) -> bool:
    """Whether it is a DID, which stays when the handle changes."""
    return name.startswith("did:")


def shown_name(name: str) -> str:
    """How messages call an account: `@alice.bsky.social`, `did:plc:…`."""
    return name if is_did(name) else f"@{name}"


def account_name(handle: str, did: str) -> str:
    """The name of the account's author: its handle, or its DID where that leads nowhere.

    Folders and personas can be named so: `did.plc.abc` for `did:plc:abc`.
    """
    return did.replace(":", ".") if handle == INVALID or not handle else handle
