"""Reading a source for a test: what it says, and its posts in order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.collect.collected import Collected
from components.collect.config import CollectConfig
from components.collect.spool import Spool
from components.contracts.posts import Post

Reader = Callable[[Path, str, CollectConfig, Spool], Collected]


@dataclass(frozen=True)
class Read:
    """A `Collected` and its posts."""

    said: Collected
    posts: list[Post]
    damaged: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.said, name)


def read_with(reader: Reader, path: Path, called: str, config: CollectConfig) -> Read:
    """What `reader` makes of the file at `path`, which messages call `called`."""
    with Spool() as spool:
        said = reader(path, called, config, spool)
        return Read(said, list(spool.posts(said.author)), spool.facts().damaged)
