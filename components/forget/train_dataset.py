"""Taking posts out of a train dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence

from components.contracts.artifacts import PREPARE_REPORT, SPLITS, split_file
from components.contracts.people import People
from components.contracts.posts import DatasetRow
from components.contracts.reports import PostCounts, PrepareReport, SplitFacts, Splits
from components.forget.places import StoredArtifact
from components.forget.raw_dataset import FORGOTTEN
from components.forget.rows import RewrittenFile, rewritten_hashes, rows_of
from components.forget.wanted import Wanted
from components.registry.documents import as_bytes, parse_document
from components.registry.post_hashes import POST_HASHES

NOTE = "posts were forgotten since; the shares of languages and the counts of masks are of before"


class TrainDatasetRewrite:
    """What is to become of one train dataset; nothing changes before `apply`."""

    def __init__(self, place: StoredArtifact, wanted: Wanted) -> None:
        """Read it.

        Raises:
            BadInputError: it is no train dataset, or damaged.
        """
        self.place, self._keys = place, wanted.keys
        self.report = parse_document(
            place.read(PREPARE_REPORT), PrepareReport, f"{place.name}/{PREPARE_REPORT}"
        )
        ours = {
            author.casefold()
            for author in self.report.persona_authors
            if wanted.is_of(_people(self.report, author))
        }
        self._forgotten = ours if wanted.by_author else set()
        """Authors of whom nothing stays."""
        self.parts: list[RewrittenFile] = []
        self._rows: dict[str, list[DatasetRow]] = {}
        for split in SPLITS:
            file = split_file(split)
            rows = rows_of(place.read(file), DatasetRow, f"{place.name}/{file}")
            kept = [
                (line, row)
                for line, row in rows
                if not (row.author.casefold() in ours and wanted.takes(row.id))
            ]
            data = b"".join(line for line, _ in kept)
            self.parts.append(RewrittenFile(file, data, len(rows) - len(kept)))
            self._rows[split] = [row for _, row in kept]

    @property
    def removed(self) -> int:
        """The rows that go."""
        return sum(part.removed for part in self.parts)

    @property
    def left(self) -> int:
        """The rows that stay."""
        return sum(map(len, self._rows.values()))

    @property
    def was_cut_off(self) -> bool:
        """Whether an earlier run took rows away and did not come to the report."""
        return not self.removed and (self.report.counts.kept != self.left or bool(self._forgotten))

    def apply(self) -> None:
        """Take the rows out, then correct what is said of them; the whole dataset if none stays.

        Raises:
            StorageError: it cannot be changed, or was changed by somebody else.
        """
        for part in self.parts:
            self.place.write(part.file, part.data)
        if not self.left:
            self.place.delete(POST_HASHES, PREPARE_REPORT, *(part.file for part in self.parts))
            return
        ids = (row.id for rows in self._rows.values() for row in rows)
        rewritten_hashes(self.place, ids, self._keys)
        report = corrected_prepare_report(self.report, self._rows, self._forgotten)
        self.place.write(PREPARE_REPORT, as_bytes(report))


def corrected_prepare_report(
    report: PrepareReport, rows: Mapping[str, Sequence[DatasetRow]], forgotten: set[str]
) -> PrepareReport:
    """The report of what is left, without the authors of whom nothing stays.

    Of the others each post is still accounted for: one that went is counted as `forgotten`.
    """
    kept = Counter(row.author.casefold() for split in rows.values() for row in split)
    authors = [one for one in report.persona_authors if one.casefold() not in forgotten]
    per_author = {
        author: _counts(report.per_author[author], kept[author.casefold()]) for author in authors
    }
    warnings = tuple(one for one in report.warnings if not one.endswith(NOTE))
    gone = sum(counts.other.get(FORGOTTEN, 0) for counts in per_author.values())
    return report.model_copy(
        update={
            "persona_authors": tuple(authors),
            "per_author": per_author,
            "counts": _sum(list(per_author.values())),
            "splits": Splits(**{split: _facts(rows[split]) for split in SPLITS}),
            "collected": tuple(
                one for one in report.collected if one.author.casefold() not in forgotten
            ),
            "warnings": (*warnings, f"{gone:,} {NOTE}" if gone else f"all of an author's {NOTE}"),
        }
    )


def _people(report: PrepareReport, author: str) -> People:
    ids = (one.account_id for one in report.collected_of(author))
    return People((author,), tuple(one for one in ids if one))


def _counts(before: PostCounts, kept: int) -> PostCounts:
    other = {why: count for why, count in before.other.items() if why != FORGOTTEN}
    named = before.model_dump(exclude={"downloaded", "other", "kept"})
    gone = before.downloaded - sum(named.values()) - sum(other.values()) - kept
    if gone:
        other[FORGOTTEN] = gone
    return before.model_copy(update={"other": other, "kept": kept})


def _sum(counts: Sequence[PostCounts]) -> PostCounts:
    other = sum((Counter(one.other) for one in counts), Counter[str]())
    names = [name for name in PostCounts.model_fields if name != "other"]
    total = {name: sum(getattr(one, name) for one in counts) for name in names}
    return PostCounts(other=dict(sorted(other.items())), **total)


def _facts(rows: Sequence[DatasetRow]) -> SplitFacts:
    times = [row.created_at for row in rows]
    return SplitFacts(
        posts=len(rows),
        characters=sum(len(row.text) for row in rows),
        oldest=min(times, default=None),
        newest=max(times, default=None),
    )
