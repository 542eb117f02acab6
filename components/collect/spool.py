"""Posts on disk while a source is read and sorted, so that memory does not grow with it."""

import errno
import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from components.collect.damage import is_damaged
from components.collect.posts import is_number
from components.contracts.posts import Post
from components.runtime.closing import Closing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 1_000
_SCHEMA = """
CREATE TABLE posts (
    place INTEGER PRIMARY KEY,  -- the order of reading
    id TEXT NOT NULL,
    number TEXT NOT NULL,       -- a numeric id with zeros up to 20 digits; else empty
    at INTEGER NOT NULL,        -- microseconds since 1970
    first TEXT NOT NULL,        -- the id of the post's first version
    said BLOB NOT NULL,         -- digest of time and text
    damaged INTEGER NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    reply_to TEXT,
    lang TEXT,
    urls TEXT NOT NULL,         -- as JSON
    mentions TEXT NOT NULL,     -- as JSON
    source TEXT
);
CREATE TABLE gone (id TEXT NOT NULL);  -- posts that the source says are no more
CREATE TABLE notes (note_id TEXT NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL,
                    urls TEXT NOT NULL, mentions TEXT NOT NULL);
"""


class Facts(NamedTuple):
    """What is in a spool."""

    posts: int
    oldest: datetime | None
    newest: datetime | None
    reposts: int
    replies: int
    quotes: int
    damaged: int


class Spool(Closing):
    """One author's posts in an SQLite table, in a file that goes when the spool closes."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="huggingtweets-")
        self.db = sqlite3.connect(Path(self._folder.name) / "posts.db", isolation_level=None)
        self.db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;"
            f"PRAGMA cache_size = -16000; BEGIN; {_SCHEMA}"
        )
        self._waiting: list[tuple[Any, ...]] = []

    def close(self) -> None:
        """Let go of the table."""
        self.db.close()
        self._folder.cleanup()

    def add(self, post: Post, first_id: str = "") -> None:
        """Put a post in; `first_id` names its first version, where it is known."""
        self._waiting.append(
            (post.id, sortable_number(post.id), micros(post.created_at), first_id or post.id,
             said_of(post.created_at, post.text), is_damaged(post.text), post.text, post.kind,
             post.reply_to, post.lang, json.dumps(post.urls), json.dumps(post.mentions),
             post.source)
        )  # fmt: skip
        if len(self._waiting) == _AT_ONCE:
            self.flush()

    def add_gone(self, post_id: str) -> None:
        """Note that the source says of this post that it is no more."""
        self.run("INSERT INTO gone VALUES (?)", (post_id,))

    def flush(self) -> None:
        """Write what waits."""
        rows, self._waiting = self._waiting, []
        with disk_errors():
            self.db.executemany(
                "INSERT INTO posts (id, number, at, first, said, damaged, text, kind, reply_to,"
                " lang, urls, mentions, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Carry out a statement that changes rows; returns how many."""
        self.flush()
        with disk_errors():
            return self.db.execute(statement, values).rowcount

    def query(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """The rows that a statement finds."""
        self.flush()
        with disk_errors():
            found = self.db.execute(statement, values)
            # a generator given up after the table is closed must not close the cursor as well
            yield from (row for row in found)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """The first row that a statement finds."""
        return next(self.query(statement, values))

    def rows(self, author: str) -> Iterator[dict[str, object]]:
        """The rows of posts.jsonl: oldest first, then by numeric id, ids that are none before."""
        for post_id, at, text, kind, reply_to, lang, urls, mentions, source in self.query(
            "SELECT id, at, text, kind, reply_to, lang, urls, mentions, source FROM posts"
            " ORDER BY at, number, id"
        ):
            yield {
                "id": post_id,
                "author": author,
                "created_at": moment(at),
                "text": text,
                "kind": kind,
                "reply_to": reply_to,
                "lang": lang,
                "urls": json.loads(urls),
                "mentions": json.loads(mentions),
                "source": source,
            }

    def posts(self, author: str) -> Iterator[Post]:
        """The posts in the order of `rows`."""
        return map(Post.model_validate, self.rows(author))

    def facts(self) -> Facts:
        """How many posts of which kinds and times there are."""
        count, oldest, newest, damaged = self.one(
            "SELECT COUNT(*), MIN(at), MAX(at), TOTAL(damaged) FROM posts"
        )
        kinds = dict(self.query("SELECT kind, COUNT(*) FROM posts GROUP BY kind"))
        return Facts(
            posts=count,
            oldest=None if oldest is None else moment(oldest),
            newest=None if newest is None else moment(newest),
            reposts=kinds.get("repost", 0),
            replies=kinds.get("reply", 0),
            quotes=kinds.get("quote", 0),
            damaged=int(damaged),
        )


def sortable_number(post_id: str) -> str:
    """The id with zeros up to 20 digits, so that its order is that of numbers; empty if none."""
    return post_id.zfill(20) if is_number(post_id) else ""


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def moment(since_1970: int) -> datetime:
    """The time of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=since_1970)


def said_of(at: datetime, text: str) -> bytes:
    """A digest of what was said when."""
    return hashlib.blake2b(f"{at.isoformat()}\n{text}".encode(), digest_size=16).digest()


@contextmanager
def disk_errors() -> Iterator[None]:
    """Say SQLite's word for a full disk as the operating system does."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error) or "I/O" in str(error):
            raise OSError(errno.ENOSPC, str(error), tempfile.gettempdir()) from error
        raise
