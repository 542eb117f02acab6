"""Reading raw datasets: one or several folders for each author."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.contracts.artifacts import COLLECT_REPORT, POSTS
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.runtime.folders import require_folder


@dataclass(frozen=True)
class RawDataset:
    """One folder that collect wrote."""

    folder: Path
    report: CollectReport

    def posts(self) -> Iterator[Post]:
        """The folder's posts, read one by one.

        Raises:
            BadInputError: a row is damaged or another author's.
        """
        author = self.report.author.casefold()
        for post in read_rows(self.folder / POSTS, Post):
            if post.author.casefold() != author:
                raise BadInputError(
                    f"{self.folder} holds post {post.id} by @{post.author}, but its "
                    f"{COLLECT_REPORT} names @{self.report.author}: collect each author alone"
                )
            yield post


@dataclass(frozen=True)
class AuthorPosts:
    """Everything that was collected of one author."""

    author: str
    datasets: tuple[RawDataset, ...]

    @property
    def collected(self) -> int:
        """How many posts the reports promise."""
        return sum(dataset.report.counts.downloaded for dataset in self.datasets)

    @property
    def replies_are_marked(self) -> bool:
        """Whether the sources say which posts are replies."""
        return any(dataset.report.counts.replies > 0 for dataset in self.datasets)

    def posts(self) -> Iterator[Post]:
        """The posts of all folders, in the order in which these were named."""
        for dataset in self.datasets:
            yield from dataset.posts()


def read_raw_datasets(folders: Sequence[Path]) -> list[AuthorPosts]:
    """The authors of these folders, sorted; folders of one author are taken together.

    Handles are the same whatever their case; the folder named first gives the spelling.

    Raises:
        BadInputError: a folder is no raw dataset, is named twice, or is of another account than
            one of the same handle.
    """
    if not folders:
        raise BadInputError("no raw dataset is given: name at least one with --dataset")
    by_author: dict[str, list[RawDataset]] = {}
    seen: set[Path] = set()
    for folder in folders:
        report = CollectReport.read(
            require_folder(folder, COLLECT_REPORT, "raw dataset") / COLLECT_REPORT
        )
        require_folder(folder, POSTS, "raw dataset")
        if folder.resolve() in seen:
            raise BadInputError(f"{folder} is given twice; name each raw dataset once")
        seen.add(folder.resolve())
        by_author.setdefault(report.author.casefold(), []).append(RawDataset(folder, report))
    for datasets in by_author.values():
        _refuse_other_accounts(datasets)
    authors = (AuthorPosts(one[0].report.author, tuple(one)) for one in by_author.values())
    return sorted(authors, key=lambda author: author.author)


def _refuse_other_accounts(datasets: Sequence[RawDataset]) -> None:
    """A handle that changed hands is two authors, and the posts of one are not the other's."""
    first: RawDataset | None = None
    for dataset in datasets:
        if dataset.report.account_id is None:
            continue
        first = first or dataset
        if dataset.report.account_id != first.report.account_id:
            raise BadInputError(
                f"{first.folder} holds posts of account {first.report.account_id}, and "
                f"{dataset.folder} of account {dataset.report.account_id}, though both are called "
                f"@{first.report.author}: they may be two people; leave one of them out"
            )
