"""How the common dumps name their columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.collect.config import Format
from components.contracts.errors import BadInputError

Columns = Mapping[str, tuple[str, ...]]
"""For each field the columns that may hold it, best first; `date+time` is two columns joined."""


@dataclass(frozen=True)
class Preset:
    """One kind of dump."""

    name: Format
    needs: tuple[str, ...]
    """The columns by which it is known."""
    columns: Columns
    flags: Mapping[str, tuple[str, ...]]
    """For `repost`, `quote` and `deleted` the columns that say so where true or not empty."""


_PLAIN = {
    "id": ("tweet_id", "id_str", "status_id", "id", "url", "link"),
    "text": ("full_text", "text", "tweet", "content", "rawContent", "body"),
    "created_at": ("timestamp", "created_at", "datetime", "date+time", "date", "time"),
    "author": (
        "username",
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
    Preset(
        "plain",
        needs=(),
        columns=_PLAIN,
        flags={"repost": ("is_retweet", "isRetweet"), "quote": ("is_quote",)},
    ),
)


class Reader:
    """Reads fields from the cells of a table whose columns are known."""

    def __init__(self, preset: Preset, columns: Columns, present: Sequence[str]) -> None:
        self._exact = {name.lower(): name for name in reversed(present)}
        self._columns = {
            field: tuple(filter(None, map(self._found, names))) for field, names in columns.items()
        }
        self._flags = {
            flag: tuple(filter(None, map(self._found, names)))
            for flag, names in preset.flags.items()
        }

    def has(self, field: str) -> bool:
        """Whether some column may hold `field`."""
        return bool(self._columns.get(field))

    def values(self, cells: Mapping[str, str], field: str) -> Iterator[str]:
        """What the columns of `field` hold, best first, empty ones left out."""
        for parts in self._columns.get(field, ()):
            value = " ".join(cells.get(part, "") for part in parts)
            if value.strip():
                yield value

    def first(self, cells: Mapping[str, str], field: str) -> str:
        """The first of `values`, or nothing."""
        return next(self.values(cells, field), "")

    def flag(self, cells: Mapping[str, str], flag: str) -> bool:
        """Whether a column says that the post is such."""
        said = (cells.get(name, "") for (name,) in self._flags.get(flag, ()))
        return any(
            word.strip().lower() not in ("", "f", "false", "0", "nan", "none") for word in said
        )

    def _found(self, names: str) -> tuple[str, ...]:
        """The table's spelling of `date+time`; empty where a part is missing."""
        if whole := self._exact.get(names.lower()):
            return (whole,)
        parts = [self._exact.get(name.lower()) for name in names.split("+")]
        return tuple(part for part in parts if part) if all(parts) else ()


def choose_reader(
    present: Sequence[str], named: Format | None, overrides: Sequence[str], source: str
) -> tuple[str, Reader]:
    """The format's name and a reader for a table with the columns `present`.

    Raises:
        BadInputError: the named format's columns, an override's column, or any column for the
            text or the time are missing, or stand there twice.
    """
    known = {name.lower() for name in present}
    pairs = dict(pair.split("=", 1) for pair in overrides)
    absent = [column for column in pairs.values() if column.lower() not in known]
    preset = next(
        preset
        for preset in PRESETS
        if (preset.name == named if named else known.issuperset(map(str.lower, preset.needs)))
    )
    absent += [need for need in preset.needs if need.lower() not in known and not pairs]
    if absent:
        raise BadInputError(
            f"{source} has no column {absent[0]!r}; its columns are {_list(present)}"
        )
    columns = {**preset.columns, **{field: (column,) for field, column in pairs.items()}}
    reader = Reader(preset, columns, present)
    for field, words in (("text", "the text"), ("created_at", "the time")):
        if not reader.has(field):
            raise BadInputError(
                f"{source} has no column for {words} of a post (its columns are {_list(present)}); "
                f"name it as --columns {field}=COLUMN"
            )
    return preset.name, reader


def _list(names: Sequence[str]) -> str:
    """The first names, each cut to a sane length."""
    shown = ", ".join(repr(name[:40]) for name in names[:12])
    return shown + (", …" if len(names) > 12 else "") if names else "none"
