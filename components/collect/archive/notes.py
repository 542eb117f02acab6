"""Joining long posts: `tweets.js` cuts them, `note-tweet.js` has the whole text.

No id connects the two. A note belongs to the post of its time (within two seconds) that begins
with the same 60 characters, read without HTML escapes and leading mentions.
"""

import html
import json
import re
from datetime import datetime
from typing import Any, NamedTuple

from components.collect.damage import is_damaged
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.posts import valid_unicode
from components.collect.spool import Spool, micros, moment, said_of
from components.collect.times import parse_time

_APART = 2_000_000  # microseconds
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


def add_note(spool: Spool, note: Note) -> None:
    """Keep a note until all posts are known."""
    spool.run(
        "INSERT INTO notes VALUES (?, ?, ?, ?, ?)",
        (note.note_id, micros(note.created_at), note.text, *map(json.dumps, note[3:])),
    )


def join_notes(spool: Spool) -> tuple[int, int]:
    """Give long posts their whole text; returns how many notes found their post, and how many not.

    Each note goes to one post, the nearest in time, and each post takes one note.
    """
    spool.run("CREATE INDEX posts_at ON posts (at)")
    count, taken = 0, set[int]()
    for at, text, urls, mentions in spool.query(
        "SELECT at, text, urls, mentions FROM notes ORDER BY at, note_id, text"
    ):
        count += 1
        place = _post_of(spool, at, text, taken)
        if place is not None:
            taken.add(place)
            _rewrite(spool, place, text, urls, mentions)
    spool.run("DROP INDEX posts_at")
    return len(taken), count - len(taken)


def _post_of(spool: Spool, at: int, text: str, taken: set[int]) -> int | None:
    """The place of the note's post: near in time, and beginning alike."""
    near = spool.query(
        "SELECT place, text FROM posts WHERE at BETWEEN ? AND ? ORDER BY ABS(at - ?), id",
        (at - _APART, at + _APART, at),
    )
    beginning = _beginning(text)
    for place, cut in near:
        if place not in taken and _beginning(cut) == beginning:
            return int(place)
    return None


def _rewrite(spool: Spool, place: int, text: str, urls: str, mentions: str) -> None:
    (at,) = spool.one("SELECT at FROM posts WHERE place = ?", (place,))
    spool.run(
        "UPDATE posts SET text = ?, urls = ?, mentions = ?, damaged = ?, said = ? WHERE place = ?",
        (text, urls, mentions, is_damaged(text), said_of(moment(at), text), place),
    )


def _beginning(text: str) -> str:
    plain = html.unescape(text)
    return _LEADING_MENTIONS.sub("", plain, count=1)[:_ALIKE]
