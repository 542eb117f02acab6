"""The same posts are the same dataset, wherever they were asked for."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from support.bluesky import BskyAccount, bluesky, bsky_post
from support.mastodon import MastodonAccount, mastodon, status

from components.collect.config import source_given
from components.collect.sample.build import build_archive
from components.collect.stage import run as collect
from components.contracts.base import read_rows
from components.contracts.posts import Post
from components.prepare.config import PrepareConfig
from components.prepare.stage import run as prepare


def prepared(folder: Path, preset: Any, **source: str) -> tuple[Any, list[str]]:
    """What becomes of the source's posts: the counts, and the texts of the first split."""
    raw, dataset = folder / "raw-dataset", folder / "train-dataset"
    collect(source_given({"consent": "fictional", **source}, {}), dataset_out=raw)
    report = prepare(PrepareConfig(preset=preset), dataset=[raw], dataset_out=dataset)
    lines = (dataset / "train.jsonl").read_text(encoding="utf-8").splitlines()
    return report.counts, [json.loads(line)["text"] for line in lines]


@pytest.mark.parametrize("preset", ["default", "classic"])
def test_an_archive_bluesky_and_mastodon_agree(tmp_path: Path, preset: str) -> None:
    build_archive(tmp_path / "x.zip")
    expected = prepared(tmp_path / "x", preset, archive=str(tmp_path / "x.zip"))
    posts = read_rows(tmp_path / "x" / "raw-dataset" / "posts.jsonl", Post)
    texts = list(enumerate(html.unescape(post.text) for post in posts))
    feed = [bsky_post(number, text) for number, text in reversed(texts)]
    with bluesky(BskyAccount(feed=feed)) as server:
        where = {"bluesky": "nobody.bsky.social", "bluesky_url": server.url}
        assert prepared(tmp_path / "bluesky", preset, **where) == expected
    statuses = [status(number, as_mastodon_shows(text)) for number, text in texts]
    with mastodon(MastodonAccount(statuses)) as instance:
        where = {"mastodon": "nobody@social.example", "mastodon_url": instance.url}
        assert prepared(tmp_path / "mastodon", preset, **where) == expected


def as_mastodon_shows(text: str) -> str:
    lines = html.escape(text).replace("\n\n", "</p><p>").replace("\n", "<br />")
    return f"<p>{lines}</p>"
