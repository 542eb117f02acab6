"""Reading a source for a test: what it says, and its posts in order."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from components.collect.collected import Collected
from components.collect.config import CollectConfig, Source
from components.collect.opened import open_source
from components.collect.source_file import LocalFiles
from components.collect.spool import Spool
from components.collect.table_rows import Table
from components.contracts.posts import Post

Config = TypeVar("Config", bound=CollectConfig)
Reader = Callable[[Path, str, Config, Spool], Collected]


@dataclass(frozen=True)
class Read:
    """A `Collected` and its posts."""

    said: Collected
    posts: list[Post]
    damaged: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.said, name)


ReadTable = Callable[..., Read]
"""The fixture `table`: reads text or bytes as a table, with options of collect."""
RefuseTable = Callable[..., str]
"""The fixture `refused`: the sentence with which the same is refused."""


def read_with(reader: Reader[Config], path: Path, called: str, config: Config) -> Read:
    """What `reader` makes of the file at `path`, which messages call `called`."""
    with Spool() as spool:
        said = reader(path, called, config, spool)
        return Read(said, list(spool.posts(said.author)), spool.facts().damaged)


def author_of(config: Source) -> str:
    """Whose posts a source is said to hold before they are read."""
    with LocalFiles() as files:
        return open_source(config, files).author


def rows_of(table: Table) -> tuple[list[dict[str, str]], Counter[str]]:
    """The cells of a table's rows, and how many rows were left out on purpose, by their names."""
    rows = list(table.rows())
    cells = [row.cells for row in rows if row.cells is not None]
    return cells, Counter(row.left_out for row in rows if row.left_out)
