"""What is to become of the datasets, models and evaluations below the places that are named."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from components.contracts.artifacts import RAW_DATASET, TRAIN_DATASET
from components.contracts.errors import BadInputError
from components.forget.copies import must_go
from components.forget.places import StoredArtifact, places_below
from components.forget.raw_dataset import RawDatasetRewrite
from components.forget.train_dataset import TrainDatasetRewrite
from components.forget.wanted import Wanted

Dataset = RawDatasetRewrite | TrainDatasetRewrite
DATASETS = (RAW_DATASET, TRAIN_DATASET)


@dataclass
class ForgetPlan:
    """What was found, and what is to become of it."""

    places: list[StoredArtifact] = field(default_factory=list)
    """All that was found."""
    datasets: list[Dataset] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    """Of the train datasets that hold posts which are to go."""
    copies: list[StoredArtifact] = field(default_factory=list)
    """Models and evaluations that were made from such datasets."""
    unreached: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def raw(self) -> list[StoredArtifact]:
        """The raw datasets among the places."""
        return [place for place in self.places if place.kind == RAW_DATASET]

    def look_for(self, wanted: Wanted, stale: Collection[str]) -> None:
        """Find what holds, or was made of, what is wanted.

        Args:
            wanted: posts, or authors.
            stale: digests of train datasets that held posts which were forgotten before.
        """
        if wanted.is_nothing:
            return
        for place in self.places:
            if place.kind in DATASETS:
                _look_at(place, wanted, self)
        _find_copies(self.places, wanted, {*self.digests, *stale}, self)


def found_below(artifacts: Sequence[str]) -> ForgetPlan:
    """A plan that knows what lies below these places, and not yet what becomes of it."""
    plan = ForgetPlan()
    plan.places.extend(_places(artifacts, plan))
    return plan


def read_dataset(place: StoredArtifact, wanted: Wanted) -> Dataset:
    """A raw or a train dataset, as what is wanted would leave it.

    Raises:
        BadInputError: it is none, or damaged.
    """
    kind: type[RawDatasetRewrite] | type[TrainDatasetRewrite]
    kind = RawDatasetRewrite if place.kind == RAW_DATASET else TrainDatasetRewrite
    return kind(place, wanted)


def _places(artifacts: Sequence[str], plan: ForgetPlan) -> Iterator[StoredArtifact]:
    """Every dataset below these places, once; a place that cannot be read is noted in the plan."""
    seen = set()
    for uri in artifacts:
        try:
            for place in places_below(uri):
                if place.name not in seen:
                    seen.add(place.name)
                    yield place
        except BadInputError as error:
            plan.unreached.append(f"{uri}: {error}")


def _look_at(place: StoredArtifact, wanted: Wanted, plan: ForgetPlan) -> None:
    try:
        dataset = read_dataset(place, wanted)
        if dataset.removed or dataset.was_cut_off:
            plan.datasets.append(dataset)
            if isinstance(dataset, TrainDatasetRewrite) and dataset.removed:
                plan.digests.add(place.sha256())
    except BadInputError as error:
        plan.unreached.append(f"{place.name}: {error}")


def _find_copies(
    places: Iterable[StoredArtifact], wanted: Wanted, datasets: Collection[str], plan: ForgetPlan
) -> None:
    for place in places:
        try:
            if place.kind not in DATASETS and must_go(place, wanted, datasets):
                plan.copies.append(place)
        except BadInputError as error:
            plan.unreached.append(f"{place.name}: {error}")
