"""Text with facets: what it links to and whom it mentions (docs.bsky.app/docs/advanced-guides)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import valid_unicode
from components.collect.web.links import whole_link

_LINK = "app.bsky.richtext.facet#link"
_MENTION = "app.bsky.richtext.facet#mention"


class RichText(NamedTuple):
    """A text with its links whole, and what stands in it."""

    text: str
    urls: tuple[str, ...]
    mentions: tuple[str, ...]


class _Facet(NamedTuple):
    start: int
    """In bytes of UTF-8, as all of Bluesky's places are."""
    end: int
    shown: str
    features: list[dict[str, Any]]


def read_rich_text(record: dict[str, Any]) -> RichText:
    """The text of a post's record; facets that do not fit it are passed over."""
    data = valid_unicode(as_text(record.get("text"))).encode()
    written, urls, mentions, at = "", [], [], 0
    for facet in _facets(record, data):
        if facet.start < at:
            continue  # it overlaps the one before
        instead = facet.shown
        for feature in facet.features:
            if feature.get("$type") == _LINK:
                link = valid_unicode(as_text(feature.get("uri")))
                instead = whole_link(facet.shown, link)
                urls += [link] if instead == link else []
            elif feature.get("$type") == _MENTION:
                mentions.append(facet.shown.removeprefix("@"))
        written += data[at : facet.start].decode() + instead
        at = facet.end
    written += data[at:].decode()
    return RichText(written, tuple(dict.fromkeys(urls)), tuple(dict.fromkeys(mentions)))


def _facets(record: dict[str, Any], data: bytes) -> Iterator[_Facet]:
    """The facets that fit the text, in its order."""
    found = []
    for facet in as_objects(record.get("facets")):
        index = as_object(facet.get("index"))
        start, end = index.get("byteStart"), index.get("byteEnd")
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(data):
            found.append((start, end, as_objects(facet.get("features"))))
    for start, end, features in sorted(found, key=lambda one: one[:2]):
        try:
            data[:start].decode()
            yield _Facet(start, end, data[start:end].decode(), features)
        except UnicodeDecodeError:  # it begins or ends within a character
            continue
