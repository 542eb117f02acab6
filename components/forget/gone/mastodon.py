"""Posts that a Mastodon server no longer has (docs.joinmastodon.org/methods/statuses/#get)."""

from collections.abc import Sequence

from components.collect.mastodon.client import MastodonClient
from components.forget.config import ForgetConfig


def gone_from_mastodon(config: ForgetConfig, address: str, ids: Sequence[str]) -> set[str]:
    """Those of these posts that the server does not find, or no longer shows to everybody.

    Raises:
        BadInputError: the account is gone or suspended, or its server cannot be asked.
    """
    url = config.mastodon_url or f"https://{address.partition('@')[2]}"
    client = MastodonClient(address, url, config.max_wait)
    client.account(address)  # of an account that is gone, no post could be had
    return {post_id for post_id in ids if not client.has_status(post_id)}
