"""From posts as a server states them to posts in the spool."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from components.collect.collected import Collected, Skips
from components.collect.json_fields import as_objects
from components.collect.spool import Spool
from components.collect.web.account import Account
from components.collect.web.pages import Page
from components.collect.web.picture import fetch_picture
from components.contracts.posts import Post
from components.runtime.progress import progress

ReadPost = Callable[[dict[str, Any]], Post | str]
"""Gives the post that a server states, or why there is none."""


def stated_posts(account: Account, pages: Iterable[Page], key: str) -> Iterator[dict[str, Any]]:
    """What the pages list under `key`."""
    with progress(f"@{account.handle}", account.posts or 0) as advance:
        for page in pages:
            posts = as_objects(page.get(key))
            yield from posts
            advance(len(posts))


def gather(
    account: Account,
    stated: Iterable[dict[str, Any]],
    read_post: ReadPost,
    newest: datetime | None,
    spool: Spool,
) -> Collected:
    """Put the posts of the account into the spool, each once, and say what came of it.

    Args:
        account: the account.
        stated: its posts, the newest first; no more of them is read than is needed.
        read_post: reads one.
        newest: posts before this time are known already.
        spool: takes them.

    Raises:
        BadInputError: more than half of the posts cannot be read.
    """
    skips, digest = skips_of(account), hashlib.sha256()
    ids: set[str] = set()
    for number, one in enumerate(stated, 1):
        post = read_post(one)
        if isinstance(post, str):
            skips.add(post, f"post {number}")
        elif newest and post.created_at < newest:
            break
        elif post.id not in ids:
            ids.add(post.id)
            digest.update(_canonical(post))
            spool.add(post)
    skips.refuse_too_many(len(ids))
    return collected_from(account, skips, digest.hexdigest())


def skips_of(account: Account) -> Skips:
    """Counts the posts of the account that cannot be read."""
    return Skips(f"@{account.handle}", "posts")


def collected_from(
    account: Account,
    skips: Skips,
    sha256: str,
    *,
    terms: str | None = None,
    warnings: Sequence[str] = (),
    counts: Mapping[str, int] | None = None,
) -> Collected:
    """What came of reading the account's posts, its picture included.

    Args:
        account: the account.
        skips: what could not be read.
        sha256: the digest of what the server answered.
        terms: the terms of the server that were accepted.
        warnings: what else to warn of.
        counts: what else to note, where it is not 0.
    """
    picture, unseen = fetch_picture(account.picture_url)
    counted = {"skipped": skips.total, **(counts or {})}
    return Collected(
        author=account.handle,
        account_id=account.account_id,
        display_name=account.display_name,
        picture=picture,
        sha256=sha256,
        terms=terms,
        encoding="utf-8",
        warnings=(*skips.warnings(), *warnings, *unseen),
        notes={name: count for name, count in counted.items() if count},
    )


def _canonical(post: Post) -> bytes:
    """A post as `input_sha256` counts it: whoever changes this changes every digest."""
    facts = json.dumps(post.model_dump(mode="json", exclude={"id", "author"}), ensure_ascii=False)
    return f"{post.id} {facts.removeprefix('{')}\n".encode()
