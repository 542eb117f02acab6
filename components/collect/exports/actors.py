"""Names of accounts in the addresses that servers of the Fediverse give them."""

import re

_ADDRESS = re.compile(
    r"https?://(?:www\.)?([^/\s:@]+)(?::\d+)?/(?:@|(?:users|u|profile|author|channel)/)([\w.-]+)(?:/.*)?",
    re.ASCII,
)


def actor_name(address: str) -> str:
    """`ann.social.example` for `https://social.example/users/ann` and what lies below it.

    A folder and a persona can be named so. Empty where the address states no name.
    """
    found = _ADDRESS.fullmatch(address)
    return f"{found[2]}.{found[1].lower()}" if found else ""


def name_seen_from(address: str, home: str) -> str:
    """`bob@other.example` for what lies below `https://other.example/users/bob`, and `bob` where
    `home` is an address of the same server. Empty where the address states no name.
    """
    found, ours = _ADDRESS.fullmatch(address), _ADDRESS.fullmatch(home)
    if not found:
        return ""
    is_local = ours is not None and ours[1].lower() == found[1].lower()
    return found[2] if is_local else f"{found[2]}@{found[1].lower()}"
