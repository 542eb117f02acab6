"""Fleets of tiny personas: a manifest, a table of posts for each, and what became of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from components.collect.config import ArchiveSource
from components.collect.sample.build import build_archive
from components.collect.stage import run
from components.contracts.base import read_rows
from components.contracts.posts import Post
from support.authors import ENOUGH
from support.tiny_models import make_tiny_model

QUICK = ("--epochs", "1", "--samples", "5", "--max-tokens", "8", "--prompts", "Rain")
QUICK_FLAGS = (*QUICK, "--dtype", "fp32")


def write_fleet(folder: Path, personas: Sequence[str]) -> Path:
    """A manifest of personas, each of the sample's posts from another one on; its base is tiny."""
    base = make_tiny_model(folder / "tiny")
    archive = build_archive(folder / "sample.zip")
    run(ArchiveSource(archive=str(archive), consent="fictional"), dataset_out=folder / "sample")
    texts = [post.text for post in read_rows(folder / "sample" / "posts.jsonl", Post)]
    lines = []
    for number, persona in enumerate(personas):
        start = 4 * number % (len(texts) - ENOUGH)
        write_table(folder / f"{persona}.json", persona, texts[start : start + ENOUGH])
        lines.append(line(folder, persona, base))
    manifest = folder / "everyone.jsonl"
    manifest.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    return manifest


def line(folder: Path, persona: str, base: Path, **more: object) -> dict[str, object]:
    """What a manifest says of one persona."""
    return {
        "persona": persona,
        "consent": "fictional",
        "sources": [{"table": str(folder / f"{persona}.json"), "author": persona}],
        "options": {"base_model": str(base), "no_gate": True},
        **more,
    }


def write_table(path: Path, author: str, texts: Sequence[str], first: int = 0) -> Path:
    """A table of these posts, a minute after one another, numbered from `first` on."""
    rows = [
        {
            "id": str(at),
            "author": author,
            "created_at": f"2020-01-{1 + at // 1440:02d} {at // 60 % 24:02d}:{at % 60:02d}:00",
            "text": text,
        }
        for at, text in enumerate(texts, first)
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path
