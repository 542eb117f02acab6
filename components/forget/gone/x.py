"""Posts that X no longer has (docs.x.com/x-api/posts/lookup)."""

from collections.abc import Mapping, Sequence

from components.collect.json_fields import as_objects, as_text
from components.collect.x_api.acceptance import dollars_for_posts, is_own, require_agreement
from components.collect.x_api.client import XClient
from components.collect.x_api.tokens import read_token
from components.forget.config import ForgetConfig

AT_ONCE = 100
"""Ids in a request: the most that X takes."""
NOT_FOUND = "/resource-not-found"
LOOKUP = "/2/tweets"


def gone_from_x(
    config: ForgetConfig, handle: str, ids: Sequence[str], environment: Mapping[str, str]
) -> set[str]:
    """Those of these posts that X says it cannot find; what it just does not show is not gone.

    Raises:
        BadInputError: there is no token, the cost is declined, or X cannot be asked.
    """
    token = read_token(environment, config.x_api_url)
    cost = dollars_for_posts(len(ids), own=is_own(handle, token))
    about = f"@{handle}"
    require_agreement(
        f"{about}: X charges at most ${cost:.2f} for looking {len(ids):,} posts up",
        about,
        accepted=config.accept_cost,
    )
    client = XClient(config.x_api_url, token, config.max_wait)
    gone: set[str] = set()
    for start in range(0, len(ids), AT_ONCE):
        asked = ids[start : start + AT_ONCE]
        answer = client.get(LOOKUP, {"ids": ",".join(asked)}, about)
        for problem in as_objects(answer.get("errors")):
            if _is_missing(problem) and (post_id := as_text(problem.get("resource_id"))) in asked:
                gone.add(post_id)
    return gone


def _is_missing(problem: dict[str, object]) -> bool:
    """Whether X says that there is no such post, and not that its author is suspended."""
    suspended = "suspended" in as_text(problem.get("detail")).lower()
    return as_text(problem.get("type")).endswith(NOT_FOUND) and not suspended
