"""Forgetting posts or authors, from start to end.

The versions are marked first: from then on none of them is loaded, moved to or published again.
The rows go last, since the digests of datasets lead to versions. Whatever is done twice changes
nothing, so a run that was cut off is finished by another.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from components.contracts.environment import FORGET_KEY
from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.forgetting import ForgetReceipt
from components.forget.audit import forgetting, tell
from components.forget.cleaning import clean, copy_of, delete, left_of
from components.forget.config import ForgetConfig
from components.forget.elsewhere import elsewhere
from components.forget.gone.asking import Gone, ask_sources
from components.forget.notes import forget_in_notes
from components.forget.places import check_there
from components.forget.plan import ForgetPlan, found_below
from components.forget.receipt import RECEIPT, write_receipt
from components.forget.retraining import remaining, retraining
from components.forget.versions import Search, find_versions, mark, withdraw
from components.forget.wanted import Wanted
from components.registry import Registry
from components.registry.opt_outs import add_opt_out
from components.registry.post_hashes import PostKey, post_keys

log = logging.getLogger(__name__)


class UnfinishedError(HuggingtweetsError):
    """Something could not be reached; what could is done, and the receipt says which is which."""


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
    plan = found_below(artifacts)
    wanted = _wanted(config, plan, keys, environment)
    plan.look_for(wanted, place.stale().datasets)
    receipt = _forget(config, wanted, place, plan, receipt_out)
    if receipt.unreached:
        raise UnfinishedError(
            f"not everything could be reached, as {receipt_out / RECEIPT} says: "
            f"{receipt.unreached[0]}; run it again"
        )
    log.info("done; the receipt is in %s", receipt_out)
    return receipt


def _wanted(
    config: ForgetConfig,
    plan: ForgetPlan,
    keys: tuple[PostKey, ...],
    environment: Mapping[str, str],
) -> Wanted:
    """What the configuration names, or what the sources say is gone."""
    gone = Gone()
    if config.gone:
        gone = ask_sources(plan.raw, config, environment)
        plan.unreached += gone.unreached
        plan.unknown += gone.unknown
    return Wanted(
        posts=frozenset({*config.post_id, *gone.posts}),
        by_author=not (config.post_id or config.gone),
        authors=frozenset({*config.author, *gone.authors}),
        account_ids=frozenset(config.account_id),
        keys=keys,
    )


def _forget(
    config: ForgetConfig, wanted: Wanted, place: Registry, plan: ForgetPlan, receipt_out: Path
) -> ForgetReceipt:
    search = Search() if wanted.is_nothing else find_versions(place, wanted, plan.digests)
    receipt = ForgetReceipt(
        started_at=datetime.now(UTC),
        registry=place.store.uri,
        key_id=wanted.keys[0].id if wanted.keys else None,
        posts=wanted.names(),
        authors=tuple(sorted(wanted.authors)),
        account_ids=config.account_id,
        datasets=tuple(left_of(one, "planned") for one in plan.datasets),
        copies=tuple(copy_of(one, "planned") for one in plan.copies),
        versions=tuple(search.versions),
        nowhere=wanted.nowhere(),
        unknown=(*plan.unknown, *search.unknown, *_without_a_key(wanted)),
        elsewhere=tuple(elsewhere(place, search.manifests)),
    )
    write_receipt(receipt_out, receipt)
    if search.versions or plan.datasets or plan.copies or wanted.by_author:
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
    plan: ForgetPlan,
    search: Search,
    receipt: ForgetReceipt,
) -> ForgetReceipt:
    """Do it; the receipt with what was done."""
    mark(place, search.versions, plan.digests, wanted)
    aliases = tuple(withdraw(place))
    opted_out = _opt_out(config, place) if config.opt_out else ()
    notes = forget_in_notes(place, wanted.handles(search.manifests))
    cleaned, refused = clean(plan.datasets, wanted)
    deleted, kept = delete(plan.copies)
    remains = remaining(search.manifests, plan.raw) if config.retrain else {}
    return receipt.model_copy(
        update={
            "aliases": aliases,
            "opted_out": opted_out,
            "notes": notes,
            "datasets": tuple(cleaned),
            "copies": tuple(deleted),
            "unreached": (*refused, *kept),
            "remaining": remains,
            "retrain": retraining(place.store.uri, search.manifests, remains),
        }
    )


def _check_receipt(folder: Path) -> None:
    """An earlier receipt is a proof that somebody may need: it is never written over."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{folder} holds something already; name an empty folder")


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
