"""What a person can choose about a collection: a configuration for each kind of source."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from components.collect.bluesky_names import DOMAIN, read_name, shown_name
from components.collect.times import DateOrder
from components.contracts.reports import Consent
from components.runtime.flags import StageConfig, read_config

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
    """What every source has, whatever its kind; made by `source_given`."""

    flag: ClassVar[str]
    """The field that names the source: it tells the kinds apart."""
    called: ClassVar[str]
    """What reports call this kind."""

    consent: Consent
    """The basis on which these posts are used."""
    registry: str | None = None
    """The registry whose opt-out list is asked before anything is written."""

    @property
    def place(self) -> str:
        """Where the source is: a path, a URI, or what messages call the account."""
        raise NotImplementedError

    @classmethod
    def kinds(cls) -> Sequence[type[StageConfig]]:
        """The kinds of sources."""
        return SOURCES

    @classmethod
    def kind_of(cls, given: Collection[str]) -> type[StageConfig]:
        """The kind that the fields name.

        Raises:
            ValueError: they name none or several, or say what is not for this one.
        """
        named = [kind for kind in SOURCES if kind.flag in given]
        if len(named) != 1:
            raise ValueError(
                "give one source of posts: either --archive FILE, --table FILE, --handle NAME, "
                "--bluesky HANDLE or --mastodon USER@SERVER"
            )
        for name, sentence in _ELSEWHERE.items():
            if name in given and name not in named[0].model_fields:
                raise ValueError(sentence)
        return named[0]

    def flags(self) -> dict[str, Any]:
        """The flags of `collect` that say the same, as a JSON object that pipelines can pass on."""
        said = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name != "registry" and getattr(self, name) != field.default
        }
        return {name: _for_json(value) for name, value in said.items()}


class FileSource(CollectConfig):
    """A file that holds posts."""

    author: str | None = None
    """Whose posts to take from a table of several authors; the name of one that states none."""

    @field_validator("author")
    @classmethod
    def _as_handle(cls, given: str | None) -> str | None:
        return None if given is None else handle_of(given)


class ArchiveSource(FileSource):
    """The archive of their posts that X gives its users."""

    flag, called = "archive", "x-archive"

    archive: str
    """The zip that X gives its users (a path or a URI), or the folder that it was unpacked to."""
    exclude_circle_window: bool = False
    """Leave out an archive's posts from August 2022 to November 2023, when some were private."""

    @property
    def place(self) -> str:
        """A path or a URI."""
        return self.archive


class TableSource(FileSource):
    """A table of posts that came another way, or another network's export."""

    flag, called = "table", "table"

    table: str
    """A table of posts (CSV, JSON, Parquet, .xlsx; .gz, .bz2, .xz, .zst, .zip): a path or a URI."""
    format: Format | None = None
    """How the table's columns are named; found out if left out."""
    columns: tuple[str, ...] = ()
    """Which column holds what, as text=body,created_at=when; wins over the format."""
    date_order: DateOrder | None = None
    """How the table writes dates such as 01/03/2019; found out by its rows if left out."""

    @property
    def place(self) -> str:
        """A path or a URI."""
        return self.table

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


class AccountSource(CollectConfig):
    """An account whose posts a server is asked for."""

    resume: Whether = False
    """Go on where a killed collection of the same account stopped."""
    max_wait: float = Field(default=900.0, gt=0, allow_inf_nan=False)
    """Longest wait in seconds for a rate limit to be reset."""

    @property
    def account(self) -> str:
        """The account as its server knows it."""
        return str(getattr(self, self.flag))

    @property
    def place(self) -> str:
        """What messages call the account."""
        return shown_name(self.account)


