"""One account's posts out of Bluesky."""

from datetime import datetime
from functools import partial
from pathlib import Path

from components.collect.bluesky.client import BlueskyClient
from components.collect.bluesky.home import home_of
from components.collect.bluesky.posts import read_post
from components.collect.bluesky.preference import (
    COLLECTION,
    Stances,
    keep_to_stances,
    notes_of,
    stances_in,
)
from components.collect.bluesky.profile import find_profile, stated_handle
from components.collect.bluesky_names import account_name, shown_name
from components.collect.collected import Collected
from components.collect.config import BLUESKY, BlueskySource
from components.collect.json_fields import as_text
from components.collect.spool import Spool
from components.collect.web.account import Permit
from components.collect.web.checkpoint import AccountRequest, Checkpoint
from components.collect.web.gathering import gather, stated_posts
from components.collect.web.pages import Page, read_pages

TERMS = "https://bsky.social/about/support/tos"


def read_feed(
    config: BlueskySource, dataset: Path, newest: datetime | None, permit: Permit, spool: Spool
) -> Collected:
    """Put the posts of `config.bluesky` into the spool, down to the time `newest`.

    Bluesky's answers are kept beside the folder `dataset` until `checkpoint.forget` is told of it.

    Raises:
        BadInputError: the account cannot be had or asks to be left alone, or Bluesky cannot be
            asked; or `permit` raises.
    """
    name, url = config.bluesky, config.bluesky_url
    client = BlueskyClient(url, config.max_wait)
    kept = Checkpoint(dataset, AccountRequest(url=url, handle=name), resume=config.resume)
    account = find_profile(name, client, kept, config.consent)
    permit(account.handle, account.account_id)
    stances = _stances(config, client, account.account_id)
    keep_to_stances(shown_name(name), stances, config.consent)
    ask = partial(client.feed, account.account_id, name)
    stated = stated_posts(account, read_pages(shown_name(name), ask, _cursor, kept), "feed")
    collected = gather(account, stated, partial(read_post, account=account), newest, spool)
    return collected.saying({"terms": TERMS, **notes_of(stances)})


def _stances(config: BlueskySource, client: BlueskyClient, did: str) -> Stances:
    """What the author says of AI: asked anew each time, since it may have changed.

    Bluesky's public API has no such records, so the account's own server is asked then.
    """
    if config.bluesky_url == BLUESKY:
        client = BlueskyClient(home_of(did, config.max_wait), config.max_wait)
    return stances_in(client.records(did, COLLECTION, config.bluesky), config.bluesky_entity)


def author_of_did(config: BlueskySource) -> str:
    """The author's name where `config.bluesky` is a DID, for which Bluesky is asked.

    Raises:
        BadInputError: there is no such account, or Bluesky cannot be asked.
    """
    did = config.bluesky
    profile = BlueskyClient(config.bluesky_url, config.max_wait).profile(did)
    return account_name(stated_handle(profile, did), did)


def _cursor(page: Page) -> str:
    return as_text(page.get("cursor"))
