"""What a person can choose about a collection."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from components.collect.bluesky_names import DOMAIN, read_name, shown_name
from components.collect.times import DateOrder
from components.contracts.reports import Consent
from components.runtime.flags import StageConfig

Format = Literal["x-csv", "trump-archive", "twint", "snscrape", "538", "rtweet", "kaggle", "plain"]

FIELDS = (
    *("id", "text", "created_at", "author", "display_name", "account_id", "reply_to", "lang"),
    *("source", "repost", "ignore"),
)
"""What a table's columns can be read as; `ignore` is for those that are nothing of it."""


X_API = "https://api.x.com"
BLUESKY = "https://public.api.bsky.app"
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)
_USERNAME = re.compile(r"\w(?:[\w.-]{0,62}\w)?", re.ASCII)
PostId = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
Whether = Annotated[bool, Field(exclude=True)]
"""A switch that changes how posts are got but not which: left out where outputs are compared."""


class CollectConfig(StageConfig):
    """One author's posts from one source, and the basis on which they are used."""

    handle: str | None = None
    """The X account whose newest posts to ask the X API for; needs X_BEARER_TOKEN or a login."""
    bluesky: str | None = None
    """The Bluesky account whose public posts to ask for, as alice.bsky.social or did:plc:…"""
    mastodon: str | None = None
    """The Mastodon account whose public posts to ask its server for, as alice@mastodon.social."""
    archive: str | None = None
    """The zip that X gives its users (a path or a URI), or the folder that it was unpacked to."""
    table: str | None = None
    """A table of posts (CSV, JSON, Parquet, .xlsx; .gz, .bz2, .xz, .zst, .zip): a path or a URI."""
    format: Format | None = None
    """How the table's columns are named; found out if left out."""
    author: str | None = None
    """Whose posts to take from a table of several authors; the name of one that states none."""
    columns: tuple[str, ...] = ()
    """Which column holds what, as text=body,created_at=when; wins over the format."""
    date_order: DateOrder | None = None
    """How the table writes dates such as 01/03/2019; found out by its rows if left out."""
    exclude_circle_window: bool = False
    """Leave out an archive's posts from August 2022 to November 2023, when some were private."""
    x_api_url: str = X_API
    """Where the X API is, without the /2."""
    bluesky_url: str = BLUESKY
    """Where the Bluesky API is, without the /xrpc."""
    mastodon_url: str | None = None
    """Where the Mastodon account's server is, if not where its address says."""
    since_id: PostId | None = None
    """Ask the X API only for posts newer than this one."""
    until_id: PostId | None = None
    """Ask the X API only for posts older than this one."""
    resume: Whether = False
    """Go on where a killed collection of the same account stopped."""
    accept_cost: Whether = False
    """Agree to pay what X charges for the posts."""
    accept_x_terms: str | None = None
    """Which agreement with X lets you train on its posts, in your words; it is recorded."""
    max_wait: float = Field(default=900.0, gt=0, allow_inf_nan=False)
    """Longest wait in seconds for a rate limit to be reset."""
    consent: Consent
    """The basis on which these posts are used."""
    registry: str | None = None
    """The registry whose opt-out list is asked before anything is written."""

    @field_validator("columns")
    @classmethod
    def _split_columns(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        pairs = tuple(pair for word in given for pair in _pairs(word))
        for pair in pairs:
            field, equals, column = pair.partition("=")
            if field not in FIELDS or not equals or not column:
                raise ValueError(
                    f"{pair!r} is not field=column with a field among {', '.join(FIELDS)}"
                )
        return pairs

    @field_validator("author")
    @classmethod
    def _as_handle(cls, given: str | None) -> str | None:
        return None if given is None else handle_of(given)

    @field_validator("handle")
    @classmethod
    def _x_handle(cls, given: str | None) -> str | None:
        if given is None:
            return None
        handle = given.strip().removeprefix("@")
        if not _HANDLE.fullmatch(handle):
            raise ValueError(f"{given!r} is no X handle: 1 to 15 letters, digits and '_'")
        return handle

    @field_validator("bluesky")
    @classmethod
    def _bluesky_name(cls, given: str | None) -> str | None:
        return None if given is None else read_name(given)

    @field_validator("mastodon")
    @classmethod
    def _mastodon_address(cls, given: str | None) -> str | None:
        if given is None:
            return None
        username, _, domain = given.strip().removeprefix("@").partition("@")
        if not (_USERNAME.fullmatch(username) and DOMAIN.fullmatch(domain.lower())):
            raise ValueError(f"{given!r} is no Mastodon address, as alice@mastodon.social")
        return f"{username}@{domain.lower()}"

    @field_validator("x_api_url")
    @classmethod
    def _x_address(cls, given: str) -> str:
        return _web_address(given, "/2", X_API)

    @field_validator("bluesky_url")
    @classmethod
    def _bluesky_address(cls, given: str) -> str:
        return _web_address(given, "/xrpc", BLUESKY)

    @field_validator("mastodon_url")
    @classmethod
    def _mastodon_server(cls, given: str | None) -> str | None:
        return None if given is None else _web_address(given, "/api", "https://mastodon.social")

    @field_validator("accept_x_terms")
    @classmethod
    def _says_something(cls, given: str | None) -> str | None:
        said = " ".join((given or "").split())
        return said or None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.archive, self.table, self.handle, self.bluesky, self.mastodon)
        if sum(source is not None for source in sources) != 1 or "" in sources:
            raise ValueError(
                "give one source of posts: either --archive FILE, --table FILE, --handle NAME, "
                "--bluesky HANDLE or --mastodon USER@SERVER"
            )
        if self.table is None and (self.format or self.columns or self.date_order):
            raise ValueError(
                "--format, --columns and --date-order describe a table; leave them out without one"
            )
        if self.archive is None and self.exclude_circle_window:
            raise ValueError("--exclude-circle-window is for archives; leave it out without one")
        if self.handle is None and (self.since_id or self.until_id):
            raise ValueError(
                "--since-id and --until-id are for --handle; leave them out without it"
            )
        if self.account is not None and self.author is not None:
            raise ValueError("--author chooses from a table; an account names the author by itself")
        if self.since_id and self.until_id and int(self.since_id) >= int(self.until_id):
            raise ValueError("--since-id must be below --until-id, or no post lies between them")
        return self

    @property
    def account(self) -> str | None:
        """The account that a server is asked for; None where the source is a file."""
        return self.handle or self.bluesky or self.mastodon

    @property
    def place(self) -> str:
        """Where the source is: a path, a URI, or what messages call the account."""
        return self.archive or self.table or shown_name(self.account or "")


def author_of_address(address: str) -> str:
    """`alice.mastodon.social` for `alice@mastodon.social`: a folder and a persona can be named so.

    `registry.opt_outs.plain_handle` does the same.
    """
    return address.replace("@", ".")


def _pairs(word: str) -> list[str]:
    """The pairs of `text=body,created_at=when`; in `text=said, or sung` the comma is a column's."""
    pairs: list[str] = []
    for part in filter(str.strip, word.split(",")):
        if pairs and "=" not in part:
            pairs[-1] += f",{part}"
        else:
            pairs.append(part)
    return [pair.strip() for pair in pairs]


def _web_address(given: str, end: str, example: str) -> str:
    """The address without the `end` that clients put there themselves."""
    url = given.rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url) or url.endswith(end):
        raise ValueError(f"{given!r} is no http(s) address without the {end}, as {example}")
    return url


def handle_of(stated: str) -> str:
    """A stated author as a handle: without the @, with `_` for white space."""
    return re.sub(r"\s+", "_", stated.strip().removeprefix("@"))
