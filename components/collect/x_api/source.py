"""One account's posts out of the X API."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.collect.collected import Collected
from components.collect.config import XSource
from components.collect.spool import Spool
from components.collect.versions import keep_last_versions
from components.collect.web.account import Account, Permit
from components.collect.web.checkpoint import AccountRequest, Checkpoint
from components.collect.web.gathering import collected_from, skips_of
from components.collect.x_api.acceptance import MOST_POSTS, require_cost, require_terms
from components.collect.x_api.account import find_x_account
from components.collect.x_api.client import XClient
from components.collect.x_api.posts import read_api_post
from components.collect.x_api.timeline import Timeline
from components.collect.x_api.tokens import read_token


def read_timeline(
    config: XSource,
    dataset: Path,
    environment: Mapping[str, str],
    permit: Permit,
    spool: Spool,
) -> Collected:
    """Put the posts of `config.handle` into the spool.

    X's answers are kept beside the folder `dataset` until `checkpoint.forget` is told of it.

    Raises:
        BadInputError: the terms or the cost are not accepted, there is no token, X refuses or
            cannot be reached; or `permit` raises.
    """
    terms = require_terms(config)
    token = read_token(environment, config.x_api_url)
    require_cost(config, token)
    client = XClient(config.x_api_url, token, config.max_wait)
    request = AccountRequest(
        url=config.x_api_url,
        handle=config.handle,
        since_id=config.since_id,
        until_id=config.until_id,
    )
    kept = Checkpoint(dataset, request, resume=config.resume)
    account = find_x_account(config.handle, client, token, kept)
    permit(account.handle, account.account_id)
    return _collect(Timeline(config, client, token, kept), account, terms, spool)


def _collect(timeline: Timeline, account: Account, terms: str, spool: Spool) -> Collected:
    skips, digest = skips_of(account), hashlib.sha256()
    number = 0
    for number, stated in enumerate(timeline.posts(account), 1):
        digest.update(_canonical(stated))
        version = read_api_post(stated, account.handle, account.account_id)
        if isinstance(version, str):
            skips.add(version, f"post {number}")
            continue
        spool.add(version.post, version.first_id)
        for earlier in version.earlier_ids:
            spool.add_gone(earlier)
    skips.refuse_too_many(number - skips.total)
    return collected_from(
        account,
        skips,
        digest.hexdigest(),
        terms=terms,
        warnings=_older_posts(number, account),
        counts={
            "earlier_versions": keep_last_versions(spool),
            "partial_errors": timeline.partial_errors,
        },
    )


def _canonical(stated: dict[str, Any]) -> bytes:
    return json.dumps(stated, sort_keys=True).encode() + b"\n"


def _older_posts(read: int, account: Account) -> list[str]:
    """A sentence about the posts that X does not give, if there are any."""
    if read < MOST_POSTS or account.posts is None or account.posts <= MOST_POSTS:
        return []
    return [
        f"X gives the newest {MOST_POSTS:,} of the {account.posts:,} posts of @{account.handle}; "
        "the author's own archive holds all"
    ]
