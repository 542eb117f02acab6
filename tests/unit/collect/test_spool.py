import errno
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.collect.posts import make_post
from components.collect.spool import Spool, disk_errors
from components.contracts.base import read_rows, write_rows
from components.contracts.posts import Post

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
MOMENT = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXT, MOMENT, TEXT, TEXT), max_size=4), TEXT)
def test_a_spool_gives_rows_as_they_would_be_written(
    facts: list[tuple[str, datetime, str, str]], author: str
) -> None:
    posts = [
        make_post(post_id=post_id, author=author, created_at=at, text=text, source=source)
        for post_id, at, text, source in facts
    ]
    with tempfile.TemporaryDirectory() as name, Spool() as spool:
        ours, theirs = Path(name) / "ours", Path(name) / "theirs"
        for post in posts:
            spool.add(post)
        write_rows(ours, spool.rows(author))
        write_rows(theirs, spool.posts(author))
        assert ours.read_bytes() == theirs.read_bytes()
        key = lambda post: (post.created_at, post.id)  # noqa: E731
        assert sorted(read_rows(ours, Post), key=key) == sorted(posts, key=key)
        assert spool.facts().posts == len(posts)


def test_the_file_goes_with_the_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Spool():
        assert len(list(tmp_path.rglob("*.db"))) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_as_one() -> None:
    with pytest.raises(OSError, match="full") as caught, disk_errors():
        raise sqlite3.OperationalError("database or disk is full")
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(sqlite3.OperationalError), disk_errors():
        raise sqlite3.OperationalError("no such table")
