"""Reading a post's fields from a row, whatever the columns are called."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from components.collect.config import Format
from components.collect.tables.people import field_of_person, flag_of_repost
from components.collect.tables.presets import PRESETS, Columns, Preset
from components.contracts.errors import BadInputError

MOST_OF_A_KIND = 200
"""Columns of one kind that are looked into: objects in JSON may have any number of members."""
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BETWEEN_WORDS = re.compile(r"[\s./_-]+")
_JUST_A_LINK = re.compile(r"https?://\S+")
NOTHING = frozenset(
    {"", "f", "false", "no", "n", "0", "0.0", "nan", "none", "null", "na", "n/a", "<na>", "nat"}
    | {"[]", "{}", "()", "''", '""', "-", "-1", r"\n", "#n/a", "undefined", "na_character_"}
)
"""What cells hold that say nothing, or no."""
_NO_FACT = NOTHING - {"no"}  # which is Norwegian, too
YES = frozenset({"t", "true", "yes", "y", "1", "1.0"})
_REPOST_WORD = re.compile(
    r"\b(?:retweet(?:ed)?|rt|repost(?:ed)?|reblog(?:ged)?|boost(?:ed)?|shared?)\b"
)
_OTHER_WORD = re.compile(r"\b(?:tweet|post|original|quoted?|repl(?:y|ied)|status|comment|thread)\b")


class Reader:
    """Reads fields from the cells of a table whose columns are known."""

    def __init__(self, columns: Columns, flags: Columns, present: Sequence[str]) -> None:
        self._exact = {plain_column(name): name for name in reversed(present)}
        self._present = present
        self._columns = {
            field: tuple(dict.fromkeys(filter(None, map(self._found, names))))
            for field, names in columns.items()
        }
        self._flags = {
            flag: tuple(dict.fromkeys(one for name in names for one in self._all_of(name)))
            for flag, names in flags.items()
        }

    @property
    def used(self) -> dict[str, str]:
        """The columns that fields are read from, best first: `{"created_at": "date+time, day"}`."""
        return {
            field: ", ".join(map("+".join, cols)) for field, cols in self._columns.items() if cols
        }

    def columns(self, field: str) -> tuple[tuple[str, ...], ...]:
        """The columns that may hold `field`, best first; each several where they are joined."""
        return self._columns.get(field, ())

    def flag_columns(self, flag: str) -> tuple[str, ...]:
        """The columns that are asked for this flag."""
        return self._flags[flag]

    @property
    def unread(self) -> list[str]:
        """The columns that nothing is read from."""
        fields = {name for columns in self._columns.values() for parts in columns for name in parts}
        flags = {name for names in self._flags.values() for name in names}
        return [name for name in self._present if name not in fields | flags]

    def has(self, field: str) -> bool:
        """Whether some column may hold `field`."""
        return bool(self._columns.get(field))

    def values(self, cells: Mapping[str, str], field: str) -> Iterator[str]:
        """What the columns of `field` hold, best first, empty ones left out."""
        for parts in self._columns.get(field, ()):
            value = joined_cells(cells, parts)
            if value.strip():
                yield value

    def first(self, cells: Mapping[str, str], field: str) -> str:
        """The first of `values`, or nothing."""
        return next(self.values(cells, field), "")

    def fact(self, cells: Mapping[str, str], field: str) -> str:
        """The first of `values` that says something: `NA` and `NULL` do not."""
        values = self.values(cells, field)
        return next((one for one in values if one.strip().lower() not in _NO_FACT), "")

    def text(self, cells: Mapping[str, str]) -> str:
        """The longest text that the row has: others may be cut off. Links and numbers are none."""
        stated = list(self.values(cells, "text"))
        if len(stated) > 1:
            texts = [one for one in stated if not _JUST_A_LINK.fullmatch(one) and not one.isdigit()]
            return max(texts or stated, key=len)
        return stated[0] if stated else self.first(cells, "shortened_text")

    def flag(self, cells: Mapping[str, str], flag: str) -> bool:
        """Whether a column says that the post is such."""
        return any(cells.get(name, "").strip().lower() not in NOTHING for name in self._flags[flag])

    def is_repost(self, cells: Mapping[str, str], counts: frozenset[str]) -> bool:
        """Whether a column marks the row as a post of somebody else.

        `counts` are the columns whose name says so and that count reposts instead.
        """
        said = (cells.get(name, "").strip().lower() for name in self._flags["repost_type"])
        if self.flag(cells, "repost") or any(map(_REPOST_WORD.search, said)):
            return True
        switches = (name for name in self._flags["repost_switch"] if name not in counts)
        if any(cells.get(name, "").strip().lower() in YES for name in switches):
            return True
        return any(map(_marks_repost, self.values(cells, "repost")))

    def _found(self, names: str) -> tuple[str, ...]:
        """The table's spelling of `date+time`; empty where a part is missing."""
        if names in self._present:
            return (names,)
        if whole := self._exact.get(plain_column(names)):
            return (whole,)
        parts = [self._exact.get(plain_column(name)) for name in names.split("+")]
        return tuple(part for part in parts if part) if all(parts) else ()

    def _all_of(self, name: str) -> Iterator[str]:
        """The column `name`, or those that `name.*` stands for."""
        if name.endswith(".*"):
            begins = plain_column(name[:-2]) + "_"
            nested = (one for one in self._present if "." in one or "/" in one)
            inner = (one for one in nested if plain_column(one).startswith(begins))
            yield from islice(inner, MOST_OF_A_KIND)
        elif whole := self._exact.get(plain_column(name)):
            yield whole


