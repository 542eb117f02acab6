"""The account's picture."""

import requests

from components.collect.collected import Picture
from components.collect.pictures import MAX_PICTURE, image_suffix

_SECONDS = (5.0, 15.0)
_SMALL, _LARGE = "_normal.", "_400x400."


def fetch_picture(url: str | None) -> tuple[Picture | None, list[str]]:
    """The picture at `url`, larger where X has it so; else a warning. No token is sent."""
    if not url or not url.startswith(("https://", "http://")):
        return None, []
    data = _fetch(url.replace(_SMALL, _LARGE)) if _SMALL in url else None
    data = data or _fetch(url)
    if data is None:
        return None, ["the account's picture could not be fetched and was left out"]
    suffix = image_suffix(data)
    if suffix is None:
        return None, [
            "the account's picture is not a PNG, JPEG, GIF or WebP image and was left out"
        ]
    return Picture(f"picture{suffix}", data), []


def _fetch(url: str) -> bytes | None:
    try:
        with requests.get(url, timeout=_SECONDS, stream=True) as answer:
            if not answer.ok:
                return None
            data = b""
            for chunk in answer.iter_content(1 << 16):
                data += chunk
                if len(data) > MAX_PICTURE:
                    return None
            return data
    except requests.RequestException:
        return None
