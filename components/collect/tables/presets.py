"""How the common dumps name their columns."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.collect.config import Format

Columns = Mapping[str, tuple[str, ...]]
"""For each field the columns that may hold it, best first; `date+time` is two columns joined."""


@dataclass(frozen=True)
class Preset:
    """One kind of dump."""

    name: Format
    needs: tuple[str, ...]
    """The columns by which it is known, however they are written: `Tweet Id` is `tweet_id`."""
    columns: Columns
    flags: Mapping[str, tuple[str, ...]]
    """For `repost`, `quote` and `deleted` the columns that say so where true or not empty."""


_PLAIN = {
    "id": ("tweet_id", "id_str", "status_id", "id", "ids", "url", "link", "permalink"),
    "text": (
        *("full_text", "text", "tweet", "tweets", "tweet_text", "content", "rawContent"),
        *("tweet_content", "body"),
    ),
    "created_at": (
        *("timestamp", "created_at", "createdAt", "datetime", "date_time", "date+time", "date"),
        *("tweet_date", "tweet_created", "posted_at", "time"),
    ),
    "author": (
        "username",
        "user_name",
        "screen_name",
        "user.screen_name",
        "user.username",
        "user",
        "handle",
        "author",
    ),
    "account_id": ("user_id", "user_id_str", "user.id_str", "user.id", "author_id"),
    "reply_to": ("in_reply_to_screen_name", "reply_to_screen_name", "in_reply_to_status_id"),
    "lang": ("lang", "language"),
    "source": ("source", "device"),
}

_PLAIN_FLAGS = {
    "repost": ("is_retweet", "isRetweet", "retweeted_status_id"),
    "quote": ("is_quote", "isQuote"),
    "deleted": ("is_deleted", "isDeleted"),
}
# The columns of the most copied data sets there.
_KAGGLE = (
    ("datetime", "tweet_id", "text", "username"),
    ("id", "link", "content", "date", "retweets", "favorites"),
    ("author", "content", "date_time", "id", "number_of_likes"),
    ("tweets", "retweets", "likes", "date"),
    ("target", "ids", "date", "flag", "user", "text"),
)

PRESETS = (
    Preset(
        "x-csv",
        needs=("tweet_id", "timestamp", "text", "in_reply_to_status_id"),
        columns={
            "id": ("tweet_id",),
            "text": ("text",),
            "created_at": ("timestamp",),
            "reply_to": ("in_reply_to_user_id", "in_reply_to_status_id"),
            "source": ("source",),
        },
        flags={"repost": ("retweeted_status_id",)},
    ),
    Preset(
        "trump-archive",
        needs=("id", "text", "isRetweet", "date"),
        columns={
            "id": ("id",),
            "text": ("text",),
            "created_at": ("date",),
            "source": ("device",),
        },
        flags={"repost": ("isRetweet",), "deleted": ("isDeleted",)},
    ),
    Preset(
        "twint",
        needs=("id", "conversation_id", "tweet", "username", "date"),
        columns={
            "id": ("id",),
            "text": ("tweet",),
            "created_at": ("created_at", "date+time+timezone", "date+time", "date"),
            "author": ("username",),
            "account_id": ("user_id",),
            "reply_to": ("conversation_id",),
            "lang": ("language",),
            "source": ("source",),
        },
        flags={"repost": ("retweet",), "quote": ("quote_url",)},
    ),
    Preset(
        "snscrape",
        needs=("id", "date", "user.username"),
        columns={
            "id": ("id",),
            "text": ("rawContent", "content", "renderedContent"),
            "created_at": ("date",),
            "author": ("user.username",),
            "account_id": ("user.id",),
            "reply_to": ("inReplyToUser.username", "inReplyToTweetId"),
            "lang": ("lang",),
            "source": ("sourceLabel", "source"),
        },
        flags={"repost": ("retweetedTweet.id",), "quote": ("quotedTweet.id",)},
    ),
    Preset(
        "538",
        needs=("created_at", "text", "url", "user"),
        columns={
            "id": ("url",),
            "text": ("text",),
            "created_at": ("created_at",),
            "author": ("user",),
        },
        flags={},
    ),
    Preset(
        "rtweet",
        needs=("id", "created_at", "source", "retweets", "favorites", "text"),
        columns={
            "id": ("id",),
            "text": ("text",),
            "created_at": ("created_at",),
            "author": ("screen_name",),
            "source": ("source",),
        },
        flags={},
    ),
    *(Preset("kaggle", needs, _PLAIN, _PLAIN_FLAGS) for needs in _KAGGLE),
    Preset("plain", (), _PLAIN, _PLAIN_FLAGS),
)
