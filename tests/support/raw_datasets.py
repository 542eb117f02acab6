"""Raw datasets for tests, written as collect writes them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from components.contracts.artifacts import COLLECT_REPORT, POSTS
from components.contracts.base import write_rows
from components.contracts.posts import Post
from components.contracts.reports import CollectCounts, CollectReport

START = datetime(2024, 1, 1, 12, tzinfo=UTC)


def make_post(text: str, number: int = 0, author: str = "ada", **facts: Any) -> Post:
    """A post, the `number`th hour of its author."""
    facts = {"id": str(1000 + number), "created_at": START + timedelta(hours=number), **facts}
    return Post(author=author, text=text, **facts)


def make_posts(texts: Sequence[str], author: str = "ada", **facts: Any) -> list[Post]:
    """One post for each text, an hour apart, oldest first."""
    return [make_post(text, number, author, **facts) for number, text in enumerate(texts)]


def write_raw_dataset(folder: Path, posts: Sequence[Post], author: str | None = None) -> Path:
    """Write these posts, all of one author, as the raw dataset `folder`."""
    folder.mkdir(parents=True)
    write_rows(folder / POSTS, posts)
    kinds = Counter(post.kind for post in posts)
    times = [post.created_at for post in posts]
    CollectReport(
        author=author or posts[0].author,
        source="table:test.csv",
        consent="fictional",
        input_sha256="0" * 64,
        counts=CollectCounts(
            downloaded=len(posts),
            reposts=kinds["repost"],
            replies=kinds["reply"],
            quotes=kinds["quote"],
        ),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    ).write(folder / COLLECT_REPORT)
    return folder
