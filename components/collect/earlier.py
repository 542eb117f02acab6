"""An earlier raw-dataset, brought up to date by what a source holds today."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from components.collect.collected import Collected, Picture
from components.collect.config import XSource
from components.collect.posts import is_number
from components.collect.spool import Spool, micros
from components.contracts.artifacts import COLLECT_REPORT, POSTS
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import Post
from components.contracts.reports import CollectReport
from components.runtime.folders import require_folder

_ONE_DAY = 86_400_000_000
"""In microseconds: sources may state a post's time to the minute, and in their own zone."""


@dataclass(frozen=True)
class Earlier:
    """A raw-dataset of some time ago."""

    folder: Path
    report: CollectReport

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the report in the folder.

        Raises:
            BadInputError: it is no raw-dataset.
        """
        require_folder(folder, COLLECT_REPORT, "raw-dataset")
        require_folder(folder, POSTS, "raw-dataset")
        return cls(folder, CollectReport.read(folder / COLLECT_REPORT))

    def check_author(self, handle: str, account_id: str | None) -> None:
        """Make sure that the source is of the same author.

        Raises:
            BadInputError: it is of another.
        """
        known = self.report.account_id
        if account_id and known and account_id != known:
            raise BadInputError(
                f"{self.folder} holds posts of account {known}, and @{handle} is account "
                f"{account_id} now; collect it without --since"
            )
        if handle.lower() != self.report.author.lower():
            raise BadInputError(
                f"{self.folder} holds posts of @{self.report.author}, not of @{handle}; "
                "name a raw-dataset of the same author"
            )

    def only_newer(self, config: XSource) -> XSource:
        """The configuration that asks X for newer posts than these alone.

        Raises:
            BadInputError: it says otherwise from where on to ask.
        """
        if config.since_id is not None:
            raise BadInputError("--since and --since-id both say from where on; give one of them")
        newest = max((int(post.id) for post in self._posts() if is_number(post.id)), default=None)
        return config.model_copy(update={"since_id": newest and str(newest)})

    def merge_into(self, spool: Spool, collected: Collected, source: str) -> Collected:
        """Put into the spool what it lacks of these posts, unless the source says it is no more.

        Where the source holds all posts of its time, one that it lacks was deleted. A post keeps
        its id, and the source's version of it stands. Messages call the source `source`.

        Raises:
            BadInputError: the source is of another author, or its ids mean other posts.
        """
        self.check_author(collected.author, collected.account_id)
        facts = spool.facts()
        (last,) = spool.one("SELECT COALESCE(MAX(place), 0) FROM posts")
        spool.run("CREATE INDEX posts_id ON posts (id)")
        spool.run("CREATE INDEX posts_said ON posts (said)")
        for post in self._posts():
            spool.add(post)
        self._refuse_other_posts(spool, last, source)
        known = _drop_known(spool, last)
        deleted = spool.run(
            "DELETE FROM posts WHERE place > ? AND id IN (SELECT id FROM gone)", (last,)
        )
        if collected.complete and facts.newest:
            deleted += spool.run(
                "DELETE FROM posts WHERE place > ? AND number != '' AND at <= ?",
                (last, micros(facts.newest)),
            )
        notes = {"new": facts.posts - known, "gone": deleted}
        return replace(
            collected,
            account_id=collected.account_id or self.report.account_id,
            display_name=collected.display_name or self.report.display_name,
            picture=collected.picture or self._picture(),
            terms=collected.terms or self.report.terms,
        ).saying({**notes, "since": self.report.input_sha256})

    def _refuse_other_posts(self, spool: Spool, last: int, source: str) -> None:
        """Refuse ids that count rows: the same id is of a post of another day there.

        Raises:
            BadInputError: it is so.
        """
        for (post_id,) in spool.query(
            "SELECT new.id FROM posts AS old JOIN posts AS new ON new.id = old.id"
            " WHERE old.place > ?1 AND new.place <= ?1 AND ABS(new.at - old.at) > ?2 LIMIT 1",
            (last, _ONE_DAY),
        ):
            raise BadInputError(
                f"{source}: its post {post_id} is of another day than that in "
                f"{self.folder}, so ids there may just count rows; name the column of ids with "
                "--columns id=COLUMN, or collect it without --since"
            )

    def _posts(self) -> Iterator[Post]:
        return read_rows(self.folder / POSTS, Post)

    def _picture(self) -> Picture | None:
        """The picture that came with the earlier posts."""
        name = self.report.picture
        if name is None or Path(name).name != name or not (self.folder / name).is_file():
            return None
        return Picture(name, (self.folder / name).read_bytes())


def _drop_known(spool: Spool, last: int) -> int:
    """Keep one of two that are the same post, read up to the place `last` and thereafter.

    They have the same id, or the same time and text where one of them has but a substitute for
    its id: then the one with the real id stays, and each takes the place of one.

    Returns:
        How many pairs there were.
    """
    pairs = 0
    for bare_is_earlier in (True, False):
        pairs += spool.run(
            "DELETE FROM posts WHERE place IN (SELECT place FROM"
            " (SELECT place, said, ROW_NUMBER() OVER (PARTITION BY said ORDER BY place) AS nth"
            " FROM posts WHERE id LIKE 'row-%' AND (place > ?1) = ?2) AS bare WHERE nth <="
            " (SELECT COUNT(*) FROM posts AS named WHERE said = bare.said"
            " AND id NOT LIKE 'row-%' AND (place > ?1) != ?2 AND NOT EXISTS"
            " (SELECT 1 FROM posts WHERE id = named.id AND (place > ?1) = ?2)))",
            (last, bare_is_earlier),
        )
    return pairs + spool.run(
        "DELETE FROM posts WHERE place > ?1 AND id IN (SELECT id FROM posts WHERE place <= ?1)",
        (last,),
    )
