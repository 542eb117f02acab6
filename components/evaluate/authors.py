"""Whose posts there are: the author that is judged, and those to tell them from."""

from pathlib import Path
from typing import NamedTuple

from components.contracts.artifacts import split_file
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import DatasetRow

INVENTED = Path(__file__).parent / "invented_authors"
"""A train-dataset of each of fourteen made-up authors, for whoever names no others."""


class Author(NamedTuple):
    """A persona: one author, or several who write as one."""

    names: tuple[str, ...]
    """The handles, sorted."""
    train: list[DatasetRow]
    test: list[DatasetRow]
    """The newest posts."""

    @property
    def train_texts(self) -> list[str]:
        """The texts of the training posts."""
        return [row.text for row in self.train]

    @property
    def test_texts(self) -> list[str]:
        """The texts of the newest posts."""
        return [row.text for row in self.test]


def read_author(dataset: Path) -> Author:
    """Read a train-dataset.

    Raises:
        BadInputError: it is none, or has no training or test post.
    """
    train, test = (_rows(dataset, split) for split in ("train", "test"))
    return Author(tuple(sorted({row.author for row in (*train, *test)})), train, test)


def read_reference_authors(folder: Path | None, author: Author) -> list[Author]:
    """The authors in `folder`, in which each has a train-dataset; the invented ones if None.

    Whoever is judged is left out: nobody can be told from themself.

    Raises:
        BadInputError: `folder` holds no such datasets, or none of anybody else.
    """
    place = folder or INVENTED
    if not place.is_dir():
        raise BadInputError(
            f"{place} is not a folder; name one with a train-dataset for each author"
        )
    datasets = sorted(path for path in place.iterdir() if path.is_dir() and path.name[0] != ".")
    if not datasets:
        raise BadInputError(
            f"{place} holds no folders; name one that holds a train-dataset for each author"
        )
    judged = {name.casefold() for name in author.names}
    read = [read_author(dataset) for dataset in datasets]
    others = [other for other in read if not judged & {name.casefold() for name in other.names}]
    if not others:
        raise BadInputError(
            f"{place} holds posts of {', '.join(author.names)} alone, who is judged; "
            "add a train-dataset of somebody else"
        )
    return others


def _rows(dataset: Path, split: str) -> list[DatasetRow]:
    path = dataset / split_file(split)
    if not path.is_file():
        raise BadInputError(f"{dataset} is not a train-dataset: it holds no {path.name}")
    rows = list(read_rows(path, DatasetRow))
    if not rows:
        what = "training" if split == "train" else split
        raise BadInputError(f"{dataset} has no {what} post: {path.name} is empty; use more posts")
    return rows
