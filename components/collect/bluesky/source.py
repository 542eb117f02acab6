"""One account's posts out of Bluesky."""

from datetime import datetime
from functools import partial
from pathlib import Path

from components.collect.archive.assignments import as_text
from components.collect.bluesky.client import BlueskyClient
from components.collect.bluesky.posts import read_post
from components.collect.bluesky.profile import find_profile
from components.collect.collected import Collected
from components.collect.config import CollectConfig
from components.collect.spool import Spool
from components.collect.web.account import Permit
from components.collect.web.checkpoint import Checkpoint, Request
from components.collect.web.gathering import gather, stated_posts
from components.collect.web.pages import Page, read_pages

TERMS = "https://bsky.social/about/support/tos"


def read_feed(
    config: CollectConfig, dataset: Path, newest: datetime | None, permit: Permit, spool: Spool
) -> Collected:
    """Put the posts of `config.bluesky` into the spool, down to the time `newest`.

    Bluesky's answers are kept beside the folder `dataset` until `checkpoint.forget` is told of it.

    Raises:
        BadInputError: the account cannot be had or asks to be left alone, or Bluesky cannot be
            asked; or `permit` raises.
    """
    handle, url = config.bluesky or "", config.bluesky_url
    client = BlueskyClient(url, config.max_wait)
    kept = Checkpoint(dataset, Request(url=url, handle=handle), resume=config.resume)
    account = find_profile(handle, client, kept, config.consent)
    permit(account.handle, account.account_id)
    ask = partial(client.feed, account.account_id, handle)
    stated = stated_posts(account, read_pages(f"@{handle}", ask, _cursor, kept), "feed")
    collected = gather(account, stated, partial(read_post, account=account), newest, spool)
    return collected.saying({"terms": TERMS})


def _cursor(page: Page) -> str:
    return as_text(page.get("cursor"))
