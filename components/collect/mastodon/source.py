"""One account's public posts out of its Mastodon server."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from components.collect.collected import Collected
from components.collect.config import MastodonSource
from components.collect.json_fields import as_objects, as_text
from components.collect.mastodon.account import find_mastodon_account
from components.collect.mastodon.client import MastodonClient
from components.collect.mastodon.posts import is_public, read_status
from components.collect.spool import Spool
from components.collect.web.account import Permit
from components.collect.web.checkpoint import AccountRequest, Checkpoint
from components.collect.web.gathering import gather, stated_posts
from components.collect.web.pages import Page, read_pages


class _Public:
    """Those of the statuses that are for everybody."""

    def __init__(self, statuses: Iterable[dict[str, Any]]) -> None:
        self._statuses = statuses
        self.left_out = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for status in self._statuses:
            if is_public(status):
                yield status
            else:
                self.left_out += 1


def read_statuses(
    config: MastodonSource, dataset: Path, newest: datetime | None, permit: Permit, spool: Spool
) -> Collected:
    """Put the public posts of `config.mastodon` into the spool, down to the time `newest`.

    The server's answers are kept beside the folder `dataset` until `checkpoint.forget` is told of
    it.

    Raises:
        BadInputError: the account cannot be had or asks to be left alone, or its server cannot be
            asked; or `permit` raises.
    """
    address = config.mastodon
    url = config.mastodon_url or f"https://{address.partition('@')[2]}"
    client = MastodonClient(address, url, config.max_wait)
    kept = Checkpoint(dataset, AccountRequest(url=url, handle=address), resume=config.resume)
    account, local_id = find_mastodon_account(address, client, kept, config.consent)
    permit(account.handle, account.account_id)
    pages = read_pages(f"@{address}", partial(client.statuses, local_id), _last_id, kept)
    public = _Public(stated_posts(account, pages, "statuses"))
    collected = gather(account, public, partial(read_status, account=account), newest, spool)
    left_out = {"not_public": public.left_out} if public.left_out else {}
    return collected.saying({**left_out, "terms": f"{url}/about"})


def _last_id(page: Page) -> str:
    """What the next page begins before: only an empty one is the last."""
    statuses = as_objects(page.get("statuses"))
    return as_text(statuses[-1].get("id")) if statuses else ""
