"""A post on its way through the stage, and why it may leave it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Drop(StrEnum):
    """Why a post is left out: the keys of `PostCounts`, then the reasons counted as `other`."""

    RETWEET = "retweets"
    SHORT = "short"
    EMPTY = "empty"
    DUPLICATE = "duplicates"
    TRUNCATED = "truncated"

    REPOST = "reposts"
    """The source says that it is one, though its text does not begin as a retweet."""
    MANUAL_RETWEET = "manual_retweets"
    """Somebody else's words, copied by hand, and too few of the author's own beside them."""
    QUOTED_LINES = "quoted_lines"
    """Lines that quote somebody, and too few words of the author's own beside them."""
    DAMAGED = "damaged"
    """A wrong decoding lost characters of it before it came here."""
    SAME_ID = "same_id"
    """A post of this id was read before, from this or another raw dataset of the author."""
    TEMPLATE = "template"
    """It fills in a form: an app wrote it, or the author's office does so again and again."""
    BALANCE = "balance"
    """It is older than the author's equal share of a mixed persona."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text after cleaning, how much personal data was masked in it, and what was cut."""

    text: str
    emails: int = 0
    phones: int = 0
    trimmed: tuple[Drop, ...] = ()
    """Why somebody else's words were cut from it, if any were."""


@dataclass(frozen=True, slots=True)
class CleanPost:
    """A post that stays so far; it holds what later steps need and no more, to stay small."""

    id: str
    author: str
    created_at: datetime
    text: str
    source: str | None
    emails: int
    phones: int
    trimmed: tuple[Drop, ...] = ()

    @property
    def age_key(self) -> tuple[datetime, int, str]:
        """Orders posts by time, then by number: of digit strings the longer one is larger."""
        return self.created_at, len(self.id), self.id

    def row(self) -> dict[str, object]:
        """The values of its `DatasetRow`."""
        return {
            "id": self.id,
            "author": self.author,
            "created_at": self.created_at,
            "text": self.text,
        }
