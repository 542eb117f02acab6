"""What can be chosen about forgetting."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from components.collect.config import BLUESKY, X_API
from components.contracts.errors import BadInputError
from components.registry.audit.actor import check_actor
from components.registry.opt_outs import plain_handle
from components.runtime.flags import ENVIRONMENT_PREFIX, StageConfig

TARGETS = tuple(
    f"{ENVIRONMENT_PREFIX}{flag}" for flag in ("POST_ID", "AUTHOR", "ACCOUNT_ID", "ARCHIVE", "GONE")
)
"""Variables that other commands read, too: what is to be forgotten is said in the command alone."""

_WITHIN_LINK = re.compile(r"://.*/(?:status|statuses|post)/([^/]+)/")
"""Where more follows on the id: X's `/photo/1` and `/video/1`, ActivityPub's `/activity`."""


def without_targets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what could be taken for something to forget."""
    return {name: value for name, value in environment.items() if name not in TARGETS}


def _id_of(given: str) -> str:
    """The id in `123`, in a link to the post or to a picture of it, and in an `at://…`."""
    path = given.strip().partition("?")[0].partition("#")[0].rstrip("/")
    within = _WITHIN_LINK.search(path)
    post_id = within[1] if within else path.rpartition("/")[2]
    if not post_id:
        raise ValueError(f"{given!r} is not the id of a post, nor a link to one")
    return post_id


def _handle(given: str) -> str:
    handle = plain_handle(given)
    if not handle:
        raise ValueError(f"{given!r} is not a handle")
    return handle


class ForgetConfig(StageConfig):
    """What can be chosen about forgetting."""

    post_id: tuple[Annotated[str, AfterValidator(_id_of)], ...] = ()
    """The id of a post to forget, or a link to it; repeat it for several."""
    author: tuple[Annotated[str, AfterValidator(_handle)], ...] = ()
    """An author to forget, by handle; with posts named, those posts alone, if they are theirs."""
    account_id: tuple[str, ...] = ()
    """An author to forget by the account's id, which stays when the handle changes."""
    gone: bool = False
    """Ask the source of each raw dataset which of its posts are gone, and forget those."""
    archive: str | None = None
    """With --gone: the author's newest X archive, against which archives' raw datasets are held."""
    most_gone: float = Field(default=0.5, gt=0, le=1)
    """With --gone: the largest share of a dataset's posts that is believed to be gone."""
    accept_cost: bool = False
    """With --gone: agree to pay what X charges for looking posts up."""
    x_api_url: str = X_API
    """With --gone: where the X API is, without the /2."""
    bluesky_url: str = BLUESKY
    """With --gone: where the Bluesky API is, without the /xrpc."""
    mastodon_url: str | None = None
    """With --gone: where the Mastodon API is; the account's own server if left out."""
    max_wait: float = Field(default=900.0, gt=0, allow_inf_nan=False)
    """With --gone: longest wait in seconds for a rate limit to be reset."""
    actor: str | None = None
    """Who does this, for the registry's audit log; found out if left out."""
    opt_out: bool = False
    """Put the authors on the registry's list of opt-outs, too."""
    retrain: bool = False
    """Make versions of what is left; the component only says the command lines that do."""

    @field_validator("actor")
    @classmethod
    def _can_stand_in_a_log(cls, given: str | None) -> str | None:
        try:
            return given and check_actor(given)
        except BadInputError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.post_id or self.author or self.account_id or self.gone):
            raise ValueError("say what to forget: --post-id ID, --author HANDLE or --gone")
        if self.post_id and self.gone:
            raise ValueError("--gone finds out which posts to forget; leave --post-id out with it")
        if self.opt_out and not (self.author or self.account_id):
            raise ValueError("--opt-out needs an author: name one with --author or --account-id")
        return self