class XSource(AccountSource):
    """An account on X, asked of its API."""

    flag, called = "handle", "x-api"

    handle: str
    """The X account whose newest posts to ask the X API for; needs X_BEARER_TOKEN or a login."""
    x_api_url: str = X_API
    """Where the X API is, without the /2."""
    since_id: PostId | None = None
    """Ask the X API only for posts newer than this one."""
    until_id: PostId | None = None
    """Ask the X API only for posts older than this one."""
    accept_cost: Whether = False
    """Agree to pay what X charges for the posts."""
    accept_x_terms: str | None = None
    """Which agreement with X lets you train on its posts, in your words; it is recorded."""

    @field_validator("handle")
    @classmethod
    def _x_handle(cls, given: str) -> str:
        handle = given.strip().removeprefix("@")
        if not _HANDLE.fullmatch(handle):
            raise ValueError(f"{given!r} is not an X handle: 1 to 15 letters, digits and '_'")
        return handle

    @field_validator("x_api_url")
    @classmethod
    def _x_address(cls, given: str) -> str:
        return _web_address(given, "/2", X_API)

    @field_validator("accept_x_terms")
    @classmethod
    def _says_something(cls, given: str | None) -> str | None:
        said = " ".join((given or "").split())
        return said or None

    @model_validator(mode="after")
    def _some_ids_between(self) -> Self:
        if self.since_id and self.until_id and int(self.since_id) >= int(self.until_id):
            raise ValueError("--since-id must be below --until-id, or no post lies between them")
        return self


class BlueskySource(AccountSource):
    """An account on Bluesky."""

    flag = called = "bluesky"

    bluesky: str
    """The Bluesky account whose public posts to ask for, as alice.bsky.social or did:plc:…"""
    bluesky_url: str = BLUESKY
    """Where the Bluesky API is, without the /xrpc."""
    bluesky_entity: str | None = None
    """The DID or the domain of who trains: authors on Bluesky may allow or deny it by name."""

    @field_validator("bluesky")
    @classmethod
    def _bluesky_name(cls, given: str) -> str:
        return read_name(given)

    @field_validator("bluesky_url")
    @classmethod
    def _bluesky_address(cls, given: str) -> str:
        return _web_address(given, "/xrpc", BLUESKY)


class MastodonSource(AccountSource):
    """An account on a Mastodon server."""

    flag = called = "mastodon"

    mastodon: str
    """The Mastodon account whose public posts to ask its server for, as alice@mastodon.social."""
    mastodon_url: str | None = None
    """Where the Mastodon account's server is, if not where its address says."""

    @field_validator("mastodon")
    @classmethod
    def _mastodon_address(cls, given: str) -> str:
        username, _, domain = given.strip().removeprefix("@").partition("@")
        if not (_USERNAME.fullmatch(username) and DOMAIN.fullmatch(domain.lower())):
            raise ValueError(f"{given!r} is not a Mastodon address, as alice@mastodon.social")
        return f"{username}@{domain.lower()}"

    @field_validator("mastodon_url")
    @classmethod
    def _mastodon_server(cls, given: str | None) -> str | None:
        return None if given is None else _web_address(given, "/api", "https://mastodon.social")


Source = ArchiveSource | TableSource | XSource | BlueskySource | MastodonSource
SOURCES: tuple[type[Source], ...] = get_args(Source)
"""The kinds of sources, in the order in which several are read."""
_TABLE_ALONE = "--format, --columns and --date-order describe a table; leave them out without one"
_X_ALONE = "--since-id and --until-id are for --handle; leave them out without it"
_ELSEWHERE = {
    **dict.fromkeys(("format", "columns", "date_order"), _TABLE_ALONE),
    "exclude_circle_window": ("--exclude-circle-window is for archives; leave it out without one"),
    **dict.fromkeys(("since_id", "until_id"), _X_ALONE),
    "author": "--author chooses from a table; an account names the author by itself",
}
"""What is said where a field is given that the source has not.

All others may be given: where servers are, say, is set once in the environment for all sources.
"""


def source_given(given: Mapping[str, Any], environment: Mapping[str, str]) -> Source:
    """The source that parsed flags and variables name; see `read_config`."""
    source = read_config(CollectConfig, given, environment)
    assert isinstance(source, Source)
    return source


def author_of_address(address: str) -> str:
    """`alice.mastodon.social` for `alice@mastodon.social`: a folder and a persona can be named so.

    `registry.opt_outs.plain_handle` does the same.
    """
    return address.replace("@", ".")


def _for_json(value: object) -> object:
    """A number becomes the text that a person types: a pipeline's host would round it."""
    if isinstance(value, tuple):
        return list(value)
    return str(value).removesuffix(".0") if isinstance(value, float) else value


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
        raise ValueError(f"{given!r} is not an http(s) address without the {end}, as {example}")
    return url


def handle_of(stated: str) -> str:
    """A stated author as a handle: without the @, with `_` for white space."""
    return re.sub(r"\s+", "_", stated.strip().removeprefix("@"))
