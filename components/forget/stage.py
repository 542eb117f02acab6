"""Forgetting posts or authors, from start to end.

The versions are marked first: from then on none of them is loaded, moved to or published again.
The rows go last, since the digests of datasets lead to versions. Whatever is done twice changes
nothing, so a run that was cut off is finished by another.
"""

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.artifacts import RAW_DATASET, TRAIN_DATASET
from components.contracts.environment import FORGET_KEY
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.forgetting import CopyLeft, DatasetLeft, ForgetReceipt, Outcome
from components.contracts.registry import Manifest
from components.forget.audit import forgetting, tell
from components.forget.config import ForgetConfig
from components.forget.copies import delete_all, must_go
from components.forget.gone.asking import Gone, ask_sources
from components.forget.places import Place, check_there, places_below
from components.forget.raw_dataset import RawDataset
from components.forget.receipt import RECEIPT, write_receipt
from components.forget.retraining import retraining
from components.forget.train_dataset import TrainDataset
from components.forget.versions import Search, find_versions, mark, withdraw
from components.forget.wanted import Wanted
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.registry.post_hashes import post_keys
from components.storage import ConflictError
from components.storage.retry import attempts

log = logging.getLogger(__name__)

Dataset = RawDataset | TrainDataset
DATASETS = (RAW_DATASET, TRAIN_DATASET)


class UnfinishedError(HuggingtweetsError):
    """Something could not be reached; what could is done, and the receipt says which is which."""


@dataclass
class Plan:
    """What was found, and what is to become of it."""

    datasets: list[Dataset] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    """Of the train datasets that hold posts which are to go."""
    copies: list[Place] = field(default_factory=list)
    """Models and evaluations that were made from such datasets."""
    unreached: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def run(
    config: ForgetConfig,
    *,
    registry: str,
    artifacts: Sequence[str] = (),
    receipt_out: Path,
    environment: Mapping[str, str] | None = None,
) -> ForgetReceipt:
    """Forget what `config` names, in the registry and in the datasets below `artifacts`.

    Args:
        config: what to forget.
        registry: where the models are.
        artifacts: folders, gs:// or s3://, below which datasets lie.
        receipt_out: the folder for the receipt.
        environment: where the operator's key is; the process's own if left out.

    Raises:
        BadInputError: there is no registry or no such place; nothing is changed.
        UnfinishedError: something could not be reached; the rest is done, and the receipt written.
    """
    environment = os.environ if environment is None else environment
    keys, place = post_keys(environment), Registry.open(registry, actor=config.actor).require()
    for uri in artifacts:
        check_there(uri)
    _check_receipt(receipt_out)
    plan = Plan()
    found = list(_places(artifacts, plan))
    gone = Gone()
    if config.gone:
        raw = [one for one in found if one.kind == RAW_DATASET]
        gone = ask_sources(raw, config, environment)
        plan.unreached += gone.unreached
        plan.unknown += gone.unknown
    wanted = Wanted(
        posts=frozenset({*config.post_id, *gone.posts}),
        by_author=not (config.post_id or config.gone),
        authors=frozenset({*config.author, *gone.authors}),
        account_ids=frozenset(config.account_id),
        keys=keys,
    )
    if not wanted.is_nothing:
        for one in found:
            if one.kind in DATASETS:
                _look_at(one, wanted, plan)
        _find_copies(found, wanted, {*plan.digests, *place.stale().datasets}, plan)
    receipt = _forget(config, wanted, place, plan, receipt_out)
    if receipt.unreached:
        raise UnfinishedError(
            f"not everything could be reached, as {receipt_out / RECEIPT} says: "
            f"{receipt.unreached[0]}; run it again"
        )
    log.info("done; the receipt is in %s", receipt_out)
    return receipt


def _forget(
    config: ForgetConfig,
    wanted: Wanted,
    place: Registry,
    plan: Plan,
    receipt_out: Path,
) -> ForgetReceipt:
    nothing = wanted.is_nothing
    search = Search() if nothing else find_versions(place, wanted, plan.digests)
    receipt = ForgetReceipt(
        started_at=datetime.now(UTC),
        registry=place.store.uri,
        key_id=wanted.keys[0].id if wanted.keys else None,
        posts=wanted.names(),
        authors=tuple(sorted(wanted.authors)),
        account_ids=config.account_id,
        datasets=tuple(_left(one, "planned") for one in plan.datasets),
        copies=tuple(_copy(one, "planned") for one in plan.copies),
        versions=tuple(search.versions),
        nowhere=wanted.nowhere(),
        unknown=(*plan.unknown, *search.unknown, *_without_a_key(wanted)),
        elsewhere=tuple(_elsewhere(search.manifests)),
    )
    write_receipt(receipt_out, receipt)
    if search.versions or plan.datasets or plan.copies or config.opt_out:
        with forgetting(place, receipt) as record:
            receipt = _carried_out(config, wanted, place, plan, search, receipt)
            tell(record, receipt)
    receipt = receipt.model_copy(
        update={
            "unreached": (*plan.unreached, *search.unreached, *receipt.unreached),
            "finished_at": datetime.now(UTC),
        }
    )
    write_receipt(receipt_out, receipt)
    return receipt


