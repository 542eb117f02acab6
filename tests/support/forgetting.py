"""A persona's whole way, made up: raw and train datasets, and versions that know their posts."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from components.collect.config import TableSource
from components.collect.stage import run as collect
from components.contracts.posts import DatasetRow
from components.contracts.reports import BaseModelFacts, CollectReport
from components.prepare.config import PrepareConfig
from components.prepare.stage import run as prepare
from components.registry import Registry
from components.registry.post_hashes import POST_HASHES, post_keys
from components.runtime.digests import folder_sha256

KEY = "forget-key-of-tests-with-enough-characters"
VARIABLES = {"HUGGINGTWEETS_FORGET_KEY": KEY}
POSTS = 120
START = datetime(2021, 5, 1, tzinfo=UTC)
_SYLLABLES = ("ba", "du", "fe", "ki", "lo", "mu", "na", "po", "ri", "sa", "te", "vo", "we", "zu")


def text_of(author: str, number: int) -> str:
    """Words that no other post has together."""
    chance = random.Random(f"{author} {number}")
    words = ("".join(chance.choices(_SYLLABLES, k=3)) for _ in range(14))
    return " ".join(words)


def post_id(number: int) -> str:
    """The id of an author's `number`th post."""
    return str(1_390_000_000_000_000_000 + number)


def make_raw(
    folder: Path,
    author: str = "rosa",
    first: int = 0,
    posts: int = POSTS,
    registry: str | None = None,
) -> Path:
    """A raw dataset, collected from a table."""
    table = folder.with_name(f"{folder.name}.csv")
    table.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{post_id(n)},{START + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ},{text_of(author, n)}"
        for n in range(first, first + posts)
    ]
    table.write_text("\n".join(["id,created_at,text", *rows]) + "\n")
    config = TableSource(table=str(table), author=author, consent="fictional", registry=registry)
    collect(config, dataset_out=folder)
    table.unlink()
    return folder


def make_train(folder: Path, raw: Sequence[Path]) -> Path:
    """A train dataset of these."""
    prepare(PrepareConfig(), dataset=raw, dataset_out=folder)
    return folder


def ids_in(train: Path) -> list[str]:
    """The ids of all posts in a train dataset."""
    return [
        DatasetRow.model_validate_json(line).id
        for split in ("train", "validation", "test")
        for line in (train / f"{split}.jsonl").read_text().splitlines()
    ]


def publish_from(
    registry: Registry,
    train: Path,
    raw: Iterable[Path],
    persona: str = "rosa",
    variables: Mapping[str, str] = VARIABLES,
    base_model: BaseModelFacts | None = None,
    **lineage: Any,
) -> int:
    """Publish a version that was trained on this dataset; gives its number.

    One with a `base_model` is an adapter of that.
    """
    keys = post_keys(variables)
    hashes = keys[0].hashes(ids_in(train)) if keys else None
    reports = [CollectReport.read(folder / "collect.json") for folder in raw]

    def write(version: int, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"weights of %d" % version)
        if hashes:
            hashes.write(folder / POST_HASHES)

    document = {
        "digests": {"train-dataset": folder_sha256(train)},
        "consent": {report.author: report.consent for report in reports},
        "collect": {report.author: report.model_dump(mode="json") for report in reports},
        "fetch": {"asked": "openai-community/gpt2"},
        "train": {"hyperparameters": {"method": "full"}},
        **lineage,
    }
    manifest = registry.publish(persona, write, document, base_model=base_model)  # type: ignore[arg-type]
    return manifest.version
