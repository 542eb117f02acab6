"""The real posts of the test data, read from their tables."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.posts import Post

TABLES = {
    "drob": "dgrtwo-tidy-text-mining/drob_tweets.csv",
    "BarackObama": "fivethirtyeight-data/BarackObama.csv",
    "realDonaldTrump": "fivethirtyeight-data/realDonaldTrump.csv",
}


def read_table(folder: Path, author: str) -> Iterator[Post]:
    """The posts of one author; characters that are not UTF-8 become U+FFFD."""
    path = folder / TABLES[author]
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            if "id" in row:
                number, form = row["id"], "%Y-%m-%d %H:%M:%S"
            else:
                number, form = row["url"].rsplit("/", 1)[1], "%m/%d/%y %H:%M"
            created_at = datetime.strptime(row["created_at"], form).replace(tzinfo=UTC)
            yield Post(
                id=number,
                author=author,
                created_at=created_at,
                text=row["text"],
                source=row.get("source"),
            )
