"""What `forget` did, as its receipt tells it: no text of a post, no plain id of one."""

from typing import Literal

from components.contracts.base import Contract, Report, Timestamp

ForgetOutcome = Literal["cleaned", "deleted", "finished", "planned"]


class DatasetLeft(Contract):
    """A dataset that held what was to be forgotten."""

    place: str
    kind: Literal["raw-dataset", "train-dataset", "finetuned-model", "evaluation"]
    removed: int
    """Rows that went."""
    left: int
    """Rows that stay."""
    outcome: ForgetOutcome
    """`deleted` where nothing stays; `finished` where an earlier run was cut off after the rows;
    `planned` while it is still to be done."""


class CopyLeft(Contract):
    """A model or an evaluation outside the registry that was made from such a dataset."""

    place: str
    kind: Literal["finetuned-model", "evaluation"]
    outcome: Literal["deleted", "planned"]


class VersionLeft(Contract):
    """A version that learned from what was to be forgotten, and is stale."""

    persona: str
    version: int
    by: Literal["posts", "dataset", "author"]
    """How it was found: by the hashes of its posts, by the digest of its dataset, by its author."""
    already: bool = False
    """Whether it was stale before."""


class AliasLeft(Contract):
    """An alias that pointed to a stale version."""

    persona: str
    alias: str
    was: int
    now: int | None
    """None where it points nowhere now."""


class ForgetReceipt(Report):
    """`receipt.json`: what was asked, done, found nowhere, and not reached."""

    started_at: Timestamp
    finished_at: Timestamp | None = None
    """None while it is at work, and for good where it was cut off: run it again."""
    registry: str
    key_id: str | None = None
    """The key of the hashes; None where the operator has none."""
    posts: tuple[str, ...] = ()
    """HMAC-SHA256 of each post's id that was asked for; without a key `post 1` and so on."""
    authors: tuple[str, ...] = ()
    """Their handles, where everything of them was asked for, or posts of theirs alone."""
    account_ids: tuple[str, ...] = ()
    datasets: tuple[DatasetLeft, ...] = ()
    copies: tuple[CopyLeft, ...] = ()
    versions: tuple[VersionLeft, ...] = ()
    aliases: tuple[AliasLeft, ...] = ()
    opted_out: tuple[str, ...] = ()
    """Who was put on the list of opt-outs."""
    notes: int = 0
    """How many reports of refreshes and fleets named an author and were deleted or changed."""
    nowhere: tuple[str, ...] = ()
    """Those of `posts`, `authors` and `account_ids` that were found nowhere."""
    unknown: tuple[str, ...] = ()
    """What nobody can tell, a sentence each."""
    unreached: tuple[str, ...] = ()
    """What could not be read or changed, a sentence each: run it again."""
    elsewhere: tuple[str, ...] = ()
    """What may hold copies and is not changed from here, a sentence each."""
    remaining: dict[str, tuple[str, ...]] = {}
    """By persona: the raw datasets that hold what is left of its authors' posts."""
    retrain: dict[str, tuple[str, ...]] = {}
    """By persona: the command lines that make a version of what is left."""
