"""An account's posts, page by page."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from components.collect.config import XSource
from components.collect.json_fields import as_object, as_objects, as_text
from components.collect.web.account import Account
from components.collect.web.checkpoint import Checkpoint
from components.collect.web.pages import Page, read_pages
from components.collect.x_api.acceptance import MOST_POSTS
from components.collect.x_api.client import XClient
from components.collect.x_api.refusals import BadRequestError, explain_problems, problems_of
from components.collect.x_api.tokens import Token
from components.contracts.errors import BadInputError
from components.runtime.progress import progress

PAGE = 100
"""Posts on a page: the most that X takes as `max_results`."""

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

    def __init__(self, config: XSource, client: XClient, token: Token, kept: Checkpoint) -> None:
        self._config, self._client, self._token, self._kept = config, client, token, kept
        self._spellings = list(SPELLINGS)
        self.partial_errors = 0
        """How many problems came along with pages of posts."""

    def posts(self, account: Account) -> Iterator[dict[str, Any]]:
        """The posts as X states them, 3,200 at most.

        Raises:
            BadInputError: X refuses, cannot be reached, or pages in circles.
        """
        count, about = 0, f"@{account.handle}"
        total = min(account.posts or MOST_POSTS, MOST_POSTS)
        with progress(about, total) as advance:
            for page in read_pages(about, partial(self._ask, account), _next_token, self._kept):
                self.partial_errors += len(problems_of(page))
                posts = as_objects(page.get("data"))[: MOST_POSTS - count]
                yield from posts
                count += len(posts)
                advance(len(posts))
                if count == MOST_POSTS:
                    return

    def _ask(self, account: Account, token: str) -> Page:
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
                    f"{about}: X's answer is not a page of posts; go on later with --resume"
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


def _next_token(page: Page) -> str:
    return as_text(as_object(page.get("meta")).get("next_token"))
