"""Tables of several invented authors, each with words of their own."""

import json
from collections.abc import Sequence
from pathlib import Path

from components.collect.config import ArchiveSource
from components.collect.sample.build import build_archive
from components.collect.stage import run
from components.contracts.base import read_rows
from components.contracts.posts import Post

ENOUGH = 90
"""Posts of each author, so that a persona can be made of them."""


def write_tables(folder: Path, authors: Sequence[str]) -> list[Path]:
    """Deal the sample's posts out to `authors`: `<author>.json` of each, in `folder`."""
    archive = build_archive(folder / "sample.zip")
    run(ArchiveSource(archive=str(archive), consent="fictional"), dataset_out=folder / "sample")
    texts = [post.text for post in read_rows(folder / "sample" / "posts.jsonl", Post)]
    tables = []
    for number, author in enumerate(authors):
        rows = [
            {
                "id": str(at),
                "author": author,
                "created_at": f"2020-01-01 {at // 60:02d}:{at % 60:02d}:00",
                "text": text,
            }
            for at, text in enumerate(texts[number :: len(authors)][:ENOUGH])
        ]
        tables.append(folder / f"{author}.json")
        tables[-1].write_text(json.dumps(rows), encoding="utf-8")
    return tables
