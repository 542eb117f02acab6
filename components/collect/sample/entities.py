"""Text as X stores it: escaped, links shortened, and what stands where."""

import html
import re
from collections.abc import Mapping
from typing import Any

from components.collect.sample.numbers import invented_account_id, short_link

_PARTS = re.compile(r"(?P<urls>https://\S+)|(?<!\w)(?P<user_mentions>@\w+)|(?P<hashtags>#\w+)")


def as_stored(text: str, names: Mapping[str, str]) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """The stored text and its entities; indices count characters of the stored text.

    `names` gives the display name of each handle.
    """
    stored, end = "", 0
    entities: dict[str, list[dict[str, Any]]]
    entities = {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []}
    for part in _PARTS.finditer(text):
        kind, said = part.lastgroup or "", part[0]
        stored += html.escape(text[end : part.start()], quote=False)
        start, end = len(stored), part.end()
        stored += short_link(said) if kind == "urls" else said
        entities[kind].append(
            _entity(kind, said, names) | {"indices": [str(start), str(len(stored))]}
        )
    return stored + html.escape(text[end:], quote=False), entities


def _entity(kind: str, said: str, names: Mapping[str, str]) -> dict[str, Any]:
    if kind == "hashtags":
        return {"text": said[1:]}
    if kind == "urls":
        shown = said.removeprefix("https://")
        shown = shown if len(shown) <= 28 else shown[:27] + "…"
        return {"url": short_link(said), "expanded_url": said, "display_url": shown}
    number = invented_account_id(said[1:])
    return {"name": names[said[1:]], "screen_name": said[1:], "id": number, "id_str": number}
