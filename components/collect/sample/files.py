"""The archive's files beside the posts: who it is, what there is, and what nobody may open."""

import json
from collections.abc import Mapping
from typing import Any

_PRIVATE = {
    "directMessages": ("direct-messages", "dmConversation", "DECOY-DIRECT-MESSAGE"),
    "deletedTweets": ("deleted-tweets", "tweet", "DECOY-DELETED-POST"),
    "like": ("like", "like", "DECOY-LIKE"),
    "ipAudit": ("ip-audit", "ipAudit", "DECOY-IP-AUDIT"),
}
"""Data type: file name, what wraps an entry, a word to know it by if it ever turns up."""
PAGE = "<!doctype html><title>Your archive</title><p>DECOY-ARCHIVE-PAGE\n"


def assignment(name: str, value: Any) -> bytes:
    """A file of the archive: JSON behind a JavaScript assignment."""
    return f"window.{name} = {json.dumps(value, ensure_ascii=False, indent=2)}\n".encode()


def array_file(file: str, entries: list[dict[str, Any]]) -> bytes:
    """The list that `data/<file>.js` holds."""
    return assignment(_global_name(file), entries)


def account(author: Mapping[str, str]) -> dict[str, Any]:
    """The entry of `account.js`."""
    stated = {
        "email": author["email"],
        "createdVia": "web",
        "username": author["handle"],
        "accountId": author["id"],
        "createdAt": author["created_at"],
        "accountDisplayName": author["name"],
    }
    return {"account": stated}


def profile(author: Mapping[str, str]) -> dict[str, Any]:
    """The entry of `profile.js`; the pictures are named by address."""
    described = {name: author[name] for name in ("bio", "website", "location")}
    where = f"https://example.com/profile_images/{author['id']}"
    stated = {
        "description": described,
        "avatarMediaUrl": f"{where}/{author['picture']}",
        "headerMediaUrl": f"{where}/header",
    }
    return {"profile": stated}


def manifest(
    author: Mapping[str, str], counts: Mapping[str, tuple[str, int]], *, size: int
) -> dict[str, Any]:
    """The table of contents.

    `counts` gives file and number of entries by data type, `size` the bytes of all other files.
    """
    types: dict[str, Any] = {
        data_type: {"files": [_file(file, count)]} for data_type, (file, count) in counts.items()
    }
    types |= {kind: {"files": [_file(file, 1)]} for kind, (file, _, _) in _PRIVATE.items()}
    types["profile"]["mediaDirectory"] = "data/profile_media"
    return {
        "userInfo": {
            "accountId": author["id"],
            "userName": author["handle"],
            "displayName": author["name"],
        },
        "archiveInfo": {
            "sizeBytes": str(size),
            "generationDate": author["archived_at"],
            "isPartialArchive": False,
            "maxPartSizeBytes": "53687091200",
        },
        "dataTypes": types,
    }


def private_files() -> dict[str, bytes]:
    """What every archive holds and no reader may open, each with a word to know it by."""
    files = {
        f"data/{file}.js": array_file(file, [{wrapper: {"text": word}}])
        for file, wrapper, word in _PRIVATE.values()
    }
    return files | {"Your archive.html": PAGE.encode()}


def _file(file: str, count: int) -> dict[str, str]:
    return {
        "fileName": f"data/{file}.js",
        "globalName": _global_name(file),
        "count": str(count),
    }


def _global_name(file: str) -> str:
    return f"YTD.{file.replace('-', '_')}.part0"
