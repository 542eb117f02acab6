"""Taking posts out of a raw dataset."""

from collections import Counter
from collections.abc import Sequence

from components.collect.damage import is_damaged
from components.contracts.artifacts import COLLECT_REPORT, POSTS
from components.contracts.posts import Post
from components.contracts.reports import CollectCounts, CollectReport
from components.forget.places import StoredArtifact
from components.forget.rows import RewrittenFile, rewritten_hashes, rows_of
from components.forget.wanted import Wanted
from components.registry.documents import as_bytes, parse_document
from components.registry.post_hashes import POST_HASHES

FORGOTTEN = "forgotten"


class RawDatasetRewrite:
    """What is to become of one raw dataset; nothing changes before `apply`."""

    def __init__(self, place: StoredArtifact, wanted: Wanted) -> None:
        """Read it.

        Raises:
            BadInputError: it is no raw dataset, or damaged.
        """
        self.place, self._keys = place, wanted.keys
        self.report = parse_document(
            place.read(COLLECT_REPORT), CollectReport, f"{place.name}/{COLLECT_REPORT}"
        )
        rows = rows_of(place.read(POSTS), Post, f"{place.name}/{POSTS}")
        ours = wanted.is_of(self.report.people)
        kept = [(line, row) for line, row in rows if not (ours and wanted.takes(row.id))]
        self.part = RewrittenFile(POSTS, b"".join(line for line, _ in kept), len(rows) - len(kept))
        self._posts = [row for _, row in kept]

    @property
    def removed(self) -> int:
        """The rows that go."""
        return self.part.removed

    @property
    def left(self) -> int:
        """The rows that stay."""
        return len(self._posts)

    @property
    def was_cut_off(self) -> bool:
        """Whether an earlier run took rows away and did not come to the report."""
        return not self.removed and self.report.counts.downloaded != self.left

    def apply(self) -> None:
        """Take the rows out, then correct what is said of them; the whole dataset if none stays.

        Raises:
            StorageError: it cannot be changed, or was changed by somebody else.
        """
        self.place.write(POSTS, self.part.data)
        if not self.left:  # the report goes before the file that is empty by now: see `was_cut_off`
            picture = [self.report.picture] if self.report.picture else []
            self.place.delete(POST_HASHES, *picture, COLLECT_REPORT, POSTS)
        else:
            rewritten_hashes(self.place, (post.id for post in self._posts), self._keys)
            self.place.write(
                COLLECT_REPORT, as_bytes(corrected_collect_report(self.report, self._posts))
            )
        self._delete_answers()

    def _delete_answers(self) -> None:
        """Delete what a killed collection of the same posts left beside them."""
        parent, _, name = self.place.folder.rstrip("/").rpartition("/")
        if name:
            start = f"{parent}/" if parent else ""
            for stat in list(self.place.store.list(f"{start}.{name}.pages/")):
                self.place.store.delete(stat.key)


def corrected_collect_report(report: CollectReport, posts: Sequence[Post]) -> CollectReport:
    """The report of what is left; how many posts were forgotten in all is one of its notes."""
    kinds = Counter(post.kind for post in posts)
    before = report.counts.downloaded + int(report.notes.get(FORGOTTEN, 0))
    times = [post.created_at for post in posts]
    return report.model_copy(
        update={
            "counts": CollectCounts(
                downloaded=len(posts),
                reposts=kinds["repost"],
                replies=kinds["reply"],
                quotes=kinds["quote"],
            ),
            "damaged": sum(is_damaged(post.text) for post in posts),
            "oldest": min(times),
            "newest": max(times),
            "notes": {**report.notes, FORGOTTEN: before - len(posts)},
        }
    )