def _carried_out(
    config: ForgetConfig,
    wanted: Wanted,
    place: Registry,
    plan: Plan,
    search: Search,
    receipt: ForgetReceipt,
) -> ForgetReceipt:
    """Do it; the receipt with what was done."""
    mark(place, search.versions, plan.digests, wanted)
    aliases = tuple(withdraw(place))
    opted_out = _opt_out(config, place) if config.opt_out else ()
    cleaned, refused = _clean(plan.datasets, wanted)
    deleted, kept = _delete(plan.copies)
    uri = place.store.uri
    lines = retraining(uri, search.manifests, plan.datasets) if config.retrain else {}
    return receipt.model_copy(
        update={
            "aliases": aliases,
            "opted_out": opted_out,
            "datasets": tuple(cleaned),
            "copies": tuple(deleted),
            "unreached": (*refused, *kept),
            "retrain": lines,
        }
    )


def _check_receipt(folder: Path) -> None:
    """An earlier receipt is a proof that somebody may need: it is never written over."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{folder} holds something already; name an empty folder")


def _places(artifacts: Sequence[str], plan: Plan) -> Iterator[Place]:
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


def _look_at(place: Place, wanted: Wanted, plan: Plan) -> None:
    try:
        dataset = _read(place, wanted)
        if dataset.removed or dataset.was_cut_off:
            plan.datasets.append(dataset)
            if isinstance(dataset, TrainDataset) and dataset.removed:
                plan.digests.add(place.sha256())
    except BadInputError as error:
        plan.unreached.append(f"{place.name}: {error}")


def _find_copies(
    places: Iterable[Place], wanted: Wanted, datasets: Collection[str], plan: Plan
) -> None:
    for place in places:
        try:
            if place.kind not in DATASETS and must_go(place, wanted, datasets):
                plan.copies.append(place)
        except BadInputError as error:
            plan.unreached.append(f"{place.name}: {error}")


def _delete(copies: Iterable[Place]) -> tuple[list[CopyLeft], list[str]]:
    """Delete these; gives what became of each, and a sentence for each that refused."""
    done, refused = [], []
    for place in copies:
        try:
            delete_all(place)
            done.append(_copy(place, "deleted"))
        except BadInputError as error:
            refused.append(f"{place.name}: {error}")
            done.append(_copy(place, "planned"))
    return done, refused


def _copy(place: Place, outcome: str) -> CopyLeft:
    return CopyLeft.model_validate({"place": place.name, "kind": place.kind, "outcome": outcome})


def _read(place: Place, wanted: Wanted) -> Dataset:
    kind: type[RawDataset] | type[TrainDataset]
    kind = RawDataset if place.kind == RAW_DATASET else TrainDataset
    return kind(place, wanted)


def _clean(datasets: Iterable[Dataset], wanted: Wanted) -> tuple[list[DatasetLeft], list[str]]:
    """Take the rows out; gives what became of each dataset, and a sentence for each that refused.

    One that somebody else changes meanwhile is read and cleaned anew.
    """
    done, refused = [], []
    for dataset in datasets:
        try:
            done.append(_cleaned(dataset, wanted))
        except BadInputError as error:
            refused.append(f"{dataset.place.name}: {error}")
            done.append(_left(dataset, "planned"))
    return done, refused


def _cleaned(dataset: Dataset, wanted: Wanted) -> DatasetLeft:
    found = _left(dataset, _outcome(dataset))
    for _ in attempts():
        try:
            dataset.apply()
            return found
        except ConflictError:
            dataset = _read(dataset.place, wanted)
    raise ConflictError(f"{dataset.place.name} is changed by too many at once")


def _outcome(dataset: Dataset) -> Outcome:
    if dataset.was_cut_off:
        return "finished"
    return "cleaned" if dataset.left else "deleted"


def _left(dataset: Dataset, outcome: Outcome) -> DatasetLeft:
    return DatasetLeft(
        place=dataset.place.name,
        kind=dataset.place.kind,
        removed=dataset.removed,
        left=dataset.left,
        outcome=outcome,
    )


def _opt_out(config: ForgetConfig, place: Registry) -> tuple[str, ...]:
    for handle in config.author:
        add_opt_out(place.store.uri, handle=handle, actor=config.actor)
    for account_id in config.account_id:
        add_opt_out(place.store.uri, account_id=account_id, actor=config.actor)
    return (*(f"@{one}" for one in config.author), *(f"account {one}" for one in config.account_id))


def _without_a_key(wanted: Wanted) -> Iterator[str]:
    if wanted.posts and not wanted.keys:
        yield (
            f"which models learned from these posts, as far as their datasets are not named: "
            f"{FORGET_KEY} is not set, so no hash of an id can be compared"
        )


def _elsewhere(manifests: Iterable[Manifest]) -> Iterator[str]:
    for manifest in manifests:
        for tool, run_id in sorted(manifest.lineage.runs.items()):
            yield (
                f"the {tool} run {run_id} made {manifest.persona}@{manifest.version}: "
                "what it keeps of posts and weights is deleted there"
            )
