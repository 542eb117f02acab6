"""How the common dumps name their columns."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.collect.config import Format

Columns = Mapping[str, tuple[str, ...]]
"""For each field the columns that may hold it, best first; `date+time` is two columns joined."""


_ALWAYS = ("author", "display_name", "account_id", "text", "visibility")
"""Fields that are looked for under their usual names as well, whatever the dump."""


@dataclass(frozen=True)
class Preset:
    """One kind of dump."""

    name: Format
    needs: tuple[str, ...]
    """The columns by which it is known, however they are written: `Tweet Id` is `tweet_id`."""
    columns: Columns
    flags: Columns
    """For `repost`, `quote` and `deleted` the columns that say so where true or not empty; `name.*`
    is every column of an object within the row."""

    def all_columns(self) -> Columns:
        """Those of this dump, and after them what states whose a post is, and its whole text."""
        return {**self.columns, **{field: self._with_plain(field) for field in _ALWAYS}}

    def all_flags(self) -> Columns:
        """Those of this dump, and the usual ones."""
        names = dict.fromkeys([*self.flags, *_PLAIN_FLAGS])
        return {
            flag: tuple(dict.fromkeys((*self.flags.get(flag, ()), *_PLAIN_FLAGS.get(flag, ()))))
            for flag in names
        }

    def _with_plain(self, field: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.columns.get(field, ()), *_PLAIN[field])))


_TEXTS = (
    *("full_text", "extended_tweet.full_text", "note_tweet.text", "note_post.text"),
    *("note_tweet.note_tweet_results.result.text", "legacy.full_text", "text", "tweet", "tweets"),
    *("tweet_text", "content", "raw_content", "tweet_content", "post_text", "post_content"),
    *("status_text", "message", "body"),
)
_HANDLES = (
    *("screen_name", "handle", "username", "user.screen_name", "user.username", "user.handle"),
    *("author.username", "author.screen_name", "author.handle", "author.user_name", "author.acct"),
    *("from_user", "from_user_name", "from_user_screen_name", "account.acct", "account.handle"),
    *("account.username", "tweet.user.screen_name", "legacy.screen_name", "twitter_handle"),
    *("tweep", "user.legacy.screen_name", "owner.username", "poster.username", "acct"),
)
"""Columns of handles; what people show as their name may change from post to post."""
_NAMES = (
    *("user_name", "user", "author", "from", "nickname", "name", "user.name", "author.name"),
    *("user_display_name", "display_name", "author.display_name", "from_user_realname"),
    *("full_name", "account.display_name", "user_fullname", "account", "author_name", "poster"),
    *("screenname", "tweeter", "sender", "creator"),
)
_ACCOUNT_IDS = (
    *("user_id", "user_id_str", "user.id_str", "user.id", "author_id", "author.id_str"),
    *("author.id", "from_user_id_str", "from_user_id", "userid", "account_id", "account.id"),
    *("author.did", "did", "external_author_id", "twitter_author_id", "user.rest_id"),
    *("owner_id", "poster_id", "sender_id", "creator_id", "twitter_user_id", "profile_id"),
)
_PLAIN: Columns = {
    "id": (
        *("tweet_id", "id_str", "status_id", "tweetid", "post_id", "id", "ids", "url", "link"),
        *("permalink", "tweet_url", "status_url", "rest_id", "legacy.id_str"),
    ),
    "text": _TEXTS,
    "created_at": (
        *("timestamp", "created_at", "datetime", "date_time", "date+time", "date", "tweet_date"),
        *("tweet_created", "tweet_created_at", "tweet_time", "posted_at", "publish_date"),
        *("published_at", "published", "posted_time", "parsed_created_at", "created", "post_date"),
        *("utc", "time", "legacy.created_at"),
    ),
    "author": _HANDLES,
    "display_name": _NAMES,
    "account_id": _ACCOUNT_IDS,
    "reply_to": (
        *("in_reply_to_screen_name", "reply_to_screen_name", "in_reply_to_username"),
        *("in_reply_to_user.username", "in_reply_to_user_name", "in_reply_to_status_id_str"),
        *("in_reply_to_status_id", "in_reply_to_user_id_str", "in_reply_to_user_id"),
        *("in_reply_to_userid", "in_reply_to_tweetid", "referenced_tweets.replied_to.id"),
    ),
    "lang": ("lang", "language", "tweet_language"),
    "visibility": ("visibility",),
    "source": ("source", "device", "tweet_client_name", "client"),
}

_REPOSTS = (
    *("retweeted_status", "retweeted_status.*", "retweeted_status_id", "retweeted_status_id_str"),
    *("retweeted_status_user_id", "retweeted_status_timestamp", "retweeted_user_id"),
    *("retweeted_username", "retweeted_screen_name", "retweeted_user.*", "retweeted_tweet.*"),
    *("retweeted_tweet", "retweeted_tweet_id", "retweeted_id", "referenced_tweets.retweeted.id"),
    *("retweet_id", "retweet_id_str", "retweet_screen_name", "retweet_user_id", "retweet_userid"),
    *("retweet_tweetid", "retweet_username", "retweet_user", "retweet_status_id", "user_rt"),
    *("retweet_name", "user_rt_id", "rt_screen_name", "rt_user", "reblog", "reblog.*"),
    *("reblog_of_id", "reblogged_from", "retweeted_from", "reposted_post.*", "repost_id"),
    *("legacy.retweeted_status_result.*", "retweeted_status_result.*"),
    *("referenced_posts.reposted.id", "referenced_posts.retweeted.id"),
)
"""Columns that hold something on reposts alone: whose they are, or of which post."""
_SWITCHES = (
    *("is_retweet", "is_rt", "rt", "retweet", "retweeted", "is_repost", "repost"),
    *("reposted", "is_reblog", "native_retweet", "is_native_retweet"),
)
"""Columns that say so where true; the same names count reposts in other tables."""
_TYPES = (
    *("tweet_type", "post_type", "type", "kind", "sourcetweet_type", "message_type"),
    *("status_type", "thread_entry_type", "interaction_type", "activity_type", "verb"),
    *("referenced_tweets", "referenced_posts", "referenced_tweets.type", "content_type"),
)
"""Columns that say so by a word."""
_PLAIN_FLAGS = {
    "repost": _REPOSTS,
    "repost_switch": _SWITCHES,
    "repost_type": _TYPES,
    "quote": (
        *("is_quote", "is_quote_status", "quoted_status_id", "quoted_status_id_str", "quote_id"),
        *("quoted_status.*", "referenced_tweets.quoted.id", "quoted_tweet_tweetid"),
        "quoted_user_id",
    ),
    "deleted": ("is_deleted",),
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
        flags={},
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
        flags={},
    ),
    Preset(
        "twint",
        needs=("id", "conversation_id", "tweet", "username", "date"),
        columns={
            "id": ("id",),
            "text": ("tweet",),
            "created_at": ("created_at", "date+time+timezone", "date+time", "date"),
            "reply_to": ("conversation_id",),
            "lang": ("language",),
            "source": ("source",),
        },
        flags={"quote": ("quote_url",)},
    ),
    Preset(
        "snscrape",
        needs=("id", "date", "user.username"),
        columns={
            "id": ("id",),
            "text": ("rawContent", "content"),
            "shortened_text": ("renderedContent",),
            "created_at": ("date",),
            "reply_to": ("inReplyToUser.username", "inReplyToTweetId"),
            "lang": ("lang",),
            "source": ("sourceLabel", "source"),
        },
        flags={"quote": ("quotedTweet.id",)},
    ),
    Preset(
        "538",
        needs=("created_at", "text", "url", "user"),
        columns={
            "id": ("url",),
            "text": ("text",),
            "created_at": ("created_at",),
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
            "source": ("source",),
        },
        flags={},
    ),
    *(Preset("kaggle", needs, _PLAIN, _PLAIN_FLAGS) for needs in _KAGGLE),
    Preset("plain", (), _PLAIN, _PLAIN_FLAGS),
)
