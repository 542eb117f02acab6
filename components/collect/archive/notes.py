"""Joining long posts: `tweets.js` cuts them, `note-tweet.js` has the whole text.

No id connects the two. A note belongs to the post of its time (within two seconds) that begins
with the same 60 characters, read without HTML escapes and leading mentions.
"""

import html
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from components.collect.archive.assignments import as_object, as_objects, as_text
from components.collect.posts import valid_unicode
from components.collect.times import parse_time
from components.contracts.posts import Post

_APART = timedelta(seconds=2)
_ALIKE = 60
_LEADING_MENTIONS = re.compile(r"\A\s*(?:@\w+\s+)*", re.ASCII)


class Note(NamedTuple):
    """The whole text of one long post."""

    note_id: str
    created_at: datetime
    text: str
    urls: tuple[str, ...]
    mentions: tuple[str, ...]


def read_note(entry: dict[str, Any]) -> Note | str:
    """The note that an entry of `note-tweet.js` holds, or why there is none."""
    core = as_object(entry.get("core")) or as_object(entry.get("noteTweetResults"))
    text = as_text(core.get("text"))
    created_at = parse_time(as_text(entry.get("createdAt")))
    if not text.strip():
        return "no text"
    if created_at is None:
        return "an unreadable time"
    return Note(
        note_id=as_text(entry.get("noteTweetId")),
        created_at=created_at,
        text=valid_unicode(text),
        urls=_texts(core.get("urls"), "shortUrl", text),
        mentions=_texts(core.get("mentions"), "screenName", text),
    )


def _texts(entities: Any, key: str, text: str) -> tuple[str, ...]:
    """What the entities state under `key`, each once, where it stands in the text."""
    stated = dict.fromkeys(as_text(entity.get(key)) for entity in as_objects(entities))
    return tuple(valid_unicode(one) for one in stated if one and one.lower() in text.lower())


def join_notes(posts: Sequence[Post], notes: Sequence[Note]) -> tuple[list[Post], int]:
    """The posts, the long ones with their whole text, and how many notes found their post.

    Each note goes to one post, the nearest in time, and each post takes one note.
    """
    alike: dict[str, list[Post]] = defaultdict(list)
    for post in posts:
        alike[_beginning(post.text)].append(post)
    joined: dict[str, Post] = {}
    for note in sorted(notes, key=lambda note: (note.created_at, note.note_id, note.text)):
        near = [
            post
            for post in alike[_beginning(note.text)]
            if post.id not in joined and abs(post.created_at - note.created_at) <= _APART
        ]
        if near:
            post = min(near, key=lambda post: (abs(post.created_at - note.created_at), post.id))
            joined[post.id] = post.model_copy(
                update={"text": note.text, "urls": note.urls, "mentions": note.mentions}
            )
    return [joined.get(post.id, post) for post in posts], len(joined)


def _beginning(text: str) -> str:
    plain = html.unescape(text)
    return _LEADING_MENTIONS.sub("", plain, count=1)[:_ALIKE]
