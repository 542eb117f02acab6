"""Models and evaluations of earlier runs that learned from, or quote, what is to be forgotten."""

from collections.abc import Collection

from components.contracts.artifacts import (
    EVALUATION,
    EVALUATION_REPORT,
    FINETUNED_MODEL,
    TRAIN_REPORT,
)
from components.contracts.evaluation import EvaluationReport
from components.contracts.reports import TrainReport
from components.forget.places import StoredArtifact
from components.forget.wanted import Wanted
from components.registry.documents import DamagedError, parse_document

_Report = type[TrainReport] | type[EvaluationReport]
_REPORTS: dict[str, tuple[str, _Report]] = {
    FINETUNED_MODEL: (TRAIN_REPORT, TrainReport),
    EVALUATION: (EVALUATION_REPORT, EvaluationReport),
}


def must_go(place: StoredArtifact, wanted: Wanted, datasets: Collection[str]) -> bool:
    """Whether a model or an evaluation came from one of these train datasets, by their digests.

    A model goes by its authors, too, where everything of one is to be forgotten. A file of the same
    name that is no report of ours is nobody's.

    Raises:
        BadInputError: it cannot be read.
    """
    file, kind = _REPORTS[place.kind]
    try:
        report = parse_document(place.read(file), kind, f"{place.name}/{file}")
    except DamagedError:
        return False
    if report.dataset_sha256 in datasets:
        return True
    return wanted.by_author and isinstance(report, TrainReport) and wanted.is_of(report.people)


def delete_all(place: StoredArtifact) -> None:
    """Delete what the folder holds, its report last: until then it is found again."""
    file, _ = _REPORTS[place.kind]
    keys = [stat.key for stat in place.store.list(place.folder)]
    for key in sorted(keys, key=lambda key: key == place.folder + file):
        place.store.delete(key)
