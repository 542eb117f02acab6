"""Small X archives for tests, in the shapes that X has used over the years."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n" + b"not much of a picture"


def tweet(
    post_id: int | str, text: str = "hello", at: str = "Sat Feb 18 12:33:11 +0000 2017", **more: Any
) -> dict[str, Any]:
    """An entry of tweets.js, out of its wrapper: numbers are strings, `retweeted` is false."""
    return {
        "id": str(post_id),
        "id_str": str(post_id),
        "full_text": text,
        "created_at": at,
        "retweeted": False,
        "favorite_count": "3",
        "lang": "en",
        "source": '<a href="https://example.org" rel="nofollow">Twitter for Nobody</a>',
        **more,
    }


def note(text: str, at: str, note_id: str = "7") -> dict[str, Any]:
    """An entry of note-tweet.js, out of its wrapper; `at` is ISO 8601."""
    core = {"text": text, "urls": [], "mentions": [], "hashtags": []}
    return {"noteTweetId": note_id, "createdAt": at, "updatedAt": at, "core": core}


def assigned(name: str, value: Any) -> bytes:
    """A file of an archive: `window.<name> = <value>`."""
    return f"window.{name} = {json.dumps(value, indent=2)}".encode()


def entries(name: str, wrapper: str, values: Sequence[Any]) -> bytes:
    """A file of an archive that lists things in wrappers."""
    return assigned(f"YTD.{name}.part0", [{wrapper: value} for value in values])


def manifest(counts: Mapping[str, tuple[str, int]], **user: str) -> bytes:
    """A manifest: data type by file name, with the count of each file."""
    types: dict[str, Any] = {}
    for file, (data_type, count) in counts.items():
        stated = {"fileName": file, "globalName": f"YTD.{data_type}.part0", "count": str(count)}
        types.setdefault(data_type, {"files": []})["files"].append(stated)
    return assigned("__THAR_CONFIG", {"userInfo": user, "dataTypes": types})


def members(
    tweets: Sequence[Any], notes: Sequence[Any] = (), handle: str = "nobody", **more: bytes
) -> dict[str, bytes]:
    """The members of an archive of today, with a manifest that is right."""
    files = {
        "data/tweets.js": entries("tweets", "tweet", tweets),
        "data/account.js": entries(
            "account",
            "account",
            [{"username": handle, "accountId": "42", "accountDisplayName": "No Body"}],
        ),
        "data/profile.js": entries(
            "profile",
            "profile",
            [{"avatarMediaUrl": "https://pbs.example.org/profile_images/9/face.png"}],
        ),
        "data/profile_media/42-face.png": PNG,
    }
    counts = {"data/tweets.js": ("tweets", len(tweets))}
    if notes:
        files["data/note-tweet.js"] = entries("note_tweet", "noteTweet", notes)
        counts["data/note-tweet.js"] = ("noteTweet", len(notes))
    return files | {"data/manifest.js": manifest(counts, userName=handle, accountId="42")} | more


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """A zip of these members at `path`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """A folder of these members at `path`, as an unpacked zip."""
    path.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def write_archive(path: Path, tweets: Sequence[Any], notes: Sequence[Any] = ()) -> Path:
    """An archive of today with these entries at `path`."""
    return write_zip(path, members(tweets, notes))
