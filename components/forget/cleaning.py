"""Carrying a plan out: rows go from datasets, copies go whole."""

from collections.abc import Iterable

from components.contracts.errors import BadInputError
from components.contracts.forgetting import CopyLeft, DatasetLeft, ForgetOutcome
from components.forget.copies import delete_all
from components.forget.places import StoredArtifact
from components.forget.plan import Dataset, read_dataset
from components.forget.wanted import Wanted
from components.storage import ConflictError
from components.storage.retry import attempts


def clean(datasets: Iterable[Dataset], wanted: Wanted) -> tuple[list[DatasetLeft], list[str]]:
    """Take the rows out; gives what became of each dataset, and a sentence for each that refused.

    One that somebody else changes meanwhile is read and cleaned anew.
    """
    done, refused = [], []
    for dataset in datasets:
        try:
            done.append(_cleaned(dataset, wanted))
        except BadInputError as error:
            refused.append(f"{dataset.place.name}: {error}")
            done.append(left_of(dataset, "planned"))
    return done, refused


def delete(copies: Iterable[StoredArtifact]) -> tuple[list[CopyLeft], list[str]]:
    """Delete these; gives what became of each, and a sentence for each that refused."""
    done, refused = [], []
    for place in copies:
        try:
            delete_all(place)
            done.append(copy_of(place, "deleted"))
        except BadInputError as error:
            refused.append(f"{place.name}: {error}")
            done.append(copy_of(place, "planned"))
    return done, refused


def left_of(dataset: Dataset, outcome: ForgetOutcome) -> DatasetLeft:
    """What the receipt says of a dataset."""
    return DatasetLeft(
        place=dataset.place.name,
        kind=dataset.place.kind,
        removed=dataset.removed,
        left=dataset.left,
        outcome=outcome,
    )


def copy_of(place: StoredArtifact, outcome: str) -> CopyLeft:
    """What the receipt says of a model or an evaluation."""
    return CopyLeft.model_validate({"place": place.name, "kind": place.kind, "outcome": outcome})


def _cleaned(dataset: Dataset, wanted: Wanted) -> DatasetLeft:
    found = left_of(dataset, _outcome(dataset))
    for _ in attempts():
        try:
            dataset.apply()
            return found
        except ConflictError:
            dataset = read_dataset(dataset.place, wanted)
    raise ConflictError(f"{dataset.place.name} is changed by too many at once")


def _outcome(dataset: Dataset) -> ForgetOutcome:
    if dataset.was_cut_off:
        return "finished"
    return "cleaned" if dataset.left else "deleted"
