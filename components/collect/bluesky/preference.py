"""What an author on Bluesky says of AI: records of `community.lexicon.preference.ai`.

The record with the key `self` is for the whole account; others are for one collection, or for one
entity (a DID or a domain) that uses the posts. What is said for an entity comes before what is said
for a collection, and that before the account's, each category by itself: allowed, denied, or not
said. Source: github.com/lexicon-community/lexicon, community.lexicon.preference.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from components.collect.json_fields import as_object, as_text
from components.contracts.errors import BadInputError
from components.contracts.reports import Consent

COLLECTION = "community.lexicon.preference.ai"
POSTS = "app.bsky.feed.post"
CATEGORIES = ("training", "inference", "syntheticContent", "embedding")
NEEDED = {"training": "training on its posts", "syntheticContent": "texts made after its posts"}
"""What becomes of posts here, by category."""
OWN: Consent = "own-archive"
Scope = Literal["entity", "collection", "global"]
_SCOPES: tuple[Scope, ...] = ("entity", "collection", "global")
"""The nearest first."""


class Stance(NamedTuple):
    """What is said of one category."""

    allow: bool
    scope: Scope
    """For what it is said."""


Stances = Mapping[str, Stance]
"""By category; what is not said is absent."""


def stances_in(records: Iterable[Mapping[str, Any]], entity: str | None = None) -> Stances:
    """What the account's records say of posts that `entity` (a DID or a domain) uses.

    Where two for the same scope differ, no is said.
    """
    said: dict[tuple[Scope, str], bool] = {}
    for record in records:
        scope = _scope(as_object(record.get("scope")), entity)
        preferences = as_object(record.get("preferences"))
        for category in CATEGORIES if scope else ():
            allow = as_object(preferences.get(category)).get("allow")
            if scope and isinstance(allow, bool):
                said[scope, category] = allow and said.get((scope, category), True)
    return {
        category: Stance(said[scope, category], scope)
        for category in CATEGORIES
        for scope in reversed(_SCOPES)  # the nearest comes last, and stays
        if (scope, category) in said
    }


def keep_to_stances(about: str, stances: Stances, consent: Consent) -> None:
    """Go on unless the author says no to what becomes of the posts here.

    A record speaks to others: it does not bind its owner. It does bind who has the owner's word in
    writing, which may be older than the record; the owner can name them in a record of its own.

    Raises:
        BadInputError: the author, whom messages call `about`, says no.
    """
    denied = [name for name in NEEDED if name in stances and not stances[name].allow]
    if denied and consent != OWN:
        what = " and ".join(NEEDED[name] for name in denied)
        raise BadInputError(
            f"{about} says no to {what} in its record {COLLECTION} ({', '.join(denied)}), so they "
            f"are left alone; only their owner may use them, with --consent {OWN}"
        )


def notes_of(stances: Stances) -> dict[str, str | int]:
    """What is said, for the report: `ai_preference_training: deny (global)`."""
    return {
        f"ai_preference_{name}": f"{'allow' if stance.allow else 'deny'} ({stance.scope})"
        for name, stance in stances.items()
    }


def _scope(scope: Mapping[str, Any], entity: str | None) -> Scope | None:
    """What a record is for; None where that is another entity, or another collection than posts."""
    kind = as_text(scope.get("$type")).rpartition("#")[2]
    if kind == "entityScope":
        named = as_text(scope.get("entity")).strip().lower()
        return "entity" if entity and named == entity.strip().lower() else None
    if kind == "collectionScope":
        return "collection" if as_text(scope.get("collection")) == POSTS else None
    return "global"
