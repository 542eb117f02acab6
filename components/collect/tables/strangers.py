"""Noticing that a table without a known column of authors holds the posts of several people."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote

from components.collect.posts import shown
from components.collect.tables.authors import Authors, handle_of_link
from components.collect.tables.people import names_a_person
from components.collect.tables.reader import NOTHING, YES, Reader, plain_column
from components.contracts.errors import BadInputError
from components.contracts.posts import RETWEET

MOST_VALUES = 1_000
"""A column of more values than this is not one of a few authors."""
ROWS_EACH = 2
"""How many rows each value has at the least, in the mean."""
_HANDLE = re.compile(r"@?\w{1,15}|@?[\w.-]+@[\w.-]+|@?[\w-]+\.bsky\.social", re.ASCII)
_OFTEN = 20
"""One in so many rows may hold something else than a handle, as `unknown user`."""
_CODE = re.compile(r"[a-z]{2}|[a-z]{2}_[a-z]{2}|und|zxx|qme|qht|qam|qct|qst|art", re.IGNORECASE)
_KNOWN_WORDS = re.compile(  # in the names of columns that say something else
    r"(?:^|_)(?:lang|language|source|client|device|app|via|platform|network|channel|os|browser"
    r"|country|place|city|state|location|region|geo|coordinates|tz|timezone|zone|locale"
    r"|type|kind|category|class|label|topic|theme|subject|tag|tags|hashtag|hashtags|keyword"
    r"|keywords|sentiment|emotion|emotions|polarity|mood|score|rating|rank|count|counts|number|num"
    r"|id|ids|index|no|row|likes|retweets|replies|favorites|favourites|month|weekday|day|hour|year"
    r"|quarter|season|date|time|status|media|verified|gender|sex|age|reply|replied|to|mention"
    r"|mentions|mentioned|retweeted|retweet|rt|quoted|quote|filter|level|target|flag|split|set|fold"
    r"|visibility|privacy|color|colour|url|urls|link|links|domain|conversation|thread|parent|text"
    r"|tweet|content|license|licence|version|format|encoding|truncated|sensitive|withheld|deleted"
    r"|symbols|emoji|emojis|currency|campaign|card|entities|extended|attachments|annotations|context"
    r"|batch|bucket|annotator|image|era|metrics|settings|rules|matching|scopes|contributors|possibly)(?:$|_)"
)
_WORDS = """
    web web_app website browser android iphone ipad ios mac macos windows linux blackberry mobile
    phone tablet desktop api app bot twitter x tweetdeck tweetbot twitterrific echofon hootsuite
    buffer ifttt sprinklr sproutsocial facebook instagram tumblr wordpress linkedin youtube
    foursquare mastodon bluesky threads
    tweet tweets retweet retweeted rt reply replied quote quoted original post status
    photo video image picture gif audio poll text link media mixed
    positive negative neutral happy sad angry joy fear anger surprise disgust love
    male female other unknown public private unlisted direct draft low medium high left right none
    train test validation dev valid
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat
    sun january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec am pm
    spring summer autumn fall winter morning afternoon evening night
    english german french spanish portuguese italian japanese dutch turkish russian arabic
