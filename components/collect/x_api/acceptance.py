"""What a person must have agreed to before X is asked: its terms, and the cost."""

import logging
import sys

from components.collect.config import XSource
from components.collect.x_api.tokens import Token
from components.contracts.errors import BadInputError

log = logging.getLogger(__name__)

MOST_POSTS = 3_200
"""How many of an account's posts X gives, its newest."""
DOLLARS_A_POST = 0.005
DOLLARS_AN_OWN_POST = 0.001
DOLLARS_A_USER = 0.010
"""X's prices (docs.x.com/x-api/getting-started/pricing), in August 2026."""
TERMS = (
    "X's developer guidelines forbid training models on data got through its API, unless an "
    "agreement with X allows it"
)


def require_terms(config: XSource) -> str:
    """What the person says that allows them to train on posts from the X API.

    Raises:
        BadInputError: they say nothing; the message states X's terms.
    """
    if not config.accept_x_terms:
        raise BadInputError(
            f"@{config.handle}: {TERMS}; say which with --accept-x-terms "
            '"…" (it is recorded), or use the archive that X gives its author: --archive X.zip'
        )
    return config.accept_x_terms


def is_own(handle: str, token: Token) -> bool:
    """Whether the token stands for the account itself."""
    return token.handle is not None and token.handle.lower() == handle.lower()


def dollars(posts: int, *, own: bool) -> float:
    """What X charges for one account with so many posts, in US dollars."""
    return DOLLARS_A_USER + dollars_for_posts(posts, own=own)


def dollars_for_posts(posts: int, *, own: bool) -> float:
    """What X charges for so many posts alone, in US dollars."""
    return posts * (DOLLARS_AN_OWN_POST if own else DOLLARS_A_POST)


def require_cost(config: XSource, token: Token) -> None:
    """Show what the posts may cost, and go on if the person agrees.

    Raises:
        BadInputError: they do not, or there is nobody to ask.
    """
    own = is_own(config.handle, token)
    each = DOLLARS_AN_OWN_POST if own else DOLLARS_A_POST
    estimate = (
        f"@{config.handle}: X charges at most ${dollars(MOST_POSTS, own=own):.2f} "
        f"(up to {MOST_POSTS:,} posts at ${each:.3f}, and ${DOLLARS_A_USER:.3f} for the account)"
    )
    require_agreement(estimate, f"@{config.handle}", accepted=config.accept_cost)


def require_agreement(estimate: str, about: str, *, accepted: bool) -> None:
    """Say what X may charge, and go on if the person agreed or agrees now.

    Raises:
        BadInputError: they do not, or there is nobody to ask.
    """
    log.warning("%s", estimate)
    if accepted:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInputError(f"{estimate}; agree with --accept-cost")
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise BadInputError(f"{about}: nothing was asked of X, as the cost was declined")