def joined_cells(cells: Mapping[str, str], parts: Sequence[str]) -> str:
    """The cells of these columns with a blank between them."""
    return " ".join(cells.get(part, "") for part in parts)


def _marks_repost(stated: str) -> bool:
    """Whether a cell of the column that a person named for it marks a repost."""
    said = stated.strip().lower()
    if said in NOTHING or _REPOST_WORD.search(said):
        return said not in NOTHING
    return not _OTHER_WORD.search(said.replace("_", " "))


def choose_reader(
    present: Sequence[str], named: Format | None, overrides: Sequence[str], source: str
) -> tuple[str, Reader]:
    """The format's name and a reader for a table with the columns `present`.

    Raises:
        BadInputError: a column of the named format or of an override is missing, or there is none
            for the text or the time.
    """
    pairs = [pair.split("=", 1) for pair in overrides]
    ignored = {plain_column(column) for field, column in pairs if field == "ignore"}
    chosen = {field: (column,) for field, column in pairs if field != "ignore"}
    read = [name for name in present if plain_column(name) not in ignored]
    preset = _preset(read, named)
    usual = _with_people(preset.all_columns(), read)
    columns = {**usual, **chosen}
    if "author" in chosen:  # what else the rows call them is for the list of opt-outs alone
        columns["also_called"] = (*usual["author"], *usual["display_name"])
        columns["display_name"] = chosen.get("display_name", ())
    reader = Reader(columns, _with_reposts(preset.all_flags(), read), read)
    known = set(map(plain_column, present))
    absent = [column for field, (column,) in chosen.items() if not reader.has(field)]
    absent += [column for field, column in pairs if plain_column(column) in ignored - known]
    absent += [need for need in preset.needs if plain_column(need) not in known and not chosen]
    if absent:
        raise BadInputError(
            f"{source} has no column {absent[0]!r}; its columns are {_list(present)}"
        )
    _check_text_and_time(reader, present, source)
    return preset.name, reader


def _with_people(columns: Columns, present: Sequence[str]) -> Columns:
    """The columns, and after them those present that are called as columns of people are."""
    people: dict[str, tuple[str, ...]] = {"author": (), "account_id": ()}
    for name in present:
        field = field_of_person(plain_column(name))
        if field and len(people[field]) < MOST_OF_A_KIND:
            people[field] += (name,)
    return {**columns, **{field: (*columns[field], *names) for field, names in people.items()}}


def _with_reposts(flags: Columns, present: Sequence[str]) -> Columns:
    """The flags, and after them the columns present that are called as those of reposts are."""
    marks: dict[str, tuple[str, ...]] = {"repost": (), "repost_switch": (), "repost_type": ()}
    for name in present:
        flag = flag_of_repost(plain_column(name))
        if flag and len(marks[flag]) < MOST_OF_A_KIND:
            marks[flag] += (name,)
    return {**flags, **{flag: (*flags[flag], *names) for flag, names in marks.items()}}


def _preset(present: Sequence[str], named: Format | None) -> Preset:
    """The dump that is named, or the first whose columns are there."""
    known = set(map(plain_column, present))
    candidates = [preset for preset in PRESETS if named in (None, preset.name)]
    fitting = (one for one in candidates if known.issuperset(map(plain_column, one.needs)))
    return next(fitting, candidates[0])


def _check_text_and_time(reader: Reader, present: Sequence[str], source: str) -> None:
    for field, words in (("text", "the text"), ("created_at", "the time")):
        if not reader.has(field) and not reader.has(f"shortened_{field}"):
            raise BadInputError(
                f"{source} has no column for {words} of a post (its columns are {_list(present)}); "
                f"name it as --columns {field}=COLUMN"
            )


def plain_column(name: str) -> str:
    """A column's name whatever its case and signs: `user_screen_name` for `user.screenName`."""
    return _BETWEEN_WORDS.sub("_", _WORD_BEGINS.sub("_", name.strip())).lower().strip("_")


def _list(names: Sequence[str]) -> str:
    """The first names, each cut to a sane length."""
    shown = ", ".join(repr(name[:40]) for name in names[:12])
    return shown + (", …" if len(names) > 12 else "") if names else "none"