"""
_KNOWN_VALUES = frozenset(_WORDS.split())


@dataclass
class _Values:
    """What one column holds."""

    rows: int = 0
    handles: set[str] = field(default_factory=set)
    others: int = 0
    """How many rows hold what is no handle."""
    bare: int = 0
    """How many rows hold one without an @."""
    certain: bool = False
    """Whether the name says that these are people: then any names are taken, however many."""

    def add(self, stated: str) -> None:
        """Take note of a cell that says something."""
        self.rows += 1
        self.bare += not stated.startswith("@")
        handle = handle_of_link(stated) or stated
        if not self.certain and not _HANDLE.fullmatch(handle):
            self.others += 1
        elif len(self.handles) <= MOST_VALUES:
            self.handles.add(handle.lower())

    @property
    def are_people(self) -> bool:
        """Whether it takes no repetition to believe that these are people."""
        return self.certain or not self.bare

    @property
    def is_of_handles(self) -> bool:
        """Whether this may be so, as far as the rows were read."""
        few = self.are_people or len(self.handles) <= MOST_VALUES
        return few and self.others * _OFTEN <= max(self.rows, _OFTEN)

    @property
    def is_of_several(self) -> bool:
        """Whether these look like the handles of several people."""
        most = self.rows if self.are_people else self.rows / ROWS_EACH
        return self.is_of_handles and 1 < len(self.handles) <= most and not _is_known(self)


class Strangers:
    """Looks for a column of handles among those that nothing is read from, and for posts' links."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._columns = {
            name: _Values(certain=names_a_person(plain_column(name)))
            for name in reader.unread
            if not _says_else(name)
        }
        self._links = {parts[0]: _Values(certain=True) for parts in reader.columns("id")}

    def note(self, cells: Mapping[str, str]) -> None:
        """Take note of a row."""
        fewer = cells if len(cells) < len(self._columns) else self._columns  # JSON may have many
        for name in list(fewer):
            stated = cells.get(name, "").strip()
            if name in self._columns and stated.lower() not in NOTHING:
                values = self._columns[name]
                values.add(stated)
                if not values.is_of_handles:
                    del self._columns[name]
        for name, values in list(self._links.items()):
            if stated := cells.get(name, "").strip():
                if not handle_of_link(stated):
                    del self._links[name]
                elif not self._is_repost(cells):
                    values.add(stated)

    def _is_repost(self, cells: Mapping[str, str]) -> bool:
        """Whether its link may lead to a post of somebody else."""
        text = self._reader.text(cells)
        return bool(RETWEET.match(text)) or self._reader.is_repost(cells, frozenset())

    @property
    def found(self) -> dict[str, list[str]]:
        """The columns that look like one of handles, with their values."""
        columns = self._columns | self._links
        return {
            name: sorted(values.handles) for name, values in columns.items() if values.is_of_several
        }


def _says_else(name: str) -> bool:
    """Whether a column's name says that it holds no authors."""
    plain = plain_column(name)
    return bool(_KNOWN_WORDS.search(plain)) and not names_a_person(plain)


def _is_known(column: _Values) -> bool:
    """Whether these are switches, numbers, languages, apps or other words of no name."""
    values = column.handles
    if all(one.startswith("@") for one in values):
        return False
    if column.certain and all(one.isdigit() and len(one) > 1 for one in values):  # accounts
        return False
    switches = NOTHING | YES
    return (
        all(one.isdigit() or one in switches for one in values)
        or all(_CODE.fullmatch(one) for one in values)
        or all(one in _KNOWN_VALUES or one in switches for one in values)
    )


def refuse_several(authors: Authors, strangers: Strangers, source: str) -> None:
    """Refuse a table that names no author and is of several people all the same.

    Raises:
        BadInputError: the message names the columns that tell them apart.
    """
    if len(authors.accounts) > 1:
        column, accounts = authors.id_column, authors.accounts
        raise BadInputError(
            f"{source} holds posts of {len(accounts)} accounts (its column {column!r} has "
            f"{_list(accounts)}) and names no authors; choose one with --columns "
            f"{quote('author=' + shown(column))} --author {quote(shown(accounts[0]))}"
        )
    found = {shown(name): handles for name, handles in strangers.found.items()}
    for name, handles in found.items():
        columns = " or ".join(map(repr, list(found)[:3])) + (", …" if len(found) > 3 else "")
        raise BadInputError(
            f"{source} seems to hold posts of several people: its column {columns} may name them "
            f"({_list(handles)}); choose one with --columns {quote('author=' + name)} --author "
            f"{quote(shown(handles[0]))}, or, where it names no authors, give --columns "
            f"{quote('ignore=' + name)}"
        )


def _list(values: Sequence[str]) -> str:
    return ", ".join(map(shown, values[:3])) + (", …" if len(values) > 3 else "")
