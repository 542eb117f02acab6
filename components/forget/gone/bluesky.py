"""Posts that Bluesky no longer has (docs.bsky.app/docs/api/app-bsky-feed-get-posts)."""

from collections.abc import Sequence

from components.collect.bluesky.client import BlueskyClient
from components.collect.json_fields import as_objects, as_text
from components.contracts.posts import Post
from components.forget.config import ForgetConfig

AT_ONCE = 25
"""Posts in a request: the most that Bluesky takes."""


def gone_from_bluesky(
    config: ForgetConfig, handle: str, did: str, posts: Sequence[Post]
) -> set[str]:
    """Those of these posts that Bluesky does not give. Reposts are records of another kind.

    Raises:
        BadInputError: the account is gone or suspended, or Bluesky cannot be asked.
    """
    client = BlueskyClient(config.bluesky_url, config.max_wait)
    client.profile(did)  # of an account that is gone, no post could be had
    ids = {f"at://{did}/app.bsky.feed.post/{one.id}": one.id for one in posts if _is_own(one)}
    uris, gone = list(ids), set[str]()
    for start in range(0, len(uris), AT_ONCE):
        asked = uris[start : start + AT_ONCE]
        given = as_objects(client.posts(asked, handle).get("posts"))
        there = {as_text(post.get("uri")) for post in given}
        gone |= {ids[uri] for uri in asked if uri not in there}
    return gone


def _is_own(post: Post) -> bool:
    return post.kind != "repost"
