"""What publishing reads, and whether it belongs together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from components.contracts import artifacts
from components.contracts.base import read_rows
from components.contracts.errors import BadInputError
from components.contracts.evaluation import EvaluationReport
from components.contracts.posts import DatasetRow, Sample
from components.contracts.registry import PostHashes
from components.contracts.reports import (
    CollectReport,
    FetchReport,
    PrepareReport,
    TrainReport,
)
from components.lm.provenance import check_evaluated, check_trained_from
from components.registry.post_hashes import post_keys
from components.runtime.folders import require_folder
from components.text.ngrams import RunIndex
from components.text.overlap import overlap
from components.text.spans import Beginnings, SpanFilter

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})


class Story(NamedTuple):
    """How a model came to be: the reports of all stages, and what it writes."""

    prepared: PrepareReport
    fetched: FetchReport
    trained: TrainReport
    evaluated: EvaluationReport
    public_page: Path
    """The evaluation for people, without a quotation."""
    samples: list[Sample]
    """The first sample of each prompt that repeats no post of the dataset."""

    @property
    def names(self) -> list[str]:
        """The authors' names, the handle standing in where none is known."""
        reports = [(author, self.collected(author)) for author in self.prepared.persona_authors]
        return [(report and report.display_name) or author for author, report in reports]

    def collected(self, author: str) -> CollectReport | None:
        """The report of this author's raw dataset, the first of several, where it is known."""
        return next(iter(self.prepared.collected_of(author)), None)


def read_story(dataset: Path, model: Path, evaluation: Path, base_model: Path) -> Story:
    """Read the reports in these folders and check that they tell one story.

    Raises:
        BadInputError: a folder is not what it should be, or is not of this model.
    """
    require_folder(dataset, artifacts.PREPARE_REPORT, "train-dataset")
    require_folder(model, artifacts.TRAIN_REPORT, "finetuned-model")
    for file in (artifacts.EVALUATION_REPORT, artifacts.PUBLIC_PAGE):
        require_folder(evaluation, file, "finished evaluation")
    require_folder(base_model, artifacts.FETCH_REPORT, "pretrained-model")
    trained = TrainReport.read(model / artifacts.TRAIN_REPORT)
    evaluated = EvaluationReport.read(evaluation / artifacts.EVALUATION_REPORT)
    check_trained_from(trained, dataset, base_model)
    check_evaluated(evaluated, model, trained.dataset_sha256)
    return Story(
        prepared=PrepareReport.read(dataset / artifacts.PREPARE_REPORT),
        fetched=FetchReport.read(base_model / artifacts.FETCH_REPORT),
        trained=trained,
        evaluated=evaluated,
        public_page=evaluation / artifacts.PUBLIC_PAGE,
        samples=_own_samples(evaluation / artifacts.SAMPLES, dataset),
    )


def find_pictures(raw_datasets: Sequence[Path], authors: Sequence[str]) -> list[Path]:
    """The authors' pictures in their raw datasets, in the order of the authors.

    Raises:
        BadInputError: a raw dataset is of somebody else.
    """
    spelled = {author.casefold(): author for author in authors}
    found: dict[str, Path] = {}
    for folder in raw_datasets:
        require_folder(folder, artifacts.COLLECT_REPORT, "raw-dataset")
        report = CollectReport.read(folder / artifacts.COLLECT_REPORT)
        author = spelled.get(report.author.casefold())
        if author is None:
            raise BadInputError(
                f"{folder} holds posts of {report.author}, who is not one of the model's authors: "
                f"{', '.join(authors)}; leave that folder out"
            )
        if report.picture and (picture := _picture(folder, report.picture)):
            found.setdefault(author, picture)
    return [found[author] for author in authors if author in found]


def read_spans(dataset: Path, dataset_sha256: str) -> tuple[SpanFilter, Beginnings]:
    """The training posts' runs of words and their beginnings, keyed by the dataset's digest."""
    posts = [row.text for row in read_rows(dataset / artifacts.split_file("train"), DatasetRow)]
    key = bytes.fromhex(dataset_sha256)
    return SpanFilter.of(posts, key), Beginnings.of(posts, key)


def read_post_hashes(dataset: Path, environment: Mapping[str, str]) -> PostHashes | None:
    """The hashes of the ids of all posts in the dataset; None where the operator has no key.

    Raises:
        BadInputError: the key cannot be read.
    """
    keys = post_keys(environment)
    if not keys:
        return None
    return keys[0].hashes(
        row.id
        for split in artifacts.SPLITS
        for row in read_rows(dataset / artifacts.split_file(split), DatasetRow)
    )


def _picture(folder: Path, name: str) -> Path | None:
    """The picture, unless its name leads out of the folder or is not an image's."""
    path = folder / name
    fine = Path(name).name == name and path.suffix.lower() in PICTURES
    return path if fine and path.is_file() and not path.is_symlink() else None


def _own_samples(samples: Path, dataset: Path) -> list[Sample]:
    """The first sample of each prompt that says something and copies nothing."""
    posts = RunIndex(
        row.text
        for split in artifacts.SPLITS
        for row in read_rows(dataset / artifacts.split_file(split), DatasetRow)
    )
    chosen: dict[str, Sample] = {}
    for sample in read_rows(samples, Sample):
        wanted = sample.prompt and sample.prompt not in chosen and sample.text.strip()
        if wanted and not any(overlap(sample.prompt + sample.text, posts)):
            chosen[sample.prompt] = sample
    return list(chosen.values())
