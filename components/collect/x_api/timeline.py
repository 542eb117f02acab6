"""An account's posts, page by page."""

import logging
from collections.abc import Iterator
from typing import Any

from components.collect.archive.assignments import as_object, as_objects, as_text
from components.collect.config import CollectConfig
from components.collect.x_api.acceptance import MOST_POSTS
from components.collect.x_api.account import Account
from components.collect.x_api.adapter import problems_of
from components.collect.x_api.checkpoint import Checkpoint
from components.collect.x_api.client import XClient
from components.collect.x_api.refusals import BadRequestError, explain_problems
from components.collect.x_api.tokens import Token
from components.contracts.errors import BadInputError
from components.runtime.progress import progress

log = logging.getLogger(__name__)

PAGE = 100
"""Posts on a page: the most that X takes as `max_results`."""
MOST_PAGES = 640
"""More than a timeline of the fewest posts a page (5) has."""

_COMMON = "created_at,entities,lang,source"
# X renamed tweets to posts in its API, by and by; what a server knows is found by asking. Where a
# field is none any more, the expansion of its name gives it (openapi.json of 2026).
SPELLINGS: tuple[dict[str, str], ...] = (
    {
        "tweet.fields": f"{_COMMON},edit_history_tweet_ids,in_reply_to_user_id,note_tweet,"
        "referenced_tweets"
    },
    {
        "post.fields": f"{_COMMON},edit_history_post_ids,in_reply_to_user_id,note_post,"
        "referenced_posts",
        "expansions": "edit_history_post_ids,in_reply_to_user_id,referenced_posts",
    },
    {
        "post.fields": f"{_COMMON},note_post",
        "expansions": "edit_history_post_ids,in_reply_to_user_id,referenced_posts",
    },
    {
        "post.fields": f"{_COMMON},edit_history_post_ids,in_reply_to_user_id,note_post,"
        "referenced_posts"
    },
)


class Timeline:
    """Reads an account's posts, newest first, one checkpointed page after the other."""

    def __init__(
        self, config: CollectConfig, client: XClient, token: Token, kept: Checkpoint
    ) -> None:
        self._config, self._client, self._token, self._kept = config, client, token, kept
        self._spellings = list(SPELLINGS)
        self.partial_errors = 0
        """How many problems came along with pages of posts."""

    def posts(self, account: Account) -> Iterator[dict[str, Any]]:
        """The posts as X states them, 3,200 at most.

        Raises:
            BadInputError: X refuses, cannot be reached, or pages in circles.
        """
        count, token, seen = 0, "", {""}
        total = min(account.posts or MOST_POSTS, MOST_POSTS)
        with progress(f"@{account.handle}", total) as advance:
            for number in range(1, MOST_PAGES + 1):
                page = self._page(number, account, token)
                posts = as_objects(page.get("data"))[: MOST_POSTS - count]
                yield from posts
                count += len(posts)
                advance(len(posts))
                token = as_text(as_object(page.get("meta")).get("next_token"))
                if not token or count == MOST_POSTS:
                    return
                if token in seen:
                    break
                seen.add(token)
        raise BadInputError(
            f"@{account.handle}: X's pages do not come to an end; the address may be of no X API"
        )

    def _page(self, number: int, account: Account, token: str) -> dict[str, Any]:
        """The page, from the checkpoint or from X."""
        name = f"page-{number:04}"
        page = self._kept.load(name)
        if page is None:
            page = self._ask(account, token)
            self._kept.save(name, page)
        self.partial_errors += len(problems_of(page))
        return page

    def _ask(self, account: Account, token: str) -> dict[str, Any]:
        about = f"@{account.handle}"
        params = {
            "max_results": str(PAGE),
            "pagination_token": token,
            "since_id": self._config.since_id,
            "until_id": self._config.until_id,
        }
        given = {name: value for name, value in params.items() if value}
        page = self._spelled(f"/2/users/{account.account_id}/tweets", given, about)
        if not as_objects(page.get("data")):
            if problems := problems_of(page):
                raise explain_problems(problems, about, self._token)
            if as_object(page.get("meta")).get("result_count") != 0:
                raise BadInputError(
                    f"{about}: X's answer is no page of posts; go on later with --resume"
                )
        return page

    def _spelled(self, route: str, params: dict[str, str], about: str) -> dict[str, Any]:
        """Ask in the first spelling that X takes; the ones before it are not tried again."""
        while True:
            try:
                return self._client.get(route, params | self._spellings[0], about)
            except BadRequestError:
                if len(self._spellings) == 1:
                    raise
                del self._spellings[0]
